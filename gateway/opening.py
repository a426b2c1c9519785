"""The first part of inspection: an OpenPGP message for the gateway is opened.

What was in it lies beside the staged bytes, encrypted like them under the same data key, and is
inspected, redacted and sealed instead of them. It counts only once it is recorded; a try that ends
earlier leaves a blob that the next one removes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import closing
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from dlp.model import NotReadableError, Report, Source, Uninspectable
from dlp.openpgp import is_message
from gateway import payload_keys, sealed_blobs
from gateway.payloads import Payload, Payloads
from gateway.ports import Changes, Json, Lease, Transfer
from gateway.process_ports import Opener, UnverifiedError
from gateway.store.disk import Disk
from keys.segments import SegmentReader, SegmentWriter

_HEAD: Final = 4096


class Signature(StrEnum):
    """What is known of a message's signature."""

    VERIFIED = "verified"
    """Good, and by a certificate that is on record for the sender."""
    UNVERIFIED = "unverified"
    """There is one, and it isn't a good one by any such certificate."""
    NONE = "none"
    UNCHECKED = "unchecked"
    """The sender has no certificate on record, so nobody looked."""


class Opened(NamedTuple):
    """What was in a message.

    Attributes:
        blob: Where it is.
        size: Bytes.
        sha256: Hex digest.
        signature: What is known of the message's signature.
        signer: Fingerprint of the certificate, "" unless verified.
    """

    blob: str
    size: int
    sha256: str
    signature: Signature
    signer: str = ""

    def changes(self) -> Changes:
        """The columns to set."""
        return Changes(opened_blob=self.blob, opened_size=self.size, opened_sha256=self.sha256)

    def facts(self) -> dict[str, Json]:
        """What the log says of it."""
        said: dict[str, Json] = {
            "size": self.size, "sha256": self.sha256, "signature": str(self.signature),
        }  # fmt: skip
        if self.signer:
            said["signer"] = self.signer
        return {"opened": said}

    def note(self) -> str:
        """What an analyst should know."""
        signature = {
            Signature.VERIFIED: f"signed by the sender's certificate {self.signer}",
            Signature.UNVERIFIED: "with a signature that no certificate of the sender verifies",
            Signature.NONE: "unsigned",
            Signature.UNCHECKED: "signature not checked, since the sender has no certificate here",
        }[self.signature]
        return f"an OpenPGP message, opened with the gateway's key; {signature}"


class Senders(Protocol):
    """The senders' OpenPGP certificates."""

    def for_verifying(self, partner: str) -> Sequence[bytes]:
        """Those that a message of this partner may be signed with."""
        ...


class Opening:
    """Opens what begins as an encrypted OpenPGP message.

    Args:
        disk: Where blobs are.
        payloads: Gives the staged bytes.
        opener: Opens messages.
        senders: Whose signatures can be checked.
    """

    def __init__(self, disk: Disk, payloads: Payloads, opener: Opener, senders: Senders) -> None:
        self._disk = disk
        self._payloads = payloads
        self._opener = opener
        self._senders = senders

    async def open(self, lease: Lease) -> Opened | None:
        """Open the leased transfer's file; None if it is no encrypted OpenPGP message.

        Raises:
            NotReadableError: It is one, and can't be opened: inspection ends here.
            OpenError: It may be opened later.
            StoreError: Likewise.
        """
        transfer = lease.transfer
        async with self._payloads.staged(transfer) as payload:
            reader = await asyncio.to_thread(_staged, payload, transfer)
            with closing(reader):
                head = await asyncio.to_thread(reader.read, _HEAD)
                if not is_message(head):
                    return None
                blob = sealed_blobs.opened(transfer.blob, lease.claim)
                await asyncio.to_thread(self._make_room, transfer, blob)
                return await self._opened(transfer, payload, reader, blob)

    async def _opened(
        self, transfer: Transfer, payload: Payload, message: Source, blob: str
    ) -> Opened:
        """With the signature checked if it can be, else without."""
        known = await asyncio.to_thread(self._senders.for_verifying, transfer.sender)
        if not known:
            return await self._written(transfer, payload, message, blob, Signature.UNCHECKED)
        try:
            return await self._written(transfer, payload, message, blob, Signature.VERIFIED, known)
        except UnverifiedError as error:
            signature = Signature.UNVERIFIED if error.signed else Signature.NONE
            packed = error.packed
        opened = await self._written(transfer, payload, message, blob, signature)
        return await self._attested(opened, transfer, payload, message, known) if packed else opened

    async def _attested(
        self,
        opened: Opened,
        transfer: Transfer,
        payload: Payload,
        message: Source,
        known: Sequence[bytes],
    ) -> Opened:
        """With the signatures of a packed message checked over what was opened of it."""
        context = payload_keys.opened_context(transfer.id)
        descriptor = await asyncio.to_thread(self._disk.open, opened.blob)
        try:
            content = SegmentReader(descriptor, payload.key, context, size=opened.size)
            with closing(content):
                signer = await self._opener.signer(message, content, known)
        except UnverifiedError:
            return opened
        except BaseException:
            self._disk.remove(opened.blob)
            raise
        finally:
            os.close(descriptor)
        return opened._replace(signature=Signature.VERIFIED, signer=signer)

    async def _written(
        self,
        transfer: Transfer,
        payload: Payload,
        message: Source,
        blob: str,
        signature: Signature,
        known: Sequence[bytes] = (),
    ) -> Opened:
        """One try; leaves no blob unless all of it is good and durable."""
        output = await asyncio.to_thread(self._disk.replace, blob)
        try:
            content = _Content(self._disk, output, payload.key, transfer.id)
            signer = await self._opener.open(message, known, content.write)
            await asyncio.to_thread(content.finish)
            await asyncio.to_thread(self._disk.flush, output, blob)
        except BaseException:
            self._disk.remove(blob)
            raise
        finally:
            os.close(output)
        return Opened(blob, content.size, content.sha256, signature, signer)

    def _make_room(self, transfer: Transfer, blob: str) -> None:
        """Remove what former tries left, and see that there is room for a message's content."""
        self._disk.remove(*sealed_blobs.older(self._disk.names(transfer.id), blob))
        self._disk.check_room(transfer.size)


class _Content:
    """A message's content on its way to the disk."""

    def __init__(self, disk: Disk, output: int, key: bytes, transfer: str) -> None:
        self._disk = disk
        self._output = output
        self._writer = SegmentWriter(key, payload_keys.opened_context(transfer))
        self._digest = hashlib.sha256()
        self._disk.append(output, self._writer.header())
        self.size = 0

    @property
    def sha256(self) -> str:
        """Hex digest of what was written."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(piece)
        self.size += len(piece)
        self._disk.append(self._output, self._writer.update(piece))

    def finish(self) -> None:
        """Write the last segment."""
        self._disk.append(self._output, self._writer.finish())


def unopened(transfer: Transfer, error: NotReadableError) -> Report:
    """The report on a message that can't be opened: nothing is known but that."""
    trouble = (Uninspectable(error.obstacle, error.detail),)
    return Report("openpgp", transfer.size, transfer.sha256, uninspectable=trouble)


def _staged(payload: Payload, transfer: Transfer) -> SegmentReader:
    return SegmentReader(payload.blob, payload.key, payload.context, size=transfer.size)
