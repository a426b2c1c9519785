"""The canonical form of a value: what matching and keyed digests compare.

Two spellings of one identifier give one form: ``(555) 010-4477`` and ``555.010.4477``,
``LAST, FIRST`` aside (word order of names is kept: it carries meaning).
"""

from __future__ import annotations

from dlp.detect.dates import parse_date
from dlp.detect.reading import words
from dlp.detect.values import identifier, phone
from dlp.model import Category

_DATES = frozenset(
    {Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE, Category.OTHER_DATE}
)
_PHONES = frozenset({Category.PHONE, Category.FAX})
_WORDS = frozenset({Category.NAME, Category.ADDRESS})
_NETWORK = frozenset({Category.EMAIL, Category.URL, Category.IP_ADDRESS})


def normalise(category: Category, text: str) -> str:
    """The canonical form of ``text`` as a value of ``category``.

    Args:
        category: What the value is.
        text: The value as written.

    Returns:
        Lower-case words for names and addresses, ``yyyymmdd`` for dates (the latest day that an
        ambiguous one may mean), digits for telephone numbers, upper-case letters and digits for
        identifiers. Never raises.
    """
    if category in _WORDS:
        return " ".join(words(text))
    if category in _DATES:
        days = parse_date(text)
        return str(max(days)) if days else " ".join(words(text))
    if category in _PHONES:
        return phone(text)
    if category in _NETWORK:
        return text.strip().casefold().rstrip("/.,;")
    return identifier(text)
