"""What a segment of a claim looks like when there is nothing to say but what its position says.

Every expression here must be narrower than what the walker takes without a word: narrower than
the plan's own ``clean``, than each reader's check, and than what :mod:`dlp.look` leaves unread.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import re2

from dlp.parse.x12.bulk.lexicon import DAY, FIVE, ID, NAME, NUMBER, WORD, WORDS
from dlp.parse.x12.delimiters import Delimiters
from dlp.parse.x12.table import GUIDES, SEGMENTS
from dlp.parse.x12.types import ROLE, Spec, tail

NUMBER_OF_SET: Final = "837"
_MEMORY: Final = 96 * 2**20
"""Bytes that the automaton's states may take; it needs a few, and starts anew beyond."""

PERSON_IDS: Final = ("MI", "II")
PATIENTS: Final = ("IL", "QC")
_PROVIDERS: Final = "85|87|82|77|DN|DK|DQ|71|72|73|40|41|PR|P3"
_PROVIDER_IDS: Final = "XX|PI|46|XV|24|FI"
_OTHER_REFS: Final = "EI|0B|1G|G2|LU|2U|FY|X4|F4|EW|D3|6R|P4|BT|PXC|1C|1D|BLT"
_NUMBERED: Final = "[A-Za-z]{0,20}[0-9][A-Za-z0-9]{0,19}"
_NAME_WORD: Final = "[A-Za-z&.,/'-]+"
_ORGANISATION: Final = f"{_NAME_WORD}(?: {_NAME_WORD}){{0,7}}"
_WORD_OR_NUMBER: Final = "(?:[A-Za-z]+|[0-9]{1,3}[A-Za-z]{0,2})"
_STREET: Final = (
    f"(?:[0-9]{{1,6}} [A-Za-z]+(?: {_WORD_OR_NUMBER}){{0,4}}"
    "|[Pp]\\.?[Oo]\\.? (?:BOX|Box) [0-9]{1,6})"
)
_UNIT: Final = "(?:(?:APT|UNIT|STE|SUITE|Apt|Unit|Ste|Suite) [A-Za-z0-9]{1,5})?"
_STATE: Final = "(?:[A-MO-WYZ][A-Z]|N[B-Z]|X[A-WYZ])"
_ICD10: Final = "[A-TV-Z][0-9][A-Z0-9][.]?[A-Z0-9]{0,4}"
_HCPCS: Final = f"(?:{FIVE}|[0-9]{{4}}[A-Z]|[A-Z][0-9]{{4}})"
_MODIFIERS: Final = "(?::(?:[A-Za-z0-9]{1,2})?){0,4}"
_PROCEDURE: Final = f"HC:{_HCPCS}{_MODIFIERS}"

SAFE: Final = Delimiters(b"*|", b":>", b"^!{\\", b"~\n\r\x1c\x1d")
"""Separators that none of the expressions has among its own characters."""


def is_safe(marks: Delimiters) -> bool:
    """Whether the expressions hold under these separators."""
    return all(one in allowed for one, allowed in zip(_marks(marks), _marks(SAFE), strict=True))


def _marks(marks: Delimiters) -> tuple[bytes, ...]:
    return marks.element, marks.component, marks.repetition, marks.terminator


def _name(element: str) -> str:
    return f"(?:{element})?"


def _tail(*elements: str) -> str:
    whole = ""
    for element in reversed(elements):
        whole = f"(?:[*]{element}{whole})?"
    return whole


