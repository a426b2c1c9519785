"""How an OpenPGP message begins: whom it is encrypted for (RFC 9580 sections 4.2, 5.1 to 5.3, 6).

Sequoia's binding says "no key" of another's key, of a password alone and of a damaged session key
packet, and opens a message that is signed and not encrypted. So the packets before the data are
looked at here. Nothing else of them is believed.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HEAD: Final = 64 * 2**10
"""Bytes of a message to look at: some 120 recipients with the longest keys in use."""

_ARMOR: Final = b"-----BEGIN PGP MESSAGE"
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_PKESK, _SKESK, _MARKER, _PADDING = 1, 3, 10, 21
_BEFORE: Final = frozenset({_PKESK, _SKESK, _MARKER, _PADDING})
_V3, _V6 = 3, 6
_TWO_OCTETS, _PARTIAL, _FIVE_OCTETS = 192, 224, 255
_INDETERMINATE: Final = 3

SED: Final = 9
"""Data encrypted without any protection of its integrity (section 5.7)."""
SEIPD: Final = 18
"""Data encrypted and protected (section 5.13)."""
OCB: Final = 20
"""The same as GnuPG writes it, from drafts of the standard; reserved by RFC 9580."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before a message's data.

    Attributes:
        recipients: Key id or fingerprint, lower-case hexadecimal, of each key that it is encrypted
            for; "" for one that is hidden (section 5.1.1).
        passwords: How many passwords open it.
        data: Tag of the packet that follows; None where the bytes looked at end before it.
    """

    recipients: tuple[str, ...]
    passwords: int
    data: int | None

    def names(self, fingerprints: frozenset[str]) -> bool:
        """Whether it says that it is encrypted for one of these keys."""
        return any(
            name and any(key.startswith(name) or key.endswith(name) for key in fingerprints)
            for name in self.recipients
        )


def lead(head: bytes) -> Lead:
    """Read the packets before the data of a message, binary or armored.

    Args:
        head: Its first bytes, :data:`HEAD` at most.
    """
    recipients: list[str] = []
    passwords = 0
    for tag, body in _packets(_binary(head[:HEAD])):
        if tag == _PKESK:
            recipients.append(_recipient(body))
        elif tag == _SKESK:
            passwords += 1
        elif tag not in _BEFORE:
            return Lead(tuple(recipients), passwords, tag)
    return Lead(tuple(recipients), passwords, None)


def is_armored(head: bytes) -> bool:
    """Whether a file starts as an armored message, after nothing but blanks."""
    return head.lstrip(_BLANK).startswith(_ARMOR)


class ArmorEnd:
    """Sees, as an armored message passes by, whether anything stands after its end.

    Sequoia stops reading there, so that what follows would be lost without a word.
    """

    _END: Final = b"-----END PGP MESSAGE-----"

    def __init__(self) -> None:
        self._tail = b""
        self._ended = False
        self.followed = False

    def feed(self, piece: bytes) -> None:
        """Look at the next bytes of the message."""
        seen = self._tail + piece
        if not self._ended:
            _, found, after = seen.partition(self._END)
            if not found:
                self._tail = seen[-len(self._END) + 1 :]
                return
            self._ended, seen = True, after
        self._tail = b""
        self.followed = self.followed or bool(seen.strip(_BLANK))


def _binary(head: bytes) -> bytes:
    """The packets of an armored message as far as they can be read, or the bytes themselves."""
    if not is_armored(head):
        return head
    lines = iter(head.split(b"\n"))
    next(line for line in lines if _ARMOR in line)
    out = []
    for line in lines:
        text = line.strip()
        if _BASE64.fullmatch(text):
            out.append(text)
        elif out:
            break  # the checksum, the end, or damage
        elif text and b":" not in text:
            return b""
    joined = b"".join(out).rstrip(b"=")
    try:
        return binascii.a2b_base64(joined[: len(joined) // 4 * 4])
    except binascii.Error:
        return b""


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and body of each packet; of the first that is no session key's, the tag alone."""
    at = 0
    while at + 1 < len(data) and data[at] & 0x80:
        new = bool(data[at] & 0x40)
        tag = data[at] & 0x3F if new else data[at] >> 2 & 0x0F
        if tag not in _BEFORE:
            yield tag, b""
            return
        found = _new_length(data, at + 1) if new else _old_length(data, at)
        if found is None or found[0] + found[1] > len(data):
            return
        start, size = found
        yield tag, data[start : start + size]
        at = start + size


def _new_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Where a body starts and its length (section 4.2.1); None for what a short packet can't be."""
    first = data[at]
    if first < _TWO_OCTETS:
        return at + 1, first
    if first < _PARTIAL and at + 1 < len(data):
        return at + 2, ((first - _TWO_OCTETS) << 8) + data[at + 1] + _TWO_OCTETS
    if first == _FIVE_OCTETS:
        return at + 5, int.from_bytes(data[at + 1 : at + 5], "big")
    return None


def _old_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Likewise for the old format (section 4.2.2)."""
    kind = data[at] & 3
    if kind == _INDETERMINATE:
        return None
    octets = 1 << kind
    return at + 1 + octets, int.from_bytes(data[at + 1 : at + 1 + octets], "big")


def _recipient(body: bytes) -> str:
    """The key id (version 3) or fingerprint (version 6) in a session key packet."""
    version = body[0] if body else 0
    if version == _V3:
        return "" if not any(body[1:9]) else body[1:9].hex()
    if version == _V6 and len(body) > 2:  # noqa: PLR2004 - the length, then the key's version
        return body[3 : 2 + body[1]].hex()
    return "unknown"
