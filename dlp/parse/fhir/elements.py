"""Elements by their data type, told by the members that an object has."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from typing import Final

from dlp.content import Item
from dlp.detect.checksums import npi
from dlp.detect.words import is_word
from dlp.model import Carrier, Category, Passage, Spans, Subject
from dlp.parse.fhir import types
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, places_of, text_of
from dlp.parse.jsontree import Record
from dlp.parse.jsonvalues import is_designed, is_telling, passage
from dlp.parse.markup import Fragment, fragments
from dlp.unpack.entry import Entry

_MARKUP: Final = frozenset({"div"})
_HUMAN_NAME: Final = frozenset({"family", "given"})
_CODE_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SHORTEST_NAME: Final = 3
_PLACE: Final = frozenset({"line", "city", "postalCode"})


class Context:
    """Where in a resource an element stands."""

    __slots__ = ("record", "resource", "subject", "where")

    def __init__(self, where: str, resource: str, subject: Subject, record: int) -> None:
        self.where, self.resource, self.subject, self.record = where, resource, subject, record

    def inside(self, key: str, record: int | None = None) -> Context:
        """The context of a member."""
        subject = Subject.PROVIDER if key in types.STAFF_ELEMENTS else self.subject
        return Context(
            f"{self.where}.{key}" if self.where else key, self.resource, subject,
            self.record if record is None else record,
        )  # fmt: skip


def strings(value: Object) -> dict[str, Leaf]:
    """The members that are strings, the last of duplicates."""
    return {
        text_of(key).text: inner
        for key, inner in value.members
        if isinstance(inner, Leaf) and inner.quoted
    }


class Reading:
    """The resources of one member, one after the other."""

    def __init__(self) -> None:
        self._attachments = self._people = 0

    def record(self, record: Record, place: str) -> Iterator[Item]:
        """Everything in one record."""
        yield from self._value(record.value, Context(place.strip(), "", Subject.PERSON, 0), "")

    def _value(self, value: Value, at: Context, key: str) -> Iterator[Item]:
        if isinstance(value, Leaf):
            yield from self._leaf(value, at, key)
        elif isinstance(value, Array):
            for index, inner in enumerate(value.elements):
                where = f"{at.where}[{index}]" if len(value.elements) > 1 else at.where
                yield from self._value(
                    inner, Context(where, at.resource, at.subject, at.record), key
                )
        else:
            yield from self._object(value, at, key)

    def _object(self, value: Object, at: Context, key: str) -> Iterator[Item]:
        texts = strings(value)
        names = {text_of(name).text for name, _ in value.members}
        if "resourceType" in texts:
            at = _of_resource(at, text_of(texts["resourceType"]).text)
        if names & _HUMAN_NAME or names & _PLACE:
            self._people += 1
            at = Context(at.where, at.resource, at.subject, self._people)
        kind = _valued(value, texts, key)
        for number, (name, inner) in enumerate(value.members, 1):
            title = text_of(name).text
            if not is_designed(title):
                yield passage(name, f"{at.where} key {number}")
                title = f"(key {number})"
            yield from self._member(inner, at, title, texts, names, kind)

    def _member(
        self, inner: Value, at: Context, title: str, texts: dict[str, Leaf], names: set[str],
        kind: Category | str,
    ) -> Iterator[Item]:  # fmt: skip
        here = at.inside(title)
        if names & _HUMAN_NAME and title in ("family", "given", "text"):
            yield from _name(inner, here, title, whole=not names & _HUMAN_NAME)
        elif names & _PLACE and title in types.ADDRESS:
            for leaf, place in _leaves(inner, here):
                yield _field(leaf, place, Category.ADDRESS, types.ADDRESS[title])
        elif title == "data" and "contentType" in names and isinstance(inner, Leaf):
            yield from self._attachment(inner, here, texts)
        elif isinstance(inner, Leaf) and inner.quoted:
            yield from _string(inner, here, title, texts, kind)
        else:
            yield from self._value(inner, here, title)

    def _attachment(self, leaf: Leaf, at: Context, texts: dict[str, Leaf]) -> Iterator[Item]:
        try:
            data = base64.b64decode(leaf.raw.replace(b"\\n", b"").replace(b"\\/", b"/"))
        except (ValueError, binascii.Error):
            yield passage(leaf, at.where)
            return
        self._attachments += 1
        title = text_of(texts["title"]).text if "title" in texts else ""
        yield Entry(self._attachments, title, io.BytesIO(data), kind="attachment")
        if at.resource in ("Patient", "Person", "RelatedPerson") and "photo" in at.where:
            kind = texts.get("contentType", leaf)
            yield passage(kind, at.where, Category.PHOTO, carrier=Carrier.IDENTIFIER_FIELD)

    def _leaf(self, leaf: Leaf, at: Context, key: str) -> Iterator[Item]:
        if leaf.quoted:
            yield from _string(leaf, at, key, {}, "")
        elif is_telling(leaf):
            yield passage(leaf, at.where)


def _of_resource(at: Context, resource: str) -> Context:
    staff = Subject.PROVIDER if resource in types.STAFF else Subject.PERSON
    shown = resource if resource.isalpha() and len(resource) < 40 else "Resource"  # noqa: PLR2004
    where = at.where.removesuffix(".resource")
    return Context(f"{where} {shown}".strip(), resource, staff, at.record)


def _leaves(value: Value, at: Context) -> Iterator[tuple[Leaf, Context]]:
    """The strings of an element that may repeat."""
    if isinstance(value, Leaf):
        yield value, at
    elif isinstance(value, Array):
        for index, inner in enumerate(value.elements):
            where = f"{at.where}[{index}]"
            yield from _leaves(inner, Context(where, at.resource, at.subject, at.record))
    else:
        for key, inner in value.members:
            yield from _leaves(inner, at.inside(text_of(key).text[:40]))


def _field(leaf: Leaf, at: Context, category: Category, part: str = "") -> Passage:
    return passage(
        leaf, at.where, category, carrier=Carrier.IDENTIFIER_FIELD, subject=at.subject,
        record=at.record, part=part,
    )  # fmt: skip


def _name(value: Value, at: Context, title: str, *, whole: bool) -> Iterator[Passage]:
    """HumanName: family, given names, and the text, which is read for what else it says."""
    for number, (leaf, place) in enumerate(_leaves(value, at)):
        if title == "text":
            yield (
                _field(leaf, place, Category.NAME, "full") if whole else passage(leaf, place.where)
            )
        else:
            part = "last" if title == "family" else "middle" if number else "first"
            yield _field(leaf, place, Category.NAME, part)


def _string(
    leaf: Leaf, at: Context, title: str, texts: dict[str, Leaf], kind: Category | str
) -> Iterator[Item]:
    """A string by its element: identifier, contact, date, code, narrative, or text."""
    text = text_of(leaf).text
    if not text.strip():
        return
    if title == "value" and kind:
        if isinstance(kind, Category):
            yield _field(leaf, at, kind)
        elif not npi(text.strip()):
            yield passage(leaf, at.where)
    elif title in _MARKUP and "<" in text:
        yield from _narrative(leaf, at)
    elif found := _standing(leaf, text, at, title, texts):
        yield found
    elif title not in types.CODES or not (_is_code(text) or types.URI.fullmatch(text)):
        yield passage(leaf, at.where)


def _is_code(text: str) -> bool:
    """Whether a code is one: its words are ordinary ones, or too short to name anybody."""
    return types.CODE.fullmatch(text) is not None and all(
        len(word) < _SHORTEST_NAME or is_word(word.lower()) for word in _CODE_WORD.findall(text)
    )


def _standing(
    leaf: Leaf, text: str, at: Context, title: str, texts: dict[str, Leaf]
) -> Passage | None:
    """What an element's own meaning makes of a string; None for text and plain codes."""
    if title == "name" and at.subject is Subject.PROVIDER:
        return _field(leaf, at, Category.NAME, "full")
    if title == "subscriberId":
        return _field(leaf, at, Category.MEMBER_ID)
    if title in types.KEYS and types.ID.fullmatch(text):
        return _field(leaf, at, Category.OTHER_ID)
    if types.DATE.fullmatch(text) and "-" in text:
        return _date(leaf, at, title)
    coded = _coding(texts) if title == "code" else None
    if coded and types.CODE.fullmatch(text):
        return passage(leaf, at.where, coded[1], carrier=Carrier.CODED, part=coded[0])
    return None


