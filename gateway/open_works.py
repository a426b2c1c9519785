"""What an opener process can be asked for; see :mod:`gateway.open_process`.

Each is made before the process confines itself, with what it will need from the disk.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from keys.openpgp_open import Fault, MessageError, MessageOpener, check_content
from keys.openpgp_stream import StreamError


class Work(Protocol):
    """One of them.

    Attributes:
        fingerprint: Of the key in use, "" where none is.
    """

    fingerprint: str

    def do(self, job: dict[str, Any], source: int, output: int) -> str:
        """Read a pipe, write another, and name the signer, "" for none.

        Raises:
            keys.openpgp_open.MessageError: The message can't be opened.
            keys.openpgp_open.SignatureError: It isn't signed by any of the job's certificates.
        """
        ...


class _Open:
    """Writes what is in the message."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._opener = MessageOpener(*secrets)
        self.fingerprint = self._opener.fingerprint

    def do(self, job: dict[str, Any], source: int, output: int) -> str:
        found = self._opener.look(base64.b64decode(job["head"]))
        return self._opener.open(found, _path(source), _path(output), _certificates(job))


class _Signatures:
    """Writes the signature packets that are in the message."""

    fingerprint = ""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        # A fifth of a second, which other works needn't wait for.
        from keys.openpgp_packed import signatures  # noqa: PLC0415 - explained above

        self._secrets, self._signatures = secrets, signatures

    def do(self, job: dict[str, Any], source: int, output: int) -> str:
        del job
        try:
            with open(source, "rb", closefd=False) as message:
                found = self._signatures(message, self._secrets)
        except StreamError:
            raise MessageError(Fault.DAMAGED) from None
        with open(output, "wb", closefd=False) as out:
            out.write(b"".join(found))
        return ""


class _Verify:
    """Checks the signature that is the job's head over the content that comes."""

    fingerprint = ""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        del secrets

    def do(self, job: dict[str, Any], source: int, output: int) -> str:
        del output
        return check_content(_path(source), base64.b64decode(job["head"]), _certificates(job))


WORKS: Final[Mapping[str, Callable[[Sequence[bytes]], Work]]] = MappingProxyType(
    {"open": _Open, "signatures": _Signatures, "verify": _Verify}
)


def _path(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _certificates(job: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(text) for text in job["certificates"]]
