"""tar archives: ustar, pax and GNU headers (POSIX.1-2017, utility pax)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dlp.budget import Meter
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source, Uninspectable
from dlp.streams import CHUNK, Window, read_exactly, size_of
from dlp.unpack.entry import Entry, comment, decoded, fault, link_faults, name_faults

_BLOCK: Final = 512
_TEXTS: Final = ((0, 100), (157, 257), (265, 297), (297, 329))
"""Name, link's target, owner, group."""
_NUMBERS: Final = ((100, 108), (108, 116), (116, 124), (136, 148), (329, 337), (337, 345))
"""Mode, owner's and group's number, time, device: no unpacker fails for letters there."""
_OCTAL: Final = b"01234567 \0"
_SPARE: Final = slice(500, 512)
_LONGEST_HEADER: Final = 2**20
"""Bytes of a pax or GNU header's data."""
_LINKS: Final = {b"1": "a hard link", b"2": "a symbolic link"}
_KINDS: Final = {b"3": "a device", b"4": "a device", b"6": "a pipe"}
_NUMBER_KEYS: Final = frozenset(
    {"mtime", "atime", "ctime", "uid", "gid", "LIBARCHIVE.creationtime"}
)
_NUMERIC: Final = re.compile(rb"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")
_USUAL_KEYS: Final = frozenset({"comment", "uname", "gname", "charset", "hdrcharset"})


@dataclass(slots=True)
class _Next:
    """What pax and GNU headers say of the member after them."""

    name: str = ""
    link: str = ""
    size: int | None = None
    texts: list[Passage] = field(default_factory=list)
    faults: list[Uninspectable] = field(default_factory=list)

    def rename(self, text: str, *, link: bool = False) -> None:
        """Take a name or a link's target; an earlier one isn't what every reader sees."""
        held = self.link if link else self.name
        if held:
            self.texts.append(Passage(held, "another name", Carrier.NAME))
            self.faults.append(fault("it has two names that differ"))
        if link:
            self.link = text
        else:
            self.name = text

    def leftover(self) -> list[Passage]:
        """What was said of a member that never came."""
        names = [name for name in (self.name, self.link) if name]
        return [*self.texts, *(Passage(name, "another name", Carrier.NAME) for name in names)]


