"""An honest gateway in memory: what the listeners call, with bounds and faults that tests set."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from config.operations import Role
from transports.ports import (
    HalfProven,
    Parcel,
    Principal,
    Problem,
    Receipt,
    Submission,
    TransportError,
)
from transports.ssh_certificate import UserCertificate

BOTH = frozenset({Role.SENDER, Role.RECEIVER})
CLINIC = Principal("clinic-bot", "clinic", BOTH)
PAYER = Principal("payer-bot", "payer", BOTH)
MAX_FILE = 64 * 1024 * 1024
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class Stored:
    """A transfer: its bytes and what became of it."""

    transfer: str
    who: Principal
    route: str
    name: str
    data: bytearray = field(default_factory=bytearray)
    state: str = "receiving"
    busy: bool = True
    verdict: str = ""
    reasons: tuple[str, ...] = ()

    def shown(self) -> Submission:
        sha = hashlib.sha256(self.data).hexdigest() if self.state != "receiving" else ""
        return Submission(
            self.transfer, self.route, self.name, len(self.data), self.state, NOW, sha,
            self.verdict, self.reasons,
        )  # fmt: skip


class SimulatedUpload:
    def __init__(self, gateway: SimulatedGateway, stored: Stored) -> None:
        self._gateway = gateway
        self._stored = stored

    @property
    def transfer(self) -> str:
        return self._stored.transfer

    @property
    def size(self) -> int:
        return len(self._stored.data)

    async def write(self, data: bytes) -> None:
        self._open()
        if self.size + len(data) > self._gateway.space:
            self._stored.busy = False
            raise TransportError(Problem.NO_SPACE, "the gateway's disk is full; try again later")
        if self.size + len(data) > MAX_FILE:
            self._gateway.transfers.remove(self._stored)
            raise TransportError(Problem.TOO_LARGE, "the file is over the limit of 64 MiB")
        self._stored.data += data

    async def commit(self) -> Submission:
        self._open()
        self._stored.busy = False
        if self._gateway.commit_error:
            raise self._gateway.commit_error
        self._stored.state = "staged"
        return self._stored.shown()

    async def suspend(self) -> None:
        self._open()
        self._stored.busy = False

    async def discard(self) -> None:
        self._open()
        self._stored.busy = False
        if self._stored in self._gateway.transfers:  # a test may have forgotten all of them
            self._gateway.transfers.remove(self._stored)

    def _open(self) -> None:
        assert self._stored.busy, "used after it ended"
        assert self._stored.state == "receiving", "used after it was submitted"


class SimulatedReading:
    def __init__(self, gateway: SimulatedGateway, parcel: Parcel, data: bytes) -> None:
        self._gateway = gateway
        self._parcel = parcel
        self._data = data
        self._seen: list[tuple[int, int]] = []
        self.closed = False
        self.reads = 0

    @property
    def parcel(self) -> Parcel:
        return self._parcel

    async def read(self, offset: int, size: int) -> bytes:
        assert not self.closed
        assert size <= 256 * 1024, "callers cap reads"
        self.reads += 1
        piece = self._data[offset : offset + size]
        if piece:
            self._seen.append((offset, offset + len(piece)))
        return piece

    async def close(self, *, received: bool = True) -> None:
        assert not self.closed, "closed twice"
        self.closed = True
        self._gateway.readings.remove(self)
        if received and self._whole():
            await self._gateway.acknowledge(PAYER, self._parcel.transfer)

    def _whole(self) -> bool:
        end = 0
        for start, stop in sorted(self._seen):
            if start > end:
                return False
            end = max(end, stop)
        return end == len(self._data)


class SimulatedGateway:
    """Intake and Mailbox in one, over two partners: a clinic that sends, a payer that receives."""

    def __init__(self) -> None:
        self.transfers: list[Stored] = []
        self.mailbox: dict[str, tuple[Parcel, bytes]] = {}
        self.readings: list[SimulatedReading] = []
        self.space = 1 << 40
        self.keys: list[str] = []
        self.issued: dict[str, bytes] = {}
        self.commit_error: Exception | None = None
        self.open_error: TransportError | None = None
        self._ids = (f"t_{n:026d}" for n in itertools.count(1))

    # -- Intake

    async def open(self, who: Principal, route: str, name: str, key: str = "") -> SimulatedUpload:
        self.keys.append(key)
        if self.open_error:
            raise self.open_error
        await self._check_route(who, route)
        stored = Stored(next(self._ids), who, route, name)
        self.transfers.append(stored)
        return SimulatedUpload(self, stored)

    async def resume(self, who: Principal, route: str, name: str) -> SimulatedUpload:
        await self._check_route(who, route)
        stored = self._suspended(who, route, name)
        stored.busy = True
        return SimulatedUpload(self, stored)

    async def submit(self, who: Principal, route: str, old: str, new: str) -> Submission:
        stored = self._suspended(who, route, old)
        stored.name = new
        stored.state = "staged"
        return stored.shown()

    async def routes(self, who: Principal) -> Sequence[str]:
        return ["claims", "totals"] if who.partner == "clinic" else ["answers"]

    async def submissions(self, who: Principal, route: str = "") -> Sequence[Submission]:
        return [
            stored.shown()
            for stored in reversed(self.transfers)
            if stored.who == who and route in {"", stored.route}
        ]

    async def submission(self, who: Principal, transfer: str) -> Submission:
        for stored in self.transfers:
            if stored.transfer == transfer and stored.who == who:
                return stored.shown()
        raise TransportError(Problem.NOT_FOUND, "there is no such transfer")

    # -- Mailbox

    async def parcels(self, who: Principal) -> Sequence[Parcel]:
        return [parcel for parcel, _ in self.mailbox.values()] if who.partner == "payer" else []

    async def open_parcel(self, who: Principal, transfer: str) -> SimulatedReading:
        parcel, data = self._mine(who, transfer)
        reading = SimulatedReading(self, parcel, data)
        self.readings.append(reading)
        return reading

    async def acknowledge(self, who: Principal, transfer: str) -> Parcel:
        parcel, data = self._mine(who, transfer)
        collected = replace(parcel, collected=parcel.collected or NOW)
        self.mailbox[transfer] = (collected, data)
        return collected

    async def returned(self, who: Principal) -> Sequence[Submission]:
        return [
            stored.shown()
            for stored in reversed(self.transfers)
            if stored.who == who and stored.state in {"held", "refused"}
        ]

    async def receipts(self, who: Principal) -> Sequence[Receipt]:
        mine = [stored for stored in self.transfers if stored.who == who]
        ended = [stored for stored in mine if stored.transfer in self.issued]
        return [Receipt(it.transfer, len(self.issued[it.transfer]), NOW) for it in ended]

    async def receipt(self, who: Principal, transfer: str) -> bytes:
        for listed in await self.receipts(who):
            if listed.transfer == transfer:
                return self.issued[transfer]
        raise TransportError(Problem.NOT_FOUND, "there is no receipt of that transfer")

    # -- for tests

    def deliver(self, data: bytes, name: str = "", sealed_name: bytes = b"") -> Parcel:
        transfer = next(self._ids)
        listed = name or f"{transfer}.pgp"
        digest = hashlib.sha256(data).hexdigest()
        parcel = Parcel(
            transfer, "claims", "clinic", listed, len(data), digest, NOW, None, sealed_name
        )
        self.mailbox[transfer] = (parcel, data)
        return parcel

    def collected(self, parcel: Parcel) -> bool:
        return self.mailbox[parcel.transfer][0].collected is not None

    def submitted(self) -> list[tuple[str, bytes]]:
        """Name and bytes of what was submitted, oldest first."""
        return [(s.name, bytes(s.data)) for s in self.transfers if s.state != "receiving"]

    def unfinished(self) -> list[tuple[str, bytes]]:
        """Name and bytes of suspended uploads; busy ones are not among them."""
        return [
            (s.name, bytes(s.data)) for s in self.transfers if s.state == "receiving" and not s.busy
        ]

    def _mine(self, who: Principal, transfer: str) -> tuple[Parcel, bytes]:
        if who.partner != "payer" or transfer not in self.mailbox:
            raise TransportError(Problem.NOT_FOUND, "there is no such file in your mailbox")
        return self.mailbox[transfer]

    def _suspended(self, who: Principal, route: str, name: str) -> Stored:
        for stored in reversed(self.transfers):
            if (stored.who, stored.route, stored.name) != (who, route, name):
                continue
            if stored.state == "receiving":
                if stored.busy:
                    raise TransportError(Problem.BUSY, "another session is sending this file")
                return stored
        raise TransportError(Problem.NOT_FOUND, "there is no unfinished upload of this name")

    async def _check_route(self, who: Principal, route: str) -> None:
        if route not in await self.routes(who):
            raise TransportError(Problem.UNKNOWN_ROUTE, "there is no such route; see /v1/routes")


class SimulatedMailbox:
    """The mailbox face of the gateway: ``open`` means another thing there."""

    def __init__(self, gateway: SimulatedGateway) -> None:
        self._gateway = gateway
        self.parcels = gateway.parcels
        self.open = gateway.open_parcel
        self.acknowledge = gateway.acknowledge
        self.returned = gateway.returned
        self.receipts = gateway.receipts
        self.receipt = gateway.receipt


class SimulatedJudge:
    """Authenticates the two partners by password, token and the keys it is given."""

    def __init__(self) -> None:
        self.keys: dict[bytes, Principal] = {}
        self.broken = False
        self.codes: dict[str, set[str]] = {}
        self.tried: list[tuple[str, str]] = []
        self.passwords = {
            ("clinic-bot", "clinic-pw"): CLINIC,
            ("payer-bot", "payer-pw"): PAYER,
        }
        self.certificates: dict[bytes, Principal] = {}
        self.tokens = {"clinic-token": CLINIC, "payer-token": PAYER}

    async def password(
        self, username: str, password: str, address: str
    ) -> Principal | HalfProven | None:
        self._check()
        return self._whole(self.passwords.get((username, password)))

    async def public_key(
        self, username: str, key: bytes, address: str
    ) -> Principal | HalfProven | None:
        self._check()
        who = self.keys.get(key)
        return self._whole(who if who and who.account == username else None)

    async def certificate(
        self, username: str, certificate: UserCertificate, address: str
    ) -> Principal | None:
        self._check()
        return None

    async def second_factor(self, half: HalfProven, code: str, address: str) -> Principal | None:
        self._check()
        self.tried.append((half.who.account, code))
        codes = self.codes[half.who.account]
        if code not in codes:
            return None
        codes.remove(code)
        return replace(half.who, factor=True)

    def _whole(self, who: Principal | None) -> Principal | HalfProven | None:
        return HalfProven(who) if who and who.account in self.codes else who

    async def token(self, token: str, address: str) -> Principal | None:
        self._check()
        return self.tokens.get(token)

    async def client_certificate(self, der: bytes, address: str) -> Principal | None:
        self._check()
        return self.certificates.get(der)

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("secret in the message: clinic-pw")


class Recorder:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []

    def connection_opened(self, protocol: str) -> None:
        self.events.append(("opened", protocol))

    def connection_closed(self, protocol: str, reason: str) -> None:
        self.events.append(("closed", protocol, reason))

    def login(self, protocol: str, method: str, *, accepted: bool) -> None:
        self.events.append(("login", protocol, method, accepted))

    def upload_started(self, protocol: str, route: str) -> None:
        self.events.append(("started", protocol, route))

    def upload_finished(self, protocol: str, route: str, size: int, outcome: str) -> None:
        self.events.append(("finished", protocol, route, size, outcome))

    def download_finished(self, protocol: str, size: int, *, complete: bool) -> None:
        self.events.append(("download", protocol, size, complete))
