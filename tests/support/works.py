"""A ledger, a disk and an inspection that are real, around a sealer and an opener that show."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.contracts import Action, Contract, Rules
from config.policy import Policy, Route, shipped_policy
from dlp.budget import Budget
from dlp.inspect import inspect
from dlp.model import NotReadableError, Obstacle, Report, Source, Uninspectable
from dlp.redact import Redaction
from dlp.redact.run import redact
from gateway import payload_keys
from gateway.decisions import Decisions
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.ledger.work import SqlWorkQueue
from gateway.lifecycle import EventKind, State
from gateway.opening import Opening
from gateway.payloads import Payloads
from gateway.pipeline import Pipeline
from gateway.ports import Changes, Event, Transfer
from gateway.process_ports import OpenError, SealedFile, SealError, UnverifiedError
from gateway.records import LoggedReleases
from gateway.store.database import Database
from gateway.store.disk import Disk
from keys.envelope import new_data_key
from keys.kek import LocalKek
from keys.segments import SegmentReader, SegmentWriter

NAME = "march of KESSELRING.csv"
CLEAN = b"month,claims,paid\n" + b"".join(b"2026-%02d,40,700.00\n" % m for m in range(1, 12))
LEAK = CLEAN + b"2026-12,41,SSN 536-22-8714 of Greta Kesselring\n"


class InProcessScanner:
    """Inspects for real, in this process; can be told to report what a dead scanner leaves."""

    def __init__(self) -> None:
        self.dead = False
        self.scanned = 0
        self.claims_sha256 = ""
        self.lies_of_redaction: dict[str, Any] = {}

    async def scan(
        self, blob: int, data_key: bytes, context: bytes, name: str, contract: Contract,
        rules: Rules,
    ) -> Report:  # fmt: skip
        self.scanned += 1
        if self.dead:
            gone = Uninspectable(Obstacle.CRASH, "the scanner died on this file")
            return Report("unknown", 0, "", uninspectable=(gone,))
        with closing(SegmentReader(blob, data_key, context)) as source:
            report = inspect(source, name, contract, rules, Budget())
        return replace(report, sha256=self.claims_sha256 or report.sha256)

    async def redact(
        self, blob: int, data_key: bytes, context: bytes, name: str, contract: Contract,
        rules: Rules, pseudonyms: bytes,
    ) -> Redaction:  # fmt: skip
        with closing(SegmentReader(blob, data_key, context)) as source:
            found = redact(source, name, contract, rules, Budget(), key=pseudonyms)
        return replace(found, **self.lies_of_redaction)


class ReversingSealer:
    """Seals so that a test sees what was sealed for whom: certificate, then reversed bytes."""

    def __init__(self) -> None:
        self.broken = False

    async def seal(self, plaintext: Source, recipient: bytes, output: int) -> SealedFile:
        if self.broken:
            os.write(output, b"half of")
            raise SealError("the sealer died")
        data = recipient + plaintext.read()[::-1]
        os.ftruncate(output, 0)
        os.write(output, data)
        return SealedFile(len(data), hashlib.sha256(data).hexdigest())

    async def seal_name(self, name: str, recipient: bytes) -> bytes:
        return recipient + name.encode()[::-1]


class Certificates:
    def __init__(self) -> None:
        self.known: dict[str, tuple[str, bytes]] = {"payer": ("ab" * 20, b"CERT:")}

    def for_sealing(self, partner: str) -> tuple[str, bytes] | None:
        return self.known.get(partner)


class Seen:
    def __init__(self) -> None:
        self.reports: list[Report] = []

    def inspected(self, report: Report) -> None:
        self.reports.append(report)


class ReversingOpener:
    """Opens so that a test sees what was opened: what stands reversed behind a message's start."""

    START = b"-----BEGIN PGP MESSAGE-----\n"

    def __init__(self) -> None:
        self.refuses: NotReadableError | None = None
        self.breaks_after: int | None = None
        self.signed_by = ""
        self.packed_by = ""
        self.breaks_checking = False
        self.asked: list[Sequence[bytes]] = []

    async def open(
        self, message: Source, certificates: Sequence[bytes], write: Callable[[bytes], None]
    ) -> str:
        self.asked.append(certificates)
        message.seek(0)
        content = message.read().removeprefix(self.START)[::-1]
        write(content[: self.breaks_after])
        if self.breaks_after is not None:
            raise OpenError("the opener died")
        if self.refuses:
            raise self.refuses
        if certificates and self.signed_by != "known":
            raise UnverifiedError(
                signed=bool(self.signed_by or self.packed_by), packed=bool(self.packed_by)
            )
        return "ab" * 20 if certificates else ""

    async def signer(self, message: Source, content: Source, certificates: Sequence[bytes]) -> str:
        message.seek(0)
        content.seek(0)
        assert message.read().removeprefix(self.START) == content.read()[::-1]
        if self.breaks_checking:
            raise OpenError("the opener died")
        if self.packed_by != "known":
            raise UnverifiedError(signed=True)
        return "cd" * 20


