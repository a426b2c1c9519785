"""What one session sees of the outbox and the inbox, asked for no more often than needed.

Clients ask for the attributes of every file they put or get; answering each from a full listing
would make a directory of n files cost n squared. So a listing is kept for a moment, and the
session's own changes are applied to it at once.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

import asyncssh

from transports.ports import Intake, Mailbox, Parcel, Principal, Receipt, Submission
from transports.returned import report
from transports.tree import RECEIPT_SUFFIX, REPORT_SUFFIX, Companion, inbox_entries

FRESH_SECONDS: Final = 2.0
"""How long another session's changes may stay unseen."""

T = TypeVar("T")


class Kept(Generic[T]):
    """A listing, asked for again once it is older than :data:`FRESH_SECONDS`."""

    def __init__(self, load: Callable[[], Awaitable[T]]) -> None:
        self._load = load
        self._value: T | None = None
        self._until = 0.0

    async def get(self, *, fresh: bool = False) -> T:
        """The listing; a new one if ``fresh``."""
        now = asyncio.get_running_loop().time()
        if fresh or self._value is None or now >= self._until:
            self._value = await self._load()
            self._until = asyncio.get_running_loop().time() + FRESH_SECONDS
        return self._value

    @property
    def kept(self) -> T | None:
        """The listing, if one is kept."""
        return self._value

    def forget(self) -> None:
        """Ask again next time."""
        self._value = None


class Views:
    """One principal's listings for the length of one session."""

    def __init__(self, who: Principal, intake: Intake, mailbox: Mailbox) -> None:
        self._who = who
        self._intake = intake
        self._mailbox = mailbox
        self._routes = Kept(self._load_routes)
        self._inbox = Kept(self._load_inbox)
        self._returned = Kept(self._load_returned)
        self._receipts = Kept(self._load_receipts)
        self._submitted: dict[str, Kept[dict[str, Submission]]] = {}
        self._removed: set[str] = set()

    async def routes(self) -> Sequence[str]:
        """Routes to send on."""
        return await self._routes.get()

    async def submitted(self, route: str) -> dict[str, Submission]:
        """Name to the newest submission under it."""
        if route not in self._submitted:
            self._submitted[route] = Kept(lambda: self._load_submitted(route))
        return await self._submitted[route].get()

    def add(self, submission: Submission) -> None:
        """This session submitted a file: show it without asking for the whole listing again."""
        listing = self._submitted.get(submission.route)
        kept = listing.kept if listing else None
        if kept is not None:
            kept[submission.name] = submission

    def changed(self, route: str) -> None:
        """This session changed something on ``route``."""
        if route in self._submitted:
            self._submitted[route].forget()

    async def inbox(self) -> dict[str, Parcel | Companion]:
        """Listing name to what it stands for, less what this session removed."""
        return await self._inbox.get()

    async def inbox_entry(self, name: str) -> Parcel | Companion | None:
        """One entry of the inbox, looked for again if a kept listing lacks it."""
        entry = (await self._inbox.get()).get(name)
        return entry or (await self._inbox.get(fresh=True)).get(name)

    def remove(self, parcel: Parcel) -> None:
        """This session is done with ``parcel``."""
        self._removed.add(parcel.transfer)
        self._inbox.forget()

    async def returned(self) -> dict[str, Submission]:
        """Report name to the submission it is about."""
        return await self._returned.get()

    async def receipts(self) -> dict[str, Receipt]:
        """File name to the receipt."""
        return await self._receipts.get()

    async def receipt(self, name: str) -> Receipt | None:
        """One receipt, looked for again if a kept listing lacks it."""
        found = (await self._receipts.get()).get(name)
        return found or (await self._receipts.get(fresh=True)).get(name)

    async def _load_routes(self) -> Sequence[str]:
        return await self._intake.routes(self._who)

    async def _load_submitted(self, route: str) -> dict[str, Submission]:
        listed: dict[str, Submission] = {}
        for submission in await self._intake.submissions(self._who, route):
            listed.setdefault(submission.name, submission)
        return listed

    async def _load_inbox(self) -> dict[str, Parcel | Companion]:
        parcels = await self._mailbox.parcels(self._who)
        return inbox_entries([p for p in parcels if p.transfer not in self._removed])

    async def _load_returned(self) -> dict[str, Submission]:
        listed = await self._mailbox.returned(self._who)
        return {submission.transfer + REPORT_SUFFIX: submission for submission in listed}

    async def _load_receipts(self) -> dict[str, Receipt]:
        listed = await self._mailbox.receipts(self._who)
        return {receipt.transfer + RECEIPT_SUFFIX: receipt for receipt in listed}


def directory(*, writable: bool = False) -> asyncssh.SFTPAttrs:
    """Attributes of a directory."""
    mode = stat.S_IFDIR | (0o755 if writable else 0o555)
    return asyncssh.SFTPAttrs(size=0, uid=0, gid=0, permissions=mode)


def of_upload(size: int) -> asyncssh.SFTPAttrs:
    """Attributes of an upload on its way."""
    return asyncssh.SFTPAttrs(size=size, uid=0, gid=0, permissions=stat.S_IFREG | 0o200)


def of_submission(submission: Submission) -> asyncssh.SFTPAttrs:
    """Attributes of a submission: write-only."""
    return _file(submission.size, 0o200, submission.modified)


def of_report(submission: Submission) -> asyncssh.SFTPAttrs:
    """Attributes of the report on a submission."""
    return _file(len(report(submission)), 0o400, submission.modified)


def of_receipt(receipt: Receipt) -> asyncssh.SFTPAttrs:
    """Attributes of a receipt: read-only."""
    return _file(receipt.size, 0o400, receipt.issued)


def of_entry(entry: Parcel | Companion) -> asyncssh.SFTPAttrs:
    """Attributes of an inbox entry: read-only."""
    if isinstance(entry, Companion):
        return _file(len(entry.parcel.sealed_name), 0o400, entry.parcel.delivered)
    return _file(entry.size, 0o400, entry.delivered)


def _file(size: int, mode: int, modified: datetime) -> asyncssh.SFTPAttrs:
    when = int(modified.timestamp())
    permissions = stat.S_IFREG | mode
    return asyncssh.SFTPAttrs(
        size=size, uid=0, gid=0, permissions=permissions, atime=when, mtime=when
    )
