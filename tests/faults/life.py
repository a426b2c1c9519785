"""One life of a gateway in one process: it takes files, works on them, hands them over, purges.

Everything between a listener and the disk is real: staging, the ledger, leases, the pipeline, the
log's tree, mailboxes, retention. Scanner, sealer and opener stand in this process instead of their
own; ``tests/e2e/test_kill.py`` kills those.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.contracts import Rules
from config.operations import Role
from dlp.budget import Budget
from dlp.inspect import inspect
from gateway.decisions import Decisions
from gateway.declared import DeclaringIntake
from gateway.ledger.note import Signer
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.receipt_queries import SqlReceipts
from gateway.ledger.sequencer import Sequencer
from gateway.lifecycle import State
from gateway.mailbox import LedgerMailbox
from gateway.partials import Partials
from gateway.purger import Purger
from gateway.reaper import Reaper
from gateway.store.database import open_database
from gateway.store.disk import Disk
from gateway.worker import Worker, WorkerOptions
from keys.kek import LocalKek
from keys.segments import SegmentReader
from tests.support.works import CLEAN, LEAK, InProcessScanner, ReversingOpener, Works, policy
from transports.ports import Principal, Problem, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dlp.model import Report
    from gateway.ports import Ledger, Transfer
    from transports.ports import Upload

BOTH: Final = frozenset({Role.SENDER, Role.RECEIVER})
CLINIC: Final = Principal("clinic-bot", "clinic", BOTH, "SHA256:clinic")
PAYER: Final = Principal("payer-bot", "payer", BOTH)
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN: Final = "log.example/faults"
LATER: Final = timedelta(days=400)
LONG: Final = CLEAN + b"2026-12,41,900.00\n" * 70_000
FILES: Final = {
    "plain.csv": CLEAN,
    "long.csv": LONG,
    "pieces.csv": CLEAN + b"2026-12,3,3.00\n" * 75_000,
    "renamed.csv": CLEAN + b"2026-12,1,1.00\n",
    "sealed.csv.pgp": ReversingOpener.START + (CLEAN + b"2026-12,2,2.00\n")[::-1],
    "leaky.csv": LEAK,
}
OPTIONS: Final = WorkerOptions(lanes=2, lease=0.15, idle=0.01, tries=6, backoff=0.01)

Say: TypeAlias = "Callable[[str], None]"

POLICY: Final = policy(retention_days=30)
REPORTS: Final = {
    leaky: inspect(io.BytesIO(content), "a.csv", POLICY.contracts["totals"], Rules(), Budget())
    for leaky, content in ((False, CLEAN), (True, LEAK))
}


class QuickScanner(InProcessScanner):
    """Reads the whole payload, and says what inspection said of one like it before the first life.

    Inspecting a megabyte takes longer than everything that can be lost on its way.
    """

    async def scan(self, blob: int, data_key: bytes, context: bytes, *_rest: object) -> Report:
        with closing(SegmentReader(blob, data_key, context)) as source:
            content = source.read()
        digest = hashlib.sha256(content).hexdigest()
        return replace(REPORTS[b"SSN" in content], sha256=digest, size=len(content))


class Counting:
    """Counts nothing: an observer for the worker."""

    def step_finished(self, step: str, seconds: float) -> None:
        """Taken."""

    def step_failed(self, step: str) -> None:
        """Failed."""


@dataclass
class Site:
    """Everything of one life, on one directory."""

    root: Path

    def __post_init__(self) -> None:
        self.database = open_database(f"sqlite:///{self.root / 'ledger.db'}")
        self.kek = LocalKek.load(self.root / "kek.key")
        self.disk = Disk(self.root / "blobs")
        self.policy = POLICY
        self.works = Works(
            self.database, self.root / "ledger.db", self.disk, self.kek, self.policy, QuickScanner()
        )
        self.transfers = SqlTransfers(self.database)
        self.ledger: Ledger = self.works.ledger
        owner = f"life:{os.getpid()}"
        self.sequencer = Sequencer(self.database, Signer(ORIGIN, KEY), owner, lease=0.1)
        self.intake = DeclaringIntake(
            ledger=self.ledger, transfers=self.transfers, keyed=self.transfers, disk=self.disk,
            keys=self.kek, policy=lambda: self.policy, max_bytes=2**30,
        )  # fmt: skip
        self.mailbox = LedgerMailbox(
            ledger=self.ledger, transfers=self.transfers, receipts=SqlReceipts(self.database),
            disk=self.disk, keys=self.kek,
        )  # fmt: skip

    def close(self) -> None:
        self.intake.close()
        self.mailbox.close()
        self.database.close()


async def live(root: Path, acknowledged: set[str], say: Say) -> None:
    """Do everything there is to do; ``say`` what a client was told."""
    site = Site(root)
    worker = Worker(
        "1", site.works.queue, site.ledger, site.works.pipeline.step, Counting(), OPTIONS
    )
    worker.start()
    try:
        for name in FILES:
            if name not in acknowledged:
                say(f"ack {name} {await send(site, name)}")
        await until_settled(site)
        await collect(site, say)
    finally:
        await worker.stop(5.0)
    end(site)
    site.close()


async def send(site: Site, name: str) -> str:
    """As clients of each kind do: whole, suspended and resumed, in pieces, or to be renamed."""
    content = FILES[name]
    if name.startswith("long"):
        return await send_in_parts(site, name, content)
    if name.startswith("pieces"):
        return await send_in_pieces(site, name, content)
    if name.startswith("renamed"):
        upload = await site.intake.open(CLINIC, "totals", "renamed.part")
        await upload.write(content)
        await upload.suspend()
        return (await site.intake.submit(CLINIC, "totals", "renamed.part", name)).transfer
    upload = await site.intake.open(CLINIC, "totals", name)
    await upload.write(content)
    return (await upload.commit()).transfer


async def send_in_parts(site: Site, name: str, content: bytes) -> str:
    """Go on with what a former life left, break off once in order, and go on again."""
    upload = await resumed(site, name)
    if upload.size < len(content) * 2 // 3:
        await upload.write(content[upload.size : len(content) * 2 // 3])
        await upload.suspend()
        upload = await site.intake.resume(CLINIC, "totals", name)
    await upload.write(content[upload.size :])
    return (await upload.commit()).transfer


async def send_in_pieces(site: Site, name: str, content: bytes) -> str:
    """As a tus client does; its key leads back to an upload whose address it never learned."""
    made = await site.intake.declare(CLINIC, "totals", name, len(content), "", key=name)
    while not made.is_submitted:
        at, on_trial = made.offset, 0 < made.offset < len(content) * 2 // 3
        upload = await site.intake.reopen(CLINIC, "totals", made.transfer, on_trial=on_trial)
        await upload.write(content[at : at + len(content) // 3 + 1])
        await (upload.commit() if upload.size == len(content) else upload.suspend())
        made = await site.intake.declared(CLINIC, "totals", made.transfer)
    return made.transfer


async def resumed(site: Site, name: str) -> Upload:
    try:
        return await site.intake.resume(CLINIC, "totals", name)
    except TransportError as error:
        if error.problem is not Problem.NOT_FOUND:
            raise
        return await site.intake.open(CLINIC, "totals", name)


async def until_settled(site: Site) -> None:
    """Let the worker do its part, sign the log meanwhile, and release what it holds."""
    async with asyncio.timeout(30):
        while True:
            await asyncio.to_thread(site.sequencer.step)
            for held in site.transfers.in_state(State.HELD):
                release(site, held)
            if not any(site.transfers.in_state(state) for state in UNDER_WAY):
                return
            await asyncio.sleep(0.005)


UNDER_WAY: Final = (State.STAGED, State.INSPECTED, State.CLEARED, State.SEALED, State.HELD)


def release(site: Site, held: Transfer) -> None:
    decisions = Decisions(site.ledger, site.transfers, lambda _text: None)
    decisions.release(held.id, "analyst", "the sender was asked")


async def collect(site: Site, say: Say) -> None:
    """The recipient reads each file whole."""
    for parcel in await site.mailbox.parcels(PAYER):
        if parcel.collected:
            continue
        reading = await site.mailbox.open(PAYER, parcel.transfer)
        offset = 0
        while data := await reading.read(offset, 2**18):
            offset += len(data)
        await reading.close()
        say(f"got {parcel.transfer}")


def end(site: Site) -> None:
    """Long after: what was never finished is given up, what has ended is purged, all is signed."""
    later = datetime.now(UTC) + LATER
    reaper = Reaper(
        ledger=site.ledger, transfers=site.transfers, disk=site.disk,
        partials=Partials(site.disk, site.kek), after=timedelta(hours=1),
    )  # fmt: skip
    reaper.sweep(later)
    Purger(
        ledger=site.ledger, ended=site.transfers, disk=site.disk,
        policy=lambda: site.policy, forget=site.database.forget,
    ).sweep(later)  # fmt: skip
    while site.sequencer.behind():
        if not site.sequencer.step():
            time.sleep(0.01)  # the lease of a life that was killed
