"""Headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload) as pure functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any, Final

from transports.https_problems import ProblemError
from transports.names import normalise

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,termination,checksum,expiration"
ALGORITHMS: Final = MappingProxyType({"sha1": 20, "sha256": 32})
"""Bytes of a digest by its name in ``Upload-Checksum``. SHA-1 is for tus clients that know no
other: it finds what the network damaged, and is no proof against anybody."""
MEDIA_TYPE: Final = "application/offset+octet-stream"
MAX_METADATA: Final = 4096
"""Longest ``Upload-Metadata``, characters."""

_NUMBER: Final = re.compile(r"[0-9]{1,4000}")
_ENDLESS: Final = 10**18
_KEY: Final = re.compile(r"[!-+\--~]+")


def check_version(headers: Mapping[str, str]) -> None:
    """Return if the client speaks our version.

    Raises:
        ProblemError: 412, with the version that we speak.
    """
    if headers.get("Tus-Resumable", "").strip() != VERSION:
        raise ProblemError(
            412,
            "tus-version",
            f"send Tus-Resumable: {VERSION}, the one version that is spoken here",
            {"Tus-Version": VERSION},
        )


def number(headers: Mapping[str, str], name: str) -> int:
    """A header that is a number of bytes; what has over 18 digits counts as 10**18.

    Raises:
        ProblemError: 400: it is missing, or not a non-negative decimal number.
    """
    text = headers.get(name, "").strip()
    if not _NUMBER.fullmatch(text):
        raise ProblemError(
            400, name.lower(), f"{name} is missing or malformed; write the bytes as a decimal"
        )
    return min(int(text), _ENDLESS)


def declared_length(headers: Mapping[str, str]) -> int:
    """``Upload-Length``.

    Raises:
        ProblemError: 400: it is malformed, or deferred, which isn't taken here.
    """
    if "Upload-Defer-Length" in headers:
        raise ProblemError(
            400, "upload-defer-length", "the length can't be deferred here; send Upload-Length"
        )
    return number(headers, "Upload-Length")


def metadata(headers: Mapping[str, str]) -> str:
    """``Upload-Metadata`` as it came, to be given back as it came.

    Raises:
        ProblemError: 400: it is too long.
    """
    text = headers.get("Upload-Metadata", "").strip()
    if len(text) > MAX_METADATA:
        raise _bad_metadata(f"has over {MAX_METADATA} characters")
    return text


def file_name(text: str) -> str:
    """The ``filename`` of ``Upload-Metadata``, normalised.

    Raises:
        ProblemError: 400: the metadata is malformed, or names a key twice, or has no filename.
        BadNameError: The name is one that no file may have.
    """
    name = _pairs(text).get("filename")
    if name is None:
        raise _bad_metadata("has no filename: write 'filename <base64 of the name>'")
    try:
        return normalise(name.decode())
    except UnicodeDecodeError:
        raise _bad_metadata("has a filename that isn't UTF-8") from None


def _pairs(text: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise _bad_metadata("is malformed: a key is ASCII, once, without space or comma")
        found[key] = _decoded(value)
    return found


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _bad_metadata("is malformed: a value is base64 (RFC 4648, with padding)") from None


def _bad_metadata(what: str) -> ProblemError:
    # The value is never repeated: names can hold PHI.
    return ProblemError(400, "upload-metadata", f"Upload-Metadata {what}")


@dataclass(frozen=True, slots=True)
class Checksum:
    """What ``Upload-Checksum`` claims of one body.

    Attributes:
        algorithm: Of :data:`ALGORITHMS`.
        digest: Its bytes.
    """

    algorithm: str
    digest: bytes

    def begin(self) -> Any:  # noqa: ANN401 - hashlib's objects have no public type
        """A running hash of that kind."""
        if self.algorithm == "sha1":
            return hashlib.sha1(usedforsecurity=False)
        return hashlib.sha256()

    def check(self, digest: bytes) -> None:
        """Return if it is ``digest``.

        Raises:
            ProblemError: 460.
        """
        if not hmac.compare_digest(digest, self.digest):
            raise ProblemError(
                460,
                "checksum-mismatch",
                "the bytes received don't have this Upload-Checksum; none was kept",
            )


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """``Upload-Checksum``, None for none.

    Raises:
        ProblemError: 400: it is malformed, or of an algorithm that isn't spoken here.
    """
    given = headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _, value = given.strip().partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if ALGORITHMS.get(algorithm) != len(digest):
        known = " or ".join(ALGORITHMS)
        raise ProblemError(
            400,
            "upload-checksum",
            f"Upload-Checksum is malformed: write {known}, a space, the digest in base64",
        )
    return Checksum(algorithm, digest)


def http_date(moment: datetime) -> str:
    """An IMF-fixdate (RFC 9110 section 5.6.7) for ``Upload-Expires``."""
    return format_datetime(moment, usegmt=True)
