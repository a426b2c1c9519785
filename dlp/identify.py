"""What a file is: our own sniffers first, libmagic only to name what we won't read."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dlp import openpgp
from dlp.decode import is_text
from dlp.model import NotReadableError, Obstacle, Source
from dlp.parse import x12
from dlp.parse.delimited.dialect import sniff
from dlp.readers import can_read
from dlp.signatures import BINARY, TEXTUAL, Sign, named_by_libmagic
from dlp.unpack.tars import is_old_header

HEAD: Final = 64 * 2**10
"""Bytes that decide."""

ZIP: Final = "archive/zip"
GZIP: Final = "archive/gzip"
TEXT: Final = "text/plain"

_WIDE: Final = frozenset({"xml", "ccda", "html", "ncpdp/script"})
"""Formats whose readers take UTF-16."""

_OOXML_FIRST: Final = re.compile(
    rb"PK\x03\x04.{22}.{4}(\[Content_Types\]\.xml|_rels/\.rels|mimetypeapplication)", re.DOTALL
)


_ANY: Final = re.compile(b"")
_GATEWAY_OPENS: Final = (
    "only a running gateway opens one, if it is a file of its own and encrypted for the gateway's "
    "certificate"
)
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_START: Final = re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08PK|00PK)")
"""A member, an empty archive, and the marks of a spanned one (APPNOTE 4.4.1 and 8.5)."""


class Kind(NamedTuple):
    """A format, and why it can't be read if it can't.

    Attributes:
        format: Such as ``x12/837P``, ``delimited/csv``, ``text/plain``, ``archive/zip``.
        obstacle: None for a format we read.
        detail: For the sender, when there is an obstacle.
    """

    format: str
    obstacle: Obstacle | None = None
    detail: str = ""

    def check(self) -> None:
        """Go on only with a format we read.

        Raises:
            NotReadableError: With the named verdict.
        """
        if self.obstacle:
            raise NotReadableError(self.obstacle, self.detail)


def identify(source: Source, name: str) -> Kind:
    """Tell a member's format from its first bytes; its name only tips a balance.

    Leaves the source at its start.
    """
    source.seek(0)
    head = _head(source)
    source.seek(0)
    if not head:
        return Kind("empty", Obstacle.EMPTY, "the file has no bytes")
    return _package(head, source) or _structured(head) or _textual(head, name) or _unknown(head)


def _head(source: Source) -> bytes:
    parts, size = [], 0
    while size < HEAD and (data := source.read(HEAD - size)):
        parts.append(data)
        size += len(data)
    return b"".join(parts)


def _package(head: bytes, source: Source) -> Kind | None:
    """Formats that are told by the members of a container: Office's packages and compound files."""
    if head.startswith(_COMPOUND):
        from dlp.parse.ole.kind import kind as stream_kind  # noqa: PLC0415 - it needs this package

        return Kind(stream_kind(source) or "office/ole")
    if _ZIP_START.match(head):
        from dlp.parse.office.kind import kind as part_kind  # noqa: PLC0415 - likewise

        found = part_kind(source)
        return Kind(found) if found else None
    return None


_OLD_TAR: Final = Sign("archive/tar", "a tar archive", _ANY, Obstacle.UNSUPPORTED_TYPE)


def _structured(head: bytes) -> Kind | None:
    """Formats with a signature, ours and others'."""
    if _OOXML_FIRST.match(head):
        return _unsupported("office/ooxml", "an Office or OpenDocument file")
    if _ZIP_START.match(head):
        return Kind(ZIP)
    if head.startswith(b"\x1f\x8b"):
        return Kind(GZIP)
    if found := x12.identify(head):
        return Kind(found)
    if pgp := openpgp.kind(head):
        return _signed(Sign(pgp.format, pgp.title, _ANY, pgp.obstacle))
    signs = (sign for sign in (*BINARY, *TEXTUAL) if sign.pattern.match(head))
    sign = next(signs, _OLD_TAR if is_old_header(head) else None)
    return _signed(sign) if sign else None


def _signed(sign: Sign) -> Kind:
    if sign.obstacle is Obstacle.UNSUPPORTED_TYPE and can_read(sign.format):
        return Kind(sign.format)
    if sign.obstacle is Obstacle.ENCRYPTED:
        return _encrypted(sign.format, sign.title)
    return _unsupported(sign.format, sign.title, sign.obstacle)


def _textual(head: bytes, name: str) -> Kind | None:
    if not is_text(head):
        return None
    wide = _narrowed(head)
    if wide is not None:
        # The signatures again, or UTF-16 would carry JSON and XML past them.
        found = _structured(wide)
        if found is not None and found.obstacle is None and found.format in _WIDE:
            return found
        if found is not None:
            return _unsupported(found.format, f"UTF-16 with {found.format} in it")
    dialect = sniff(wide if wide is not None else head, name)
    return Kind(f"delimited/{dialect.name}") if dialect else Kind(TEXT)


def _narrowed(head: bytes) -> bytes | None:
    """The head of a UTF-16 text as UTF-8, else None."""
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    return head[: len(head) // 2 * 2].decode("utf-16", "ignore").encode("utf-8", "ignore")


def _unsupported(fmt: str, title: str, obstacle: Obstacle = Obstacle.UNSUPPORTED_TYPE) -> Kind:
    return Kind(fmt, obstacle, f"{title} is not inspected in this version")


def _encrypted(fmt: str, title: str) -> Kind:
    if fmt == openpgp.ENCRYPTED.format:
        return Kind(fmt, Obstacle.ENCRYPTED, f"{title}: {_GATEWAY_OPENS}")
    return Kind(fmt, Obstacle.ENCRYPTED, f"{title} can't be opened here; send its content instead")


def _unknown(head: bytes) -> Kind:
    """Not text and no signature of ours."""
    named = named_by_libmagic(head[:8192])
    if named and not named.startswith("text/"):
        return Kind(named, Obstacle.UNSUPPORTED_TYPE, f"{named} is not inspected in this version")
    return Kind("unknown", Obstacle.UNKNOWN_TYPE, "neither text nor any format known here")
