"""What the system beside a value says of it, in a Coding, an Identifier or a ContactPoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.model import Category
from dlp.parse.fhir import types
from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of

_LEAST_DIGITS: Final = 7


def valued(value: Object, texts: dict[str, Leaf], holder: str) -> Category | str:
    """What ``value`` is in an Identifier or a ContactPoint; "npi" for what is public, "" for none.

    Args:
        value: The object.
        texts: Its strings.
        holder: The element that it is.
    """
    system = text_of(texts["system"]).text if "system" in texts else ""
    if system in types.CONTACTS:
        return types.CONTACTS[system]
    if holder == "telecom" and "value" in texts and not system:
        return _reached_by(text_of(texts["value"]).text)
    if "identifier" not in holder.lower():
        return ""
    if any(part in system for part in types.NPI_SYSTEMS):
        return "npi"
    for code in _type_codes(value):
        if code in types.IDENTIFIERS:
            return types.IDENTIFIERS[code]
    known = (kind for part, kind in types.IDENTIFIER_SYSTEMS if part in system.lower())
    return next(known, Category.OTHER_ID)


def _reached_by(text: str) -> Category | str:
    """What a ContactPoint that doesn't say its system is."""
    if "@" in text:
        return Category.EMAIL
    if "://" in text or text.startswith("www."):
        return Category.URL
    return Category.PHONE if sum(map(str.isdigit, text)) >= _LEAST_DIGITS else ""


def _type_codes(value: Object) -> Iterator[str]:
    """The codes of ``Identifier.type.coding``."""
    for name, inner in value.members:
        if text_of(name).text == "type":
            yield from _strings(inner)


def _strings(value: Value) -> Iterator[str]:
    if isinstance(value, Leaf):
        yield text_of(value).text
    elif isinstance(value, Array):
        for inner in value.elements:
            yield from _strings(inner)
    else:
        for _, inner in value.members:
            yield from _strings(inner)


def coding(texts: dict[str, Leaf]) -> tuple[str, Category] | None:
    """Our name of a Coding's system and what its codes are; None for another system."""
    system = text_of(texts["system"]).text if "system" in texts else ""
    return next(
        ((name, category) for part, name, category in types.SYSTEMS if part in system), None
    )
