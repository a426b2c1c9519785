"""The one way out, for every protocol: what is sealed for a partner, and whether they have it."""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import structlog

from config.operations import Deed
from gateway.authority import may, sent
from gateway.ledger.receipt_queries import SqlReceipts
from gateway.lifecycle import EventKind, IllegalTransitionError, State
from gateway.partials import Partials
from gateway.payloads import inner_name
from gateway.ports import Event, Ledger, LedgerUnavailableError, Transfer, Transfers
from gateway.store.disk import Disk, StoreError
from gateway.submissions import Names, Submissions, theirs
from keys.envelope import KeyWrapper
from transports.ports import Parcel, Principal, Problem, Receipt, Submission, TransportError

T = TypeVar("T")
_THREADS: Final = 8
_SUFFIX: Final = ".pgp"
_LONGEST: Final = 255
_MOST_GAPS: Final = 1_024
_GONE: Final = frozenset({State.COLLECTED, State.PURGED})

log = structlog.get_logger()


class Coverage:
    """Which bytes of a file were read: disjoint spans in order, touching ones joined.

    Spans that would need more than 1,024 pieces are not kept: a client that reads so scattered
    has the acknowledgement to say that it is done.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._starts: list[int] = []
        self._ends: list[int] = []

    @property
    def whole(self) -> bool:
        """Whether every byte was."""
        return self._size == 0 or (self._starts == [0] and self._ends == [self._size])

    def add(self, start: int, end: int) -> None:
        """Bytes from ``start`` up to but not including ``end`` were read."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = first
        while last < len(self._starts) and self._starts[last] <= end:
            start, end = min(start, self._starts[last]), max(end, self._ends[last])
            last += 1
        if last == first and len(self._starts) >= _MOST_GAPS:
            return
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A sealed file, open."""

    transfer: Transfer
    fd: int


class SealedReading:
    """Implements :class:`transports.ports.Reading`."""

    def __init__(
        self,
        parcel: Parcel,
        fd: int,
        threads: ThreadPoolExecutor,
        collect: Callable[[], None],
    ) -> None:
        self._parcel = parcel
        self._fd = fd
        self._threads = threads
        self._collect = collect
        self._read = Coverage(parcel.size)
        self._under_way: set[asyncio.Future[bytes]] = set()

    @property
    def parcel(self) -> Parcel:
        """What is being read."""
        return self._parcel

    async def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; b"" at the end.

        Raises:
            TransportError: ``UNAVAILABLE``: the disk fails.
        """
        wanted = max(0, min(size, self._parcel.size - offset))
        if wanted == 0 or self._fd < 0:
            return b""
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(self._threads, os.pread, self._fd, wanted, offset)
        self._under_way.add(reading)
        reading.add_done_callback(self._under_way.discard)
        try:
            data = await asyncio.shield(reading)
        except OSError as error:
            log.error("sealed file unreadable", transfer=self._parcel.transfer, code=error.errno)  # noqa: TRY400 - no trace needed
            raise TransportError(
                Problem.UNAVAILABLE, "the file can't be read now; try again later"
            ) from None
        self._read.add(offset, offset + len(data))
        return data

    async def close(self, *, received: bool = True) -> None:
        """Finish; again is no error. Collects the file if all of it was read and received."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        while self._under_way:  # a descriptor closed under a thread could be another file's next
            await asyncio.wait(self._under_way)
        os.close(fd)
        if received and self._read.whole:
            try:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._collect)
            except LedgerUnavailableError:
                # They have it, and it stays to be had again: only the record is late.
                log.warning("not recorded as collected", transfer=self._parcel.transfer)


class LedgerMailbox:
    """Implements :class:`transports.ports.Mailbox` over the ledger and a disk.

    Args:
        ledger: Where collection is recorded.
        transfers: The ledger's queries.
        receipts: Receipts as issued.
        disk: Where sealed files are.
        keys: Opens names, for routes that list them and for senders.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        transfers: Transfers,
        receipts: SqlReceipts,
        disk: Disk,
        keys: KeyWrapper,
    ) -> None:
        self._ledger = ledger
        self._transfers = transfers
        self._receipts = receipts
        self._disk = disk
        self._names = Names(keys)
        self._seen = Submissions(transfers, Partials(disk, keys), self._names)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="mailbox")

    def close(self) -> None:
        """End the threads, once readings have ended."""
        self._threads.shutdown()

    async def parcels(self, who: Principal) -> Sequence[Parcel]:
        """Everything in the partner's mailbox, oldest first."""
        if not may(who, Deed.LIST_MAILBOX):
            return []
        found = await self._on_thread(lambda: self._transfers.mailbox_of(who.partner))
        return await self._on_thread(lambda: self._listed(found))

    async def open(self, who: Principal, transfer: str) -> SealedReading:
        """Open one for reading.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's; ``UNAVAILABLE``.
        """
        opened = await self._on_thread(lambda: self._open(who, transfer))
        return SealedReading(
            self._parcel(opened.transfer),
            opened.fd,
            self._threads,
            lambda: self._collected(opened.transfer, who, "read"),
        )

    async def acknowledge(self, who: Principal, transfer: str) -> Parcel:
        """Mark as collected; again is the same as once.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's; ``UNAVAILABLE``.
        """
        return await self._on_thread(lambda: self._acknowledge(who, transfer))

    async def returned(self, who: Principal) -> Sequence[Submission]:
        """The partner's held and refused submissions, with reasons, newest first."""
        return await self._on_thread(lambda: self._seen.returned(who))

    async def receipts(self, who: Principal) -> Sequence[Receipt]:
        """The receipts of what the partner sent, newest first."""
        if not may(who, Deed.LIST_OWN):
            return []
        rows = await self._on_thread(lambda: self._receipts.of_sender(who.partner))
        return [Receipt(row.transfer, row.size, row.issued) for row in rows]

    async def receipt(self, who: Principal, transfer: str) -> bytes:
        """One of them.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's, and before it is issued.
        """
        return await self._on_thread(lambda: self._receipt(who, transfer))

    # -- on a thread

    def _receipt(self, who: Principal, transfer: str) -> bytes:
        found = theirs(self._transfers, who, Deed.SEE, transfer)
        text = self._receipts.get(found.id) if sent(who, found) else None
        if text is None:
            raise TransportError(
                Problem.NOT_FOUND, "there is no receipt of that transfer, or not yet"
            )
        return text.encode()

    def _open(self, who: Principal, transfer: str) -> _Opened:
        found = self._mine(who, transfer)
        fd = self._disk.open(found.sealed_blob)
        if os.fstat(fd).st_size != found.sealed_size:
            os.close(fd)
            raise StoreError(
                "the sealed file is not the one on record; tell the gateway's operator"
            )
        return _Opened(found, fd)

    def _acknowledge(self, who: Principal, transfer: str) -> Parcel:
        found = self._mine(who, transfer)
        self._collected(found, who, "acknowledged")
        return self._parcel(self._mine(who, transfer))

    def _listed(self, found: Iterable[Transfer]) -> list[Parcel]:
        """Parcels under names that differ: of two alike, the older one keeps it."""
        taken: set[str] = set()
        parcels: list[Parcel] = []
        for transfer in found:
            parcel = self._parcel(transfer)
            if parcel.listed_name in taken:
                stem = parcel.listed_name.removesuffix(_SUFFIX)
                parcel = replace(parcel, listed_name=_fitting(f"{stem}-{transfer.id}", transfer.id))
            taken.add(parcel.listed_name)
            parcels.append(parcel)
        return parcels

    def _parcel(self, transfer: Transfer) -> Parcel:
        # A name may hold PHI, so that a listed one is not in its column: it is opened here.
        listed = transfer.listed_name or _fitting(self._original(transfer), transfer.id)
        return Parcel(
            transfer.id,
            transfer.route,
            transfer.sender,
            listed,
            transfer.sealed_size,
            transfer.sealed_sha256,
            transfer.delivered or transfer.changed,
            transfer.collected,
            transfer.sealed_name,
        )

    def _original(self, transfer: Transfer) -> str:
        """The name that the sender gave, of what was opened if it was a message."""
        name = self._names.of(transfer)
        return inner_name(name) if transfer.opened_blob else name

    def _mine(self, who: Principal, transfer: str) -> Transfer:
        return theirs(self._transfers, who, Deed.COLLECT, transfer)

    def _collected(self, transfer: Transfer, who: Principal, how: str) -> None:
        """Record it once, whoever else does at the same time."""
        event = Event(EventKind.COLLECTED, f"account:{who.account}", {"how": how})
        try:
            self._ledger.advance(transfer.id, event)
        except IllegalTransitionError as error:
            if error.state not in _GONE:
                raise

    async def _on_thread(self, work: Callable[[], T]) -> T:
        task = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_let_go)
            raise
        except LedgerUnavailableError:
            log.warning("ledger unavailable")
            raise TransportError(
                Problem.UNAVAILABLE, "the gateway's records can't be reached; try again later"
            ) from None
        except StoreError as error:
            raise TransportError(Problem.UNAVAILABLE, str(error)) from None


def _let_go(done: asyncio.Future[Any]) -> None:
    """Close what a cancelled call opened."""
    if not done.cancelled() and not done.exception() and isinstance(done.result(), _Opened):
        os.close(done.result().fd)


def _fitting(stem: str, otherwise: str) -> str:
    """A listed name from a stem, or from another where it gets too long for file systems."""
    name = f"{stem}{_SUFFIX}"
    return name if len(name.encode()) <= _LONGEST else f"{otherwise}{_SUFFIX}"
