from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from config.operations import Deed, Role
from config.policy import Route
from gateway.authority import IN_MAILBOX, authorise
from gateway.lifecycle import State
from gateway.ports import Transfer
from transports.ports import Principal, Problem, TransportError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROUTE = Route.model_validate({"from": ["clinic"], "to": "payer", "contract": "claims"})
BOTH = frozenset({Role.SENDER, Role.RECEIVER})


def principal(partner: str, *scopes: Role) -> Principal:
    return Principal(f"{partner}-1", partner, frozenset(scopes))


def transfer(state: State = State.DELIVERED) -> Transfer:
    return Transfer(
        "t_1", "claims", "clinic", "clinic-1", "payer", state, NOW, NOW, b"", b"", "", ""
    )


def problem(who: Principal, deed: Deed, **about: object) -> Problem | None:
    try:
        authorise(who, deed, **about)  # type: ignore[arg-type]  # by name
    except TransportError as error:
        return error.problem
    return None


def test_a_sender_named_by_the_route_may_send() -> None:
    assert problem(principal("clinic", Role.SENDER), Deed.SEND, route=ROUTE) is None


def test_a_route_of_somebody_else_and_none_at_all_look_the_same() -> None:
    who = principal("other", Role.SENDER)
    answers = []
    for route in (ROUTE, None):
        with pytest.raises(TransportError) as caught:
            authorise(who, Deed.SEND, route=route)
        answers.append((caught.value.problem, caught.value.detail))
    assert answers[0] == answers[1]
    assert answers[0][0] is Problem.UNKNOWN_ROUTE


@pytest.mark.parametrize(
    ("deed", "scope"),
    [(Deed.SEND, Role.SENDER), (Deed.LIST_OWN, Role.SENDER), (Deed.LIST_MAILBOX, Role.RECEIVER)],
)
def test_a_deed_needs_its_scope(deed: Deed, scope: Role) -> None:
    other = next(iter(BOTH - {scope}))
    assert problem(principal("clinic", other), deed, route=ROUTE) is Problem.FORBIDDEN
    assert problem(principal("clinic", scope), deed, route=ROUTE) is None


@pytest.mark.parametrize("state", State)
def test_a_sender_sees_its_transfer_in_every_state_and_collects_it_in_none(state: State) -> None:
    who = principal("clinic", *BOTH)
    assert problem(who, Deed.SEE, transfer=transfer(state)) is None
    assert problem(who, Deed.COLLECT, transfer=transfer(state)) is Problem.NOT_FOUND


@pytest.mark.parametrize(("state", "deed"), list(product(State, (Deed.SEE, Deed.COLLECT))))
def test_a_recipient_knows_of_a_transfer_only_while_it_is_in_the_mailbox(
    state: State, deed: Deed
) -> None:
    answer = problem(principal("payer", Role.RECEIVER), deed, transfer=transfer(state))
    assert answer is (None if state in IN_MAILBOX else Problem.NOT_FOUND)


@pytest.mark.parametrize("deed", [Deed.SEE, Deed.COLLECT])
@pytest.mark.parametrize(
    "who",
    [
        principal("stranger", *BOTH),
        principal("clinic", Role.RECEIVER),
        principal("payer", Role.SENDER),
        principal("payer"),
    ],
)
def test_nobody_else_finds_it(who: Principal, deed: Deed) -> None:
    assert problem(who, deed, transfer=transfer()) is Problem.NOT_FOUND


def test_no_transfer_is_not_found() -> None:
    assert problem(principal("clinic", *BOTH), Deed.SEE) is Problem.NOT_FOUND
