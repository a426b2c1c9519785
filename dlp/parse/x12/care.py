"""Segments that say what was wrong, what was done, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.model import Category, Subject
from dlp.parse.x12 import content
from dlp.parse.x12.walk import Walk

_DIAGNOSES: Final = {
    **dict.fromkeys(b"BK BF BJ PR BN DX".split(), "icd9cm"),
    **dict.fromkeys(b"ABK ABF ABJ APR ABN".split(), "icd10cm"),
    b"DR": "drg",
}
_PROCEDURES: Final = {
    b"BR": "icd9pcs",
    b"BQ": "icd9pcs",
    b"BBR": "icd10pcs",
    b"BBQ": "icd10pcs",
    b"BO": "hcpcs",
    b"BP": "hcpcs",
}
_SERVICES: Final = {
    b"AD": "cdt",
    b"ID": "icd9pcs",
    b"ZZ": "icd10pcs",
    b"HP": "hipps",
    b"IV": "hiec",
}
_DRUGS: Final = frozenset(b"N1 N2 N3 N4 N5 N6 ND".split())
CARE_DATES: Final = frozenset(
    b"472 434 435 096 431 484 439 454 455 471 304 297 296 314 360 361 453 444 090 091 607 463 461 "
    b"738 739 011 232 233 150 151 452 433 438 441 446 AAH ABC 193 194 198".split()
)
"""DTP01 and DTM01 of dates of care and of what led to it."""
COVERAGE_DATES: Final = frozenset(
    b"036 286 291 300 301 303 307 318 336 337 338 339 340 341 343 346 347 348 349 350 351 356 "
    b"357 383 386 393 394 473 474 475 476 477 478 479 480 481 482 490 491 492 539 540 543 582 583 "
    b"636 695 771 772 881 007 102 152".split()
)
"""DTP01 and DTM01 of dates of coverage and employment."""
DEATH_DATES: Final = frozenset(b"442 DTH".split())

_CODE_FAULT: Final = "text in a coded element"
_DATE_FAULT: Final = "text in a date element"


def dtp(walk: Walk) -> None:
    """DTP, date or period with its format."""
    _date(walk, 3)


def dtm(walk: Walk) -> None:
    """DTM, date or (DTM06) period."""
    _date(walk, 2)
    _date(walk, 6)


def _date(walk: Walk, element: int) -> None:
    code = walk.value(1)
    category = None
    if code in CARE_DATES and walk.loop:
        category = Category.SERVICE_DATE
    elif walk.loop and (code in COVERAGE_DATES or (code == b"050" and walk.set == "835")):
        # Elsewhere 050 is when a file or a repricer's copy of it was received.
        category = Category.OTHER_DATE
    elif code in DEATH_DATES:
        category = Category.DEATH_DATE
    walk.emit(element, category, content.MOMENT, subject=Subject.PERSON, fault=_DATE_FAULT)


def hi(walk: Walk) -> None:
    """HI, health care information codes: diagnoses, procedures, occurrences with their dates."""
    for element in range(1, min(len(walk.elements), 13)):
        for repetition, start, parts in walk.composites(element):
            category, system = _condition(parts[0])
            for component, raw, at in _picked(parts, start, (2, 4, 8)):
                place = (element, component, repetition)
                if component == _PERIOD:
                    walk.add(
                        raw,
                        at,
                        place,
                        Category.SERVICE_DATE,
                        content.MOMENT,
                        subject=Subject.PERSON,
                        fault=_DATE_FAULT,
                    )
                else:
                    _code(walk, raw, at, place, category, system)


_PERIOD: Final = 4
"""C022-04: the date or period of an occurrence or a procedure."""


def _condition(qualifier: bytes) -> tuple[Category | None, str]:
    if qualifier in _DIAGNOSES:
        return Category.DIAGNOSIS, _DIAGNOSES[qualifier]
    if qualifier in _PROCEDURES:
        return Category.PROCEDURE, _PROCEDURES[qualifier]
    return None, ""


def _picked(
    parts: list[bytes], start: int, components: tuple[int, ...]
) -> Iterator[tuple[int, bytes, int]]:
    """Some components of a composite that have content: ordinal, bytes, first byte."""
    for component in components:
        if component <= len(parts) and (raw := parts[component - 1]):
            yield component, raw, start + sum(map(len, parts[: component - 1])) + component - 1


def _code(
    walk: Walk,
    raw: bytes,
    start: int,
    place: tuple[int, int, int],
    category: Category | None,
    system: str,
) -> None:
    walk.add(
        raw, start, place, category, content.CODE,
        part=system, subject=Subject.PERSON, fault=_CODE_FAULT,
    )  # fmt: skip


def _procedure(walk: Walk, element: int) -> None:
    """A C003 composite: code (2) and the end of a range of codes (8)."""
    for repetition, start, parts in walk.composites(element):
        for component, raw, at in _picked(parts, start, (2, 8)):
            category, system = _service(parts[0], raw)
            _code(walk, raw, at, (element, component, repetition), category, system)


def _service(qualifier: bytes, raw: bytes) -> tuple[Category, str]:
    if qualifier in _DRUGS:
        return Category.MEDICATION, "ndc"
    if qualifier == b"NU":
        return Category.PROCEDURE, "revenue"
    if qualifier == b"HC":
        return Category.PROCEDURE, "cpt" if raw[:1].isdigit() else "hcpcs"
    return Category.PROCEDURE, _SERVICES.get(qualifier, "")


def _revenue(walk: Walk, element: int) -> None:
    walk.emit(
        element, Category.PROCEDURE, content.CODE,
        part="revenue", subject=Subject.PERSON, fault=_CODE_FAULT,
    )  # fmt: skip


def service_line(walk: Walk) -> None:
    """SV1, SV3, SV5, SV6: the procedure comes first."""
    walk.subject = Subject.PERSON
    _procedure(walk, 1)


def sv2(walk: Walk) -> None:
    """SV2, institutional service line: revenue code, then procedure."""
    walk.subject = Subject.PERSON
    _revenue(walk, 1)
    _procedure(walk, 2)


def drug_line(walk: Walk) -> None:
    """SV4 and SV7, drug service (4010): the prescription's number."""
    walk.emit(1, Category.OTHER_ID, content.IDENTIFIER, subject=Subject.PERSON)
    if walk.elements[0] == b"SV4":
        _procedure(walk, 2)


