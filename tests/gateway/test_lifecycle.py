"""The transition table's laws, and the closed door in front of ``Cleared``."""

from __future__ import annotations

import pytest

from config.contracts import Action
from gateway.lifecycle import (
    REMARKS,
    TERMINAL,
    TRANSITIONS,
    WORK,
    Cleared,
    EventKind,
    HumanRelease,
    IllegalTransitionError,
    Inspected,
    Staged,
    State,
    after,
)

STAGED = Staged("t_1", 10, "00" * 32)


def inspected(verdict: Action) -> Inspected:
    return Inspected(STAGED, {}, verdict, (), "digest")


def ways_into(state: State) -> set[tuple[State | None, EventKind]]:
    return {step for step, to in TRANSITIONS.items() if to is state and step[0] is not state}


def test_a_file_is_sealed_only_out_of_cleared() -> None:
    assert ways_into(State.SEALED) == {(State.CLEARED, EventKind.SEALED)}


def test_only_a_verdict_on_a_report_or_a_persons_release_clears() -> None:
    assert ways_into(State.CLEARED) == {
        (State.INSPECTED, EventKind.CLEARED),
        (State.HELD, EventKind.RELEASED),
    }


def test_a_file_is_delivered_only_out_of_sealed() -> None:
    assert ways_into(State.DELIVERED) == {(State.SEALED, EventKind.DELIVERED)}


def test_nothing_is_purged_before_its_end() -> None:
    assert {before for before, _ in ways_into(State.PURGED)} <= TERMINAL


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_the_only_way_out_of_an_end_is_the_purge(state: State) -> None:
    leaving = {to for (before, _), to in TRANSITIONS.items() if before is state}
    assert leaving <= {State.PURGED, state}


@pytest.mark.parametrize("state", sorted(set(State) - {State.PURGED}))
def test_what_leaves_a_state_as_it_is_is_a_remark_and_nothing_else(state: State) -> None:
    staying = {kind for (before, kind), to in TRANSITIONS.items() if before is to is state}
    assert staying == REMARKS


def test_a_purged_transfer_takes_no_remark() -> None:
    assert not [kind for before, kind in TRANSITIONS if before is State.PURGED]


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_reached(state: State) -> None:
    reached: set[State | None] = {None}
    for _ in State:
        reached |= {to for (before, _), to in TRANSITIONS.items() if before in reached}
    assert state in reached


@pytest.mark.parametrize("state", sorted(WORK))
def test_a_step_that_keeps_failing_can_end_in_held(state: State) -> None:
    assert after(state, EventKind.HELD) is State.HELD


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("kind", list(EventKind))
def test_every_step_is_in_the_table_or_refused(state: State | None, kind: EventKind) -> None:
    if (state, kind) in TRANSITIONS:
        assert after(state, kind) is TRANSITIONS[state, kind]
    else:
        with pytest.raises(IllegalTransitionError):
            after(state, kind)


def test_cleared_cannot_be_made_directly() -> None:
    with pytest.raises(TypeError, match="never directly"):
        Cleared(STAGED, "somebody")


def test_a_redact_verdict_clears_the_redacted_file_alone() -> None:
    assert Cleared.by_policy(inspected(Action.REDACT)).redact
    assert not Cleared.by_policy(inspected(Action.RELEASE)).redact


@pytest.mark.parametrize("verdict", [Action.HOLD, Action.REFUSE])
def test_a_verdict_to_stop_clears_nothing(verdict: Action) -> None:
    with pytest.raises(ValueError, match="clears nothing"):
        Cleared.by_policy(inspected(verdict))


def test_a_release_verdict_clears_what_was_inspected() -> None:
    assert Cleared.by_policy(inspected(Action.RELEASE)).staged is STAGED


@pytest.mark.parametrize(("who", "why"), [("", "a reason"), ("analyst", " ")])
def test_a_release_needs_a_person_and_a_reason(who: str, why: str) -> None:
    with pytest.raises(ValueError, match="who decided and why"):
        HumanRelease(who, why)


def test_a_persons_release_clears_a_held_file() -> None:
    cleared = Cleared.by_person(STAGED, HumanRelease("analyst", "checked by telephone"))
    assert cleared.by == "person analyst"