def _date(leaf: Leaf, at: Context, title: str) -> Passage:
    category = types.DATES.get(title)
    if category:
        return _field(leaf, at, category)
    stamped = ".meta." in at.where or title == "timestamp"
    return passage(
        leaf, at.where, Category.OTHER_DATE if stamped else Category.SERVICE_DATE,
        carrier=Carrier.CODED,
    )  # fmt: skip


def _valued(value: Object, texts: dict[str, Leaf], holder: str) -> Category | str:
    """What ``value`` is in an Identifier or a ContactPoint; "npi" for what is public, "" for none.

    Args:
        value: The object.
        texts: Its strings.
        holder: The element that it is.
    """
    system = text_of(texts["system"]).text if "system" in texts else ""
    if system in types.CONTACTS:
        return types.CONTACTS[system]
    if "identifier" not in holder.lower():
        return ""
    if any(part in system for part in types.NPI_SYSTEMS):
        return "npi"
    for code in _type_codes(value):
        if code in types.IDENTIFIERS:
            return types.IDENTIFIERS[code]
    known = (kind for part, kind in types.IDENTIFIER_SYSTEMS if part in system.lower())
    return next(known, Category.OTHER_ID)


def _type_codes(value: Object) -> Iterator[str]:
    """The codes of ``Identifier.type.coding``."""
    for name, inner in value.members:
        if text_of(name).text == "type":
            at = Context("", "", Subject.PERSON, 0)
            yield from (text_of(leaf).text for leaf, _ in _leaves(inner, at))


def _coding(texts: dict[str, Leaf]) -> tuple[str, Category] | None:
    system = text_of(texts["system"]).text if "system" in texts else ""
    return next(
        ((name, category) for part, name, category in types.SYSTEMS if part in system), None
    )


def _narrative(leaf: Leaf, at: Context) -> Iterator[Passage]:
    """XHTML: what is shown, and what attributes and comments hide."""
    text, places = places_of(leaf)
    for index, found in enumerate(fragments(text), 1):
        if not isinstance(found, Fragment) or found.kind in ("attribute xmlns", "attribute class"):
            continue
        kind = f" {found.kind}" if found.kind else ""
        first, end = places[found.places[0]], places[found.places[-1]]
        yield Passage(
            found.text, f"{at.where} text {index}{kind}", Carrier.FREE_TEXT,
            offset=leaf.offset + first, length=end - first, spans=_spans(leaf, places, found),
        )  # fmt: skip


def _spans(leaf: Leaf, places: list[int], found: Fragment) -> Spans:
    def spans(start: int, end: int) -> tuple[int, int]:
        first = places[found.places[start]]
        return leaf.offset + first, places[found.places[end]] - first

    return spans
