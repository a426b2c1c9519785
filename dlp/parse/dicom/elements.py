"""One data element to passages, by its value representation and its meaning."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from dlp.content import Item
from dlp.detect.reading import words
from dlp.detect.words import is_word
from dlp.model import Carrier, Category, Passage
from dlp.parse.dicom import roles
from dlp.parse.image.strings import passages, text_of
from dlp.unpack.entry import Entry

_LONGEST_NAME: Final = 64
"""Characters of a component group, by PS3.5 6.2."""
_NOT_A_NAME: Final = re.compile(r"\d|[.:;?!] \S")
_OLD: Final = 90
_FEW_DIGITS: Final = 4
_EMBEDDED: Final = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG", b"PK\x03\x04", b"\x1f\x8b", b"GIF8")
_MOST_BINARY: Final = 4 * 2**20
"""Bytes of an opaque element that are searched for printable runs; pixels aren't."""


def values(element: Any) -> list[str]:  # noqa: ANN401 - pydicom's values are of any type
    """An element's values as text, one by one."""
    value = element.value
    if value is None:
        return []
    several = value if isinstance(value, (list, tuple)) or _is_multiple(value) else [value]
    return [str(each) for each in several]


def _is_multiple(value: object) -> bool:
    return type(value).__name__ in ("MultiValue", "PersonNameList")


def texts(element: Any, where: str, keyword: str, record: int) -> Iterator[Item]:  # noqa: ANN401
    """Everything that an element says which a person may have written."""
    vr = str(element.VR)
    if vr in roles.NUMBERS and not isinstance(element.value, (bytes, str)):
        return
    if isinstance(element.value, bytes):
        yield from opaque(element.value, where)
        return
    for number, text in enumerate(values(element), 1):
        place = where if number == 1 else f"{where} value {number}"
        yield from _value(text.strip(" \0"), place, keyword, vr, record)


def opaque(data: bytes, where: str) -> Iterator[Item]:
    """Bytes of no known meaning: a file of a known kind, else what is printable in them."""
    if data.startswith(_EMBEDDED):
        yield Entry(1, "", io.BytesIO(data), kind="embedded file")
        return
    yield from passages(text_of(data[:_MOST_BINARY]), where)


def _value(text: str, where: str, keyword: str, vr: str, record: int) -> Iterator[Passage]:
    if not text:
        return
    if vr == "PN":
        yield from _name(text, where, keyword, record)
        return
    broken = vr in roles.SHAPES and not roles.SHAPES[vr].fullmatch(text)
    fault = f"a value that is no {vr}" if broken else ""
    category = roles.CATEGORIES.get(keyword)
    if category is None and vr in ("DA", "DT"):
        category = _dated(keyword)
    if category is not None:
        yield Passage(
            text, where, Carrier.IDENTIFIER_FIELD, category, roles.subject(keyword), fault=fault,
            record=record, part="street" if category is Category.ADDRESS else "",
        )  # fmt: skip
    elif vr == "AS" and not broken:
        yield from _age(text, where)
    elif broken:
        yield Passage(text, where, Carrier.CODED, fault=fault)
    elif vr not in roles.SHAPES or (vr == "CS" and _may_name(text)):
        yield from passages(text, where)


def _may_name(text: str) -> bool:
    """Whether a code string could be somebody's name or number, and no scanner's "HELICAL MODE"."""
    if sum(map(str.isdigit, text)) > _FEW_DIGITS:
        return True
    parts = [part for part in words(text) if part.isalpha()]
    return len(parts) > 1 and not all(part in roles.TERMS or is_word(part) for part in parts)


def _dated(keyword: str) -> Category | None:
    if roles.SERVICE_DATES.fullmatch(keyword):
        return Category.SERVICE_DATE
    # A calibration's date is nobody's; one of a private element may be anybody's.
    return None if keyword else Category.OTHER_DATE


def _age(text: str, where: str) -> Iterator[Passage]:
    if text[-1] == "Y" and int(text[:3]) >= _OLD:
        yield Passage(f"age {int(text[:3])} years", where, Carrier.FREE_TEXT)


def _name(text: str, where: str, keyword: str, record: int) -> Iterator[Passage]:
    """A PN value by its components; what is no name is looked at as text."""
    for group in text.split("="):
        broken = len(group) > _LONGEST_NAME or bool(_NOT_A_NAME.search(group))
        if broken and group.strip("^ "):
            yield Passage(
                group.replace("^", " "), where, Carrier.IDENTIFIER_FIELD, Category.NAME,
                roles.subject(keyword), fault="more than a name", record=record, part="full",
            )  # fmt: skip
            continue
        parts = group.split("^")
        for place, part in enumerate(parts[:5]):
            name = roles.NAME_PARTS[place] if len(parts) > 1 else "full"
            if part.strip() and name:
                yield Passage(
                    part.strip(), where, Carrier.IDENTIFIER_FIELD, Category.NAME,
                    roles.subject(keyword), record=record, part=name,
                )  # fmt: skip
            elif part.strip():
                yield Passage(part.strip(), where, Carrier.FREE_TEXT)
        yield from passages(" ".join(parts[5:]), where)