def entries(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """An archive's members in order, and what stands behind its end.

    Raises:
        NotReadableError: ``malformed`` for a damaged header, ``unsupported-type`` for a kind of
            member that no common tool writes any more, or a spent budget.
    """
    size, at, ordinal, told = size_of(source), 0, 0, _Next()
    while True:
        header = read_exactly(source, at, _BLOCK)
        meter.check_time()
        if not header.strip(b"\0"):
            break
        kind, length = _checked(header, told)
        at += _BLOCK
        if at + length > size:
            raise _malformed("is cut short")
        if kind in b"xgLK":
            _tell(told, kind, read_exactly(source, at, length))
            told.texts += _unread(header, source, at + length)
        else:
            meter.enter(depth)
            ordinal += 1
            yield _member(source, header, kind, (at, length), told, ordinal)
            told = _Next()
        at += -(-length // _BLOCK) * _BLOCK
    if left := told.leftover():
        yield Entry(0, "", texts=tuple(left), faults=(fault("a header without its member"),))
    yield from _tail(source, at, meter)


def _checked(header: bytes, told: _Next) -> tuple[bytes, int]:
    """A header's kind and the bytes of its data.

    Raises:
        NotReadableError: Its checksum is wrong, or its numbers are none.
    """
    if len(header) < _BLOCK:
        raise _malformed("is cut short")
    unsigned = sum(header) - sum(header[148:156]) + 8 * 32
    if _number(header[148:156]) != unsigned:
        raise _malformed("has a header with a wrong checksum")
    kind = header[156:157]
    length = _number(header[124:136])
    if kind not in (b"x", b"g", b"L", b"K") and told.size is not None:
        length = told.size
    if kind in (b"1", b"2", b"3", b"4", b"5", b"6"):
        length = 0
    elif kind in (b"x", b"g", b"L", b"K") and length > _LONGEST_HEADER:
        raise _malformed("has a header of unusual length")
    elif kind not in (b"0", b"\0", b"7", b"x", b"g", b"L", b"K"):
        raise NotReadableError(
            Obstacle.UNSUPPORTED_TYPE, "the tar archive has a sparse or unknown kind of member"
        )
    return kind, length


def _number(raw: bytes) -> int:
    if raw[:1] in (b"\x80", b"\xff"):
        value = int.from_bytes(raw[1:])
        if raw[:1] == b"\xff" or value >= 2**63:
            raise _malformed("has a number out of range")
        return value
    digits = raw.strip(b"\0 ")
    if not digits:
        return 0
    if not all(digit in b"01234567" for digit in digits):
        raise _malformed("has a number that is none")
    return int(digits, 8)


def _tell(told: _Next, kind: bytes, data: bytes) -> None:
    if kind in b"LK":
        name, _, rest = data.partition(b"\0")
        told.rename(decoded(name), link=kind == b"K")
        told.texts += comment(rest, "long name")
        return
    if kind == b"g":
        # It holds for all that follow, and readers differ in what they take from it.
        told.faults.append(fault("a global header"))
    for key, value in _records(data):
        _keyword(told, key, value)


def _records(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The records of a pax header: ``length key=value``."""
    at = 0
    while data[at : at + 1].strip(b"\0"):
        blank = data.find(b" ", at, at + 8)
        length = data[at:blank] if blank > at else b""
        if not length.isdigit() or int(length) <= len(length) + 1:
            raise _malformed("has a damaged pax header")
        record = data[blank + 1 : at + int(length)]
        at += int(length)
        key, equals, value = record.removesuffix(b"\n").partition(b"=")
        if not equals or at > len(data):
            raise _malformed("has a damaged pax header")
        yield decoded(key), value
    if data[at:].strip(b"\0"):
        raise _malformed("has a damaged pax header")


def _keyword(told: _Next, key: str, value: bytes) -> None:
    if key in ("path", "linkpath"):
        told.rename(decoded(value), link=key == "linkpath")
    elif key == "size":
        if not value.isdigit() or len(value) > 18:  # noqa: PLR2004 - below 2**63
            raise _malformed("has a damaged pax header")
        told.size = int(value)
    elif key.startswith("GNU.sparse"):
        raise NotReadableError(Obstacle.UNSUPPORTED_TYPE, "a sparse member of a tar archive")
    elif key not in _NUMBER_KEYS or not _NUMERIC.fullmatch(value):
        told.texts += comment(value, "pax header")
        if key not in _NUMBER_KEYS | _USUAL_KEYS:
            told.texts += comment(key.encode(), "pax keyword")


def _unread(header: bytes, source: Source, end: int) -> list[Passage]:
    """What no unpacker shows: bytes behind the fields' NULs, and the padding after the data."""
    parts = [header[start:stop].partition(b"\0")[2] for start, stop in _TEXTS]
    fields = [header[start:stop] for start, stop in (*_NUMBERS, *_beyond(header))]
    parts += [field for field in fields if field[0] < 0x80 and field.translate(None, _OCTAL)]  # noqa: PLR2004 - ASCII
    spare = header[_SPARE]
    padding = read_exactly(source, end, -end % _BLOCK)
    found = b" ".join(part.strip(b"\0") for part in (*parts, spare, padding))
    return comment(found, "padding") if found.strip() else []


def _beyond(header: bytes) -> tuple[tuple[int, int], ...]:
    """Where a header of before POSIX, or GNU's, has room that ustar uses for the name's prefix."""
    if header[257:265] == b"ustar  \0":
        return ((345, 500),)
    return () if header[257:262] == b"ustar" else ((257, 329), (345, 500))


def _member(
    source: Source, header: bytes, kind: bytes, where: tuple[int, int], told: _Next, ordinal: int
) -> Entry:
    name = told.name or _path(header)
    link = told.link or decoded(header[157:257].split(b"\0")[0])
    texts = list(told.texts)
    for raw, place in ((header[265:297], "owner"), (header[297:329], "group")):
        texts += comment(raw.split(b"\0")[0], place)
    faults = [*told.faults, *name_faults(name)]
    if link:
        texts.append(Passage(link, "link's target", Carrier.NAME))
    if kind in _LINKS:
        faults += link_faults(_LINKS[kind], link)
    elif kind in _KINDS:
        faults.append(fault(f"it is {_KINDS[kind]}"))
    start, length = where
    texts += _unread(header, source, start + length)
    content = Window(source, start, length) if kind in (b"0", b"\0", b"7") and length else None
    return Entry(ordinal, name, content, tuple(texts), tuple(faults))


def is_old_header(head: bytes) -> bool:
    """Whether a file begins as tar wrote before POSIX: no magic, but a checksum that is right."""
    header = head[:512]
    told = header[148:156].rstrip(b"\0 ").lstrip(b" ")
    if len(header) < 512 or not header[0] or not told or told.strip(b"01234567"):  # noqa: PLR2004 - a block
        return False
    return int(told, 8) == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _path(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:262] == b"ustar" else b""
    if header[257:265] == b"ustar  \0":
        # GNU keeps times where ustar has a prefix.
        prefix = b""
    return decoded(prefix + b"/" + name if prefix else name)


def _tail(source: Source, at: int, meter: Meter) -> Iterator[Entry]:
    """What stands behind the end marker, which unpackers don't look at."""
    source.seek(at)
    while data := source.read(CHUNK):
        meter.check_time()
        if data.strip(b"\0"):
            detail = "the tar archive has bytes after its end"
            yield Entry(0, "", faults=(fault(detail),))
            return


def _malformed(detail: str) -> NotReadableError:
    return NotReadableError(Obstacle.MALFORMED, f"the tar archive {detail}")
