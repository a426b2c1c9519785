"""What the pipeline needs of the world: the ledger, its work queue and its queries.

The ledger and its queries are synchronous (SQLAlchemy Core); async callers run them on a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypedDict

from gateway.lifecycle import EventKind, State

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]
"""What an event may hold: canonical JSON (RFC 8785) without floats."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A row of the transfers table as read.

    Attributes:
        id: ``t_`` and 26 characters of lower-case base32; random and sortable by time.
        route: Route name.
        sender: Partner id.
        account: The sender's account.
        recipient: Partner id.
        state: Present state.
        created: UTC.
        changed: UTC, of the last event.
        data_key: The data key, wrapped by the key-encryption key; b"" once shredded.
        name: The original name, encrypted under the data key.
        name_digest: Keyed hash of sender, route and name, for look-up.
        blob: Key of the staged bytes in the payload store.
        size: Plaintext bytes received durably.
        sha256: Hex digest of the plaintext once staged, else "".
        format: As inspection named it, "" before.
        verdict: "" before the decision.
        reasons: For the sender, free of values.
        report: Stored form of the report, None before inspection.
        policy: Hash of the policy text that decided, "" before.
        opened_blob: Key of what was in the OpenPGP message that was received, encrypted as the
            staged bytes are; "" for none. It is inspected and sealed instead of them.
        opened_size: Its bytes.
        opened_sha256: Its hex digest.
        sealed_blob: Key of the sealed bytes, "" before.
        sealed_size: Bytes.
        sealed_sha256: Hex digest.
        recipient_key: Fingerprint sealed for.
        sealed_name: The original name as an OpenPGP message, b"" if withheld.
        listed_name: Name in the recipient's listing; "" for the original one, opened from ``name``.
        delivered: UTC or None.
        collected: UTC or None.
        attempts: Failed tries of the present step.
        credential: Fingerprint of what the sender logged in with, "" where it isn't known.
        idempotency: Keyed hash of account and Idempotency-Key, "" for none.
        legal_hold: Whether retention is suspended.
        staged: UTC, when it was received whole, or None.
        ended: UTC, since when the state is terminal, or None.
        purged: UTC or None.
        declared: Length and metadata that its creation declared (tus), encrypted under the data key
            as the name is; None for an upload that declared nothing.
    """

    id: str
    route: str
    sender: str
    account: str
    recipient: str
    state: State
    created: datetime
    changed: datetime
    data_key: bytes
    name: bytes
    name_digest: str
    blob: str
    size: int = 0
    sha256: str = ""
    format: str = ""
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    report: Mapping[str, object] | None = None
    policy: str = ""
    opened_blob: str = ""
    opened_size: int = 0
    opened_sha256: str = ""
    sealed_blob: str = ""
    sealed_size: int = 0
    sealed_sha256: str = ""
    recipient_key: str = ""
    sealed_name: bytes = b""
    listed_name: str = ""
    delivered: datetime | None = None
    collected: datetime | None = None
    attempts: int = 0
    credential: str = ""
    idempotency: str = ""
    legal_hold: bool = False
    staged: datetime | None = None
    ended: datetime | None = None
    purged: datetime | None = None
    declared: bytes | None = None


class Changes(TypedDict, total=False):
    """Columns that an event may set besides the state."""

    name: bytes
    name_digest: str
    data_key: bytes
    blob: str
    size: int
    sha256: str
    format: str
    verdict: str
    reasons: tuple[str, ...]
    report: Mapping[str, object]
    policy: str
    opened_blob: str
    opened_size: int
    opened_sha256: str
    sealed_blob: str
    sealed_size: int
    sealed_sha256: str
    recipient_key: str
    sealed_name: bytes
    listed_name: str
    legal_hold: bool
    declared: bytes


@dataclass(frozen=True, slots=True)
class First:
    """An earlier transfer of the same.

    Attributes:
        transfer: Id.
        sender: Partner id.
        created: UTC.
        sha256: Of the bytes received.
    """

    transfer: str
    sender: str
    created: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What may have been sent before.

    Attributes:
        digests: Keyed hashes, in hex.
        since: How far back it counts.
        flag: The event, given the first that there was.
    """

    digests: tuple[str, ...]
    since: datetime
    flag: Callable[[Event, First], Event]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a transfer.

    Attributes:
        kind: The word in the log.
        actor: ``account:ID``, ``worker:N``, ``person:NAME`` or ``system``.
        facts: What the log says of it: hashes, sizes, names of routes and policies; no PHI.
        changes: Columns to set in the same transaction.
        sighting: What may have been sent before; asked and noted in the same transaction.
    """

    kind: EventKind
    actor: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's claim on a transfer's next step, good until it runs out.

    Attributes:
        transfer: As claimed.
        owner: The worker.
        claim: How often the transfer was claimed so far: a fencing token, so that a worker that
            overslept can't pass for itself after it claimed the same transfer anew.
    """

    transfer: Transfer
    owner: str
    claim: int = 0


