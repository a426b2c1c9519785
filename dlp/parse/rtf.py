r"""Rich Text Format 1.9.1: text of every destination, hidden and deleted too, and what is embedded.

Nothing is skipped for being hidden (``\v``), deleted, unknown (``\*``) or outside the body: a
destination of its own makes a text of its own. Streams nothing: at most :data:`MOST_BYTES`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.cells import Cells
from dlp.parse.office.styles import is_built_in
from dlp.parse.slots import is_author, is_label
from dlp.streams import read_exactly
from dlp.unpack.entry import Entry

MOST_BYTES: Final = 64 * 2**20
_DEEPEST: Final = 1_000
_BODY: Final = 2
"""Groups open in the document itself: what it shows is no destination's."""
_TOKEN: Final = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\'(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\(?P<word>[A-Za-z]{1,32})(?P<number>-?[0-9]{1,10})?\x20?"
    rb"|\\(?P<symbol>[^A-Za-z])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)
_BREAKS: Final = frozenset({b"par", b"row", b"sect", b"page", b"cell", b"nestcell", b"nestrow"})
_CHARACTERS: Final = {
    b"tab": "\t", b"line": "\n", b"emdash": "-", b"endash": "-", b"lquote": "'", b"rquote": "'",
    b"ldblquote": '"', b"rdblquote": '"', b"bullet": "*", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_SYMBOLS: Final = {b"~": " ", b"_": "-", b"{": "{", b"}": "}", b"\\": "\\", b"\t": "\t"}
_APART: Final = frozenset(
    b"header headerl headerr headerf footer footerl footerr footerf footnote annotation info title"
    b" subject author manager company operator category keywords comment doccomm hlinkbase pict"
    b" objdata fonttbl colortbl stylesheet shptxt shpinst field fldinst sn sv propname staticval"
    b" linkval".split()
)
_EMBEDDED: Final = {b"pict": "image", b"objdata": "object"}
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*")
_PANOSE: Final = re.compile(r"[0-9a-fA-F]{20}")
_SCHEMA: Final = re.compile(
    r"http://schemas\.(?:microsoft|openxmlformats)\.[a-z]{3}/[\w./-]{0,100}"
)
_VARIABLE: Final = b"docvar"
"""A name and a value, each in a group of its own."""
_SLOTS: Final[dict[bytes, Callable[[str], object]]] = {
    b"fonttbl": lambda text: is_label(text) or _PANOSE.fullmatch(text),
    b"stylesheet": is_built_in,
    b"latentstyles": is_label,
    b"xmlnstbl": _SCHEMA.fullmatch,
    _VARIABLE: lambda _: False,
    **dict.fromkeys((b"author", b"operator", b"manager", b"company"), is_author),
}
"""Destinations whose entries are passed over if they are what their place says."""


@dataclass(slots=True)
class _Group:
    buffer: list[str]
    own: bool = False
    embedded: bytes = b""
    hex: list[bytes] = field(default_factory=list)
    after_unicode: int = 1
    slot: bytes = b""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Texts by paragraph and destination, pictures and objects as entries.

    Raises:
        NotReadableError: It is over 64 MiB or nested over 1,000 groups, or the budget is spent.
    """
    data = read_exactly(content.source, 0, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise NotReadableError(Obstacle.TOO_LARGE, f"an RTF of over {MOST_BYTES // 2**20} MiB")
    meter.take(len(data))
    yield from _Document(meter).read(data)


class _Document:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._groups = [_Group([], own=True)]
        self._codepage = "cp1252"
        self._bytes = b""
        self._skip = self._texts = self._entries = 0
        self._cells, self._in_row = Cells(), False

    def read(self, data: bytes) -> Iterator[Item]:
        for count, token in enumerate(_TOKEN.finditer(data)):
            if count % 4096 == 0:
                self._meter.check_time()
            kind = token.lastgroup
            if kind == "hex":
                self._byte(bytes.fromhex(token["hex"].decode()))
                continue
            if kind == "text":
                self._text(token["text"])
                continue
            self._settle()
            yield from self._control(token)
        self._settle()
        while self._groups:
            yield from self._close()

    def _control(self, token: re.Match[bytes]) -> Iterator[Item]:
        if token["open"]:
            if len(self._groups) > _DEEPEST:
                raise NotReadableError(Obstacle.TOO_DEEP, f"RTF nested deeper than {_DEEPEST}")
            around = self._groups[-1]
            self._groups.append(
                _Group(around.buffer, after_unicode=around.after_unicode, slot=around.slot)
            )
            if around.slot == _VARIABLE:
                self._apart()
        elif token["close"]:
            # What follows the last group is text all the same.
            if len(self._groups) > 1:
                yield from self._close()
        elif token["word"]:
            yield from self._word(token["word"], int(token["number"] or 0), token["number"])
        elif token["symbol"] == b"*":
            self._apart()
        elif token["symbol"] in _SYMBOLS:
            self._groups[-1].buffer.append(_SYMBOLS[token["symbol"]])

    def _word(self, word: bytes, number: int, told: bytes | None) -> Iterator[Item]:
        group = self._groups[-1]
        if word in _SLOTS and len(self._groups) > _BODY:
            group.slot = word
        if word in _BREAKS:
            # No table of fonts has paragraphs.
            group.slot = b""
            yield from self._flush(group)
            self._break(word)
        elif word == b"trowd" and not self._in_row:
            self._in_row = True
            self._cells.start("tr")
            self._cells.start("td")
        elif word in _APART:
            self._apart()
            self._groups[-1].embedded = word if word in _EMBEDDED else b""
        elif word in _CHARACTERS:
            group.buffer.append(_CHARACTERS[word])
        elif word == b"u":
            group.buffer.append(chr(number & 0xFFFF))
            self._skip = group.after_unicode
        elif word == b"uc":
            group.after_unicode = min(max(number, 0), 8)
        elif word == b"bin" and number > 0:
            detail = "binary data in an RTF (\\bin); save it with pictures in hexadecimal"
            yield Uninspectable(Obstacle.UNSUPPORTED_TYPE, detail)
        elif word == b"ansicpg" and told:
            self._codepage = _known(f"cp{number}")

    def _break(self, word: bytes) -> None:
        """A cell or a row ends; text that stands in no row ends a table."""
        if word == b"cell":
            self._cells.start("td")
        elif word == b"row":
            self._in_row = False
            self._cells.start("tr")

    def _apart(self) -> None:
        group = self._groups[-1]
        if not group.own:
            group.buffer, group.own = [], True

    def _byte(self, data: bytes) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._bytes += data

    def _text(self, data: bytes) -> None:
        group = self._groups[-1]
        if group.embedded:
            group.hex.append(data)
            return
        skip, self._skip = self._skip, max(self._skip - len(data), 0)
        self._bytes += data[skip:]
        self._settle()

    def _settle(self) -> None:
        if self._bytes:
            self._groups[-1].buffer.append(self._bytes.decode(self._codepage, "replace"))
            self._bytes = b""

    def _close(self) -> Iterator[Item]:
        group = self._groups.pop()
        if group.own:
            yield from self._flush(group)
        if group.hex:
            packed = b"".join(group.hex).replace(b" ", b"")
            match = _HEX.match(packed)
            digits = match[0] if match else b""
            self._entries += 1
            kind = _EMBEDDED[group.embedded]
            source = io.BytesIO(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))
            yield Entry(self._entries, "", source, kind=kind)
            rest = packed[len(digits) :].decode("cp1252", "replace")
            yield from self._flush(_Group([rest]))

    def _flush(self, group: _Group) -> Iterator[Item]:
        text = "".join(group.buffer).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        group.buffer.clear()
        check = _SLOTS.get(group.slot)
        if check is not None:
            entries = (entry.strip() for entry in text.split(";"))
            text = ";".join(entry for entry in entries if entry and not check(entry))
        if text.strip(" \t\r\n;"):
            self._texts += 1
            if not self._in_row:
                self._cells.leave()
            said = Passage(text, f"document text {self._texts}", Carrier.FREE_TEXT)
            yield self._cells.passage(said)


def _known(name: str) -> str:
    try:
        return name if b"a".decode(name) == "a" else "cp1252"
    except (LookupError, UnicodeError):
        return "cp1252"
