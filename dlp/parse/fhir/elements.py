"""Elements by their data type, told by the members that an object has."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.content import Item
from dlp.detect.checksums import npi
from dlp.detect.words import is_word
from dlp.model import Carrier, Category, Passage, Subject
from dlp.parse import contacts
from dlp.parse.base64s import unwrapped
from dlp.parse.fhir import types
from dlp.parse.fhir.labels import label_of
from dlp.parse.fhir.narratives import narrative
from dlp.parse.fhir.systems import coding, valued
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of
from dlp.parse.jsontree import Record
from dlp.parse.jsonvalues import is_designed, is_telling, passage
from dlp.parse.keyed import told
from dlp.parse.misplaced import has_ssn, is_somebodys
from dlp.unpack.entry import Entry

_MARKUP: Final = frozenset({"div"})
_HUMAN_NAME: Final = frozenset({"family", "given"})
_CODE_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SHORTEST_NAME: Final = 3
_PLACE: Final = frozenset({"line", "city", "postalCode"})


class Context(NamedTuple):
    """Where in a resource an element stands.

    Attributes:
        where: Readable place.
        resource: The resource's type.
        subject: Whom it speaks of.
        record: Of the name or address it is a part of.
        label: What the values there are called by what stands beside them.
    """

    where: str
    resource: str = ""
    subject: Subject = Subject.PERSON
    record: int = 0
    label: str = ""

    def inside(self, key: str) -> Context:
        """The context of a member."""
        subject = Subject.PROVIDER if key in types.STAFF_ELEMENTS else self.subject
        where = f"{self.where}.{key}" if self.where else key
        return self._replace(where=where, subject=subject)


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
        yield from self._value(record.value, Context(place.strip()), "")

    def _value(self, value: Value, at: Context, key: str) -> Iterator[Item]:
        if isinstance(value, Leaf):
            yield from self._leaf(value, at, key)
        elif isinstance(value, Array):
            for index, inner in enumerate(value.elements):
                where = f"{at.where}[{index}]" if len(value.elements) > 1 else at.where
                yield from self._value(inner, at._replace(where=where), key)
        else:
            yield from self._object(value, at, key)

    def _object(self, value: Object, at: Context, key: str) -> Iterator[Item]:
        texts = strings(value)
        names = {text_of(name).text for name, _ in value.members}
        if "resourceType" in texts:
            at = _of_resource(at, text_of(texts["resourceType"]).text)
        at = at._replace(label=label_of(value, key, at.label))
        made = _made_of(names, key)
        if made:
            self._people += 1
            at = at._replace(record=self._people)
        kind = valued(value, texts, key)
        for number, (name, inner) in enumerate(value.members, 1):
            title = text_of(name).text
            if not is_designed(title):
                yield passage(name, f"{at.where} key {number}")
                title = f"(key {number})"
            yield from self._member(inner, at, title, texts, made, kind)

    def _member(
        self, inner: Value, at: Context, title: str, texts: dict[str, Leaf],
        made: Category | None, kind: Category | str,
    ) -> Iterator[Item]:  # fmt: skip
        here = at.inside(title)
        if made is Category.NAME and title in ("family", "given", "text"):
            yield from _name(inner, here, title, whole="family" not in texts)
        elif made is Category.ADDRESS and title in types.ADDRESS:
            for leaf, place in _leaves(inner, here):
                yield _placed(leaf, place, title)
        elif title == "data" and "contentType" in texts and isinstance(inner, Leaf):
            yield from self._attachment(inner, here, texts)
        elif isinstance(inner, Leaf) and inner.quoted:
            yield from _string(inner, here, title, texts, kind)
        else:
            yield from self._value(inner, here, title)

    def _attachment(self, leaf: Leaf, at: Context, texts: dict[str, Leaf]) -> Iterator[Item]:
        data = unwrapped(text_of(leaf).text)
        if data is None:
            yield passage(leaf, at.where)
        if not data:
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
            yield _labelled(leaf, at, key) or passage(leaf, at.where)


def _of_resource(at: Context, resource: str) -> Context:
    staff = Subject.PROVIDER if resource in types.STAFF | types.IMPERSONAL else Subject.PERSON
    shown = resource if resource.isalpha() and len(resource) < 40 else "Resource"  # noqa: PLR2004
    where = at.where.removesuffix(".resource")
    return at._replace(where=f"{where} {shown}".strip(), resource=resource, subject=staff)


def _made_of(names: set[str], key: str) -> Category | None:
    """Whether an object is a HumanName or an Address, told by its members or its element."""
    if names & _HUMAN_NAME or (key == "name" and "text" in names):
        return Category.NAME
    if names & _PLACE or (key == "address" and "text" in names):
        return Category.ADDRESS
    return None


def _leaves(value: Value, at: Context) -> Iterator[tuple[Leaf, Context]]:
    """The strings of an element that may repeat."""
    if isinstance(value, Leaf):
        yield value, at
    elif isinstance(value, Array):
        for index, inner in enumerate(value.elements):
            yield from _leaves(inner, at._replace(where=f"{at.where}[{index}]"))
    else:
        for key, inner in value.members:
            yield from _leaves(inner, at.inside(text_of(key).text[:40]))


def _field(leaf: Leaf, at: Context, category: Category, part: str = "") -> Passage:
    return passage(
        leaf, at.where, category, carrier=Carrier.IDENTIFIER_FIELD, subject=at.subject,
        record=at.record, part=part,
    )  # fmt: skip


def _placed(leaf: Leaf, at: Context, title: str) -> Passage:
    """A part of an Address, or what stands in its place."""
    part = types.ADDRESS[title]
    text = text_of(leaf).text.strip()
    if at.subject is Subject.PROVIDER and not types.PLACES[part].fullmatch(text):
        return passage(leaf, at.where)
    return _field(leaf, at, Category.ADDRESS, part)


def _name(value: Value, at: Context, title: str, *, whole: bool) -> Iterator[Passage]:
    """HumanName: family, given names, and the text, which is read for what else it says."""
    for number, (leaf, place) in enumerate(_leaves(value, at)):
        if title == "text":
            sure = whole or at.subject is Subject.PROVIDER
            yield _field(leaf, place, Category.NAME, "full") if sure else passage(leaf, place.where)
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
            yield _numbered(leaf, text.strip(), at, kind)
        elif not npi(text.strip()):
            yield passage(leaf, at.where)
    elif title in _MARKUP and "<" in text:
        yield from narrative(leaf, at.where)
    elif labelled := _labelled(leaf, at, title):
        yield labelled
    elif found := _standing(leaf, text, at, title, texts):
        yield found
    elif title not in types.CODES or not (_is_code(text) or types.URI.fullmatch(text)):
        yield passage(leaf, at.where)


def _labelled(leaf: Leaf, at: Context, title: str) -> Passage | None:
    """A value that its label tells: "SSN" beside it, or its own key that FHIR doesn't know."""
    found = told(at.label if title.startswith("value") else title, text_of(leaf).text.strip())
    standing = title in types.DATES or title == "subscriberId"
    if found is None or at.subject is Subject.PROVIDER or standing:
        return None
    return passage(leaf, at.where, found.category, record=at.record, part=found.part)


