"""What a transfer's file is to whoever reads it: the staged bytes, or what was opened of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from gateway import payload_keys
from gateway.ports import Transfer
from gateway.process_ports import ScanError
from gateway.store.disk import Disk
from keys.envelope import KeyWrapper

_MESSAGE_NAMES: Final = (".pgp", ".gpg", ".asc")


class Payload(NamedTuple):
    """A file as the scanner takes it, encrypted.

    Attributes:
        blob: Descriptor of the ciphertext.
        key: Its data key.
        context: Its associated data.
        name: The original name.
    """

    blob: int
    key: bytes
    context: bytes
    name: str

    def __repr__(self) -> str:
        """Without key and name."""
        return f"Payload(blob={self.blob})"


class Payloads:
    """Opens blobs for reading.

    Args:
        disk: Where they are.
        keys: Opens data keys.
    """

    def __init__(self, disk: Disk, keys: KeyWrapper) -> None:
        self._disk = disk
        self._keys = keys

    @asynccontextmanager
    async def staged(self, transfer: Transfer) -> AsyncIterator[Payload]:
        """What was received."""
        key = payload_keys.data_key(self._keys, transfer)
        name = payload_keys.open_name(key, transfer.name)
        blob = await asyncio.to_thread(self._disk.open, transfer.blob)
        try:
            yield Payload(blob, key, payload_keys.context(transfer.id), name)
        finally:
            os.close(blob)

    @asynccontextmanager
    async def inspected(self, transfer: Transfer) -> AsyncIterator[Payload]:
        """What is inspected, redacted and sealed: what was opened, if anything was."""
        if not transfer.opened_blob:
            async with self.staged(transfer) as payload:
                yield payload
            return
        key = payload_keys.data_key(self._keys, transfer)
        name = inner_name(payload_keys.open_name(key, transfer.name))
        blob = await asyncio.to_thread(self._disk.open, transfer.opened_blob)
        try:
            yield Payload(blob, key, payload_keys.opened_context(transfer.id), name)
        finally:
            os.close(blob)


def inner_name(name: str) -> str:
    """The name of what is in a message: ``claims.837`` of ``claims.837.pgp``."""
    stem, dot, ending = name.rpartition(".")
    return stem if stem and dot + ending.lower() in _MESSAGE_NAMES else name


class Original(NamedTuple):
    """What is inspected of a transfer, and sealed unless it is redacted.

    Attributes:
        size: Bytes.
        sha256: Hex digest.
    """

    size: int
    sha256: str


def original(transfer: Transfer) -> Original:
    """What was opened of it, else what was received."""
    if transfer.opened_blob:
        return Original(transfer.opened_size, transfer.opened_sha256)
    return Original(transfer.size, transfer.sha256)


def check_bytes(sha256: str, transfer: Transfer) -> None:
    """See that a report with that digest is about the bytes that it should be about.

    Raises:
        ScanError: It isn't.
    """
    if sha256 not in {"", original(transfer).sha256}:
        raise ScanError("the report is not about the bytes that were staged")
