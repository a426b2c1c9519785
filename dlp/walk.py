"""From a file to its leaves: containers opened one inside the other, under one budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from config.contracts import Contract
from dlp.budget import Meter
from dlp.identify import Kind, identify
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source, Uninspectable
from dlp.parse.x12.formats import HEALTH_CARE
from dlp.unpack import CONTAINERS, Entry

_X12: Final = "x12/"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a file's containers something stands.

    Attributes:
        member: Names joined with ``!``; may be PHI.
        place: Ordinals joined with ``!``.
        depth: Containers around it.
    """

    member: str = ""
    place: str = ""
    depth: int = 0

    def inside(self, entry: Entry) -> Spot:
        """The spot of one of the container's entries; 0 is the container itself."""
        if not entry.ordinal:
            return self
        ordinal = f"{entry.kind} {entry.ordinal}"
        name = entry.name or ordinal
        return Spot(
            f"{self.member}!{name}" if self.member else name,
            f"{self.place}!{ordinal}" if self.place else ordinal,
            self.depth + 1,
        )

    def trouble(self, error: NotReadableError) -> Uninspectable:
        """An error as a part of the report."""
        return Uninspectable(error.obstacle, error.detail, error.where, self.member, self.place)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A member to be parsed."""

    spot: Spot
    format: str
    source: Source
    name: str


@dataclass(frozen=True, slots=True)
class Around:
    """Text around a member: its name, a comment."""

    spot: Spot
    format: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class Named:
    """A member's format, known before it is read."""

    spot: Spot
    format: str


Event = Leaf | Around | Named | Uninspectable


def accepts(contract: Contract, fmt: str) -> bool:
    """Whether a contract's formats include one."""
    return any(fnmatchcase(fmt, pattern) for pattern in contract.formats)


def walk(source: Source, name: str, contract: Contract, meter: Meter) -> Iterator[Event]:
    """Everything in a file. A leaf must be read before the next event is asked for.

    Raises:
        NotReadableError: Only once the whole inspection's budget is spent.
    """
    yield Around(Spot(), "", Passage(name, "file name", Carrier.NAME))
    yield from _member(source, name, Spot(), contract, meter)


def _member(
    source: Source, name: str, spot: Spot, contract: Contract, meter: Meter
) -> Iterator[Event]:
    try:
        kind = identify(source, name)
        yield Named(spot, kind.format)
        _admit(kind, contract)
    except NotReadableError as error:
        yield spot.trouble(error)
        return
    if kind.format in CONTAINERS:
        yield from _container(source, name, kind.format, spot, contract, meter)
    else:
        yield Leaf(spot, kind.format, source, name)


def _admit(kind: Kind, contract: Contract) -> None:
    """Go on only with a format that we read and the contract names.

    Raises:
        NotReadableError: With the named verdict.
    """
    kind.check()
    x12 = kind.format.removeprefix(_X12) if kind.format.startswith(_X12) else ""
    if x12 and x12 not in HEALTH_CARE and x12 != "unknown":
        raise NotReadableError(
            Obstacle.UNSUPPORTED_TYPE, f"X12 {x12} is not a health care transaction set"
        )
    # A damaged interchange is named by what is wrong with it, which its parser says.
    if x12 != "unknown":
        admit(kind.format, contract)


def admit(fmt: str, contract: Contract) -> None:
    """Go on only with a format that the contract names.

    Raises:
        NotReadableError: ``format-not-in-contract``.
    """
    if not accepts(contract, fmt):
        raise NotReadableError(
            Obstacle.NOT_IN_CONTRACT, f"{fmt} is not a format of the contract {contract.contract}"
        )


def _container(
    source: Source, name: str, fmt: str, spot: Spot, contract: Contract, meter: Meter
) -> Iterator[Event]:
    if spot.depth >= meter.budget.depth:
        detail = f"containers nested deeper than {meter.budget.depth}"
        yield spot.trouble(NotReadableError(Obstacle.TOO_DEEP, detail))
        return
    try:
        for entry in CONTAINERS[fmt](source, meter, spot.depth + 1):
            yield from _entry(entry, spot.inside(entry), name, fmt, contract, meter)
    except NotReadableError as error:
        if is_spent(meter):
            raise
        yield spot.trouble(error)


def _entry(
    entry: Entry, spot: Spot, name: str, fmt: str, contract: Contract, meter: Meter
) -> Iterator[Event]:
    """One entry of the container ``name`` of format ``fmt``."""
    if entry.name:
        yield Around(spot, fmt, Passage(entry.name, "member name", Carrier.NAME))
    for text in entry.texts:
        yield Around(spot, fmt, text)
    for fault in entry.faults:
        yield replace(fault, member=spot.member, member_place=spot.place)
    if entry.source is not None:
        # A gzip file often names its member by its own name alone.
        inner = entry.name or name.removesuffix(".gz")
        yield from _member(entry.source, inner, spot, contract, meter)


def is_spent(meter: Meter) -> bool:
    """Whether the whole inspection has to stop, and not only one member's."""
    if meter.spent_bytes > meter.budget.bytes or meter.spent_entries > meter.budget.entries:
        return True
    try:
        meter.check_time()
    except NotReadableError:
        return True
    return False
