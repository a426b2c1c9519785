"""An analyst's decision on a held file: let it pass, or refuse it. Who and why go on the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.lifecycle import Cleared, EventKind, HumanRelease, IllegalTransitionError, Staged
from gateway.ports import Event, Ledger, Transfer, Transfers

CheckText = Callable[[str], str | None]
"""What a person wrote to what in it seems to be PHI, in words without its value; None if clean."""


MAX_REASON: Final = 400
"""Characters."""


class DecisionError(Exception):
    """The decision can't be taken; the sentence says why and what to do."""


class Decisions:
    """Takes decisions on held files.

    ``check_text`` looks at reasons before they go on the log, which can't be edited afterwards.
    """

    def __init__(self, ledger: Ledger, transfers: Transfers, check_text: CheckText) -> None:
        self._ledger = ledger
        self._transfers = transfers
        self._check_text = check_text

    def release(self, transfer: str, who: str, why: str) -> Transfer:
        """Let a held file pass: it is sealed and delivered as if the policy had released it.

        Raises:
            DecisionError: It isn't held, or the reason is missing, too long or holds PHI.
            UnknownTransferError: No such transfer.
            LedgerUnavailableError: Nothing was changed.
        """
        held = self._transfers.get(transfer)
        release = HumanRelease(who, self._reason(who, why))
        cleared = Cleared.by_person(Staged(held.id, held.size, held.sha256), release)
        facts = {"who": release.who, "why": release.why, "by": cleared.by}
        return self._advance(held, Event(EventKind.RELEASED, f"person:{who}", facts))

    def refuse(self, transfer: str, who: str, why: str) -> Transfer:
        """Refuse a held file for good; its sender finds the reason in ``/returned/``.

        Raises:
            DecisionError: It isn't held, or the reason is missing, too long or holds PHI.
            UnknownTransferError: No such transfer.
            LedgerUnavailableError: Nothing was changed.
        """
        held = self._transfers.get(transfer)
        reason = self._reason(who, why)
        event = Event(
            EventKind.HOLD_REFUSED,
            f"person:{who}",
            {"who": who, "why": reason},
            {"verdict": "refuse", "reasons": (*held.reasons, f"refused after review: {reason}")},
        )
        return self._advance(held, event)

    def legal_hold(self, transfer: str, who: str, why: str, *, held: bool) -> Transfer:
        """Keep a transfer's payload from being purged, or let retention go on.

        Raises:
            DecisionError: It is purged already, or so held already, or the reason is missing, too
                long or holds PHI.
            UnknownTransferError: No such transfer.
            LedgerUnavailableError: Nothing was changed.
        """
        found = self._transfers.get(transfer)
        reason = self._reason(who, why)
        if found.legal_hold is held:
            word = "on legal hold already" if held else "on no legal hold"
            raise DecisionError(f"{found.id} is {word}: there is nothing to change")
        kind = EventKind.LEGAL_HOLD if held else EventKind.LEGAL_RELEASE
        facts = {"who": who, "why": reason}
        event = Event(kind, f"person:{who}", facts, {"legal_hold": held})
        try:
            return self._ledger.remark(found.id, event)
        except IllegalTransitionError:
            raise DecisionError(f"{found.id} is purged: there is no payload left to keep") from None

    def _reason(self, who: str, why: str) -> str:
        reason = " ".join(why.split())
        if not who.strip() or not reason:
            raise DecisionError("a decision needs who takes it and why: give --as and --reason")
        if len(reason) > MAX_REASON or not reason.isprintable():
            raise DecisionError(f"a reason is up to {MAX_REASON} printable characters")
        found = self._check_text(reason)
        if found:
            raise DecisionError(
                f"the reason seems to hold {found}, and the log keeps it for ever: say it without "
                "naming anybody or quoting the file"
            )
        return reason

    def _advance(self, held: Transfer, event: Event) -> Transfer:
        try:
            return self._ledger.advance(held.id, event)
        except IllegalTransitionError as error:
            raise DecisionError(
                f"{held.id} is {error.state} and not held: there is nothing to decide"
            ) from None
