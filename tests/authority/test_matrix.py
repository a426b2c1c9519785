"""The table, as text that a reviewer reads: a change of it changes this file and the manual."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.operations import (
    OPERATIONS,
    PARTNER_ROLES,
    SITE_ROLES,
    Deed,
    Role,
    matrix,
    permits,
)
from config.policy import Route
from gateway.authority import may
from gateway.lifecycle import State
from gateway.ports import Transfer
from tests.authority.rows import expected
from transports.ports import Principal

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROUTE = Route.model_validate({"from": ["clinic"], "to": "payer", "contract": "claims"})
SENT = Transfer(
    "t_1", "claims", "clinic", "c1", "payer", State.DELIVERED, NOW, NOW, b"", b"", "", ""
)


def test_the_table_is_what_was_agreed() -> None:
    assert matrix() == (HERE / "matrix.txt").read_text()


def test_the_manual_shows_the_same_table() -> None:
    manual = (REPOSITORY / "docs" / "identity.md").read_text()
    assert f"```\n{matrix()}```\n" in manual


def test_what_is_in_no_row_nobody_may_do() -> None:
    assert not permits(frozenset(Role), "cli unheard of", factor=True)


@pytest.mark.parametrize("deed", Deed)
def test_the_core_asks_the_same_table_again(deed: Deed) -> None:
    """A listener that forgot to ask would still be stopped."""
    row = expected("exchange ")[deed]
    for role in Role:
        who = Principal(f"{role}-1", "clinic" if role in PARTNER_ROLES else "", frozenset({role}))
        sees = role is Role.SENDER and deed is not Deed.COLLECT
        about = SENT if sees else replace(SENT, sender="x", recipient=who.partner)
        allowed = may(who, deed, route=ROUTE, transfer=about)
        assert ("x" if allowed else ".") == row[role], role


def test_everything_that_changes_who_may_do_what_needs_a_second_factor() -> None:
    words = ("partner", "account", "key")
    changes = [
        n for n in OPERATIONS if n.split()[1] in words and not n.endswith((" list", " locks"))
    ]
    assert changes
    for name in changes:
        assert not permits(frozenset(Role), name), name
        assert permits({Role.ADMIN}, name, factor=True), name


def test_nobody_of_the_site_may_do_what_shows_a_payload() -> None:
    for name in OPERATIONS:
        if name.startswith(("https", "sftp", "exchange")) and "openapi" not in name:
            assert not any(permits({role}, name, factor=True) for role in SITE_ROLES), name
