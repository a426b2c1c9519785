from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.chain import Entry, Head, link
from gateway.ledger.clock import timestamp
from gateway.ledger.replay import decode, parse_time
from gateway.ledger.vocabulary import check_actor, check_facts

NOW = datetime(2026, 3, 1, tzinfo=UTC)

BAD_FACTS = {
    "a float": ({"ratio": 0.5}, TypeError),
    "bytes": ({"key": b"x"}, TypeError),
    "a name": ({"file": "DOE, JANE"}, ValueError),
    "a name in a list": ({"files": ["DOE JANE"]}, ValueError),
    "a name deep down": ({"a": {"b": ["Doe Jane"]}}, ValueError),
    "an accent": ({"file": "Zoë"}, ValueError),
    "a long token": ({"blob": "x" * 257}, ValueError),
    "a long sentence": ({"why": "x" * 501}, ValueError),
    "a line break in a sentence": ({"why": "a\nb"}, ValueError),
    "half a character": ({"why": "\ud800"}, ValueError),
    "a number no reader keeps": ({"size": 2**53}, ValueError),
    "an odd key": ({"Jane Doe": 1}, ValueError),
    "too many": ({"list": list(range(201))}, ValueError),
    "too deep": ({"a": {"b": {"c": {"d": {}}}}}, ValueError),
}


@pytest.mark.parametrize("name", BAD_FACTS)
def test_facts_of_another_shape_are_refused_without_repeating_them(name: str) -> None:
    facts, error = BAD_FACTS[name]
    with pytest.raises(error) as caught:
        check_facts(facts)  # type: ignore[arg-type]  # that is the point
    assert "JANE" not in str(caught.value).upper()


def test_sentences_go_under_their_keys() -> None:
    facts = {"why": "seen by Dana, no patient in it", "reasons": ["name at NTE#1"], "n": None}
    assert check_facts(facts) == facts


@pytest.mark.parametrize("actor", ["", "root", "worker:", "person:a\nb", "system:x", "admin:x"])
def test_an_actor_of_another_form_is_refused(actor: str) -> None:
    with pytest.raises(ValueError, match="actor"):
        check_actor(actor)


def test_an_event_has_a_size() -> None:
    facts = {f"k{n}": "x" * 256 for n in range(100)}
    with pytest.raises(ValueError, match="bytes"):
        link(Head(), Entry("site.started", "system", NOW, facts=facts))


def test_times_are_in_utc_with_microseconds() -> None:
    moment = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(moment) == "2026-03-01T12:00:00.000000Z"
    assert parse_time(timestamp(moment)) == moment


KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TOKENS
FACTS = st.dictionaries(
    KEYS, LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(KEYS, LEAVES, max_size=3)
)
SENTENCES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60
)


@given(FACTS, SENTENCES)
def test_whatever_may_be_logged_reads_back_the_same_for_the_verifier(
    facts: dict[str, object], why: str
) -> None:
    facts |= {"why": why}
    entry = Entry("site.started", "person:x", NOW, facts=facts)  # type: ignore[arg-type]  # by strategy
    _, body = link(Head(), entry)
    assert decode(body.encode(), 1)["facts"] == json.loads(json.dumps(facts))
