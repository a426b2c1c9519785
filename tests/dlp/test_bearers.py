"""People packed: what is kept for a text finds in it all that keeping everybody does."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from dlp.detect.bearers import Bearers
from dlp.detect.identities import Identities
from dlp.detect.name_index import NameIndex
from dlp.model import Carrier, Category, Match, Passage
from dlp.vocabulary import Vocabulary

_SYLLABLES = ("ba", "ko", "ri", "mel", "tan", "dor", "vis", "el")
_SURNAME = st.sampled_from(["ito", "cruz", "de la cruz"])
_NAMES = [*"abcz", *(f"name{n}" for n in range(15))]
_GIVEN = st.sampled_from([name for name in _NAMES if name not in ("c", "name14")])


@given(st.lists(st.tuples(_SURNAME, _GIVEN), max_size=80))
def test_packed_bearers_are_a_set_for_each_surname(people: list[tuple[str, str]]) -> None:
    bearers, expected = Bearers(), dict[str, set[str]]()
    for surname, name in people:
        if surname not in bearers:
            bearers.add(surname)
        known = expected.setdefault(surname, set())
        assert bearers.join(surname, name) == (name not in known)
        known.add(name)

    for surname, names in expected.items():
        borne = bearers.of(surname)
        assert (sorted(borne), len(borne)) == (sorted(names), len(names))
        assert [name for name in _NAMES if name in borne] == [n for n in _NAMES if n in names]


def _word(dice: random.Random) -> str:
    return "".join(dice.choices(_SYLLABLES, k=dice.randint(2, 3)))


def _surname(dice: random.Random) -> str:
    word = _word(dice)
    return dice.choice([word, word, word, f"{word}-{_word(dice)}", f"DE LA {word}"])


def _learned(people: list[tuple[str, str]], texts: Vocabulary | None) -> Identities:
    identities = Identities()
    if texts is not None:
        identities.keep_only(texts)
    for record, (last, first) in enumerate(people, 1):
        for text, part in ((last, "last"), (first, "first")):
            identities.learn(
                Passage(
                    text, "f", Carrier.IDENTIFIER_FIELD, Category.NAME, record=record, part=part
                )
            )
    return identities


def _told(matches: list[Match]) -> set[tuple[int, int, float]]:
    return {(m.start, m.end, m.confidence) for m in matches}


def _wrong(dice: random.Random, word: str) -> str:
    place = dice.randrange(1, len(word))
    return word[:place] + dice.choice(["", "x", word[place] * 2]) + word[place + 1 :]


def test_keeping_what_a_text_may_say_finds_what_keeping_everybody_does() -> None:
    dice = random.Random(5)
    people = [(_surname(dice), _word(dice)) for _ in range(1_500)]
    texts = []
    for last, first in dice.sample(people, 40):
        forms = [f"{first} {last}", f"{last}, {first[0]}.", last, first.title(), _wrong(dice, last)]
        texts += [f"Call {form.title()} about the bill" for form in forms]

    everybody, some = _learned(people, None), _learned(people, Vocabulary(texts))

    different = [t for t in texts if _told(everybody.find(t)) != _told(some.find(t))]
    assert different == []
    assert sum(map(len, map(some.find, texts))) > 150


def test_of_people_whom_no_text_can_mean_nothing_is_kept() -> None:
    index = NameIndex()
    index.keep_only(Vocabulary(["call about the open balance of Kowalski"]))

    dice = random.Random(6)
    kept = sum(index.learn(_surname(dice), _word(dice)) for _ in range(2_000))

    assert kept == 0
    assert index.learn("Kowalsky", "Ann") == 2
    assert index.learn("Kowalski", "") == 1