def _numbered(leaf: Leaf, text: str, at: Context, kind: Category) -> Passage:
    """The value of an Identifier or a ContactPoint."""
    if kind is Category.OTHER_ID and (found := told(at.label, text)):
        return _field(leaf, at, found.category)
    odd = at.subject is Subject.PROVIDER and (
        has_ssn(text) or (kind is Category.OTHER_ID and " " in text)
    )
    if odd or not contacts.fits(kind, text):
        return passage(leaf, at.where)
    return _field(leaf, at, kind)


def _is_code(text: str) -> bool:
    """Whether a code is one: its words are ordinary ones, or too short to name anybody."""
    return (
        types.CODE.fullmatch(text) is not None
        and not is_somebodys(text)
        and all(
            len(word) < _SHORTEST_NAME or is_word(word.lower()) for word in _CODE_WORD.findall(text)
        )
    )


def _standing(
    leaf: Leaf, text: str, at: Context, title: str, texts: dict[str, Leaf]
) -> Passage | None:
    """What an element's own meaning makes of a string; None for text and plain codes."""
    if at.subject is Subject.PROVIDER and _names(title, at, texts):
        return _field(leaf, at, Category.NAME, "full")
    if title == "subscriberId":
        return _field(leaf, at, Category.MEMBER_ID)
    if title in types.KEYS and types.ID.fullmatch(text) and not has_ssn(text):
        return _field(leaf, at, Category.OTHER_ID)
    if types.DATE.fullmatch(text) and "-" in text:
        return _date(leaf, at, title)
    coded = coding(texts) if title == "code" else None
    if coded and types.CODE.fullmatch(text) and not is_somebodys(text):
        return passage(leaf, at.where, coded[1], carrier=Carrier.CODED, part=coded[0])
    return None


def _names(title: str, at: Context, texts: dict[str, Leaf]) -> bool:
    """Whether a string is what a provider, a payer or one of their staff is called."""
    if title == "name":
        return at.resource not in types.IMPERSONAL
    if title != "display":
        return False
    target = text_of(texts["reference"]).text if "reference" in texts else ""
    kind = text_of(texts["type"]).text if "type" in texts else target.split("/")[-2:-1]
    holder = at.where.removesuffix(".display").rpartition(".")[2].partition("[")[0]
    return (kind[0] if isinstance(kind, list) and kind else kind or holder) in types.STAFF_NAMES


def _date(leaf: Leaf, at: Context, title: str) -> Passage:
    category = types.DATES.get(title)
    if category:
        return _field(leaf, at, category)
    stamped = ".meta." in at.where or title == "timestamp"
    nobodys = at.resource in types.STAFF or at.resource in types.IMPERSONAL
    whose = Subject.PROVIDER if nobodys else Subject.PERSON
    return passage(
        leaf, at.where, Category.OTHER_DATE if stamped else Category.SERVICE_DATE,
        carrier=Carrier.CODED, subject=whose,
    )  # fmt: skip