class Senders:
    def __init__(self) -> None:
        self.known: tuple[bytes, ...] = ()

    def for_verifying(self, partner: str) -> Sequence[bytes]:
        return self.known if partner == "clinic" else ()


@dataclass
class Works:
    """Everything between a staged file and a mailbox."""

    database: Database
    path: Path
    disk: Disk
    kek: LocalKek
    policy: Policy
    scanner: InProcessScanner = field(default_factory=InProcessScanner)
    sealer: ReversingSealer = field(default_factory=ReversingSealer)
    certificates: Certificates = field(default_factory=Certificates)
    seen: Seen = field(default_factory=Seen)
    opener: ReversingOpener = field(default_factory=ReversingOpener)
    senders: Senders = field(default_factory=Senders)
    count: int = 0
    name: str = NAME

    def __post_init__(self) -> None:
        self.ledger = SqlLedger(self.database)
        self.queue = SqlWorkQueue(self.database)
        self.transfers = SqlTransfers(self.database)
        payloads = Payloads(self.disk, self.kek)
        self.pipeline = Pipeline(
            ledger=self.ledger, disk=self.disk, keys=self.kek, payloads=payloads,
            scanner=self.scanner, sealer=self.sealer,
            opening=Opening(self.disk, payloads, self.opener, self.senders),
            policy=lambda: self.policy, certificates=self.certificates,
            releases=LoggedReleases(self.database), watcher=self.seen,
        )  # fmt: skip

    def stage(self, content: bytes, route: str = "totals") -> str:
        self.count += 1
        transfer, key, now = f"t_{self.count:026}", new_data_key(), datetime.now(UTC)
        context = payload_keys.context(transfer)
        row = Transfer(
            transfer, route, "clinic", "clinic-1", "payer", State.RECEIVING, now, now,
            self.kek.wrap(key, context), payload_keys.seal_name(key, self.name), "digest", transfer,
        )  # fmt: skip
        writer = SegmentWriter(key, context)
        blob = self.disk.create(transfer)
        self.disk.append(blob, writer.header() + writer.update(content) + writer.finish())
        os.close(blob)
        self.ledger.begin(row, Event(EventKind.BEGUN, "account:clinic-1"))
        digest = hashlib.sha256(content).hexdigest()
        changes = Changes(size=len(content), sha256=digest)
        self.ledger.advance(transfer, Event(EventKind.STAGED, "account:clinic-1", {}, changes))
        return transfer

    async def step(self) -> State:
        lease = self.queue.claim("1", 60)
        assert lease, "nothing to do"
        return (await self.pipeline.step(lease)).state

    async def all_steps(self) -> list[State]:
        states = []
        while lease := self.queue.claim("1", 60):
            states.append((await self.pipeline.step(lease)).state)
        return states

    def release(self, transfer: str, why: str = "asked the sender") -> None:
        Decisions(self.ledger, self.transfers, lambda _: None).release(transfer, "analyst", why)

    def sealed(self, transfer: str) -> bytes:
        return self.disk.get(self.transfers.get(transfer).sealed_blob)


def policy(**route: object) -> Policy:
    shipped = shipped_policy()
    given = {"from": ["clinic"], "to": "payer", "contract": "totals"} | route
    return replace(shipped, routes={"totals": Route.model_validate(given)})


def redacting(style: str = "mask") -> Policy:
    """The flow of totals, with redaction instead of a hold."""
    shipped = policy()
    contract = shipped.contracts["totals"].model_copy(
        update={"unexpected": Action.REDACT, "redaction": style}
    )
    return replace(shipped, contracts={**shipped.contracts, "totals": contract})
