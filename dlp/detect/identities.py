"""Same-file identities: who a file's own fields speak of is the dictionary for everywhere else.

A name in a note can't be told from a word without knowing whom the file is about; the file itself
says so. What was learned is kept as normalised words, never beyond one inspection.
"""

from __future__ import annotations

from dlp.detect.address_index import AddressIndex
from dlp.detect.id_index import DateIndex, IdIndex
from dlp.detect.name_index import NameIndex
from dlp.detect.reading import Asked, Reading, words
from dlp.model import Carrier, Category, Match, Passage, Subject

_IDS = frozenset(
    {
        Category.PHONE, Category.FAX, Category.EMAIL, Category.SSN, Category.MEMBER_ID,
        Category.MEDICARE_ID, Category.MEDICAL_RECORD_NUMBER, Category.ACCOUNT_NUMBER,
        Category.CLAIM_NUMBER, Category.LICENSE_NUMBER, Category.VEHICLE_ID, Category.DEVICE_ID,
        Category.PAYMENT_CARD, Category.BANK_ACCOUNT, Category.OTHER_ID,
    }
)  # fmt: skip
_DATES = frozenset({Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE})
_LIMIT = 1_000_000
_OPEN_RECORDS = 64


class Identities:
    """The people of one file.

    Memory is bounded: once ``limit`` entries are held nothing more is learned and ``saturated``
    says so. An entry takes about 260 bytes (measured over 200,000 people).

    Args:
        limit: Entries (names, ids, dates, streets) kept at most.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._left = limit
        self._names = NameIndex()
        self._ids = IdIndex()
        self._dates = DateIndex()
        self._addresses = AddressIndex()
        self._open: dict[tuple[Subject, Category, int], dict[str, str]] = {}
        self._fresh: dict[tuple[Subject, Category, int], None] = {}
        self._organisations: set[str] = set()

    @property
    def saturated(self) -> bool:
        """Whether the limit was reached, so that people of the file may be missing."""
        return self._left <= 0

    def learn(self, passage: Passage) -> None:
        """Take in an identifier field; anything else is ignored. Never raises."""
        if passage.carrier is not Carrier.IDENTIFIER_FIELD or passage.category is None:
            return
        if self.saturated or not passage.text.strip():
            return
        if passage.category is Category.NAME:
            self._learn_parts(passage)
        elif passage.subject is Subject.PROVIDER:
            return
        elif passage.category is Category.ADDRESS:
            self._learn_parts(passage)
        elif passage.category in _DATES:
            self._left -= self._dates.learn(passage.category, passage.text)
        elif passage.category in _IDS:
            self._left -= self._ids.learn(passage.category, passage.text)

    def keep_only(self, texts: Asked) -> None:
        """From now on keep of a name only what the texts may say."""
        self._settle()
        self._names.keep_only(texts)

    def know_births(self, count: int) -> None:
        """Say how many birth dates the file has, where not all of them are learned.

        Of many one equals any given day by chance.
        """
        self._dates.births = count

    def find(self, text: str) -> list[Match]:
        """Mentions of the file's people in a text, in no order; linear in the text."""
        return self.find_in(Reading(text))

    def find_in(self, reading: Reading) -> list[Match]:
        """As :meth:`find`, on a text already prepared."""
        self._settle()
        return [
            *self._names.find(reading),
            *self._ids.find(reading),
            *self._dates.find(reading),
            *self._addresses.find(reading),
        ]

    def is_provider(self, name: str) -> bool:
        """Whether every word of a name belongs to a provider, payer or staff name of the file."""
        self._settle()
        norms = [w for w in words(name) if len(w) > 1]
        if not norms or " ".join(norms) in self._organisations:
            return bool(norms)
        providers = self._names.providers
        known = [w for w in norms if w in providers]
        given: set[str] = set().union(*(providers[w] for w in known)) if known else set()
        return bool(known) and all(w in providers or w in given for w in norms)

    def _learn_parts(self, passage: Passage) -> None:
        """Join the parts of one person, which arrive one after the other."""
        category = passage.category or Category.NAME
        if passage.part in {"full", ""}:
            self._take(passage.subject, category, {"full": passage.text})
            return
        key = (passage.subject, category, passage.record)
        parts = self._open.pop(key, {})
        if passage.part in parts:
            # The same part again is the next person of the record.
            self._take(*key[:2], parts)
            parts = {}
        parts[passage.part] = passage.text
        self._open[key] = parts
        self._fresh[key] = None
        if len(self._open) > _OPEN_RECORDS:
            oldest = next(iter(self._open))
            self._take(*oldest[:2], self._open.pop(oldest))
            self._fresh.pop(oldest, None)

    def _settle(self) -> None:
        """Take in the records that may have more to come: a text asks now."""
        for key in self._fresh:
            self._take(*key[:2], self._open[key])
        self._fresh.clear()

    def _take(self, subject: Subject, category: Category, parts: dict[str, str]) -> None:
        named = category is Category.NAME
        self._left -= self._learn_name(subject, parts) if named else self._learn_address(parts)

    def _learn_name(self, subject: Subject, parts: dict[str, str]) -> int:
        last, first, middle = _name_parts(parts)
        if subject is Subject.PROVIDER:
            whole = words(f"{last} {first}" if first else last)
            self._organisations.add(" ".join(whole))
            self._organisations.add(" ".join(words(f"{first} {last}")))
            return 1 + self._names.learn_provider(last, first)
        return self._names.learn(last, first, middle) if last else 0

    def _learn_address(self, parts: dict[str, str]) -> int:
        added = 0
        street = parts.get("street") or parts.get("full")
        if street:
            added += self._addresses.learn_street(street)
        if "city" in parts and "zip" in parts:
            added += self._addresses.learn_city(parts["city"], parts["zip"])
        return added


def _name_parts(parts: dict[str, str]) -> tuple[str, str, str]:
    """Last, first and middle; a full name is split at its comma, else before its last word."""
    if "full" not in parts:
        return parts.get("last", ""), parts.get("first", ""), parts.get("middle", "")
    full = " ".join(parts["full"].replace("^", ",").split())
    if "," in full:
        last, _, rest = full.partition(",")
        first, _, middle = rest.strip(" ,").replace(",", " ").partition(" ")
        return last, first, middle
    first, _, last = full.rpartition(" ")
    given, _, middle = first.partition(" ")
    return last, given, middle
