"""What a listener calls: one way in, one way out, one judge of identity, for every protocol.

The gateway implements these; listeners know nothing else of it. All methods may be called from
the event loop and never block it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from config.operations import Role

if TYPE_CHECKING:
    from transports.ssh_certificate import UserCertificate


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is there, after authentication. Binds to a session once and never changes in it.

    Attributes:
        account: Its id.
        partner: The partner's id; "" if the account is the site's own.
        roles: What it may do, by :mod:`config.operations`.
        credential: Fingerprint of what was logged in with, as ``account list`` shows it.
        factor: Whether a second factor was proven besides.
        expires: When that ends, UTC, and the session with it; None if it doesn't.
        principals: Of an SSH certificate: whom it says it is for.
    """

    account: str
    partner: str
    roles: frozenset[Role]
    credential: str = field(default="", compare=False)
    factor: bool = field(default=False, compare=False)
    expires: datetime | None = field(default=None, compare=False)
    principals: frozenset[str] = field(default=frozenset(), compare=False)


class Problem(StrEnum):
    """Why something was refused; each protocol has its own words for it."""

    UNKNOWN_ROUTE = "unknown-route"
    FORBIDDEN = "forbidden"
    BAD_NAME = "bad-name"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    NO_SPACE = "no-space"
    UNAVAILABLE = "unavailable"
    NOT_SEQUENTIAL = "not-sequential"
    BAD_RANGE = "bad-range"
    BUSY = "busy"
    KEY_REUSED = "idempotency-key-reused"


class TransportError(Exception):
    """Refused, with a sentence the client may read (what, where, what to do; no PHI).

    Attributes:
        problem: The reason.
        detail: The sentence.
    """

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail


class TooManyAttemptsError(Exception):
    """Too many failures from there, or of that name: nothing was looked at.

    Attributes:
        seconds: Until the next attempt is heard.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("too many failed attempts")
        self.seconds = seconds


class BusyError(Exception):
    """There is no room to look at an attempt now: nothing was looked at, and nothing counted.

    Attributes:
        seconds: After which it is worth while to try again.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("too many logins at once; try again later")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class HalfProven:
    """Somebody who proved a first factor and must prove a second. Opens nothing by itself.

    Attributes:
        who: Whom the first factor named.
    """

    who: Principal


class Authenticator(Protocol):
    """The one judge of identity, as SSH asks it.

    Each method takes as long for unknown users as for known ones, and may raise
    TooManyAttemptsError or BusyError.
    """

    async def password(
        self, username: str, password: str, address: str
    ) -> Principal | HalfProven | None:
        """The principal, or None for any failure whatever."""
        ...

    async def public_key(
        self, username: str, key: bytes, address: str
    ) -> Principal | HalfProven | None:
        """The principal if ``key`` (SSH wire format, RFC 4253 section 6.6) is one of theirs.

        Proof of possession is the listener's job and comes before the answer is used.
        """
        ...

    async def certificate(
        self, username: str, certificate: UserCertificate, address: str
    ) -> Principal | HalfProven | None:
        """The principal if an OpenSSH certificate, nothing of which is verified yet, is theirs.

        Proof of possession likewise.
        """
        ...

    async def second_factor(self, half: HalfProven, code: str, address: str) -> Principal | None:
        """The principal if ``code`` is the second factor that whoever proved the first must show.

        A code counts once.
        """
        ...


class ApiAuthenticator(Protocol):
    """The same judge, as HTTPS asks it."""

    async def token(self, token: str, address: str) -> Principal | None:
        """The principal an HTTPS API token belongs to, or None."""
        ...

    async def client_certificate(self, der: bytes, address: str) -> Principal | None:
        """The principal that a TLS client certificate is pinned to, or None.

        Chain, dates and proof of possession are TLS's job and come before.
        """
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """One of a sender's own transfers, as shown to that sender.

    Attributes:
        transfer: Id.
        route: Where it was dropped.
        name: As the sender called it (decrypted for the sender alone).
        size: Bytes received durably so far, or in all.
        state: Word of the lifecycle.
        modified: Last change, UTC.
        sha256: Hex digest once whole, else "".
        verdict: "" until decided.
        reasons: For the sender, free of values.
    """

    transfer: str
    route: str
    name: str
    size: int
    state: str
    modified: datetime
    sha256: str = ""
    verdict: str = ""
    reasons: tuple[str, ...] = ()


class Upload(Protocol):
    """A file coming in. Bytes go in order; nothing is submitted until :meth:`commit`."""

    @property
    def transfer(self) -> str:
        """The transfer's id."""
        ...

    @property
    def size(self) -> int:
        """Bytes taken so far; the next :meth:`write` continues here."""
        ...

    async def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            TransportError: ``TOO_LARGE``, ``NO_SPACE`` or ``UNAVAILABLE``; the upload is then
                suspended or gone, and what was acknowledged before is untouched.
        """
        ...

    async def commit(self) -> Submission:
        """Make it durable (fsync, then the database) and submit it; only then say OK."""
        ...

    async def suspend(self) -> None:
        """The client left: keep the durable part, to be resumed under the same route and name."""
        ...

    async def discard(self) -> None:
        """The client doesn't want it: forget it."""
        ...