def svc(walk: Walk) -> None:
    """SVC, paid service: adjudicated procedure, revenue code, submitted procedure."""
    walk.subject = Subject.PERSON
    _procedure(walk, 1)
    _revenue(walk, 4)
    _procedure(walk, 6)


def svd(walk: Walk) -> None:
    """SVD, another payer's adjudication of a line."""
    walk.subject = Subject.PERSON
    _procedure(walk, 3)
    _revenue(walk, 4)


_MOST_ASKED: Final = 3
"""Service types that may be about one person; CORE's list has ten and more."""


def _service_types(walk: Walk, element: int) -> None:
    """Service type codes (EB03, EQ01): some, such as MH, say what somebody is treated for.

    A long list is what the plan covers for anybody (CAQH CORE has every payer send the same one),
    and says nothing of the person: it is checked and no more.
    """
    asked = list(walk.composites(element))
    category = Category.PROCEDURE if len(asked) <= _MOST_ASKED else None
    for repetition, start, parts in asked:
        walk.add(
            walk.delimiters.component.join(parts), start, (element, 0, repetition),
            category, content.SERVICE_TYPE,
            part="service_type", subject=Subject.PERSON, fault=_CODE_FAULT,
        )  # fmt: skip


def eq(walk: Walk) -> None:
    """EQ, eligibility inquiry: the kinds of service and the procedure asked about."""
    _service_types(walk, 1)
    _procedure(walk, 2)


def eb(walk: Walk) -> None:
    """EB, eligibility or benefit: the kinds of service and the procedure covered."""
    walk.subject = Subject.PERSON
    _service_types(walk, 3)
    _procedure(walk, 13)


def lin(walk: Walk) -> None:
    """LIN, item: the drug's NDC, or another product code."""
    for element in (3, 5, 7, 9):
        category = Category.MEDICATION if walk.value(element - 1) in _DRUGS else None
        walk.emit(
            element, category, content.CODE,
            part="ndc" if category else "", subject=Subject.PERSON, fault=_CODE_FAULT,
        )  # fmt: skip


def products(walk: Walk) -> None:
    """IT1 and SLN, lines of a group premium: product codes."""
    first = 7 if walk.elements[0] == b"IT1" else 10
    for element in range(first, min(len(walk.elements), first + 6), 2):
        walk.emit(element, None, content.IDENTIFIER)


def dsb(walk: Walk) -> None:
    """DSB, disability: its diagnosis."""
    system = {b"DX": "icd9cm", b"ZZ": "icd10cm"}.get(walk.value(7), "icd10cm")
    walk.emit(
        8, Category.DIAGNOSIS, content.CODE,
        part=system, subject=Subject.PERSON, fault=_CODE_FAULT,
    )  # fmt: skip


def iii(walk: Walk) -> None:
    """III, information about a benefit: a diagnosis or a place of service."""
    system = _DIAGNOSES.get(walk.value(1), "")
    category = Category.DIAGNOSIS if system else None
    walk.emit(2, category, content.CODE, part=system, subject=Subject.PERSON, fault=_CODE_FAULT)
