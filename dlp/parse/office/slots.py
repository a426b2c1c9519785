"""Which attributes and elements of a package's own parts hold fonts, styles and authors."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from dlp.parse.office.styles import is_built_in
from dlp.parse.slots import is_author, is_label

_GUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_ACCOUNT: Final = re.compile(
    rf"(?:S::)?[A-Za-z][\w.+-]{{0,63}}@[\w.-]{{3,80}}(?:::{_GUID})?|S(?:-[0-9]{{1,10}}){{3,9}}|"
    r"(?:Windows Live|AD)?(?:::)?[0-9a-f]{16}"
)
_PROTECTION: Final = re.compile(rf"MSIP_Label_{_GUID}_[A-Z][A-Za-z]{{2,20}}")


def _is_account(value: str) -> bool:
    """Whether a value is the account of who edits: staff, as an author is ([MS-DOCX] 2.5.3.8)."""
    return bool(_ACCOUNT.fullmatch(value))


def _is_protection(value: str) -> bool:
    """Whether a property is a sensitivity label's, of which each has half a dozen."""
    return bool(_PROTECTION.fullmatch(value))


_OWN: Final = re.compile(r"(?i)/?(?:word|xl|ppt|docProps)/.*|/?\[Content_Types\]\.xml")
_PROPERTIES: Final = re.compile(r"(?i)/?docProps/.*")
_FONTS: Final = frozenset({"typeface", "ascii", "hAnsi", "eastAsia"})
_RELATIONSHIPS: Final = re.compile(
    r"(?:/[A-Za-z]{1,20}){0,3}/_rels/(?:[A-Za-z]{1,20}[0-9]{0,4}\.xml)?\.rels"
)


def _is_relationships(value: str) -> bool:
    """Whether a part is one that links parts, whose name follows theirs (ECMA-376-2, 6.5.2.2)."""
    return bool(_RELATIONSHIPS.fullmatch(value))


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
    **dict.fromkeys((("presenceInfo", "userId"), ("person", "userId")), _is_account),
    ("property", "name"): _is_protection,
    ("Override", "PartName"): _is_relationships,
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
