"""What every reader of a format is given and what it gives: one shape for all of them.

A reader turns one member's bytes into items. Most items are passages; a document that carries
others inside (a mail's attachments, a PDF in an HL7 field, an archive's members) gives each as an
:class:`~dlp.unpack.entry.Entry`, which is identified and read in its turn, under the same budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dlp.batch import Batch
from dlp.budget import Meter
from dlp.detect.protected import ProtectedCodes
from dlp.model import Passage, Source, Uninspectable
from dlp.unpack.entry import Entry


class Site(NamedTuple):
    """What a site's rules say that a reader must know which counts fields by the thousand.

    Attributes:
        protected: The site's protected codes; None for the shipped ones.
        not_phi: Says whether a name of several words is one that the site lists as no PHI; None
            where it lists none.
        staff_domains: Mail domains whose mailboxes are staff's, in lower case.
    """

    protected: ProtectedCodes | None = None
    not_phi: Callable[[str], bool] | None = None
    staff_domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Noted:
    """What readers learn of the whole file besides its passages.

    Attributes:
        states: Postal codes of the states that the file's people live in, where passages don't
            tell.
        interchanges: Digests of the X12 transaction sets' control numbers
            (:data:`dlp.model.Report.interchanges`).
    """

    states: set[str] = field(default_factory=set)
    interchanges: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Content:
    """One member to be read.

    Attributes:
        source: Its bytes, seekable; nobody else moves it while its reader runs, except readers of
            the entries that it gave and that are read before it is asked for the next item.
        name: Its name, "" for none; may be PHI.
        format: As identified.
        depth: Containers around it; the entries it gives are at ``depth + 1``.
        site: What the site's rules say.
        lasting: Whether the source can be read as long as the inspection goes on, and not only
            until the next item: so it is with the file itself.
        noted: For a reader to add to.
        met: Formats met inside besides, for the reader to add: the transaction sets of an X12
            interchange. The contract is asked about each.
    """

    source: Source
    name: str
    format: str
    depth: int = 0
    site: Site = field(default_factory=Site)
    lasting: bool = False
    noted: Noted = field(default_factory=Noted)
    met: set[str] = field(default_factory=set)


Item = Passage | Batch | Entry | Uninspectable
"""What a reader gives. ``Uninspectable`` needs no member: the walk fills it in."""

Reader = Callable[[Content, Meter], Iterator[Item]]
"""Reads one format. Raises :class:`~dlp.model.NotReadableError` for what stops it, and no other
error, whatever the bytes; what it gave before stands."""
