"""The life of a transfer: its states, the legal transitions, and a type for each stage.

The table :data:`TRANSITIONS` is the law. ``Ledger.advance`` looks every event up in it, and the
verifier replays the log against it. The stage types make a skipped step a type error: only
:class:`Cleared` can be sealed, and only a policy verdict or a recorded human release makes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from config.contracts import Action


class State(StrEnum):
    """Where a transfer stands (DESIGN section 2)."""

    RECEIVING = "receiving"
    STAGED = "staged"
    INSPECTED = "inspected"
    CLEARED = "cleared"
    HELD = "held"
    REFUSED = "refused"
    SEALED = "sealed"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    ABANDONED = "abandoned"
    PURGED = "purged"


class EventKind(StrEnum):
    """What can happen to a transfer; the word in the log."""

    BEGUN = "transfer.begun"
    STAGED = "transfer.staged"
    ABANDONED = "transfer.abandoned"
    INSPECTED = "transfer.inspected"
    CLEARED = "transfer.cleared"
    HELD = "transfer.held"
    REFUSED = "transfer.refused"
    RELEASED = "hold.released"
    HOLD_REFUSED = "hold.refused"
    SEALED = "transfer.sealed"
    DELIVERED = "transfer.delivered"
    COLLECTED = "transfer.collected"
    PURGED = "transfer.purged"
    LEGAL_HOLD = "legal_hold.set"
    LEGAL_RELEASE = "legal_hold.lifted"


_REMARKS: Final = (EventKind.LEGAL_HOLD, EventKind.LEGAL_RELEASE)

TRANSITIONS: Final = MappingProxyType(
    {
        (None, EventKind.BEGUN): State.RECEIVING,
        (State.RECEIVING, EventKind.STAGED): State.STAGED,
        (State.RECEIVING, EventKind.ABANDONED): State.ABANDONED,
        (State.STAGED, EventKind.INSPECTED): State.INSPECTED,
        (State.STAGED, EventKind.HELD): State.HELD,
        (State.INSPECTED, EventKind.CLEARED): State.CLEARED,
        (State.INSPECTED, EventKind.HELD): State.HELD,
        (State.INSPECTED, EventKind.REFUSED): State.REFUSED,
        (State.HELD, EventKind.RELEASED): State.CLEARED,
        (State.HELD, EventKind.HOLD_REFUSED): State.REFUSED,
        (State.CLEARED, EventKind.SEALED): State.SEALED,
        (State.CLEARED, EventKind.HELD): State.HELD,
        (State.SEALED, EventKind.DELIVERED): State.DELIVERED,
        (State.SEALED, EventKind.HELD): State.HELD,
        (State.DELIVERED, EventKind.COLLECTED): State.COLLECTED,
        (State.REFUSED, EventKind.PURGED): State.PURGED,
        (State.COLLECTED, EventKind.PURGED): State.PURGED,
        (State.ABANDONED, EventKind.PURGED): State.PURGED,
    }
    | {(state, kind): state for state in State if state is not State.PURGED for kind in _REMARKS}
)
"""(state before, event) to the state after. What is not here is illegal.

``STAGED -> HELD`` is inspection that failed too often; ``CLEARED -> HELD`` and ``SEALED -> HELD``
are sealing or delivery that did (the recipient has no usable certificate, say). A legal hold is
set and lifted in any state, and leaves it.
"""

TERMINAL: Final = frozenset({State.REFUSED, State.COLLECTED, State.ABANDONED, State.PURGED})
REMARKS: Final = frozenset(_REMARKS)
"""Events that leave the state as it is, whoever is at work on the transfer."""
WORK: Final = frozenset({State.STAGED, State.INSPECTED, State.CLEARED, State.SEALED})
"""States from which a worker, and nobody else, takes the next step."""


class IllegalTransitionError(Exception):
    """An event that the table doesn't allow in the present state."""

    def __init__(self, state: State | None, kind: EventKind) -> None:
        super().__init__(f"{kind} is not legal in state {state or 'none'}")
        self.state = state
        self.kind = kind


def after(state: State | None, kind: EventKind) -> State:
    """The state that ``kind`` leads to.

    Raises:
        IllegalTransitionError: If the table has no such step.
    """
    try:
        return TRANSITIONS[state, kind]
    except KeyError:
        raise IllegalTransitionError(state, kind) from None


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that are whole, encrypted and durable; the sender was told OK."""

    transfer: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """A staged file with the report that inspection made of it.

    Attributes:
        staged: The file.
        report: The stored form of :class:`dlp.model.Report`: JSON-ready, free of values.
        verdict: What the contract made of it.
        reasons: For the sender, free of values.
        policy: Hash of the policy text that decided.
    """

    staged: Staged
    report: dict[str, object]
    verdict: Action
    reasons: tuple[str, ...]
    policy: str


@dataclass(frozen=True, slots=True)
class HumanRelease:
    """An analyst's recorded decision to let a held file pass."""

    who: str
    why: str

    def __post_init__(self) -> None:
        """Refuse an anonymous or unexplained release.

        Raises:
            ValueError: If ``who`` or ``why`` is blank.
        """
        if not self.who.strip() or not self.why.strip():
            raise ValueError("a release needs who decided and why")


_BY_POLICY_OR_PERSON: Final = object()


@dataclass(frozen=True, slots=True)
class Cleared:
    """Leave to seal a file. Made by :meth:`by_policy` or :meth:`by_person` and by nothing else.

    Attributes:
        staged: The file.
        by: Whose leave.
        redact: Whether it holds only for the file with its unexpected PHI taken out.
    """

    staged: Staged
    by: str
    redact: bool = False
    _token: object = None

    def __post_init__(self) -> None:
        """Keep the constructor closed, so that no code path can invent a clearance.

        Raises:
            TypeError: If called other than through the two class methods.
        """
        if self._token is not _BY_POLICY_OR_PERSON:
            raise TypeError("Cleared is made by a verdict or a recorded release, never directly")

    @classmethod
    def by_policy(cls, inspected: Inspected) -> Cleared:
        """Clearance by the contract's verdict.

        Raises:
            ValueError: If the verdict was neither release nor redact.
        """
        if inspected.verdict not in (Action.RELEASE, Action.REDACT):
            raise ValueError(f"a verdict of {inspected.verdict} clears nothing")
        redact = inspected.verdict is Action.REDACT
        return cls(inspected.staged, f"policy {inspected.policy}", redact, _BY_POLICY_OR_PERSON)

    @classmethod
    def by_person(cls, held: Staged, release: HumanRelease) -> Cleared:
        """Clearance by a person's recorded release of a held file."""
        return cls(held, f"person {release.who}", _token=_BY_POLICY_OR_PERSON)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file signed by the gateway and encrypted for its recipient.

    Attributes:
        cleared: The leave it was sealed under.
        blob: Key of the sealed bytes in the payload store.
        size: Bytes.
        sha256: Hex digest of the sealed bytes.
        recipient_key: Fingerprint of the recipient's certificate.
        sealed_name: The original name as an OpenPGP message for the recipient, b"" if withheld.
    """

    cleared: Cleared
    blob: str
    size: int
    sha256: str
    recipient_key: str
    sealed_name: bytes = b""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A sealed file in its recipient's mailbox."""

    sealed: Sealed
    mailbox: str
