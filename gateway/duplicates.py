"""The same file, or the same X12 interchange, again: what of it counts, and what follows.

A batch that is billed twice costs money. So the bytes, and what names each X12 transaction set
(sender, receiver, ISA13, GS06, ST02), are remembered by a keyed hash for the route's window.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from config.contracts import Action
from config.policy import Route
from dlp.model import Report
from gateway.ports import Changes, Event, First, Sighting, Transfer
from keys.envelope import SEEN, KeyWrapper

_STRICTNESS: Final = (Action.RELEASE, Action.REDACT, Action.HOLD, Action.REFUSE)


def sighting(keys: KeyWrapper, transfer: Transfer, report: Report, route: Route) -> Sighting:
    """What to look for and remember of an inspected file.

    Whoever sends it: a provider and its billing firm may both send one batch.
    """
    key = keys.derive(SEEN)
    digests = tuple(
        hmac.new(key, f"{route.to}\0{what}".encode(), hashlib.sha256).hexdigest()
        for what in _told_apart_by(transfer, report)
    )
    since = datetime.now(UTC) - timedelta(days=route.duplicate_days)
    return Sighting(digests, since, _flagger(transfer, route))


def _told_apart_by(transfer: Transfer, report: Report) -> Iterator[str]:
    yield f"bytes\0{transfer.sha256}"
    if transfer.opened_sha256:
        yield f"bytes\0{transfer.opened_sha256}"
    yield from (f"x12\0{digest}" for digest in sorted(report.interchanges))


def _flagger(transfer: Transfer, route: Route) -> Callable[[Event, First], Event]:
    def flagged(event: Event, first: First) -> Event:
        facts = {**event.facts, "duplicate_of": first.transfer}
        changes = Changes(**event.changes)
        if route.duplicates != "pass":
            verdict = Action(changes["verdict"])
            stricter = max(verdict, Action(route.duplicates), key=_STRICTNESS.index)
            changes["verdict"] = str(stricter)
            changes["reasons"] = (*changes["reasons"], _reason(transfer, first))
        return replace(event, facts=facts, changes=changes)

    return flagged


def _reason(transfer: Transfer, first: First) -> str:
    """For the sender, who learns of another partner's file no more than that there is one."""
    same = transfer.sha256 == first.sha256
    what = "the same bytes came" if same else "the same batch (ISA13, GS06, ST02, or content) came"
    day = first.created.strftime("%Y-%m-%d")
    by = f" as {first.transfer}" if first.sender == transfer.sender else " from another sender"
    return f"{what} before, on {day}{by}: sent twice, it would count twice"
