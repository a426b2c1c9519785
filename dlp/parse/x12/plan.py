"""How each segment is looked at: one expression that says "nothing to report", and a reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from dlp.model import Carrier, Subject
from dlp.parse.x12 import care, echoes, people, references
from dlp.parse.x12.delimiters import Delimiters
from dlp.parse.x12.table import ENVELOPE, GUIDES, SEGMENTS
from dlp.parse.x12.types import FAULTS, OPEN, ROLE, Spec, pattern, tail
from dlp.parse.x12.walk import Walk

READERS: Final = MappingProxyType(
    {
        "NM1": people.nm1, "N1": people.n1, "N2": people.n2, "N3": people.n3, "N4": people.n4,
        "PER": people.per, "DMG": people.dmg, "SBR": people.sbr, "PAT": people.pat,
        "INS": people.ins, "HL": people.hl, "LX": people.lx, "HD": people.about_person,
        "STC": people.about_person, "UM": people.about_person, "CAS": people.about_person,
        "REF": references.ref, "TRN": references.trn, "CLM": references.clm,
        "CLP": references.clp, "PLB": references.plb, "CTX": echoes.ctx,
        "AK2": echoes.ak2, "AK3": echoes.ak3, "IK3": echoes.ak3, "AK4": echoes.ak4,
        "IK4": echoes.ak4,
        "BPR": references.bpr,
        "BHT": references.bht, "BGN": references.bgn, "ENT": references.ent,
        "RMR": references.rmr, "ADX": references.adx, "HCR": references.hcr,
        "COB": references.cob, "ACT": references.act,
        "DTP": care.dtp, "DTM": care.dtm, "HI": care.hi, "SV1": care.service_line,
        "SV2": care.sv2, "SV3": care.service_line, "SV4": care.drug_line,
        "SV5": care.service_line, "SV6": care.service_line, "SV7": care.drug_line,
        "SVC": care.svc, "SVD": care.svd, "EQ": care.eq, "EB": care.eb, "LIN": care.lin,
        "IT1": care.products, "SLN": care.products, "DSB": care.dsb, "III": care.iii,
    }
)  # fmt: skip
"""Segment to the function that makes its role-bearing passages."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with one segment name under one interchange's separators.

    Attributes:
        name: The segment's.
        clean: Matches a segment all of whose typed elements fit and whose open ones are empty.
        read: Makes the passages of elements with a role, or None where there are none.
        specs: The elements.
        ordinary: Whether it belongs to a set's content, not to the envelopes.
    """

    name: bytes
    clean: Callable[[bytes], re.Match[bytes] | None]
    read: Callable[[Walk], None] | None
    specs: tuple[Spec, ...]
    ordinary: bool


class Plans:
    """The plans of one kind of transaction set, made as segments are met.

    Looked up by a segment's first three bytes: ``NM1``, or ``N3*`` for a name of two letters.
    """

    def __init__(self, delimiters: Delimiters, number: str) -> None:
        """For a set's number, "" for what stands outside sets."""
        self._delimiters = delimiters
        self._names = ENVELOPE | GUIDES.get(number, frozenset())
        self.known: dict[bytes, Plan] = {}

    def find(self, raw: bytes) -> Plan | None:
        """The plan of a segment, or None if its name isn't in the guides of the set."""
        name = raw.split(self._delimiters.element, 1)[0]
        if name not in self._names:
            return None
        plan = self.known.get(raw[:3])
        if plan is None:
            plan = self.known[raw[:3]] = self._make(name)
        return plan

    def _make(self, name: bytes) -> Plan:
        specs = SEGMENTS[name]
        expressions = [name, *(spec.expression(self._delimiters) for spec in specs)]
        clean = re.compile(tail(expressions, re.escape(self._delimiters.element)), re.DOTALL)
        return Plan(name, clean.fullmatch, READERS.get(name.decode()), specs, name not in ENVELOPE)


@lru_cache(maxsize=64)
def plans(delimiters: Delimiters, number: str) -> Plans:
    """The plans of a kind of set; kept, since most files have the same separators."""
    return Plans(delimiters, number)


@lru_cache(maxsize=1024)
def _fits(kind: str, length: int, delimiters: Delimiters) -> re.Pattern[bytes]:
    return re.compile(pattern(kind, length, delimiters))


def examine(walk: Walk, plan: Plan) -> None:
    """Look at each element of a segment that isn't clean: open text, and wrong types."""
    # The place runs along: a hostile segment may have half a million elements.
    at = walk.start(1)
    for element in range(1, len(walk.elements)):
        raw = walk.elements[element]
        start, at = at, at + len(raw) + 1
        place = (element, 0, 0)
        if not raw or raw.isspace():
            continue
        if element > len(plan.specs):
            walk.text_at(raw, start, place, "content after the segment's last element")
            continue
        spec = plan.specs[element - 1]
        if spec.kind == "(":
            _examine_composite(walk, element, spec)
        elif spec.repeats:
            for repetition, first, parts in walk.composites(element):
                whole = walk.delimiters.component.join(parts)
                _examine_simple(walk, whole, first, (element, 0, repetition), spec)
        else:
            _examine_simple(walk, raw, start, place, spec)


def _examine_composite(walk: Walk, element: int, spec: Spec) -> None:
    for repetition, start, parts in walk.composites(element):
        at = start
        for component, raw in enumerate(parts, 1):
            place = (element, component, repetition)
            if component > len(spec.parts):
                walk.text_at(raw, at, place, "content after the element's last component")
            else:
                _examine_simple(walk, raw, at, place, spec.parts[component - 1])
            at += len(raw) + 1


def _examine_simple(
    walk: Walk, raw: bytes, start: int, place: tuple[int, int, int], spec: Spec
) -> None:
    if spec.kind == ROLE:
        return
    if spec.kind in OPEN:
        walk.text_at(raw, start, place)
    elif not _fits(spec.kind, spec.length, walk.delimiters).fullmatch(raw.strip(b" ")):
        walk.check_room()
        walk.add(
            raw, start, place, None,
            subject=Subject.PERSON, fault=FAULTS[spec.kind], carrier=Carrier.CODED,
        )  # fmt: skip
