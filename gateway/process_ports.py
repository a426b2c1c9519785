"""What the pipeline needs of the processes beside it: the scanner, the sealer and the opener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from config.contracts import Contract, Rules
from dlp.model import Report, Source
from dlp.redact import Redaction


class ScanError(Exception):
    """No inspection could be made: no scanner, or staged bytes that can't be read."""


class Scanner(Protocol):
    """Inspection in a process that has no network and no long-term keys."""

    async def scan(
        self,
        blob: int,
        data_key: bytes,
        context: bytes,
        name: str,
        contract: Contract,
        rules: Rules,
    ) -> Report:
        """Inspect the staged ciphertext behind ``blob``, whose associated data is ``context``.

        A crash, a timeout or memory run out comes back as a report whose ``uninspectable``
        says so, never as an exception.

        Raises:
            ScanError: It isn't the content's doing; nothing was inspected.
        """
        ...

    async def redact(
        self,
        blob: int,
        data_key: bytes,
        context: bytes,
        name: str,
        contract: Contract,
        rules: Rules,
        pseudonyms: bytes,
    ) -> Redaction:
        """Find what to take out of the file behind ``blob``, and inspect what would be left.

        What stands in the way comes back in the redaction, as in :meth:`scan`.

        Args:
            blob: As in :meth:`scan`, and so the others.
            data_key: Likewise.
            context: Likewise.
            name: Likewise.
            contract: Likewise, and how to redact.
            rules: Likewise.
            pseudonyms: The key of the flow's pseudonyms, 32 bytes.

        Raises:
            ScanError: Likewise.
        """
        ...


@dataclass(frozen=True, slots=True)
class SealedFile:
    """Sealed bytes on disk, flushed.

    Attributes:
        size: Bytes.
        sha256: Hex digest.
    """

    size: int
    sha256: str


class SealError(Exception):
    """Sealing failed; the sentence says why and holds no secret."""


class Sealer(Protocol):
    """Signing and encryption in a process of its own, at constant memory."""

    async def seal(self, plaintext: Source, recipient: bytes, output: int) -> SealedFile:
        """Sign ``plaintext``, encrypt it for the certificate ``recipient``, flush it to ``output``.

        Raises:
            SealError: ``output`` then holds garbage for the caller to remove.
        """
        ...

    async def seal_name(self, name: str, recipient: bytes) -> bytes:
        """The original name as a small signed OpenPGP message for ``recipient``.

        Raises:
            SealError: Likewise.
        """
        ...


class OpenError(Exception):
    """No message could be opened, and it isn't the message's doing; the sentence says why."""


class UnverifiedError(Exception):
    """The message has no good signature by the certificates given; it opens without them.

    Attributes:
        signed: Whether it is signed at all.
        packed: Whether its signature has to be looked for in what is packed: :meth:`Opener.signer`.
    """

    def __init__(self, *, signed: bool, packed: bool = False) -> None:
        super().__init__("no good signature by these certificates")
        self.signed = signed
        self.packed = packed


class Opener(Protocol):
    """Opens OpenPGP messages for the gateway's key in a process of its own, at constant memory."""

    async def open(
        self, message: Source, certificates: Sequence[bytes], write: Callable[[bytes], None]
    ) -> str:
        """Hand the plaintext of ``message`` to ``write``, piece by piece, on another thread.

        It counts only once this returns: plaintext comes before its integrity is known.

        Args:
            message: Read from its start to its end.
            certificates: Of the sender, to check its signature; none to check nothing.
            write: What it raises comes out of this.

        Returns:
            Fingerprint of the certificate that signed it, "" without ``certificates``.

        Raises:
            dlp.model.NotReadableError: It can't be opened, now or later.
            UnverifiedError: It isn't signed by any of ``certificates``.
            OpenError: It may be opened later.
        """
        ...

    async def signer(self, message: Source, content: Source, certificates: Sequence[bytes]) -> str:
        """Fingerprint of the certificate that signed what was opened of a packed message.

        Args:
            message: As it came.
            content: What :meth:`open` made of it.
            certificates: Of the sender.

        Raises:
            dlp.model.NotReadableError: There was no time for it.
            UnverifiedError: None of them did, as far as can be told.
            OpenError: It may be told later.
        """
        ...
