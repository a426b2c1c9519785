"""A part's content without its transfer encoding (RFC 2045, section 6)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

from dlp.parse.eml.uu import files

IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
_WHITE: Final = bytes(range(33))
_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/=]")
_GROUPS: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")


class Body(NamedTuple):
    """A decoded body.

    Attributes:
        data: The content.
        flaw: What was wrong with the encoding: then some readers see other content.
    """

    data: bytes
    flaw: str = ""


def body(raw: bytes, encoding: str) -> Body:
    """Undo a transfer encoding; one that isn't known leaves the bytes and is a flaw."""
    if encoding in IDENTITY:
        return Body(raw)
    if encoding == "quoted-printable":
        return Body(binascii.a2b_qp(raw))
    if encoding == "base64":
        return _base64(raw)
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        found = list(files(raw, 0, len(raw)))
        if len(found) == 1:
            around = raw[: found[0].start] + raw[found[0].end :]
            flaw = "text around uuencoded content" if around.strip() else ""
            return Body(found[0].data, flaw)
    return Body(raw, "a transfer encoding that isn't known here")


def _base64(raw: bytes) -> Body:
    packed = raw.translate(None, _WHITE)
    try:
        return Body(base64.b64decode(packed, validate=True))
    except binascii.Error:
        pass
    flaw = "Base64 with other characters in it" if _FOREIGN.search(packed) else "Base64 cut short"
    if b"=" in packed.rstrip(b"="):
        flaw = "Base64 that goes on after its end"
    clean = _FOREIGN.sub(b"", packed)
    return Body(b"".join(_group(found.group()) for found in _GROUPS.finditer(clean)), flaw)


def _group(group: bytes) -> bytes:
    bare = group.rstrip(b"=")
    bare = bare[:-1] if len(bare) % 4 == 1 else bare
    return base64.b64decode(bare + b"=" * (-len(bare) % 4))
