"""Surnames and who bears them, packed: of a million people most share a surname with nobody."""

from __future__ import annotations

from collections.abc import Collection

_FEW = 8
"""Given names that are held as one string; a set of its own costs 216 bytes before its first."""


class Bearers:
    """The given names, or initials, that go with each surname.

    A surname takes 110 bytes, its share of the table included, and its given names one string:
    the initials, then the names, a space before each (``jk mary ann``).
    """

    def __init__(self) -> None:
        self._held: dict[str, str | set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def __contains__(self, surname: str) -> bool:
        return surname in self._held

    def add(self, surname: str) -> None:
        """Add a surname that nobody bears yet."""
        self._held[surname] = ""

    def of(self, surname: str) -> Collection[str]:
        """Who bears a surname that was added."""
        held = self._held[surname]
        if isinstance(held, set):
            return held
        initials, *names = held.split(" ")
        return [*initials, *names]

    def join(self, surname: str, name: str) -> bool:
        """Have one more bear a surname that was added; false if somebody of that name did."""
        held = self._held[surname]
        if isinstance(held, str):
            initials, *names = held.split(" ")
            if name in (initials if len(name) == 1 else names):
                return False
            if len(name) == 1:
                self._held[surname] = name + held
            elif len(names) < _FEW:
                self._held[surname] = f"{held} {name}"
            else:
                self._held[surname] = {*initials, *names, name}
            return True
        new = name not in held
        held.add(name)
        return new
