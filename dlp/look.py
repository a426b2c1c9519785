"""Looking at one passage: what its position tells, and what its text does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from dlp.batch import Batch
from dlp.detect.business import is_business
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.detect.staff import is_guess
from dlp.kept import Open
from dlp.model import (
    Carrier,
    Category,
    Match,
    Obstacle,
    Passage,
    Subject,
    Uninspectable,
)
from dlp.pseudonym import has_redacted, is_redacted, without_redacted
from dlp.tally import Tally
from dlp.walk import Spot

_COLUMN: Final = "column-type"
_COLUMN_SURE: Final = 0.9
_POSITION: Final = "field"
_POSITION_SURE: Final = 0.99
_LONG_FIELD: Final = 64
"""Characters beyond which a field is read like text: nobody's name or id is so long."""
_NUMBERS: Final = (
    Category.MEDICAL_RECORD_NUMBER, Category.MEMBER_ID, Category.MEDICARE_ID, Category.OTHER_ID,
    Category.ACCOUNT_NUMBER, Category.CLAIM_NUMBER, Category.LICENSE_NUMBER, Category.DEVICE_ID,
)  # fmt: skip
_MONEY: Final = "card|visa|mastercard|amex|routing|iban"
"""Words beside numbers that pay."""
_NOT_IN: Final = {
    **dict.fromkeys(_NUMBERS, re.compile(rf"(?i)\b(?:ssn|social security|{_MONEY})\b")),
    Category.NAME: re.compile(r"[\d@]"),
    Category.ADDRESS: re.compile(
        r"(?i)(?<!\d)\d{3}(?:[-. ]\d\d)?[-. ]\d{4}|@|\b(?:ssn|social|mrn|dob|born|birth|phone|"
        rf"{_MONEY})\b"
    ),
}
"""What a field of its kind doesn't hold, so that its text is read as well."""
_NOBODY_ELSES: Final = frozenset({Category.SSN})
"""What has a field of its own, and is in no other one by right."""
_PATIENTS: Final = _NOBODY_ELSES | {
    Category.BIRTH_DATE, Category.DEATH_DATE, Category.MEDICAL_RECORD_NUMBER, Category.MEMBER_ID,
    Category.MEDICARE_ID, Category.ACCOUNT_NUMBER, Category.CLAIM_NUMBER,
}  # fmt: skip
"""The same of fields of providers, payers and staff."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_PROSE: Final = re.compile(r"[^\W\d_]{2,}[ ,.;:]+[^\W\d_]{2,}")
"""Two words. Of the 107 public X12 files that holds the same eight as three words do."""
_SHORT: Final = 100
_MOST_KNOWN: Final = 10_000
_NEIGHBOURS: Final = 12
_BESIDE: Final = 400
"""Characters of the passages before and after that must be of business too."""
_CODED: Final = frozenset({Category.DIAGNOSIS, Category.PROCEDURE, Category.MEDICATION})


class Looker:
    """Turns passages into findings.

    Args:
        detectors: What finds identifiers in text.
        identities: The file's people, learned during the first look.
        tally: Takes the findings.
    """

    def __init__(self, detectors: Detectors, identities: Identities, tally: Tally) -> None:
        self._detectors, self._identities, self._tally = detectors, identities, tally
        # Only the second look asks, when the file's people are all known.
        self._known: dict[tuple[str, bool], list[Match]] = {}
        self._slips: Counter[str] = Counter()
        self._check: Callable[[], None] = lambda: None
        self._lacking = detectors.lacking

    def is_open(self, passage: Passage) -> bool:
        """Whether the passage's text is looked at, and not only its position."""
        if passage.carrier is Carrier.FREE_TEXT:
            return passage.category is None
        if passage.carrier is Carrier.NAME or passage.fault:
            return True
        if passage.carrier is not Carrier.IDENTIFIER_FIELD:
            return False
        if len(passage.text) > _LONG_FIELD:
            return True
        # Somebody wrote more than a name into a name field, or than a place into an address.
        more = _NOT_IN.get(passage.category) if passage.category else None
        return more is not None and more.search(passage.text) is not None

    def by_position(self, order: int, spot: Spot, fmt: str, passage: Passage) -> None:
        """Take the finding that the passage's place gives, without reading it."""
        match = self._placed(passage)
        if match is not None:
            self._tally.add(order, spot, fmt, passage, match)

    def by_batch(self, order: int, spot: Spot, fmt: str, batch: Batch) -> None:
        """Take the findings of fields by the thousand: count all, list the first."""
        for kind, count in batch.counts.items():
            counted = self._tally.add_counts(fmt, kind, count)
            if counted and not self._tally.has_room(order, spot, fmt, kind, batch.start):
                continue
            # A contract that asks where each stands costs a look at each.
            take = self._tally.list_only if counted else self._added
            limit = min(count, self._tally.limit) if counted else count
            for passage in batch.first(kind, limit):
                match = self._placed(passage)
                if match is not None and not take(order, spot, fmt, passage, match):
                    break

    def _added(self, order: int, spot: Spot, fmt: str, passage: Passage, match: Match) -> bool:
        self._tally.add(order, spot, fmt, passage, match)
        return True

    def _placed(self, passage: Passage) -> Match | None:
        """What a passage's place says it holds; None for nothing, and for nobody's."""
        category = passage.category
        if category is None or passage.subject is Subject.PROVIDER or is_redacted(passage.text):
            return None
        if passage.carrier is Carrier.IDENTIFIER_FIELD:
            match = self._detectors.check_field(passage)
        elif passage.carrier is Carrier.FREE_TEXT:
            match = Match(category, 0, len(passage.text), _COLUMN_SURE, _COLUMN)
        elif not passage.fault:
            match = Match(category, 0, len(passage.text), _POSITION_SURE, _POSITION)
        else:
            return None
        if match is not None and category in _CODED:
            match = match._replace(labels=self._detectors.labels(passage))
        return match

    def at_texts(self, items: Iterable[Open], check: Callable[[], None] = lambda: None) -> None:
        """Look at several open passages.

        Args:
            items: The passages.
            check: Called every few milliseconds in long texts; may raise to stop.
        """
        self._check = check
        several = list(items)
        for index, item in enumerate(several):
            if self._lacking and item.passage.carrier is Carrier.FREE_TEXT:
                # Once a file: nothing about it is special to the first text.
                self._tally.trouble(Uninspectable(Obstacle.NOT_READ, self._lacking))
                self._lacking = ""
            self.at_text(item, partial(_around, several, index))

    def at_text(self, item: Open, around: Callable[[], str] = lambda: "") -> None:
        """Take what detectors find in the text; hold prose in slots that aren't for prose.

        Args:
            item: The passage.
            around: Gives what stands before and after it.
        """
        order, spot, fmt, passage = item
        found = self._but_staff(passage, self._find(passage), around)
        found = [m for m in found if not _was_taken_out(passage.text, m)]
        if passage.carrier is Carrier.IDENTIFIER_FIELD:
            found = [match for match in found if match.category is not passage.category]
        for match in found:
            self._tally.add(order, spot, fmt, _standing(passage, match), match)
        if passage.fault and not found:
            self._fault(spot, passage)

    def _find(self, passage: Passage) -> list[Match]:
        """What detectors find; short texts once, since tables and claims repeat themselves."""
        if passage.carrier is Carrier.IDENTIFIER_FIELD and passage.category in _NOT_IN:
            # It was learned whole as somebody's name or address, which would hide what it holds.
            return self._detectors.find(passage, Identities(limit=0), self._check)
        if len(passage.text) > _SHORT:
            return self._detectors.find(passage, self._identities, self._check)
        key = (passage.text, passage.carrier is Carrier.NAME)
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._detectors.find(passage, self._identities)
        return self._known[key]

    def _but_staff(
        self, passage: Passage, found: list[Match], around: Callable[[], str]
    ) -> list[Match]:
        """What was found but for a business paper's own people, where the file is of business."""
        if passage.carrier is not Carrier.FREE_TEXT or not any(map(is_guess, found)):
            return found
        counts = self._tally.counts
        if any(n and category in _PATIENTS for (category, _), n in counts.items()):
            return found
        beyond = around()
        if not is_business(beyond):
            return found
        return self._detectors.find(passage, self._identities, self._check, beyond)

    def _fault(self, spot: Spot, passage: Passage) -> None:
        if _PROSE.search(without_redacted(passage.text)):
            self._trouble(Obstacle.MALFORMED, passage.fault, spot, passage)
        else:
            self._slips[passage.fault] += 1

    def _trouble(self, obstacle: Obstacle, detail: str, spot: Spot, passage: Passage) -> None:
        where = passage.where if isinstance(passage.where, str) else passage.where()
        self._tally.trouble(Uninspectable(obstacle, detail, where, spot.member, spot.place))

    def notes(self) -> tuple[str, ...]:
        """Slips that decide nothing, by kind."""
        return tuple(f"{fault}: {count}" for fault, count in sorted(self._slips.items()))


