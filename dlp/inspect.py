"""The inspection: any bytes to a report, in two looks.

The first look reads everything, takes the findings that fields give by their position, learns who
the file is about, and keeps the open text. The second looks at that text with the file's own
people as a dictionary. Text beyond ``Budget.text_bytes`` isn't kept: the file is read again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from config.contracts import Contract, Rules
from dlp.budget import Budget, Meter
from dlp.detect import Detectors, Identities
from dlp.look import Looker
from dlp.model import (
    Carrier,
    NotReadableError,
    Obstacle,
    Passage,
    Report,
    Source,
    Uninspectable,
)
from dlp.parse import delimited, text, x12
from dlp.streams import CHUNK, drain
from dlp.tally import Tally
from dlp.walk import Around, Event, Leaf, Named, Spot, admit, is_spent, walk

_OVERHEAD: Final = 512
"""Bytes that a kept passage costs besides its text."""
_SATURATED: Final = (
    "the file speaks of more people than are kept for comparison: text after the first ones was "
    "searched by pattern for the rest"
)


class _Open(NamedTuple):
    """An open passage kept for the second look."""

    order: int
    spot: Spot
    format: str
    passage: Passage


def inspect(
    source: Source,
    name: str,
    contract: Contract,
    rules: Rules,
    budget: Budget,
    *,
    detectors: Detectors | None = None,
) -> Report:
    """Look for PHI where the contract doesn't call for it.

    Pure: no I/O but the source's. Whatever the bytes, a report comes back; what can't be read is
    in its ``uninspectable``, a parser's crash included.

    Args:
        source: The file, seekable.
        name: Its name, which is looked at too.
        contract: What belongs where.
        rules: What the site knows besides.
        budget: What the inspection may spend.
        detectors: Made from ``rules``, for callers that inspect many files under one set of rules.

    Raises:
        DlpError: A rule isn't usable.
        OSError: The source can't be read.
    """
    return _Inspection(source, name, contract, rules, budget, detectors or Detectors(rules)).run()


class _Inspection:
    def __init__(
        self, source: Source, name: str, contract: Contract, rules: Rules, budget: Budget,
        detectors: Detectors,
    ) -> None:  # fmt: skip
        self._source, self._name, self._contract, self._budget = source, name, contract, budget
        self._started = time.monotonic()
        self._tally = Tally(contract, rules, budget.findings)
        self._identities = Identities()
        self._look = Looker(detectors, self._identities, self._tally)
        self._detectors = detectors
        self._formats: dict[str, str] = {}
        self._kept: list[_Open] = []
        self._kept_size = 0
        self._order = 0

    def run(self) -> Report:
        """Both looks."""
        size, sha256, whole = self._digest()
        if whole:
            self._read(self._first)
            self._second()
        return Report(
            self._formats.get("", "unknown"), size, sha256,
            findings=self._tally.findings(),
            counts=dict(self._tally.counts),
            label_counts=dict(self._tally.label_counts),
            uninspectable=self._tally.troubles,
            formats=self._formats,
            notes=self._notes(),
            seconds=time.monotonic() - self._started,
        )  # fmt: skip

    def _meter(self) -> Meter:
        return Meter(self._budget, started=self._started)

    def _digest(self) -> tuple[int, str, bool]:
        """The file's size and SHA-256, and whether they may be of use: the time isn't up."""
        meter, digest, size = self._meter(), hashlib.sha256(), 0
        self._source.seek(0)
        try:
            while data := self._source.read(CHUNK * 16):
                digest.update(data)
                size += len(data)
                meter.check_time()
        except NotReadableError as error:
            self._tally.trouble(Spot().trouble(error))
            return size, "", False
        return size, digest.hexdigest(), True

    def _read(self, take: Callable[[_Open], None]) -> None:
        """Go through the whole file once, giving every passage to ``take``."""
        meter = self._meter()
        self._order = 0
        try:
            for event in walk(self._source, self._name, self._contract, meter):
                self._event(event, meter, take)
        except NotReadableError as error:
            self._tally.trouble(Spot().trouble(error))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - a hostile container must not stop the gateway
            self._tally.trouble(_crash(error, Spot()))

    def _event(self, event: Event, meter: Meter, take: Callable[[_Open], None]) -> None:
        if isinstance(event, Named):
            self._formats[event.spot.place] = event.format
        elif isinstance(event, Uninspectable):
            self._tally.trouble(event)
        elif isinstance(event, Around):
            self._give(event.spot, event.format, event.passage, take)
        else:
            self._leaf(event, meter, take)

    def _leaf(self, leaf: Leaf, meter: Meter, take: Callable[[_Open], None]) -> None:
        met: set[str] = set()
        try:
            for passage in _passages(leaf, meter, met):
                self._give(leaf.spot, leaf.format, passage, take)
            drain(leaf.source, meter)
        except NotReadableError as error:
            if is_spent(meter):
                raise
            self._tally.trouble(leaf.spot.trouble(error))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - any parser may crash on hostile bytes
            self._tally.trouble(_crash(error, leaf.spot))
        for fmt in sorted(met):
            try:
                admit(fmt, self._contract)
            except NotReadableError as error:
                self._tally.trouble(leaf.spot.trouble(error))

    def _give(self, spot: Spot, fmt: str, passage: Passage, take: Callable[[_Open], None]) -> None:
        self._order += 1
        take(_Open(self._order, spot, fmt, passage))

    def _first(self, item: _Open) -> None:
        """Learn, take what a position tells, keep what is open."""
        passage = item.passage
        if passage.carrier is Carrier.IDENTIFIER_FIELD:
            self._identities.learn(passage)
        elif passage.carrier is Carrier.FREE_TEXT and passage.category is not None:
            # A column that only its values give away speaks of the same people.
            self._identities.learn(passage._replace(carrier=Carrier.IDENTIFIER_FIELD))
        self._look.by_position(*item)
        if self._look.is_open(passage) and self._kept_size <= self._budget.text_bytes:
            self._kept_size += len(passage.text) + _OVERHEAD
            self._kept.append(item)

    def _second(self) -> None:
        """Look at the open text with the file's people known."""
        if self._kept_size > self._budget.text_bytes:
            self._kept.clear()
            self._read(self._look_again)
            return
        meter = self._meter()
        try:
            for item in self._kept:
                meter.check_time()
                self._look_again(item)
        except NotReadableError as error:
            self._tally.trouble(Spot().trouble(error))

    def _look_again(self, item: _Open) -> None:
        if self._look.is_open(item.passage):
            self._look.at_text(*item)

    def _notes(self) -> tuple[str, ...]:
        saturated = (_SATURATED,) if self._identities.saturated else ()
        return (*self._detectors.notes, *saturated, *self._look.notes())


def _passages(leaf: Leaf, meter: Meter, met: set[str]) -> Iterator[Passage]:
    """The parser of a leaf's format, at work."""
    if leaf.format.startswith("x12/"):
        return x12.parse(leaf.source, meter, met=met)
    if leaf.format.startswith("delimited/"):
        return delimited.parse(leaf.source, meter, leaf.name)
    return text.parse(leaf.source, meter)


def _crash(error: Exception, spot: Spot) -> Uninspectable:
    # The type alone: a message may quote the content.
    if isinstance(error, MemoryError):
        return Uninspectable(
            Obstacle.OUT_OF_MEMORY, "not enough memory", "", spot.member, spot.place
        )
    detail = f"the parser failed ({type(error).__name__}); please report it"
    return Uninspectable(Obstacle.CRASH, detail, "", spot.member, spot.place)
