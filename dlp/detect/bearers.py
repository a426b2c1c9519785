"""Surnames and who bears them, packed: of a million people most share a surname with nobody."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator

_FEW = 8
"""Given names that are held as one string; a set of its own costs 216 bytes before its first."""


class _Numbered:
    """Names by number, each held once however many surnames it goes with."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.names: list[str] = []

    def find(self, name: str) -> int | None:
        """The number of a name, if it has one."""
        return self._numbers.get(name)

    def of(self, name: str) -> int:
        """The number of a name; the next one if it has none yet."""
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number


class _Crowd(Collection[str]):
    """Names as numbers in order: four bytes each, where a set of strings takes a hundred."""

    def __init__(self, held: array[int], numbered: _Numbered) -> None:
        self._held, self._numbered = held, numbered

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[str]:
        return (self._numbered.names[number] for number in self._held)

    def __contains__(self, name: object) -> bool:
        number = self._numbered.find(name) if isinstance(name, str) else None
        if number is None:
            return False
        place = bisect_left(self._held, number)
        return place < len(self._held) and self._held[place] == number

    def join(self, name: str) -> bool:
        """Take a name in; false if it is there."""
        number = self._numbered.of(name)
        place = bisect_left(self._held, number)
        if place < len(self._held) and self._held[place] == number:
            return False
        self._held.insert(place, number)
        return True


class Bearers:
    """The given names, or initials, that go with each surname.

    A surname takes 110 bytes, its share of the table included, and its given names one string:
    the initials, then the names, a space before each (``jk mary ann``). Of a surname that many
    bear they are numbers.
    """

    def __init__(self) -> None:
        self._held: dict[str, str | array[int]] = {}
        self._numbered = _Numbered()

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
        return _split(held) if isinstance(held, str) else _Crowd(held, self._numbered)

    def join(self, surname: str, name: str) -> bool:
        """Have one more bear a surname that was added; false if somebody of that name did."""
        held = self._held[surname]
        if not isinstance(held, str):
            return _Crowd(held, self._numbered).join(name)
        borne = _split(held)
        if name in borne:
            return False
        if len(name) == 1:
            self._held[surname] = name + held
        elif held.count(" ") < _FEW:
            self._held[surname] = f"{held} {name}"
        else:
            self._held[surname] = array("I", sorted(map(self._numbered.of, [*borne, name])))
        return True


def _split(held: str) -> list[str]:
    initials, *names = held.split(" ")
    return [*initials, *names]
