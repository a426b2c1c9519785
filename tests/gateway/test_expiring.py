from datetime import UTC, datetime, timedelta

import pytest
import structlog

from gateway.directory_types import Certificate
from gateway.expiring import Expiries, days_left, in_use
from gateway.ports import LedgerUnavailableError

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def certificate(partner: str, days: float | None, *, retired: bool = False) -> Certificate:
    return Certificate(
        partner=partner,
        fingerprint="ab" * 20,
        content=b"",
        added=NOW - timedelta(days=300),
        expires=None if days is None else NOW + timedelta(days=days),
        retired=NOW if retired else None,
    )


@pytest.mark.parametrize(
    ("days", "step"),
    [(61, None), (60, 60), (30.5, 60), (30, 30), (7.1, 30), (7, 7), (0.1, 7), (0, 0), (-5, 0)],
)
def test_people_are_warned_60_30_and_7_days_before_the_end(days: float, step: int | None) -> None:
    assert days_left(NOW + timedelta(days=days), NOW) == step


def test_one_without_an_end_is_never_warned_of() -> None:
    assert days_left(None, NOW) is None


def test_the_newest_that_is_not_retired_counts() -> None:
    newest, older = certificate("acme", 400), certificate("acme", 5)
    gone = certificate("bolt", 400, retired=True)

    assert in_use([gone, newest, older]) == {"acme": newest}


def test_the_log_names_partner_step_and_day() -> None:
    stored = [certificate("acme", 20), certificate("bolt", -1), certificate("clinic", 300)]

    with structlog.testing.capture_logs() as lines:
        Expiries(lambda: stored).warn(NOW)

    assert [(line["event"], line["partner"], line["limit"], line["detail"]) for line in lines] == [
        ("certificate.expires", "acme", 30, "2027-03-21"),
        ("certificate.expired", "bolt", 0, "2027-02-28"),
    ]


def test_a_scrape_gets_the_ends_and_none_of_what_has_no_end() -> None:
    stored = [certificate("acme", 20), certificate("bolt", None)]

    assert Expiries(lambda: stored).ends() == {"acme": (NOW + timedelta(days=20)).timestamp()}


def test_a_database_that_is_gone_says_nothing_and_breaks_nothing() -> None:
    def gone() -> list[Certificate]:
        raise LedgerUnavailableError("gone")

    assert Expiries(gone).ends() == {}
