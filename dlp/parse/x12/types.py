"""Element types as patterns: what may stand in a coded, numeric or date element (X12.6).

A specification is a word: a letter for the kind and the greatest length.

====  ==================================================================================
I3    code from a list (ID): letters and digits
N9    whole number (N0)
R18   decimal number (R)
D     date CCYYMMDD; D6 is YYMMDD
T     time HHMM to HHMMSSDD
G     date, time or period in any of the formats the guides use (D8, RD8, DT, TM …)
X30   identifier (AN): letters, digits and a few marks, no blanks
A80   open text (AN): a passage whenever it has content
P     has a role: a reader (:mod:`dlp.parse.x12.plan`) makes the passage and checks its type
====  ==================================================================================

``(I2,X48,A80)`` is a composite; ``+`` after a specification lets it repeat.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dlp.parse.x12.delimiters import Delimiters

_DATE: Final = rb"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_TIME: Final = rb"[0-2]\d\d{2,6}"
_MOMENT: Final = _DATE + rb"(?:%b)?" % _TIME
_FIXED: Final = {
    "D": _DATE,
    "T": _TIME,
    "G": rb"(?:%b(?:-%b)?|\d{6}(?:-\d{6})?|%b(?:-%b)?)" % (_MOMENT, _MOMENT, _TIME, _TIME),
}
_IDENTIFIER_MARKS: Final = b"._/#+=&,'()*:;<>!-"
_NOT_ANOTHERS: Final = (
    rb"(?!.{0,80}?(?:(?<!\d)\d{3}-\d\d-\d{4}(?!\d)"
    rb"|(?i:ssn|dob|mrn|born)[^A-Za-z0-9]{1,3}\d|\(\d{3}\)\d{3}-\d{4}))"
)
"""An SSN with its dashes, and what calls itself one, is looked at in whichever slot it stands."""

FAULTS: Final = {
    "I": "text in a coded element",
    "N": "text in a numeric element",
    "R": "text in a numeric element",
    "D": "text in a date element",
    "T": "text in a time element",
    "G": "text in a date element",
    "X": "text in an identifier element",
}
"""What is wrong when the content doesn't fit, by kind."""

OPEN: Final = "A"
ROLE: Final = "P"


def pattern(kind: str, length: int, delimiters: Delimiters) -> bytes:
    """The expression that content of a simple element must match in full."""
    if kind == "D" and length:
        return rb"\d{6}"
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "I":
        return rb"[A-Za-z0-9]{1,%d}" % length
    if kind == "N":
        return rb"[-+]?\d{1,%d}(?:\.0{1,4})?" % length
    if kind == "R":
        return rb"[-+]?(?:\d{1,%d}(?:\.\d{0,%d})?|\.\d{1,%d})" % (length, length, length)
    marks = b"".join(
        re.escape(_IDENTIFIER_MARKS[at : at + 1])
        for at in range(len(_IDENTIFIER_MARKS))
        if _IDENTIFIER_MARKS[at : at + 1] not in _marks(delimiters)
    )
    return _NOT_ANOTHERS + rb"[A-Za-z0-9%b]{1,%d}" % (marks, length)


def pattern_of_moment() -> bytes:
    """The expression of a date, time or period in any format of the guides."""
    return _FIXED["G"]


def _marks(delimiters: Delimiters) -> tuple[bytes, ...]:
    return (
        delimiters.element,
        delimiters.component,
        delimiters.repetition,
        delimiters.terminator,
    )


@dataclass(frozen=True, slots=True)
class Spec:
    """One element of a segment.

    Attributes:
        kind: A letter of the table above, or ``(`` for a composite.
        length: Greatest length, 0 where the kind fixes it.
        parts: A composite's components.
        repeats: Whether the repetition separator may stand in it.
    """

    kind: str
    length: int = 0
    parts: tuple[Spec, ...] = ()
    repeats: bool = False

    def expression(self, delimiters: Delimiters) -> bytes:
        """What the element looks like when there is nothing in it to report."""
        if self.kind == ROLE:
            return rb"[^%b]*" % re.escape(delimiters.element)
        if self.kind in OPEN:
            return b""
        if self.kind == "(":
            one = tail(
                [part.inner(delimiters) for part in self.parts], re.escape(delimiters.component)
            )
        elif self.kind == "X":
            # Without marks nothing needs a second look; and RE2 can't look ahead.
            one = rb"[A-Za-z0-9]{0,%d}" % self.length
        else:
            one = rb"(?:%b)?" % pattern(self.kind, self.length, delimiters)
        if self.repeats and delimiters.repetition:
            return rb"%b(?:%b%b)*" % (one, re.escape(delimiters.repetition), one)
        return one

    def inner(self, delimiters: Delimiters) -> bytes:
        """The same, as a component of a composite."""
        if self.kind == ROLE:
            marks = b"".join(re.escape(mark) for mark in _marks(delimiters))
            return rb"[^%b]*" % marks
        return self.expression(delimiters)


def tail(expressions: list[bytes], separator: bytes) -> bytes:
    """Elements in a row, of which any number may be left off at the end."""
    whole = b""
    for expression in reversed(expressions[1:]):
        whole = rb"(?:%b%b%b)?" % (separator, expression, whole)
    return expressions[0] + whole


_WORD: Final = re.compile(
    r"\s*(?:\((?P<parts>[^()]*)\)|(?P<kind>[INRDTGXAP])(?P<length>\d*))(?P<repeats>\+?)"
)


def parse_specs(text: str) -> tuple[Spec, ...]:
    """The specifications that a line of the table holds."""
    specs, at = [], 0
    while at < len(text.rstrip()):
        found = _WORD.match(text, at)
        if not found:
            raise ValueError(f"not a specification: {text[at:]!r}")
        parts = found["parts"]
        specs.append(
            Spec(
                found["kind"] or "(",
                int(found["length"] or 0),
                parse_specs(parts.replace(",", " ")) if parts else (),
                bool(found["repeats"]),
            )
        )
        at = found.end()
    return tuple(specs)
