"""The strings and names in an object, and what an object would do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

from dlp.content import Item
from dlp.model import Carrier, Category, Obstacle, Passage, Uninspectable
from dlp.parse.answers import is_answer
from dlp.parse.image.strings import is_stamp, passages, text_of
from dlp.parse.keyed import told
from dlp.parse.slots import is_author, is_label

_ACTIONS: Final = {
    "/JavaScript": "a script",
    "/Launch": "an action that starts a program",
    "/SubmitForm": "an action that sends the form's values",
    "/ImportData": "an action that loads values",
    "/Rendition": "an action that plays media",
    "/RichMediaExecute": "an action that runs rich media",
    "/GoToR": "an action that opens another file",
    "/GoToE": "an action that opens an embedded file",
}
_ACTIVE_TYPES: Final = {"/RichMedia": "rich media", "/3D": "a 3D scene", "/Screen": "a player",
                        "/Movie": "a movie", "/Sound": "a sound"}  # fmt: skip
_UNREAD: Final = frozenset({"/ID", "/CheckSum", "/Panose", "/CharSet", "/Lookup", "/Ordering",
                            "/Registry", "/ByteRange", "/OE", "/UE", "/Perms"})  # fmt: skip
"""Bytes that are numbers: digests, tables, keys."""
_DATE: Final = re.compile(r"(D:)?\d{4,14}([Zz]|[+-]\d\d'?(\d\d'?)?)?(\d\d'?\d\d'?)?")
_STYLE: Final = re.compile(r"[\s/\w.+*#-]{0,200}\sTf[\s/\w.+-]{0,200}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MEANT: Final = frozenset(
    ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "Contents", "T", "TU", "TM",
     "V", "DV", "RC", "Alt", "ActualText", "E", "URI", "F", "UF", "Desc", "Opt", "Name", "Reason",
     "Location", "ContactInfo", "JS", "P", "Dest", "D", "Names", "Subj", "CA", "Company", "XFA")
)  # fmt: skip
_WRITERS: Final = frozenset({"/Author", "/Creator", "/Producer"})
_MARKUP: Final = frozenset(
    ("/Text", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight",
     "/Underline", "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/FileAttachment")
)  # fmt: skip
"""Annotations whose /T is their author (ISO 32000-2, 12.5.6.2); a form field's is its name."""
_OPEN_NAME: Final = re.compile(r"\s|\d(?:[-.]?\d){4}|@|.{40}")
_DEEPEST: Final = 64
_MOST: Final = 100_000


def items(value: Any, where: str) -> Iterator[Item]:  # noqa: ANN401 - any object
    """What one object says, and that it acts if it does; what it refers to isn't followed."""
    stack: list[tuple[Any, str, int]] = [(value, "", 0)]
    count = 0
    while stack:
        each, key, depth = stack.pop()
        count += 1
        if depth > _DEEPEST or count > _MOST:
            yield Uninspectable(Obstacle.TOO_DEEP, "an object nested too deep", where)
            return
        if isinstance(each, DictionaryObject):
            yield from _acts(each, where)
            yield from _names(list(each.keys()), where)
            stack += _below(each, depth)
            yield from _labelled(each, where)
        elif isinstance(each, ArrayObject):
            stack += [(part, key, depth + 1) for part in reversed(list(list.__iter__(each)))]
        elif isinstance(each, (TextStringObject, ByteStringObject)):
            yield from _string(each, key, where)
        elif isinstance(each, NameObject):
            yield from _names([each], where)


def _below(value: DictionaryObject, depth: int) -> list[tuple[Any, str, int]]:
    sealed = value.get("/Filter") == "/Standard" or "/ByteRange" in value
    skipped = _UNREAD | ({"/O", "/U", "/Contents", "/Cert"} if sealed else set())
    if str(dict.get(value, "/Subtype")) in _MARKUP and is_author(str(dict.get(value, "/T", "1"))):
        skipped |= {"/T"}
    pairs = [(key, dict.__getitem__(value, key)) for key in value]
    return [(part, str(key), depth + 1) for key, part in reversed(pairs) if key not in skipped]


def _labelled(value: DictionaryObject, where: str) -> Iterator[Item]:
    """A form field's name beside its value, since the one tells what the other is."""
    name, shown, held = (dict.get(value, key) for key in ("/T", "/TU", "/V"))
    if isinstance(held, TextStringObject) and held.strip():
        for label in (name, shown):
            if isinstance(label, TextStringObject):
                yield from passages(f"{label}: {held}", f"{where} field")
                yield from _told(str(label), str(held), f"{where} field")
    for key, said in dict.items(value):
        if isinstance(said, TextStringObject) and str(key)[1:] not in _MEANT:
            yield from _told(str(key)[1:], str(said), where)


def _told(label: str, said: str, where: str) -> Iterator[Item]:
    """What a value is by its name: a form's field, a document's property."""
    found = told(label.strip(" :*"), said.strip())
    if found and (found.category is not Category.NAME or is_answer(found.part, said)):
        yield Passage(said, where, Carrier.FREE_TEXT, found.category, part=found.part)


def _acts(value: DictionaryObject, where: str) -> Iterator[Item]:
    kind, subtype = (str(dict.get(value, key)) for key in ("/S", "/Subtype"))
    what = _ACTIONS.get(kind) or _ACTIVE_TYPES.get(subtype)
    if what is None and "/JS" in value:
        what = "a script"
    if what is not None:
        yield Uninspectable(Obstacle.ACTIVE_CONTENT, f"the PDF holds {what}", where)


def _string(value: Any, key: str, where: str) -> Iterator[Item]:  # noqa: ANN401
    text = str(value) if isinstance(value, TextStringObject) else text_of(bytes(value))
    trimmed = text.strip("\0 \r\n")
    if len(trimmed) < 2 or is_stamp(trimmed) or _is_syntax(trimmed, key):  # noqa: PLR2004
        return
    name = key.removeprefix("/")
    yield from passages(trimmed, f"{where} {name}" if name in _MEANT else where)


def _is_syntax(text: str, key: str) -> bool:
    if key in ("/CreationDate", "/ModDate", "/M", "/LastModified", "/Date"):
        return bool(_DATE.fullmatch(text))
    if key in _WRITERS:
        return is_author(text)
    if key == "/FontFamily":
        return is_label(text)
    if key == "/DA":
        return bool(_STYLE.fullmatch(text))
    return key == "/Lang" and bool(_LANGUAGE.fullmatch(text))


def _names(found: list[Any], where: str) -> Iterator[Item]:
    """Names are a program's words, unless they look like a person's."""
    open_names = [str(name)[1:] for name in found if _OPEN_NAME.search(str(name))]
    if open_names:
        yield from passages("\n".join(open_names), f"{where} name")