class LeaseLostError(Exception):
    """The lease ran out or another has it; whoever sees this drops what it was doing."""


class LedgerUnavailableError(Exception):
    """The database is locked, full or gone; nothing was changed. New work must be refused."""


class UnknownTransferError(LookupError):
    """No transfer has that id."""


class Ledger(Protocol):
    """The only way to change state. Each method is one transaction, event included."""

    def begin(self, transfer: Transfer, event: Event) -> Transfer:
        """Record a new transfer in ``receiving``.

        Raises:
            LedgerUnavailableError: Nothing was changed.
        """
        ...

    def advance(self, transfer: str, event: Event, lease: Lease | None = None) -> Transfer:
        """Apply ``event`` by the transition table and append it to the log.

        With ``lease`` the step is taken only while that lease holds, and ends it.

        Raises:
            IllegalTransitionError: The table has no such step.
            LeaseLostError: The lease no longer holds.
            UnknownTransferError: No such transfer.
            LedgerUnavailableError: Nothing was changed.
        """
        ...

    def remark(self, transfer: str, event: Event) -> Transfer:
        """Append an event that leaves the state, and whoever is at work, as they are.

        Raises:
            IllegalTransitionError: The table has no such event in the present state.
            UnknownTransferError: No such transfer.
            LedgerUnavailableError: Nothing was changed.
        """
        ...

    def record(self, kind: str, actor: str, facts: Mapping[str, Json]) -> None:
        """Log something that isn't about one transfer: partners, accounts, keys, policy."""
        ...


class WorkQueue(Protocol):
    """Claims on transfers that wait for a worker (states in :data:`gateway.lifecycle.WORK`)."""

    def claim(self, owner: str, seconds: float) -> Lease | None:
        """Lease the oldest due transfer, or None."""
        ...

    def renew(self, lease: Lease, seconds: float) -> None:
        """Prolong.

        Raises:
            LeaseLostError: Too late.
        """
        ...

    def give_back(self, lease: Lease, *, failed: bool, delay: float = 0.0) -> None:
        """Return it, for anybody to take after ``delay`` seconds; ``failed`` counts an attempt."""
        ...


class Transfers(Protocol):
    """Questions to the transfers table. None of them changes anything."""

    def get(self, transfer: str) -> Transfer:
        """One transfer.

        Raises:
            UnknownTransferError: No such transfer.
        """
        ...

    def sent_by(self, partner: str, route: str = "", limit: int = 1000) -> Sequence[Transfer]:
        """A sender's transfers, newest first; unfinished ones included, abandoned ones not."""
        ...

    def mailbox_of(self, partner: str, limit: int = 10_000) -> Sequence[Transfer]:
        """Delivered and collected transfers of a recipient, oldest first."""
        ...

    def unfinished(self, name_digest: str) -> Transfer | None:
        """The newest transfer in ``receiving`` under that digest."""
        ...

    def in_state(self, state: State, limit: int = 1000) -> Sequence[Transfer]:
        """Transfers in one state, oldest first."""
        ...

    def counts(self) -> Mapping[tuple[str, str], int]:
        """(route, state) to the number of transfers."""
        ...
