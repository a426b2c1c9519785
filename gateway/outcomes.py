"""What a step says on the log: pure functions from a transfer's row and a report to an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from config.contracts import Action
from dlp.model import Report
from gateway.lifecycle import Cleared, EventKind, Inspected, Staged
from gateway.ports import Changes, Event, Json, Transfer

_MOST_REASONS: Final = 20
_LONGEST: Final = 400


def inspected_from(transfer: Transfer) -> Inspected:
    """The stage that the ledger's row records."""
    return Inspected(
        Staged(transfer.id, transfer.size, transfer.sha256),
        dict(transfer.report or {}),
        Action(transfer.verdict),
        transfer.reasons,
        transfer.policy,
    )


def decided(inspected: Inspected, actor: str) -> Event:
    """The event that follows from a verdict.

    It stands by the policy that inspected, whose digest it names; a policy loaded since then
    decides on what is inspected from now on.
    """
    if inspected.verdict in (Action.RELEASE, Action.REDACT):
        cleared = Cleared.by_policy(inspected)
        facts: dict[str, Json] = {"by": cleared.by}
        if cleared.redact:
            facts |= {"redact": True, "reasons": _told(inspected.reasons)}
        return Event(EventKind.CLEARED, actor, facts)
    kind = EventKind.REFUSED if inspected.verdict is Action.REFUSE else EventKind.HELD
    return Event(kind, actor, {"policy": inspected.policy, "reasons": _told(inspected.reasons)})


def held(actor: str, reasons: Sequence[str]) -> Event:
    """A transfer stops here until a person decides."""
    changes = Changes(reasons=tuple(reasons))
    return Event(EventKind.HELD, actor, {"reasons": _told(reasons)}, changes)


def summary(report: Report, contract: str) -> dict[str, Json]:
    """What the log keeps of an inspection: how many of what, and nothing of where or whom."""
    unexpected: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for (category, was_expected), count in report.counts.items():
        (expected if was_expected else unexpected)[str(category)] += count
    return {
        "contract": contract,
        "unexpected": dict(unexpected),
        "expected": dict(expected),
        "labels": {str(label): count for label, count in report.label_counts.items()},
        "uninspectable": sorted({str(trouble.obstacle) for trouble in report.uninspectable}),
        "milliseconds": round(report.seconds * 1000),
    }


def _told(reasons: Sequence[str]) -> list[str]:
    return [reason[:_LONGEST] for reason in reasons[:_MOST_REASONS]]
