"""No element of any segment of any guide is silent: a sentence planted in it comes out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlp.model import Carrier, NotReadableError, Passage
from dlp.parse.x12.plan import READERS
from dlp.parse.x12.table import ENVELOPE, GUIDES, SEGMENTS
from tests.support.x12_passages import slow_passages

PROSE = "HIS SISTER JANE DOE CALLED FROM 12 ELM STREET ABOUT THE HIV TEST"
SSN = "SSN 123-45-6789 OF JOHN"
ISA = (
    "ISA*00*          *00*          *ZZ*A              *ZZ*B              "
    "*250314*1253*^*00501*000000905*0*T*:~"
)
QUALIFIERS = ("", "ZZ", "34", "SY", "HC", "ABK", "N4", "472", "EA")


def slots() -> Iterator[tuple[str, str, int, int]]:
    """(set, segment, element, component) of everything in the table."""
    for number, names in GUIDES.items():
        for name in sorted(names):
            for element, spec in enumerate(SEGMENTS[name], 1):
                for component in range(1, len(spec.parts) + 1) if spec.parts else (0,):
                    yield number, name.decode(), element, component


def planted(
    name: str, element: int, component: int, qualifier: str, text: str, number: str
) -> bytes:
    """A file whose one segment has a qualifier in front of the text."""
    if component:
        content = ":".join([*[qualifier, *[""] * 7][: component - 1], text])
        before = [""] * (element - 1)
    else:
        content = text
        before = [""] * (element - 2) + [qualifier] if element > 1 else []
    segment = "*".join([name, *before, content])
    return "~".join(
        [
            f"{ISA}GS*X*A*B*20250314*1253*1*X*005010",
            f"ST*{number}*1",
            segment,
            "SE*3*1~GE*1*1~IEA*1*000000905~",
        ]
    ).encode()


def read(data: bytes) -> list[Passage]:
    passages: list[Passage] = []
    try:
        passages.extend(slow_passages(data))
    except NotReadableError as error:
        pytest.fail(f"not read: {error} {error.where}")
    return passages


@pytest.mark.parametrize("number", sorted(GUIDES))
@pytest.mark.parametrize("text", [PROSE, SSN])
def test_a_sentence_in_any_element_is_seen_outside_a_role(number: str, text: str) -> None:
    silent = []
    for _, name, element, component in (slot for slot in slots() if slot[0] == number):
        for qualifier in QUALIFIERS:
            if qualifier and element == 1 and component < 2:
                continue
            seen = [
                one
                for one in read(planted(name, element, component, qualifier, text, number))
                if one.text == text and one.carrier is not Carrier.IDENTIFIER_FIELD
            ]
            if not seen:
                silent.append((name, element, component, qualifier))
    assert silent == []


def test_every_reader_and_guide_speaks_of_a_segment_of_the_table() -> None:
    assert {name.encode() for name in READERS} <= set(SEGMENTS)
    assert set().union(*GUIDES.values()) | ENVELOPE <= set(SEGMENTS)
