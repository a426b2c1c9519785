"""Word lists that are read as lists of words."""

from __future__ import annotations


def terms(text: str) -> frozenset[str]:
    """The words of a text between blanks."""
    return frozenset(text.split())
