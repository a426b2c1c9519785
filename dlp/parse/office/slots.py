"""Which attributes and elements of a package's own parts hold fonts, styles and authors."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from dlp.parse.office.styles import is_built_in
from dlp.parse.slots import is_author, is_label

_OWN: Final = re.compile(r"(?i)/?(?:word|xl|ppt|docProps)/.*")
_PROPERTIES: Final = re.compile(r"(?i)/?docProps/.*")
_FONTS: Final = frozenset({"typeface", "ascii", "hAnsi", "eastAsia"})
_SLOTS: Final[dict[tuple[str, str], Callable[[str], bool]]] = {
    **dict.fromkeys(
        (("rFonts", "cs"), ("font", "name"), ("rFont", "val"), ("altName", "val"), ("sym", "font"),
         ("mathFont", "val"), ("checkedState", "font"), ("uncheckedState", "font"),
         # Always built in, and themes' parts are named as fonts are.
         ("lsdException", "name"), ("theme", "name"), ("themeFamily", "name"),
         ("clrScheme", "name"), ("fontScheme", "name"), ("fmtScheme", "name")), is_label),
    **dict.fromkeys(
        (("style", "styleId"), ("aliases", "val"), ("basedOn", "val"), ("next", "val"),
         ("link", "val"), ("pStyle", "val"), ("rStyle", "val"), ("tblStyle", "val"),
         ("cellStyle", "name"), ("tableStyle", "name"), ("tableStyleInfo", "name"),
         ("tblStyle", "styleName"), ("pivotTableStyleInfo", "name")), is_built_in),
    **dict.fromkeys(
        (("person", "displayName"), ("cmAuthor", "name"), ("author", "name"),
         ("fileSharing", "userName")), is_author),
}  # fmt: skip
_NAMED_BY_PARENT: Final = {"font": is_label, "style": is_built_in}
"""What the element ``name`` with its attribute ``val`` names."""
_WRITERS: Final = frozenset({"creator", "lastModifiedBy", "Manager", "Company"})


def is_own(part: str) -> bool:
    """Whether a part is one of the application's, and not some program's data (customXml)."""
    return bool(_OWN.fullmatch(part))


def is_designed(path: Sequence[str], key: str, value: str) -> bool:
    """Whether an attribute of the innermost element is passed over.

    Args:
        path: The elements open, without their namespaces.
        key: The attribute's name.
        value: Its value.
    """
    key = key.rpartition("}")[2]
    if key in _FONTS:
        return is_label(value)
    if key == "author":
        return is_author(value)
    check = _SLOTS.get((path[-1], key))
    if path[-1] == "name" and key == "val" and len(path) > 1:
        check = _NAMED_BY_PARENT.get(path[-2])
    return check is not None and check(value)


def is_writer(part: str, element: str, text: str) -> bool:
    """Whether the text of an element is no more than the name of who wrote the document."""
    slot = element in _WRITERS if _PROPERTIES.fullmatch(part) else element == "author"
    return slot and is_author(text)
