"""A block passed over for a few words of open text holds nobody whom they name."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Passage
from dlp.parse import x12
from dlp.parse.x12.bulk import Stretch, stretch
from dlp.parse.x12.bulk.glance import Glance
from dlp.parse.x12.delimiters import Delimiters
from dlp.vocabulary import Vocabulary
from tests.support.claims import claim_file

CLAIMS = claim_file(60, 5)
MARKS = Delimiters(b"*", b":", b"^", b"~")
VALUES = sorted(
    {
        element
        for line in CLAIMS.decode().split("~\n")
        for element in line.split("*")[1:]
        if line.startswith(("NM1", "N3", "N4", "DMG", "DTP", "REF", "CLM")) and len(element) > 1
    }
)
WRITTEN = st.sampled_from(VALUES)
DAY = st.sampled_from([value for value in VALUES if len(value) == 8 and value.isdigit()])


def told(words: str) -> list[str]:
    items = x12.parse(Content(io.BytesIO(CLAIMS), "", "x12"), Meter(Budget()))
    batches = [item for item in items if isinstance(item, Stretch)]
    assert batches
    found: list[Passage] = []
    for batch in batches:
        found += batch.likely(Vocabulary([words]))
    return [passage.text for passage in found]


def mistyped(word: str, place: int, how: str, letter: str) -> str:
    place %= max(len(word), 1)
    kept = word[place + 1 :]
    return word[:place] + {"drop": "", "swap": letter, "add": letter + word[place]}[how] + kept


@given(
    value=WRITTEN,
    place=st.integers(0, 40),
    how=st.sampled_from(["drop", "swap", "add"]),
    letter=st.sampled_from("abexyz 1-_."),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_found_column_by_column_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, value: str, place: int, how: str, letter: str
) -> None:
    words = f"{mistyped(value, place, how, letter).lower()} {value.title()}.837"
    with monkeypatch.context() as without:
        without.setattr(stretch, "may_name_any", lambda *_: True)
        thorough = told(words)
    assume(thorough)
    assert told(words) == thorough


@pytest.mark.parametrize(
    "name", ["f64", "claims.837", "Eastside_Claims_Nov.txt", "claims_20261129-001.x12"]
)
def test_a_file_without_notes_is_passed_over_for_its_own_name(name: str) -> None:
    people = b"NM1*IL*1*ROSSI*ELENA****MI*W123456789~N3*12 ELM ST~N4*TROY*NY*12180~"
    assert not Glance(Vocabulary([name]), MARKS).may_name(people)


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("delacruz", b"~NM1*IL*1*DE LA CRUZ*ANA~"),
        ("de la cruz", b"~NM1*IL*1*DELACRUZ*ANA~"),
        ("rosi", b"~NM1*IL*1*ROSSI*ELENA~"),
        ("obrien", b"~NM1*IL*1*O'BRIEN*PAT~"),
        ("W-123 456789", b"~NM1*IL*1*ROE*JO****MI*W123456789~"),
        ("12345", b"~REF*SY*0012345~"),
        ("born 3/14/1950", b"~DMG*D8*19500314~"),
        ("12180", b"~N4*TROY*NY*121801234~"),
        ("12 elm", b"~N3*12 ELM ST~"),
        ("box 12", b"~N3*P.O. BOX 12~"),
        ("any", b"~NM1*IL*1*M\xdcLLER*ANNA~"),
    ],
)
def test_whoever_is_named_in_another_form_is_not_passed_over(text: str, segment: bytes) -> None:
    assert Glance(Vocabulary([text]), MARKS).may_name(segment)


def test_many_words_are_not_searched_for() -> None:
    assert Glance(Vocabulary(["abcdefgh " * 3, "ijklmnop" * 30]), MARKS).may_name(b"~NM1*IL~")
