"""Values named by what stands beside them: a form's field and its answer, a name and its value."""

from __future__ import annotations

from typing import Final

from dlp.parse.keyed import is_title
from dlp.parse.terms import terms
from dlp.parse.xmlevents import Attribute

_LABELS: Final = terms(
    "name label key field fieldname title question caption prompt attribute property displayname "
    "description type code id path column col header element attributename variable parameter dt"
)
_VALUES: Final = terms(
    "value val v answer response data content text fieldvalue valuestring varcharvalue string "
    "newvalue oldvalue integer date reply dd"
)


def may_label(key: str) -> bool:
    """Whether a key, an element or an attribute holds what another value is called."""
    return _plain(key) in _LABELS


def is_named(key: str) -> bool:
    """Whether it holds what such a label names."""
    return _plain(key) in _VALUES


def _plain(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()


class Labels:
    """The labels of the elements open at a place of an XML document, the innermost last."""

    def __init__(self) -> None:
        self._labels = [""]

    def enter(self, attributes: tuple[Attribute, ...]) -> None:
        """Go into an element, whose attributes may name what it holds."""
        said = (a.text for a in attributes if may_label(a.name))
        self._labels.append(next(filter(is_title, said), ""))

    def leave(self) -> None:
        """Go out of the innermost one."""
        self._labels.pop()

    def learn(self, local: str, text: str) -> None:
        """Take an element's text for the label of those beside it, if it is one."""
        if may_label(local):
            self._labels[-2] = text.strip() if is_title(text) else ""

    def of_text(self, local: str) -> str:
        """What names the text of the innermost element; "" for nothing."""
        return self._labels[-1] or (self._labels[-2] if is_named(local) else "")

    def of_attribute(self, name: str) -> str:
        """What names the value of an attribute of the innermost element."""
        return self._labels[-1] if is_named(name) else ""
