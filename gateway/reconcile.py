"""Before a gateway serves: do database and payloads fit together?

What a crash can leave behind is removed where the ledger proves that it is garbage. Everything else
that doesn't fit is reported and left alone, since it may be all that is left of somebody's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

import structlog

from gateway import sealed_blobs
from gateway.claims import Claim
from gateway.lifecycle import State
from gateway.ports import Ledger, Transfer
from gateway.store.disk import Disk, StoreError
from gateway.transfer_ids import made_at
from keys.segments import ciphertext_size

_PAGE: Final = 500
_MARGIN: Final = timedelta(minutes=10)
_MOST_NAMED: Final = 20

log = structlog.get_logger()

_NEEDS_STAGED: Final = frozenset({State.STAGED, State.INSPECTED, State.CLEARED, State.HELD})
_NEEDS_SEALED: Final = frozenset({State.SEALED, State.DELIVERED, State.COLLECTED})
_NEEDS_NOTHING: Final = frozenset({State.PURGED, State.ABANDONED})


class Known(Protocol):
    """The ledger's queries."""

    def known(self, ids: Sequence[str]) -> Mapping[str, Transfer]:
        """Those of them that there are."""
        ...

    def page(self, after: str = "", limit: int = 500) -> Sequence[Transfer]:
        """Transfers with an id above ``after``, by id."""
        ...


@dataclass
class Findings:
    """What didn't fit.

    Attributes:
        transfers: How many were looked at.
        removed: Blobs that the ledger proved to be garbage.
        stuck: Such as could not be removed.
        unknown: Blobs of transfers that the ledger doesn't have, and that may be somebody's.
        missing: Transfers whose payload isn't there, or not whole.
        named: The ids of the first of them.
    """

    transfers: int = 0
    removed: int = 0
    stuck: int = 0
    unknown: int = 0
    missing: int = 0
    named: tuple[str, ...] = ()

    def name(self, transfer: str) -> None:
        """Keep one id, up to twenty."""
        if len(self.named) < _MOST_NAMED and transfer not in self.named:
            self.named = (*self.named, transfer)


def reconcile(known: Known, disk: Disk, signed: datetime | None) -> Findings:
    """Compare every blob and every transfer, in memory that doesn't grow with them.

    Args:
        known: The ledger's queries.
        disk: The payloads.
        signed: When the newest checkpoint was signed that this database is known to hold: what was
            begun well before is in the ledger, or never will be.

    Raises:
        LedgerUnavailableError: The database is locked, broken or gone.
        StoreError: The payloads can't be read.
    """
    findings = Findings()
    stems = disk.stems()
    while page := list(islice(stems, _PAGE)):
        transfers = known.known(page)
        for stem in page:
            _look_at_blobs(stem, transfers.get(stem), known, disk, signed, findings)
    for transfer in _all(known):
        findings.transfers += 1
        if not _is_whole(transfer, disk):
            findings.missing += 1
            findings.name(transfer.id)
    return findings


def account_for(findings: Findings, ledger: Ledger) -> None:
    """Say what was found: on the log if it is anything, and to the operator.

    Raises:
        LedgerUnavailableError: Nothing was recorded.
    """
    counts = {
        "removed": findings.removed,
        "stuck": findings.stuck,
        "unknown": findings.unknown,
        "missing": findings.missing,
    }
    if findings.missing or findings.unknown:
        log.error(
            "database and payloads don't fit together",
            named=findings.named,
            removed=findings.removed,
            stuck=findings.stuck,
            unknown=findings.unknown,
            missing=findings.missing,
        )
    if any(counts.values()):
        ledger.record("site.reconciled", "system", {**counts, "named": list(findings.named)})


def _all(known: Known) -> Iterator[Transfer]:
    last = ""
    while page := known.page(last, _PAGE):
        last = page[-1].id
        yield from page


def _is_whole(transfer: Transfer, disk: Disk) -> bool:
    if transfer.state in _NEEDS_STAGED:
        staged = disk.size(transfer.blob) == ciphertext_size(transfer.size)
        return staged and (not transfer.opened_blob or bool(disk.size(transfer.opened_blob)))
    if transfer.state in _NEEDS_SEALED:
        return disk.size(transfer.sealed_blob) == transfer.sealed_size
    return True


def _look_at_blobs(
    stem: str,
    transfer: Transfer | None,
    known: Known,
    disk: Disk,
    signed: datetime | None,
    findings: Findings,
) -> None:
    names = disk.names(stem)
    if transfer is None:
        if _never_begun(stem, known, disk, signed):
            _remove(names, disk, findings)
        else:
            findings.unknown += len(names)
            findings.name(stem)
        return
    garbage = [name for name in names if _is_garbage(name, transfer)]
    _remove(garbage, disk, findings)


def _remove(names: Sequence[str], disk: Disk, findings: Findings) -> None:
    """A disk that has gone read-only still serves what it has: garbage is no reason to stop."""
    for name in names:
        try:
            disk.remove(name)
        except StoreError:
            findings.stuck += 1
        else:
            findings.removed += 1


def _never_begun(stem: str, known: Known, disk: Disk, signed: datetime | None) -> bool:
    """Whether a blob is that of an upload that died before it was recorded.

    An upload's blob is made and its record written at once, under a claim. So a blob without a
    record is garbage if nobody has the claim, and if the ledger can't have lost the record: it
    holds a checkpoint that was signed well after the id was made.
    """
    made = made_at(stem)
    if made is None or signed is None or made > signed - _MARGIN:
        return False
    claim = Claim.take(disk.claims, stem)
    if claim is None:
        return False
    with claim:
        return not known.known([stem])


def _is_garbage(name: str, transfer: Transfer) -> bool:
    if transfer.state in _NEEDS_NOTHING:
        return True
    on_record = {transfer.blob, transfer.opened_blob, transfer.sealed_blob}
    # A try of a worker that died; a later claim made the one on record.
    return transfer.state in _NEEDS_SEALED and sealed_blobs.is_made(name) and name not in on_record