class Intake(Protocol):
    """The one way in."""

    async def open(self, who: Principal, route: str, name: str, key: str = "") -> Upload:
        """Start a new upload.

        ``name`` is already normalised (:func:`transports.names.normalise`). With ``key``, an
        idempotency key of the account's, a request that was answered before gets that answer
        again: the upload then keeps nothing.

        Raises:
            TransportError: ``KEY_REUSED`` if the key came with another route or name before,
                ``BUSY`` while the first request with it is under way; else
            TransportError: ``UNKNOWN_ROUTE`` (also for a route that isn't theirs),
                ``NO_SPACE`` or ``UNAVAILABLE``.
        """
        ...

    async def resume(self, who: Principal, route: str, name: str) -> Upload:
        """Go on with a suspended upload; its :attr:`Upload.size` says from where.

        Raises:
            TransportError: ``NOT_FOUND`` if there is none, ``BUSY`` if another session has it.
        """
        ...

    async def submit(self, who: Principal, route: str, old: str, new: str) -> Submission:
        """Submit a finished temporary upload ``old`` under its final name ``new``.

        Raises:
            TransportError: ``NOT_FOUND`` if there is no such suspended upload.
        """
        ...

    async def routes(self, who: Principal) -> Sequence[str]:
        """The routes this principal may send on, sorted."""
        ...

    async def submissions(self, who: Principal, route: str = "") -> Sequence[Submission]:
        """The partner's recent submissions and unfinished uploads, newest first."""
        ...

    async def submission(self, who: Principal, transfer: str) -> Submission:
        """One of the partner's own, as sender or as recipient.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's.
        """
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """An upload whose length was declared when it was created, as its sender may see it.

    Attributes:
        transfer: Id.
        length: Bytes declared.
        offset: Bytes taken durably; all of them only once the file is submitted.
        metadata: ``Upload-Metadata`` as the sender wrote it; "" once its key is destroyed.
        expires: UTC; it may be given up from then on. None once it is submitted.
    """

    transfer: str
    length: int
    offset: int
    metadata: str = ""
    expires: datetime | None = None

    @property
    def is_submitted(self) -> bool:
        """Whether it is whole and submitted."""
        return self.expires is None


class DeclaredUpload(Upload, Protocol):
    """An upload that may be on trial."""

    async def retract(self) -> None:
        """Forget what was written since it was reopened on trial; ends it like suspending."""
        ...


class Declaring(Protocol):
    """The way in for uploads of declared length, which are addressed by id: the same Intake's.

    Only the account that created an upload may know of it.
    """

    async def limits(self, who: Principal, route: str) -> tuple[int, timedelta]:
        """The largest length, bytes, and how long an unfinished upload is kept.

        Raises:
            TransportError: ``UNKNOWN_ROUTE``, ``FORBIDDEN`` or ``UNAVAILABLE``, as all others here.
        """
        ...

    async def declare(
        self, who: Principal, route: str, name: str, length: int, metadata: str, key: str = ""
    ) -> Declared:
        """Create one, durably; one of no length is submitted at once.

        With ``key``, an idempotency key, an upload that was created with it before is answered.

        Raises:
            TransportError: As :meth:`Intake.open`; ``TOO_LARGE``.
        """
        ...

    async def declared(self, who: Principal, route: str, transfer: str) -> Declared:
        """How far it is. One that is found whole is submitted first.

        Raises:
            TransportError: ``NOT_FOUND``; ``BUSY`` while a session has it.
        """
        ...

    async def reopen(
        self, who: Principal, route: str, transfer: str, *, on_trial: bool = False
    ) -> DeclaredUpload:
        """Go on with it. ``on_trial``, what is written counts only once it is kept: by
        ``suspend`` or ``commit``, never by a crash, a fault or a broken connection.

        Raises:
            TransportError: ``NOT_FOUND``, ``BUSY``.
        """  # noqa: D205 - one sentence
        ...

    async def withdraw(self, who: Principal, route: str, transfer: str) -> None:
        """Forget an unfinished one.

        Raises:
            TransportError: ``NOT_FOUND``, ``BUSY``; ``CONFLICT`` if it is submitted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """A sealed file in a recipient's mailbox.

    Attributes:
        transfer: Id.
        route: The route it came by.
        sender: Partner id of the sender.
        listed_name: Name in listings: opaque by default.
        size: Bytes of the sealed file.
        sha256: Hex digest of the sealed file.
        delivered: When, UTC.
        collected: When, UTC, or None.
        sealed_name: The original name as an OpenPGP message for the recipient, b"" if withheld.
    """

    transfer: str
    route: str
    sender: str
    listed_name: str
    size: int
    sha256: str
    delivered: datetime
    collected: datetime | None = None
    sealed_name: bytes = b""


class Reading(Protocol):
    """An open sealed file. Knows which bytes were read, and collects when all have been."""

    @property
    def parcel(self) -> Parcel:
        """What is being read."""
        ...

    async def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; b"" at the end. Callers cap ``size``."""
        ...

    async def close(self, *, received: bool = True) -> None:
        """Finish; when every byte was read since :meth:`Mailbox.open`, the file is collected.

        ``received`` is False when the client left before it said that it was done: what was read
        may never have reached it, so the file is not collected, whatever was read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of one transfer, as listed.

    Attributes:
        transfer: Id.
        size: Bytes of the file.
        issued: When, UTC.
    """

    transfer: str
    size: int
    issued: datetime


class Mailbox(Protocol):
    """The one way out."""

    async def parcels(self, who: Principal) -> Sequence[Parcel]:
        """Everything in the partner's mailbox, oldest first, collected ones included while kept."""
        ...

    async def open(self, who: Principal, transfer: str) -> Reading:
        """Open one for reading.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's.
        """
        ...

    async def acknowledge(self, who: Principal, transfer: str) -> Parcel:
        """Mark as collected; again is the same as once.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's.
        """
        ...

    async def returned(self, who: Principal) -> Sequence[Submission]:
        """The partner's held and refused submissions, with reasons, newest first."""
        ...

    async def receipts(self, who: Principal) -> Sequence[Receipt]:
        """The receipts of what the partner sent, newest first."""
        ...

    async def receipt(self, who: Principal, transfer: str) -> bytes:
        """One of them: JSON, UTF-8.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's, and before it is issued.
        """
        ...
