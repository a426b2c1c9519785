"""Whether the head of a request means one thing only, and is meant for us. Pure.

What two readers may understand differently is how requests are smuggled past one of them (RFC 9112
section 11.2), so it is refused, and the connection ends: 400. A name that isn't ours is refused
too, 421 (RFC 9110 section 7.4): a page of another site can have its own name point at this
listener (DNS rebinding), and only the Host header tells.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from transports.https_problems import ProblemError

MAX_HEAD: Final = 64 * 1024
"""Bytes of all header names and values."""
MAX_HEADERS: Final = 64

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_TARGET: Final = re.compile(r"/[!-\"$-~]*")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::([0-9]{1,5}))?")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}")
_ONCE: Final = frozenset(
    {
        b"authorization", b"content-encoding", b"content-length", b"content-range",
        b"content-type", b"expect", b"host", b"idempotency-key", b"if-range", b"range",
        b"repr-digest", b"transfer-encoding", b"tus-resumable", b"upload-checksum",
        b"upload-defer-length", b"upload-length", b"upload-metadata", b"upload-offset",
        b"x-http-method-override",
    }
)  # fmt: skip
"""Headers that say one thing; a second one of them says another."""
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Names = Callable[[str], bool]
"""Whether a host name or address, lower case, without port and brackets, is ours."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head as it was parsed.

    Attributes:
        version: Major and minor.
        target: As written.
        headers: Names and values as written.
    """

    version: tuple[int, int]
    target: str
    headers: Sequence[tuple[bytes, bytes]]


def loopback_of(host: str) -> frozenset[str]:
    """The names of loopback, if who listens on ``host`` listens there too."""
    if not _is_address(host):
        return LOOPBACK if host == "localhost" else frozenset()
    address = ipaddress.ip_address(host)
    return LOOPBACK if address.is_loopback or address.is_unspecified else frozenset()


class Served:
    """These names only, with ``*.`` standing for one label as in certificates (RFC 6125)."""

    def __init__(self, names: Iterable[str]) -> None:
        self.replace(names)

    def replace(self, names: Iterable[str]) -> None:
        """Answer to others from now on, as when the certificate is another one."""
        self._known = frozenset(name.lower().strip("[]") for name in names)

    def __call__(self, name: str) -> bool:
        """Whether it is one of them."""
        return name in self._known or ("*." + name.partition(".")[2]) in self._known


def served_or_address(names: Iterable[str]) -> Names:
    """These, and any address: a name can be made to point here, an address is what it is."""
    known = Served(names)
    return lambda name: known(name) or _is_address(name)


def check(head: Head, ours: Names) -> None:
    """Return if ``head`` is unambiguous and for us.

    Raises:
        ProblemError: 400, 417, 421, 431 or 505.
    """
    if head.version != (1, 1):
        raise ProblemError(505, "http-version", "speak HTTP/1.1", ends=True)
    _check_target(head.target)
    found = _singles(head.headers)
    _check_framing(found)
    _check_host(found.get(b"host"), ours)
    expected = found.get(b"expect", b"100-continue")
    if expected.lower() != b"100-continue":
        raise ProblemError(
            417, "expectation", "the one expectation met here is 100-continue", ends=True
        )


def _check_target(target: str) -> None:
    if not _TARGET.fullmatch(target):
        raise _ambiguous("its target is no path")
    try:
        unquote_to_bytes(target.partition("?")[0]).decode()
    except UnicodeDecodeError:
        raise _ambiguous("its path is not UTF-8") from None


def _singles(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    if len(headers) > MAX_HEADERS or sum(len(n) + len(v) for n, v in headers) > MAX_HEAD:
        raise ProblemError(
            431, "header-fields-too-large", "the headers are too many or too long", ends=True
        )
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise _ambiguous("a header is malformed")
        key = name.lower()
        if key in found and key in _ONCE:
            raise _ambiguous("a header that counts once is there twice")
        if key.replace(b"_", b"-") in _FRAMING and key not in _FRAMING:
            raise _ambiguous("a header looks like another")
        found[key] = value.strip()
    return found


def _check_framing(found: dict[bytes, bytes]) -> None:
    length, coding = found.get(b"content-length"), found.get(b"transfer-encoding")
    if length is not None and coding is not None:
        raise _ambiguous("it has a length and chunks")
    if length is not None and not _DIGITS.fullmatch(length):
        raise _ambiguous("its length is no number")
    if coding is not None and coding.lower() != b"chunked":
        raise _ambiguous("its transfer coding is not chunked alone")


def _check_host(value: bytes | None, ours: Names) -> None:
    if value is None:
        raise _ambiguous("it has no Host")
    match = _HOST.fullmatch(value.decode("latin-1"))
    if not match:
        raise _ambiguous("its Host is malformed")
    if not ours(match[1].lower().strip("[]")):
        raise ProblemError(
            421,
            "misdirected-request",
            "this Host is not served here; ask the operator for the right address",
            ends=True,
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _ambiguous(what: str) -> ProblemError:
    return ProblemError(400, "bad-request", f"this request is not well formed: {what}", ends=True)
