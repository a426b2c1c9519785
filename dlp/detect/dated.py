"""Dates by the role that the words near them give."""

from __future__ import annotations

from collections.abc import Iterator

from dlp.detect.context import words_after, words_before
from dlp.detect.dates import WrittenDate, find_dates
from dlp.detect.reading import Reading
from dlp.model import Category, Match

_ROLES: dict[str, Category] = {
    **dict.fromkeys(
        ("dob", "birth", "born", "birthdate", "bday", "birthday", "d.o.b"), Category.BIRTH_DATE
    ),
    **dict.fromkeys(
        ("died", "deceased", "death", "expired", "dod", "passed"), Category.DEATH_DATE
    ),
    **dict.fromkeys(
        (
            "dos", "seen", "admitted", "admit", "admission", "discharged", "discharge", "visit",
            "surgery", "appointment", "appt", "hospitalized", "treated", "rendered", "performed",
            "underwent", "service", "encounter",
        ),
        Category.SERVICE_DATE,
    ),
}  # fmt: skip
_BIRTHS = {word: role for word, role in _ROLES.items() if role is Category.BIRTH_DATE}
_CONFIDENCE = {
    Category.BIRTH_DATE: 0.9,
    Category.DEATH_DATE: 0.85,
    Category.SERVICE_DATE: 0.7,
    Category.OTHER_DATE: 0.3,
}
# What expires or passes and is no person.
_LAPSES = frozenset({"auth", "authorization", "policy", "coverage", "card", "license", "contract",
                     "referral", "eligibility", "filing", "deadline", "prescription", "plan",
                     "claim", "medication", "away"})  # fmt: skip
_AFTER = frozenset({"birth", "dob", "born"})
_REACH = 7


def find_dated(reading: Reading) -> Iterator[Match]:
    """Dates with a role, and others at a confidence that decides nothing."""
    for written in find_dates(reading):
        category = _role(reading, written)
        if category is None:
            if written.form in {"packed", "md"}:
                # Eight digits alone are an id as often as a date; a day without year says little.
                continue
            category = Category.OTHER_DATE
        yield Match(category, written.start, written.end, _CONFIDENCE[category], "date")


def _role(reading: Reading, written: WrittenDate) -> Category | None:
    before = words_before(reading, written.start)[-_REACH:]
    for word in reversed(before):
        # "patient.birthDate=" is a path to a field.
        role = _ROLES.get(word) or _BIRTHS.get(word.rpartition(".")[2])
        if role is Category.DEATH_DATE and not _LAPSES.isdisjoint(before) and "away" not in before:
            continue
        if role is not None:
            return role
    if before[-2:] == ["b", "d"]:
        # "B/D 3-9-71".
        return Category.BIRTH_DATE
    after = words_after(reading, written.end)[:2]
    return Category.BIRTH_DATE if not _AFTER.isdisjoint(after) else None