def _around(items: Sequence[Open], index: int) -> str:
    """What stands before and after a passage in the same member of the file."""
    spot = items[index].spot
    before = _beside(spot, items[max(0, index - _NEIGHBOURS) : index][::-1])
    after = _beside(spot, items[index + 1 : index + 1 + _NEIGHBOURS])
    return "\n".join(
        [*(text[-_BESIDE:] for text in before[::-1]), "", *(text[:_BESIDE] for text in after)]
    )


def _beside(spot: Spot, items: Iterable[Open]) -> list[str]:
    """Texts of neighbours, the nearest first, until there are enough characters."""
    texts: list[str] = []
    for item in items:
        if item.spot != spot or sum(map(len, texts)) >= _BESIDE:
            break
        if item.passage.carrier is not Carrier.NAME:
            texts.append(item.passage.text)
    return texts


def _standing(passage: Passage, match: Match) -> Passage:
    """The passage as what it is for a match: a patient's number in a firm's name is a remark."""
    strays = _PATIENTS if passage.subject is Subject.PROVIDER else _NOBODY_ELSES
    if passage.carrier is Carrier.IDENTIFIER_FIELD and match.category in strays:
        return passage._replace(carrier=Carrier.FREE_TEXT)
    return passage


def _was_taken_out(text: str, match: Match) -> bool:
    """Whether a match is nothing but what redaction writes, and for a name perhaps one more word.

    A single word is nobody's name, and isn't one for standing beside such a word.
    """
    said = text[match.start : match.end]
    if is_redacted(said):
        return True
    named = match.category is Category.NAME and has_redacted(said)
    return named and len(_WORD.findall(without_redacted(said))) <= 1
