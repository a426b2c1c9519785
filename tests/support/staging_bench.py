"""A site's way in and out on a real SQLite ledger and a real directory, with a disk that fails."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.contracts import Contract, Rules
from config.operations import Role
from config.policy import Policy, Route
from gateway import payload_keys
from gateway.declared import DeclaringIntake
from gateway.keyring import Keyring
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.receipt_queries import SqlReceipts
from gateway.ledger.record import SqlLedger
from gateway.ledger.work import SqlWorkQueue
from gateway.lifecycle import EventKind
from gateway.mailbox import LedgerMailbox
from gateway.migrations import upgrade
from gateway.partials import Partials
from gateway.ports import Changes, Event, Json, LedgerUnavailableError, Transfer
from gateway.store.database import open_database
from gateway.store.disk import Disk
from gateway.store.system import System
from gateway.upload import StagedUpload
from keys.kek import LocalKek
from keys.segments import SegmentReader
from transports.ports import Principal

BOTH = frozenset({Role.SENDER, Role.RECEIVER})
CLINIC = Principal("clinic-bot", "clinic", BOTH)
OTHER = Principal("other-bot", "other", BOTH)
PAYER = Principal("payer-bot", "payer", BOTH)


def route(**changes: object) -> Route:
    given: dict[str, object] = {"from": ["clinic"], "to": "payer", "contract": "claims"}
    return Route.model_validate(given | changes)


def policy(**routes: Route) -> Policy:
    contract = Contract(contract="claims", formats=("*",))
    return Policy(routes or {"claims": route()}, {"claims": contract}, Rules(), "d" * 64)


@dataclass
class FaultyDisk(System):
    """The real system calls, until a fault is set."""

    room: int | None = None
    fail: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _call: None

    def open(self, path: Path, flags: int) -> int:
        self._call("create" if flags & os.O_CREAT else "open")
        return super().open(path, flags)

    def write(self, fd: int, data: memoryview) -> int:
        self._call("write")
        if self.room is None:
            return super().write(fd, data)
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(fd, data[: self.room])
        self.room -= written
        return written

    def fsync(self, fd: int) -> None:
        self._call("fsync")
        super().fsync(fd)

    def rename(self, old: Path, new: Path) -> None:
        self._call("rename")
        super().rename(old, new)

    def unlink(self, path: Path) -> None:
        self._call("unlink")
        super().unlink(path)

    def free(self, path: Path) -> int:
        self._call("free")
        return 10**12 if self.room is None else self.room

    def fail_after(self, call: str, good: int, code: int) -> None:
        """Let ``good`` calls of that name succeed from now on, and none after."""
        left = iter(range(good))

        def count(name: str) -> None:
            if name == call and next(left, None) is None:
                self.fail[call] = code

        self.before = count

    def heal(self) -> None:
        self.room = None
        self.fail.clear()
        self.before = lambda _call: None

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.before(name)
        if name in self.fail:
            raise OSError(self.fail[name], os.strerror(self.fail[name]))


class Crashing:
    """Leaves an upload as a process does that is killed: no method is called, locks are free."""

    @staticmethod
    async def crash(upload: StagedUpload) -> None:
        if upload._running:
            await asyncio.wait({upload._running})
        os.close(upload._file._fd)
        upload._file._fd = -1
        upload._claim.release()
        upload._ended = True


class FlakyLedger(SqlLedger):
    """The real ledger, until it is gone."""

    gone = False

    def begin(self, transfer: Transfer, event: Event) -> Transfer:
        self._check()
        return super().begin(transfer, event)

    def advance(self, transfer: str, event: Event, lease: object = None) -> Transfer:
        self._check()
        return super().advance(transfer, event, lease)  # type: ignore[arg-type]  # passed through

    def record(self, kind: str, actor: str, facts: Mapping[str, Json]) -> None:
        self._check()
        super().record(kind, actor, facts)

    def _check(self) -> None:
        if self.gone:
            raise LedgerUnavailableError("gone, by the test")


class StagingBench:
    """Everything between a listener and the disk."""

    def __init__(self, root: Path, *, reserve: int = 0, max_bytes: int = 2**30) -> None:
        self.root = root
        self.blobs = root / "blobs"
        self.blobs.mkdir(parents=True)
        self.database = open_database(f"sqlite:///{root / 'ledger.db'}", create=True)
        upgrade(self.database)
        self.ledger = FlakyLedger(self.database)
        self.queue = SqlWorkQueue(self.database)
        self.transfers = SqlTransfers(self.database)
        LocalKek.generate(root / "kek.key")
        self.kek = Keyring(root / "kek.key")
        self.system = FaultyDisk()
        self.disk = Disk(self.blobs, reserve, self.system)
        self.partials = Partials(self.disk, self.kek)
        self.policy: Policy | None = policy()
        self._max_bytes = max_bytes
        self.intake = self.new_intake()
        self.mailbox = LedgerMailbox(
            receipts=SqlReceipts(self.database),
            ledger=self.ledger,
            transfers=self.transfers,
            disk=self.disk,
            keys=self.kek,
        )

    def new_intake(self) -> DeclaringIntake:
        """Another process on the same site."""
        return DeclaringIntake(
            ledger=self.ledger,
            transfers=self.transfers,
            keyed=self.transfers,
            disk=self.disk,
            keys=self.kek,
            policy=lambda: self.policy,
            max_bytes=self._max_bytes,
        )

    def close(self) -> None:
        self.intake.close()
        self.mailbox.close()
        self.database.close()

    def plaintext(self, transfer: str) -> bytes:
        """What was staged, as a worker reads it."""
        found = self.transfers.get(transfer)
        key = payload_keys.data_key(self.kek, found)
        fd = self.disk.open(found.blob)
        try:
            return SegmentReader(fd, key, payload_keys.context(transfer), size=found.size).read()
        finally:
            os.close(fd)

    def name(self, transfer: str) -> str:
        found = self.transfers.get(transfer)
        return payload_keys.open_name(payload_keys.data_key(self.kek, found), found.name)

    def events(self, transfer: str) -> list[str]:
        from gateway.ledger.export import story  # noqa: PLC0415 - here alone

        return [event["kind"] for event in story(self.database, transfer)]

    def actors(self, transfer: str) -> list[str]:
        """Who did each thing to it, by the log."""
        from gateway.ledger.export import story  # noqa: PLC0415 - here alone

        return [event["actor"] for event in story(self.database, transfer)]

    def files(self) -> dict[str, bytes]:
        """Every blob's name and content."""
        return {
            path.name: path.read_bytes()
            for path in self.blobs.rglob("*")
            if path.is_file() and path.name != ".claims"
        }

    async def staged(self, data: bytes = b"some bytes", name: str = "a.837") -> str:
        upload = await self.intake.open(CLINIC, "claims", name)
        await upload.write(data)
        return (await upload.commit()).transfer

    async def delivered(
        self, sealed: bytes = b"sealed bytes", name: str = "a.837", listed: str | None = None
    ) -> str:
        """A transfer in the payer's mailbox, its later steps taken by hand."""
        transfer = await self.staged(name=name)
        blob = f"{transfer}.sealed"
        fd = self.disk.create(blob)
        self.disk.append(fd, sealed)
        os.close(fd)
        changes = Changes(
            sealed_blob=blob,
            sealed_size=len(sealed),
            sealed_sha256="ab" * 32,
            listed_name=f"{transfer}.pgp" if listed is None else listed,
        )
        steps: list[tuple[EventKind, Changes]] = [
            (EventKind.INSPECTED, {"verdict": "release"}),
            (EventKind.CLEARED, {}),
            (EventKind.SEALED, changes),
            (EventKind.DELIVERED, {}),
        ]
        for kind, columns in steps:
            self.ledger.advance(transfer, Event(kind, "worker:1", {}, columns))
        return transfer

    async def held(self, *reasons: str, name: str = "a.837") -> str:
        """A transfer that inspection held."""
        transfer = await self.staged(name=name)
        changes = Changes(verdict="hold", reasons=reasons)
        self.ledger.advance(transfer, Event(EventKind.HELD, "worker:1", {}, changes))
        return transfer
