"""A gateway that hashes and drops what it is sent and makes up what it gives: for benchmarks."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from config.operations import Role
from transports.ports import HalfProven, Parcel, Principal, Receipt, Submission
from transports.ssh_certificate import UserCertificate

WHO = Principal("bench", "bench", frozenset({Role.SENDER, Role.RECEIVER}))
BLOCK = bytes(range(256)) * 1024


class Sink:
    transfer = "t_1"

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    async def write(self, data: bytes) -> None:
        self.size += len(data)
        self._hash.update(data)

    async def commit(self) -> Submission:
        digest = self._hash.hexdigest()
        return Submission("t_1", "r", "a", self.size, "staged", datetime.now(UTC), digest)

    async def suspend(self) -> None:
        return

    async def discard(self) -> None:
        return


class Source:
    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel

    async def read(self, offset: int, size: int) -> bytes:
        return BLOCK[: max(0, min(size, self.parcel.size - offset))]

    async def close(self, *, received: bool = True) -> None:
        return


class Gateway:
    async def open(self, who: Principal, route: str, name: str, key: str = "") -> Sink:
        return Sink()

    async def resume(self, who: Principal, route: str, name: str) -> Sink:
        return Sink()

    async def submit(self, who: Principal, route: str, old: str, new: str) -> Submission:
        return await Sink().commit()

    async def routes(self, who: Principal) -> list[str]:
        return ["r"]

    async def submissions(self, who: Principal, route: str = "") -> list[Submission]:
        return []

    async def submission(self, who: Principal, transfer: str) -> Submission:
        return await Sink().commit()


class Box:
    def __init__(self, size: int) -> None:
        self._parcel = Parcel("t_2", "r", "s", "a.pgp", size, "", datetime.now(UTC))

    async def parcels(self, who: Principal) -> list[Parcel]:
        return [self._parcel]

    async def open(self, who: Principal, transfer: str) -> Source:
        return Source(self._parcel)

    async def acknowledge(self, who: Principal, transfer: str) -> Parcel:
        return self._parcel

    async def returned(self, who: Principal) -> list[Submission]:
        return []

    async def receipts(self, who: Principal) -> list[Receipt]:
        return []

    async def receipt(self, who: Principal, transfer: str) -> bytes:
        return b""


class Judge:
    async def password(self, username: str, password: str, address: str) -> Principal | None:
        return WHO

    async def public_key(self, username: str, key: bytes, address: str) -> Principal | None:
        return WHO

    async def certificate(
        self, username: str, certificate: UserCertificate, address: str
    ) -> Principal | None:
        return WHO

    async def second_factor(self, half: HalfProven, code: str, address: str) -> Principal | None:
        return WHO

    async def token(self, token: str, address: str) -> Principal | None:
        return WHO
