"""Fields by the thousand: what a bulk reader gives instead of a passage for each.

Where a batch claim has fourteen segments and a file a million of them, an object for every element
is what costs. A bulk reader checks whole columns at once, counts what stands where it belongs, and
keeps enough to answer the two questions that are asked later: which were the first ones, and which
of them does the open text perhaps speak of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from dlp.model import Carrier, Category, Label, Passage
from dlp.vocabulary import Vocabulary


class Kind(NamedTuple):
    """What a contract asks about a field, and nothing else."""

    carrier: Carrier
    category: Category
    labels: tuple[Label, ...] = ()


class Batch(Protocol):
    """Fields that hold what their position says, many at once, in the order of the file.

    Only fields that a :class:`~dlp.detect.engine.Detectors` would take for findings by their
    position (no blank, no filler, no provider's), and none that has to be looked at besides: such
    a one is given as a passage.
    """

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many fields of each kind, exactly."""
        ...

    @property
    def start(self) -> int:
        """Byte of the member that none of the fields stands before."""
        ...

    @property
    def weight(self) -> int:
        """Bytes of memory that keeping this batch costs."""
        ...

    def first(self, kind: Kind, limit: int) -> Iterator[Passage]:
        """The first fields of a kind, for a report to list; in the order of the file."""
        ...

    def likely(self, vocabulary: Vocabulary) -> Iterator[Passage]:
        """The identifier fields of every record that the vocabulary may speak of.

        May give too many, never too few. All fields of one record come together, providers' names
        too, so that :class:`~dlp.detect.identities.Identities` can learn them.
        """
        ...
