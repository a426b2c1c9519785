"""Ranges, conditions and digests of HTTP, as pure functions.

RFC 9110 sections 13 and 14 (conditions, ranges) and RFC 9530 (``Repr-Digest``).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from transports.https_problems import ProblemError

_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.IGNORECASE)
_DIGEST: Final = re.compile(r"[ \t]*([a-z0-9*-]+)=:([A-Za-z0-9+/=]*):[ \t]*")
_SHA256_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``end``, ``end`` not included."""

    start: int
    end: int


def requested_span(header: str | None, size: int) -> Span | None:
    """The one range that ``header`` asks for of ``size`` bytes; None for all of it.

    What isn't a single well-formed byte range is ignored, as RFC 9110 section 14.2 allows.

    Raises:
        ProblemError: 416: it lies beyond the end.
    """
    found = _RANGE.fullmatch(header or "")
    if not found or found.group(1) == found.group(2) == "":
        return None
    first, last = found.groups()
    if first == "":
        span = Span(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        span = Span(int(first), min(size, int(last) + 1) if last else size)
    if span.start >= span.end:
        raise ProblemError(
            416,
            "bad-range",
            f"the range lies beyond the end of the file, which has {size} bytes",
            {"Content-Range": f"bytes */{size}"},
        )
    return span


def etag_listed(header: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names ``etag`` (weak comparison)."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags


def range_applies(if_range: str | None, etag: str) -> bool:
    """Whether ``If-Range`` lets a range be served (strong comparison; a date never matches)."""
    return if_range is None or if_range.strip() == etag


def claimed_sha256(header: str | None) -> bytes | None:
    """The SHA-256 that a ``Repr-Digest`` header claims; None if it has none.

    Other algorithms are ignored, as RFC 9530 section 2 allows.

    Raises:
        ProblemError: 400: it is malformed.
    """
    if header is None:
        return None
    for member in header.split(","):
        found = _DIGEST.fullmatch(member)
        if not found:
            raise _bad_digest()
        if found.group(1) == "sha-256":
            return _decoded(found.group(2))
    return None


def repr_digest(sha256_hex: str) -> str:
    """A ``Repr-Digest`` value."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256_hex)).decode()}:"


def _decoded(text: str) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _bad_digest() from None
    if len(digest) != _SHA256_BYTES:
        raise _bad_digest()
    return digest


def _bad_digest() -> ProblemError:
    return ProblemError(
        400, "bad-digest", "Repr-Digest is malformed; write sha-256=:<base64 of the digest>:"
    )
