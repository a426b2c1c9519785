"""Does what should end, end? What is past its retention and waits, and what is on legal hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from config.policy import Policy
from gateway.doctor import Diagnosis, Patient, ok, warn
from gateway.ledger.queries import SqlTransfers
from gateway.ports import LedgerUnavailableError
from gateway.purger import retention

_SUBJECT = "retention"


def ends(patient: Patient) -> Iterator[Diagnosis]:
    """Only what has ended is purged: who waits for years for a recipient should be seen."""
    if patient.policy is None:
        return
    try:
        database = patient.site.database()
    except (LedgerUnavailableError, ValueError):
        return  # the database's own check says so
    try:
        yield from kept(SqlTransfers(database), patient.policy)
    finally:
        database.close()


def kept(transfers: SqlTransfers, policy: Policy) -> Iterator[Diagnosis]:
    """What is kept past its retention, and why."""
    now = datetime.now(UTC)
    routes = {route for route, _ in transfers.counts()}
    waiting = {route: transfers.unended(route, now - retention(policy, route)) for route in routes}
    for route, count in sorted(waiting.items()):
        if count:
            yield warn(
                _SUBJECT,
                f"'{route}': {count} are older than its retention and have not ended, so are kept",
                "decide on what is held (lazaretto hold list); ask recipients to collect the rest",
            )
    held = transfers.on_legal_hold()
    if held:
        fix = "lazaretto transfer legal-release TRANSFER, once counsel agrees"
        yield warn(_SUBJECT, f"{held} are on legal hold and are not purged", fix)
    elif not any(waiting.values()):
        yield ok(_SUBJECT, "nothing is kept past its route's retention")