def own_expressions(person_refs: str, *, several: bool) -> dict[str, str]:
    """Segments whose elements depend on one another, written with ``*`` and ``:``."""
    word = _name(NAME if several else WORD)
    plain = _name(f"{_NAME_WORD}(?: {_NAME_WORD}){{0,3}}")
    provider_id = f"(?:(?:{_PROVIDER_IDS})[*][A-Za-z0-9]{{1,40}})?"
    person = f"(?:{'|'.join(PATIENTS)})[*]1[*]{word}" + _tail(
        word, word, "", word, f"(?:(?:{'|'.join(PERSON_IDS)})[*]{ID})?"
    )
    staff = f"(?:{_PROVIDERS})[*]1[*]{plain}" + _tail(plain, plain, "", plain, provider_id)
    firm = f"(?:{_PROVIDERS})[*]2[*]{_name(_ORGANISATION)}" + _tail("", "", "", "", provider_id)
    return {
        "NM1": f"NM1[*](?:{person}|{staff}|{firm})",
        "N3": f"N3[*]{_STREET}(?:[*]{_UNIT})?",
        "N4": f"N4[*]{WORDS}[*]{_STATE}[*]{FIVE}(?:[0-9]{{4}})?",
        "DMG": f"DMG[*]D8[*]{DAY}{_tail('[A-Za-z0-9]?', '[A-Za-z0-9]?')}",
        "HI": f"HI(?:[*](?:ABK|ABF|ABJ|ABN|APR):{_ICD10}){{1,12}}",
        "LIN": f"LIN[*][A-Za-z0-9]{{0,20}}[*]N4[*]{NUMBER}",
        "REF": f"REF[*](?:(?:{person_refs})[*]{ID}|(?:{_OTHER_REFS})[*]{_NUMBERED})",
        "DTP": f"DTP[*][A-Za-z0-9]{{1,3}}[*][A-Za-z0-9]{{1,3}}[*]{DAY}(?:-{DAY})?",
    }


_ELEMENTS: Final[dict[str, dict[int, str]]] = {
    "SBR": {3: f"(?:{ID})?", 4: f"(?:{_ORGANISATION})?"},
    "CLM": {1: ID},
    "SV1": {1: _PROCEDURE},
    "SV2": {1: "(?:0?[1-9][0-9][0-9])?", 2: f"(?:{_PROCEDURE})?"},
    "SV3": {1: f"AD:D[0-9]{{4}}{_MODIFIERS}"},
    "SVD": {3: f"(?:{_PROCEDURE})?"},
}
"""Elements with a role; in every other segment such an element must be empty."""


def _has_role(spec: Spec) -> bool:
    return spec.kind == ROLE or any(map(_has_role, spec.parts))


def _translated(expression: str, marks: Delimiters) -> bytes:
    """With this interchange's separators."""
    own = expression.replace("[*]", re.escape(marks.element.decode()))
    own = re.sub(r"(?<![?]):(?!\])", re.escape(marks.component.decode()), own)
    return own.encode("ascii")


def _segment(name: str, own: dict[str, str], marks: Delimiters) -> bytes:
    if name in own:
        return _translated(own[name], marks)
    elements = _ELEMENTS.get(name, {})
    expressions = [name.encode()]
    for place, spec in enumerate(SEGMENTS[name.encode()], 1):
        if place in elements:
            expressions.append(_translated(elements[place], marks))
        else:
            expressions.append(b"" if _has_role(spec) else spec.expression(marks))
    return tail(expressions, re.escape(marks.element))


@lru_cache(maxsize=8)
def run_of_segments(marks: Delimiters, person_refs: str, *, several: bool) -> Any:  # noqa: ANN401 - re2 has no types
    """An RE2 expression for as many regular segments as follow one another, each with its end.

    Args:
        marks: The separators.
        person_refs: Qualifiers of REF that say who somebody is, joined with ``|``.
        several: Whether names of several words count like others.
    """
    own = own_expressions(person_refs, several=several)
    names = sorted(name.decode("ascii") for name in GUIDES[NUMBER_OF_SET])
    segments = b"|".join(_segment(name, own, marks) for name in names)
    ending = re.escape(marks.terminator)
    padding = b"" if marks.terminator in b"\r\n" else rb"(?:\r?\n)?"
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(rb"(?:(?:%b)%b%b)+" % (segments, ending, padding), options)
