"""The demo's files and what must become of each."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.demo.archives import encrypted_zip, zipped
from gateway.demo.people import Person, people
from gateway.demo.x12 import Claim, claims_837p, remittance_835, totals_csv

SEED = 20261123


@dataclass(frozen=True, slots=True)
class Case:
    """One file to drop.

    Attributes:
        title: What it is, for the table.
        sender: Account that drops it.
        route: Where to.
        name: File name.
        content: Its bytes.
        outcome: The state that is right: ``delivered`` or ``held``.
        because: Words that must all stand in the reasons.
        over: ``sftp`` or ``https``.
        release: Whether the analyst lets it go after all.
    """

    title: str
    sender: str
    route: str
    name: str
    content: bytes
    outcome: str
    because: tuple[str, ...] = ()
    over: str = "sftp"
    release: bool = False


def cases() -> list[Case]:
    """The seven files, made of the same made-up people every time."""
    crowd = people(SEED, 8)
    return [*_claim_cases(crowd), _remittance(crowd), *_table_and_archives(crowd), *_opaque(crowd)]


def _batch(crowd: list[Person], note: str = "") -> bytes:
    claims = [Claim(who, cents=11_000 + 725 * index) for index, who in enumerate(crowd)]
    if note:
        claims[0] = Claim(crowd[0], note=note)
    return claims_837p(claims)


def _leak(who: Person) -> str:
    return f"SPOKE WITH {who.full_name} SSN {who.dashed_ssn} ABOUT THE BALANCE"


def _claim_cases(crowd: list[Person]) -> list[Case]:
    return [
        Case("clean 837P batch", "clinic", "clinic-claims", "claims-1102.837", _batch(crowd),
             "delivered"),
        Case("837P, note names its patient", "clinic", "clinic-claims", "claims-1103.837",
             _batch(crowd, _leak(crowd[0])), "held",
             ("name in free text", "social security number in free text")),
    ]  # fmt: skip


def _remittance(crowd: list[Person]) -> Case:
    paid = [Claim(who, cents=9_000) for who in crowd]
    return Case("835 remittance", "acme", "acme-remits", "era-1102.835", remittance_835(paid),
                "delivered", over="https")  # fmt: skip


def _table_and_archives(crowd: list[Person]) -> list[Case]:
    rows = [
        {"month": f"2026-{month:02}", "payer": "ACME", "claims": str(40 + month),
         "charged": f"{9000 + month * 31}.00", "paid": f"{7000 + month * 17}.50", "comment": ""}
        for month in range(1, 11)
    ]  # fmt: skip
    rows[6]["comment"] = f"recheck {crowd[1].full_name} {crowd[1].dashed_ssn}"
    inner = zipped({"july.837": _batch(crowd[2:4], _leak(crowd[2]))})
    outer = zipped({"june.837": _batch(crowd[4:5]), "july.zip": inner})
    return [
        Case("totals CSV, one comment leaks", "harbour", "harbour-totals", "totals-2026.csv",
             totals_csv(rows), "held", ("social security number", "row 8"), release=True),
        Case("ZIP, leak two levels down", "harbour", "harbour-claims", "q3.zip", outer, "held",
             ("entry 2!entry 1", "name in free text")),
    ]  # fmt: skip


def _opaque(crowd: list[Person]) -> list[Case]:
    locked = encrypted_zip("claims.837", _batch(crowd[4:6]), b"correct horse")
    return [
        Case("zero-byte file", "clinic", "clinic-claims", "empty.837", b"", "held", ("empty",)),
        Case("encrypted ZIP", "clinic", "clinic-claims", "locked.zip", locked, "held",
             ("encrypted",)),
    ]  # fmt: skip
