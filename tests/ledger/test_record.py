from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gateway.lifecycle import EventKind, IllegalTransitionError, State
from gateway.ports import Event, LedgerUnavailableError, UnknownTransferError

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench


def events(bench: Bench) -> list[dict[str, object]]:
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM events ORDER BY seq").scalars()
        return [json.loads(body) for body in rows]


def test_a_begun_transfer_reads_back_as_it_was_given(bench: Bench) -> None:
    begun = bench.begin(name=b"\x00\xff", listed_name="t.pgp")

    assert bench.transfers.get(begun.id) == begun
    assert (begun.state, begun.name, begun.created) == (
        State.RECEIVING,
        b"\x00\xff",
        bench.clock.now,
    )


def test_a_step_sets_state_columns_and_event_together(bench: Bench) -> None:
    bench.begin()
    bench.clock.move(5)

    staged = bench.step(
        "t_" + "1".zfill(26),
        EventKind.STAGED,
        changes={"size": 12, "reasons": ("no PHI",), "report": {"findings": [0.5]}},
        blob="blob-1",
    )

    assert (staged.state, staged.size, staged.changed) == (State.STAGED, 12, bench.clock.now)
    assert (staged.reasons, staged.report) == (("no PHI",), {"findings": [0.5]})
    last = events(bench)[-1]
    assert (last["kind"], last["facts"], last["set"]) == (
        "transfer.staged",
        {"blob": "blob-1"},
        {"size": 12},
    )


def test_an_illegal_step_changes_nothing(bench: Bench) -> None:
    transfer = bench.staged()

    with pytest.raises(IllegalTransitionError, match=r"sealed is not legal in state staged"):
        bench.step(transfer.id, EventKind.SEALED)

    assert bench.transfers.get(transfer.id) == transfer
    assert len(events(bench)) == 2


def test_a_transfer_begins_once(bench: Bench) -> None:
    bench.begin()
    with pytest.raises(ValueError, match="already"):
        bench.begin()
    assert len(events(bench)) == 1


def test_a_begun_transfer_cannot_begin_again_by_advance(bench: Bench) -> None:
    transfer = bench.begin()
    with pytest.raises(IllegalTransitionError):
        bench.step(transfer.id, EventKind.BEGUN)


def test_a_transfer_begins_in_no_other_way(bench: Bench) -> None:
    transfer = bench.begin()
    with pytest.raises(IllegalTransitionError):
        bench.ledger.begin(transfer, Event(EventKind.STAGED, "system"))


def test_an_unknown_transfer_is_named(bench: Bench) -> None:
    with pytest.raises(UnknownTransferError, match="t_none"):
        bench.step("t_none", EventKind.STAGED)
    with pytest.raises(UnknownTransferError, match="t_none"):
        bench.transfers.get("t_none")


def test_an_event_cannot_set_the_state_by_the_back_door(bench: Bench) -> None:
    transfer = bench.begin()
    with pytest.raises(ValueError, match="may not set state"):
        bench.step(transfer.id, EventKind.STAGED, changes={"state": "cleared"})  # type: ignore[arg-type]  # the attack


def test_a_step_with_facts_out_of_bounds_changes_nothing(bench: Bench) -> None:
    transfer = bench.begin()
    with pytest.raises(ValueError, match=r"facts\.file: must be up to 256 visible ASCII"):
        bench.step(transfer.id, EventKind.STAGED, file="DOE, JANE 1970.837")
    assert bench.transfers.get(transfer.id).state is State.RECEIVING


def test_delivery_and_collection_are_stamped(bench: Bench) -> None:
    transfer = bench.delivered()
    delivered = bench.clock.now
    bench.clock.move(60)
    collected = bench.step(transfer.id, EventKind.COLLECTED)
    assert (collected.delivered, collected.collected) == (delivered, bench.clock.now)


def test_records_of_other_things_join_the_same_chain(bench: Bench) -> None:
    bench.begin()
    bench.ledger.record("policy.loaded", "system", {"policy": "ab" * 32, "routes": 3})
    assert [(e["seq"], e["kind"], e["transfer"]) for e in events(bench)][1:] == [
        (2, "policy.loaded", None)
    ]


def test_a_word_outside_the_vocabulary_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="no kind of record"):
        bench.ledger.record("transfer.begun", "system", {})


def test_error_messages_carry_no_values(bench: Bench) -> None:
    bench.begin()
    with bench.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE events")
    with pytest.raises(LedgerUnavailableError) as caught:
        bench.ledger.record("site.started", "person:CANARY-7731", {})
    assert "CANARY-7731" not in f"{caught.value!r} {caught.value.__cause__}"
