"""Writes X12 as the 5010 guides have it: 837P (005010X222A1) and 835 (005010X221A1).

Our own generator, for the demo, the tests and the benchmarks: every file is balanced (SE01, GE01
and IEA01 count what they close) and holds made-up people only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gateway.demo.people import Person

_DAY = date(2026, 11, 2)
_NPI = "1245319599"
"""Passes the NPI check digit (Luhn over 80840 and the number)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One professional claim.

    Attributes:
        patient: Who was treated.
        cents: Total charge in cents.
        diagnosis: ICD-10-CM code without the point.
        procedure: CPT or HCPCS code.
        note: Claim note (NTE02), "" for none.
        service: Day of service.
    """

    patient: Person
    cents: int = 12_500
    diagnosis: str = "J209"
    procedure: str = "99213"
    note: str = ""
    service: date = field(default=_DAY)

    @property
    def amount(self) -> str:
        """The charge as X12 writes it: no trailing zeros after the point."""
        return _money(self.cents)


def _money(cents: int) -> str:
    whole, part = divmod(cents, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".")


def _ymd(day: date) -> str:
    return day.strftime("%Y%m%d")


def _isa(control: int, sender: str, receiver: str) -> str:
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{receiver:15}"
        f"*{_DAY:%y%m%d}*0930*^*00501*{control:09}*0*P*:"
    )


def interchange(
    functional_id: str,
    guide: str,
    transactions: Iterable[Sequence[str]],
    *,
    control: int = 1,
    sender: str = "CLINIC",
    receiver: str = "PAYER",
) -> bytes:
    """Wrap transactions (segments between ST and SE, without them) in one group and interchange.

    Args:
        functional_id: GS01, such as ``HC`` or ``HP``.
        guide: GS08, such as ``005010X222A1``.
        transactions: The first segment of each names the set: ``ST*837``.
        control: ISA13; GS06 is the same.
        sender: ISA06 and GS02, at most 15 characters.
        receiver: ISA08 and GS03, likewise.
    """
    segments = [_isa(control, sender, receiver)]
    segments.append(f"GS*{functional_id}*{sender}*{receiver}*{_ymd(_DAY)}*0930*{control}*X*{guide}")
    number = 0
    for number, body in enumerate(transactions, start=1):
        first, *rest = body
        segments += [f"{first}*{number:04}*{guide}", *rest]
        segments.append(f"SE*{len(rest) + 2}*{number:04}")
    segments += [f"GE*{number}*{control}", f"IEA*1*{control:09}"]
    return ("~\n".join(segments) + "~\n").encode("ascii")


def claims_837p(claims: Sequence[Claim], *, control: int = 1) -> bytes:
    """A professional claim batch, one transaction set, one billing provider."""
    return interchange("HC", "005010X222A1", [_body_837p(claims)], control=control)


def _body_837p(claims: Sequence[Claim]) -> list[str]:
    body = [
        "ST*837",
        f"BHT*0019*00*BATCH{len(claims):04}*{_ymd(_DAY)}*0930*CH",
        "NM1*41*2*HARBOUR BILLING SERVICES*****46*HARBOUR01",
        "PER*IC*EDI SUPPORT*TE*2175550142",
        "NM1*40*2*ACME HEALTH PLAN*****46*ACME01",
        "HL*1**20*1",
        "PRV*BI*PXC*207Q00000X",
        f"NM1*85*2*LAKESIDE FAMILY CLINIC*****XX*{_NPI}",
        "N3*200 CLINIC PLAZA",
        "N4*SPRINGFIELD*IL*627010000",
        "REF*EI*371234567",
    ]
    for index, claim in enumerate(claims, start=2):
        body += _subscriber(index, claim.patient)
        body += _claim(claim)
    return body


def _subscriber(level: int, who: Person) -> list[str]:
    return [
        f"HL*{level}*1*22*0",
        "SBR*P*18*******CI",
        f"NM1*IL*1*{who.last}*{who.first}*{who.middle}***MI*{who.member_id}",
        f"N3*{who.street}",
        f"N4*{who.city}*{who.state}*{who.zip}",
        f"DMG*D8*{_ymd(who.birth)}*{who.sex}",
        "NM1*PR*2*ACME HEALTH PLAN*****PI*ACME01",
    ]


def _claim(claim: Claim) -> list[str]:
    segments = [
        f"CLM*{claim.patient.account}*{claim.amount}***11:B:1*Y*A*Y*Y",
        f"HI*ABK:{claim.diagnosis}",
        f"NM1*82*1*FERNSBY*ADELAIDE****XX*{_NPI}",
        "PRV*PE*PXC*207Q00000X",
        "LX*1",
        f"SV1*HC:{claim.procedure}*{claim.amount}*UN*1***1",
        f"DTP*472*D8*{_ymd(claim.service)}",
    ]
    if claim.note:
        segments.insert(1, f"NTE*ADD*{claim.note}")
    return segments


def remittance_835(claims: Sequence[Claim], *, control: int = 1) -> bytes:
    """A payment and its advice: every claim paid in full, so that the balances close."""
    total = _money(sum(claim.cents for claim in claims))
    body = [
        "ST*835",
        (
            f"BPR*I*{total}*C*ACH*CCP*01*071000013*DA*0012345*1512345678**01*071000288*DA*98765"
            f"*{_ymd(_DAY)}"
        ),
        "TRN*1*EFT0099001*1512345678",
        f"DTM*405*{_ymd(_DAY)}",
        "N1*PR*ACME HEALTH PLAN",
        "N3*1 PAYER WAY",
        "N4*CHICAGO*IL*60601",
        "PER*BL*PROVIDER SERVICES*TE*3125550100",
        f"N1*PE*LAKESIDE FAMILY CLINIC*XX*{_NPI}",
        "LX*1",
    ]
    for index, claim in enumerate(claims, start=1):
        body += _payment(index, claim)
    # The 835 has no implementation convention reference in ST03.
    return _without_st03(interchange("HP", "005010X221A1", [body], control=control))


def _payment(index: int, claim: Claim) -> list[str]:
    who = claim.patient
    return [
        f"CLP*{who.account}*1*{claim.amount}*{claim.amount}**12*ICN{index:09}*11*1",
        f"NM1*QC*1*{who.last}*{who.first}*{who.middle}***MI*{who.member_id}",
        f"SVC*HC:{claim.procedure}*{claim.amount}*{claim.amount}**1",
        f"DTM*472*{_ymd(claim.service)}",
    ]


def _without_st03(data: bytes) -> bytes:
    return data.replace(b"*005010X221A1~\nBPR", b"~\nBPR", 1)


def totals_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """A table of counts and amounts, one row a month and payer."""
    lines = ["month,payer,claims,charged,paid,comment"]
    lines += [
        ",".join(row[key] for key in ("month", "payer", "claims", "charged", "paid", "comment"))
        for row in rows
    ]
    return ("\n".join(lines) + "\n").encode("ascii")
