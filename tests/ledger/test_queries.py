from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.lifecycle import EventKind, State
from gateway.ports import UnknownTransferError

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench


def test_a_sender_sees_its_own_newest_first_without_the_abandoned(bench: Bench) -> None:
    ids = []
    for number in (1, 2, 3):
        ids.append(bench.begin(number).id)
        bench.clock.move(1)
    bench.begin(4, sender="other")
    bench.step(ids[1], EventKind.ABANDONED)
    assert [t.id for t in bench.transfers.sent_by("clinic")] == [ids[2], ids[0]]


def test_a_sender_may_ask_for_one_route(bench: Bench) -> None:
    bench.begin(1, route="remits")
    wanted = bench.begin(2)
    assert [t.id for t in bench.transfers.sent_by("clinic", "claims")] == [wanted.id]


def test_a_mailbox_holds_delivered_and_collected_oldest_first(bench: Bench) -> None:
    first, second = bench.delivered(1), bench.delivered(2)
    bench.staged(3)
    bench.step(second.id, EventKind.COLLECTED)
    assert [t.id for t in bench.transfers.mailbox_of("payer")] == [first.id, second.id]
    assert bench.transfers.mailbox_of("clinic") == ()


def test_the_newest_unfinished_upload_of_a_name_is_found(bench: Bench) -> None:
    bench.begin(1, name_digest="d")
    bench.clock.move(1)
    newest = bench.begin(2, name_digest="d")
    bench.clock.move(1)
    done = bench.begin(3, name_digest="d")
    bench.step(done.id, EventKind.STAGED)
    assert bench.transfers.unfinished("d") == newest
    assert bench.transfers.unfinished("e") is None


def test_transfers_in_a_state_come_oldest_first(bench: Bench) -> None:
    ids = [bench.staged(number).id for number in (1, 2)]
    assert [t.id for t in bench.transfers.in_state(State.STAGED)] == ids
    assert [t.id for t in bench.transfers.in_state(State.STAGED, limit=1)] == ids[:1]


def test_counts_are_by_route_and_state(bench: Bench) -> None:
    bench.begin(1)
    bench.begin(2)
    bench.staged(3)
    assert bench.transfers.counts() == {("claims", "receiving"): 2, ("claims", "staged"): 1}


def test_lists_leave_reports_out_and_get_has_them(bench: Bench) -> None:
    transfer = bench.staged()
    bench.step(transfer.id, EventKind.INSPECTED, changes={"report": {"findings": []}})
    assert bench.transfers.in_state(State.INSPECTED)[0].report is None
    assert bench.transfers.get(transfer.id).report == {"findings": []}


@pytest.mark.parametrize("asked", ["", "\ud800", "t_\0", "x" * 100_000, "t_1' OR '1'='1"])
def test_an_id_of_any_other_form_is_unknown(bench: Bench, asked: str) -> None:
    bench.begin()
    with pytest.raises(UnknownTransferError):
        bench.transfers.get(asked)
