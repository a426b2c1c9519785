"""The inspection: any bytes to a report, in two looks.

The first look reads everything, takes the findings that fields give by their position, learns who
the file is about, and keeps the open text. The second looks at that text with the file's own
people as a dictionary. Text beyond ``Budget.text_bytes`` isn't kept: the file is read again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from config.contracts import Contract, Rules
from config.states import code_of
from dlp.batch import Batch
from dlp.budget import Budget, Meter
from dlp.content import Noted, Site
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.kept import Kept, Open
from dlp.look import Looker
from dlp.model import (
    Carrier,
    Category,
    NotReadableError,
    Obstacle,
    Passage,
    Report,
    Source,
    Subject,
)
from dlp.streams import CHUNK
from dlp.tally import Tally, Unexpected
from dlp.walk import Found, Named, Spot, walk

_SATURATED: Final = (
    "the file speaks of more people than are kept for comparison: text after the first ones was "
    "searched by pattern for the rest"
)

_TOO_MUCH_TEXT: Final = (
    "the file's open text is too varied to compare its people with; send text and tables apart"
)
_BIRTH: Final = Category.BIRTH_DATE
_OF_RECORD: Final = frozenset({Category.NAME, Category.ADDRESS})
"""What is learned with the rest of its record: one part may be what a text says."""
_TOGETHER: Final = 64
"""Open passages looked at together: the name model is fed several texts at a time."""


def inspect(
    source: Source,
    name: str,
    contract: Contract,
    rules: Rules,
    budget: Budget,
    *,
    detectors: Detectors | None = None,
    unexpected: Unexpected | None = None,
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
        unexpected: Told of every finding that decides against the file, however many.

    Raises:
        DlpError: A rule isn't usable.
        OSError: The source can't be read.
    """
    tally = Tally(contract, rules, budget.findings, unexpected)
    return _Inspection(source, name, contract, budget, detectors or Detectors(rules), tally).run()


class _Inspection:
    def __init__(
        self, source: Source, name: str, contract: Contract, budget: Budget,
        detectors: Detectors, tally: Tally,
    ) -> None:  # fmt: skip
        self._source, self._name, self._contract, self._budget = source, name, contract, budget
        self._started = time.monotonic()
        self._tally = tally
        self._identities = Identities()
        self._look = Looker(detectors, self._identities, self._tally)
        self._detectors = detectors
        self._site = Site(detectors.protected, detectors.not_phi, detectors.staff_domains)
        self._formats: dict[str, str] = {}
        self._noted = Noted()
        self._kept = Kept(budget.text_bytes)

    def run(self) -> Report:
        """Both looks."""
        size, sha256, whole = self._digest()
        if whole:
            self._contained(self._first)
            self._contained(self._second)
        return Report(
            self._formats.get("", "unknown"), size, sha256,
            findings=self._tally.findings(),
            counts=dict(self._tally.counts),
            label_counts=dict(self._tally.label_counts),
            uninspectable=self._tally.troubles,
            states=frozenset(self._noted.states),
            interchanges=frozenset(self._noted.interchanges),
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

    def _contained(self, look: Callable[[], None]) -> None:
        """Run a look; whatever stops it is a part of the report."""
        try:
            look()
        except NotReadableError as error:
            self._tally.trouble(Spot().trouble(error))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - hostile bytes must not stop the gateway
            self._tally.trouble(Spot().crash(error))

    def _walk(self) -> Iterator[tuple[int, Found]]:
        """Everything in the file, once, numbered."""
        order = 0
        for event in walk(
            self._source, self._name, self._contract, self._meter(), self._site, self._noted
        ):
            if isinstance(event, Named):
                self._formats[event.spot.place] = event.format
            elif isinstance(event, Found):
                order += 1
                yield order, event
            else:
                self._tally.trouble(event)

    def _first(self) -> None:
        """Learn, take what a position tells, keep what is open."""
        for order, found in self._walk():
            if isinstance(found.item, Passage):
                self._take(Open(order, found.spot, found.format, found.item))
            else:
                self._look.by_batch(order, found.spot, found.format, found.item)
                self._kept.add_batch(found.item)

    def _take(self, item: Open) -> None:
        passage = item.passage
        if passage.part == "state" and passage.subject is Subject.PERSON:
            self._noted.states.update(filter(None, [code_of(passage.text)]))
        if passage.carrier is Carrier.IDENTIFIER_FIELD:
            self._identities.learn(passage)
        elif passage.carrier is Carrier.FREE_TEXT and passage.category is not None:
            # A column that only its values give away speaks of the same people.
            self._identities.learn(passage._replace(carrier=Carrier.IDENTIFIER_FIELD))
        self._look.by_position(*item)
        if self._look.is_open(passage):
            self._kept.add_text(item)

    def _second(self) -> None:
        """Look at the open text with the file's people known."""
        self._learn_batches()
        births = [n for (category, _), n in self._tally.counts.items() if category is _BIRTH]
        self._identities.know_births(sum(births))
        meter = self._meter()
        items = self._open()
        while several := list(islice(items, _TOGETHER)):
            self._look.at_texts(several, meter.check_time)

    def _learn_batches(self) -> None:
        """Learn those people of the batches whom the open text may speak of."""
        if not self._kept.met_batch:
            return
        vocabulary = self._kept.vocabulary()
        if self._kept.is_saturated:
            raise NotReadableError(Obstacle.TOO_LARGE, _TOO_MUCH_TEXT)
        self._identities.keep_only(vocabulary)
        for batch in self._batches() if vocabulary else ():
            for passage in batch.likely(vocabulary):
                if passage.category not in _OF_RECORD and not vocabulary.may_mean(passage):
                    continue
                if passage.carrier is not Carrier.IDENTIFIER_FIELD:
                    passage = passage._replace(carrier=Carrier.IDENTIFIER_FIELD)  # noqa: PLW2901 - a column's values are ids
                self._identities.learn(passage)

    def _batches(self) -> Iterable[Batch]:
        if self._kept.has_all_batches:
            return self._kept.batches
        return (f.item for _, f in self._walk() if not isinstance(f.item, Passage))

    def _open(self) -> Iterator[Open]:
        if self._kept.has_all_text:
            yield from self._kept.open
            return
        for order, found in self._walk():
            if isinstance(found.item, Passage) and self._look.is_open(found.item):
                yield Open(order, found.spot, found.format, found.item)

    def _notes(self) -> tuple[str, ...]:
        saturated = (_SATURATED,) if self._identities.saturated else ()
        return (*self._detectors.notes, *saturated, *self._look.notes())
