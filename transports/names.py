"""File names as clients give them: one form, normalised once, at entry.

A name is data, never a path on this machine. Refusals say what rule was broken and never repeat
the name, since original names can hold PHI.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from transports.ports import Problem, TransportError

MAX_NAME_BYTES: Final = 255
"""Longest name, in bytes of UTF-8: what every recipient's file system can store."""

_TEMPORARY_SUFFIXES: Final = (".part", ".filepart", ".tmp")
_SEPARATORS: Final = frozenset("/\\")
# Overrides, embeddings, isolates and marks: they make a listing show another name than it holds.
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BAD_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class BadNameError(TransportError):
    """A name that no file may have; the sentence says which rule it breaks."""

    def __init__(self, detail: str) -> None:
        super().__init__(Problem.BAD_NAME, detail)


def normalise(name: str) -> str:
    """The one form of ``name``: Unicode NFC, checked.

    Raises:
        BadNameError: It is empty, ``.`` or ``..``, begins or ends with a space, is over 255 bytes
            of UTF-8, or holds a path separator, NUL, a control character, a line separator, a
            lone surrogate or a bidirectional control.
    """
    # Before NFC: composing is not free, and a name this long is refused in either form.
    if len(name) > 4 * MAX_NAME_BYTES:
        raise _too_long()
    composed = unicodedata.normalize("NFC", name)
    _check_whole(composed)
    for character in composed:
        _check_character(character)
    if len(composed.encode()) > MAX_NAME_BYTES:
        raise _too_long()
    return composed


def is_temporary(name: str) -> bool:
    """Whether a file under this name is still being put together (DESIGN section 6)."""
    return name.startswith(".") or name.casefold().endswith(_TEMPORARY_SUFFIXES)


def _too_long() -> BadNameError:
    return BadNameError(
        f"the file name is longer than {MAX_NAME_BYTES} bytes of UTF-8; use a shorter one"
    )


def _check_whole(name: str) -> None:
    if not name:
        raise BadNameError("the file name is empty; give one")
    if name in {".", ".."}:
        raise BadNameError("'.' and '..' are not file names; use another")
    if name[0].isspace() or name[-1].isspace():
        raise BadNameError("the file name begins or ends with a space; remove it")


def _check_character(character: str) -> None:
    if character in _SEPARATORS:
        raise BadNameError("the file name holds a slash or a backslash; use another character")
    if unicodedata.category(character) in _BAD_CATEGORIES:
        raise BadNameError("the file name holds NUL or another control character; remove it")
    if character in _BIDI:
        raise BadNameError("the file name holds a text-direction control character; remove it")
