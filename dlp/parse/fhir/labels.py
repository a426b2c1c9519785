"""What stands beside a value and says what it is: a question, a parameter's name, a code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of
from dlp.parse.terms import terms

_NAMES: Final = terms("text name code type url question")
_WORDS: Final = terms("text display")
"""Members of a CodeableConcept that say in words what it means."""
_INHERIT: Final = terms("answer part coding")
"""Elements whose values the label around them names."""


def label_of(value: Object, holder: str, around: str) -> str:
    """The label of an object's values, "" for none.

    Args:
        value: The object.
        holder: The element that it is.
        around: The label of the object around it.
    """
    for name, inner in value.members:
        title = text_of(name).text
        if title in _NAMES:
            found = next(filter(None, _said(inner, title)), "")
            if found:
                return found
    return around if holder in _INHERIT else ""


def _said(value: Value, title: str) -> Iterator[str]:
    if isinstance(value, Leaf):
        if value.quoted:
            text = text_of(value).text
            yield text.rstrip("/").rpartition("/")[2] if title == "url" else text
    elif isinstance(value, Array):
        for inner in value.elements:
            yield from _said(inner, title)
    else:
        for name, inner in value.members:
            key = text_of(name).text
            if key in _WORDS or key == "coding":
                yield from _said(inner, key)
