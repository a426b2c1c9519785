"""What a content control, a form field, a variable or a property holds, by what it is called.

ECMA-376-1: structured document tags (17.5.2), form fields (17.16.17), document variables
(17.15.1.33) and custom properties (22.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.model import Category
from dlp.parse.answers import is_answer
from dlp.parse.keyed import Told, told

_LONGEST: Final = 200
_DEEPEST: Final = 50
_NAMES: Final = frozenset({("alias", "val"), ("tag", "val")})
_VALUES: Final = frozenset({("date", "fullDate"), ("default", "val")})


class Answer(NamedTuple):
    """A value and what it is."""

    text: str
    told: Told


class _Control:
    def __init__(self, ends: str, label: str = "", *, filling: bool = False) -> None:
        self.ends, self.filling = ends, filling
        self.labels = [label] if label else []
        self.values: list[str] = []
        self.content: list[str] = []
        self.size = 0

    def answers(self) -> Iterator[Answer]:
        content = "".join(self.content) if self.size <= _LONGEST else ""
        for value in (*self.values, content):
            found = next(filter(None, (_told(label, value) for label in self.labels)), None)
            if found:
                yield Answer(value, found)


class Controls:
    """Follows a part's tags and texts."""

    def __init__(self) -> None:
        self._open: list[_Control] = []

    def start(self, name: str, attributes: dict[str, str]) -> Iterator[Answer]:
        """An element begins."""
        named = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        if name == "docVar":
            yield from _pair(named.get("name", ""), named.get("val", ""))
        elif name == "sdt" and len(self._open) < _DEEPEST:
            self._open.append(_Control("sdt"))
        elif name == "ffData" and len(self._open) < _DEEPEST:
            self._open.append(_Control("field"))
        elif name == "property" and len(self._open) < _DEEPEST:
            self._open.append(_Control("property", named.get("name", ""), filling=True))
        elif name == "fldChar" and self._open and self._open[-1].ends == "field":
            self._open[-1].filling = named.get("fldCharType") == "separate"
            if named.get("fldCharType") == "end":
                yield from self._open.pop().answers()
        elif self._open:
            self._detail(name, named)

    def _detail(self, name: str, named: dict[str, str]) -> None:
        control = self._open[-1]
        control.filling = control.filling or name == "sdtContent"
        for key, value in named.items():
            own = name == "name" and key == "val" and control.ends == "field"
            if own or (name, key) in _NAMES:
                control.labels.append(value)
            elif (name, key) in _VALUES:
                control.values.append(value)

    def text(self, text: str) -> None:
        """Characters, wherever they stand."""
        for control in self._open:
            if control.filling and control.size <= _LONGEST:
                control.content.append(text[: _LONGEST + 1])
                control.size += len(text)

    def end(self, name: str) -> Iterator[Answer]:
        """An element ends."""
        if self._open and self._open[-1].ends == name:
            yield from self._open.pop().answers()


def _pair(label: str, value: str) -> Iterator[Answer]:
    found = _told(label, value)
    if found:
        yield Answer(value, found)


def _told(label: str, value: str) -> Told | None:
    """What a value is; of a name only if it isn't the prompt to give one."""
    found = told(label.strip(" :"), value.strip())
    if found and found.category is Category.NAME and not is_answer(found.part, value):
        return None
    return found
