"""Who may do what, after authentication: one function for every protocol. Pure."""

from __future__ import annotations

from typing import Final

from config.operations import Deed, permits
from config.policy import Route
from gateway.lifecycle import State
from gateway.ports import Transfer
from transports.ports import Principal, Problem, TransportError

IN_MAILBOX: Final = frozenset({State.DELIVERED, State.COLLECTED})
"""States in which a recipient may know of a transfer."""


def authorise(
    who: Principal, deed: Deed, *, route: Route | None = None, transfer: Transfer | None = None
) -> None:
    """Return if ``who`` may; what they may not see doesn't exist for them.

    ``SEND`` looks at ``route`` (None: there is none of that name); ``SEE`` and ``COLLECT`` look at
    ``transfer`` (None: likewise).

    Raises:
        TransportError: ``FORBIDDEN`` if the account lacks the scope; else ``UNKNOWN_ROUTE`` or
            ``NOT_FOUND``, the same whether it is somebody else's or there is none.
    """
    if deed is Deed.SEND:
        _need(who, deed)
        if route is None or who.partner not in route.senders:
            raise TransportError(
                Problem.UNKNOWN_ROUTE, "you have no route of that name; list those you have"
            )
    elif deed in {Deed.LIST_OWN, Deed.LIST_MAILBOX}:
        _need(who, deed)
    elif (
        transfer is None
        or not permits(who.roles, deed, factor=who.factor)
        or not _is_theirs(who, deed, transfer)
    ):
        raise no_such_transfer()


def may(
    who: Principal, deed: Deed, *, route: Route | None = None, transfer: Transfer | None = None
) -> bool:
    """Whether :func:`authorise` returns: for listings, which leave out what they may not show."""
    try:
        authorise(who, deed, route=route, transfer=transfer)
    except TransportError:
        return False
    return True


def sent(who: Principal, transfer: Transfer) -> bool:
    """Whether ``who`` may see of it what is the sender's alone: its name and its reasons."""
    return transfer.sender == who.partner and permits(who.roles, Deed.LIST_OWN)


def no_such_transfer() -> TransportError:
    """For one that isn't there and one that is somebody else's alike."""
    return TransportError(Problem.NOT_FOUND, "you have no transfer of that id")


def _need(who: Principal, deed: Deed) -> None:
    if not permits(who.roles, deed, factor=who.factor):
        verb = "receive" if deed is Deed.LIST_MAILBOX else "send"
        raise TransportError(
            Problem.FORBIDDEN, f"this account may not {verb}; ask the gateway's operator"
        )


def _is_theirs(who: Principal, deed: Deed, transfer: Transfer) -> bool:
    receives = (
        transfer.recipient == who.partner
        and permits(who.roles, Deed.COLLECT)
        and transfer.state in IN_MAILBOX
    )
    return receives or (deed is Deed.SEE and sent(who, transfer))
