"""Sessions of people, in the database: their cookie's hash, never the cookie.

Every request looks at the account, at what the person signed in with and at where the request is
from, as they are then: an account disabled, a role, a credential or a network taken away, counts
from the next request on, and a cookie that was carried off is worth nothing outside the networks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, exists, insert, or_, select, update

from config.operations import Role
from gateway.directory_types import CredentialKind
from gateway.ledger.clock import Clock, utc_now
from gateway.networks import within
from gateway.store.database import Database
from gateway.store.tables import accounts, credentials, passkeys, second_factors, sessions

MOST_PER_ACCOUNT: Final = 10
PASSKEY: Final = "passkey"
_BYTES: Final = 32
_ID: Final = 16


class ElsewhereError(Exception):
    """A live cookie came from a network that its account may not come from.

    Attributes:
        account: Whose session it is.
    """

    def __init__(self, account: str) -> None:
        super().__init__("the account may not come from that network")
        self.account = account


@dataclass(frozen=True, slots=True)
class Proof:
    """What a person signed in with.

    Attributes:
        method: ``password``, ``oidc`` or ``passkey``.
        credential: Its fingerprint, or the passkey's id.
        without: Roles that this sign-in hasn't, though the account has.
    """

    method: str
    credential: str
    without: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Session:
    """A person at work.

    Attributes:
        digest: SHA-256 of the cookie.
        account: Who.
        roles: What they may do in it.
        proof: What they signed in with.
        created: UTC.
        seen: UTC, to about half a minute.
        expires: UTC.
        factored: When a second factor was last proven in it.
        enrolled: Whether the account has a second factor.
        withheld: Roles of the account that it hasn't in this session.
        networks: Where the account may come from, as CIDR; none: from anywhere.
    """

    digest: str = field(repr=False)
    account: str
    roles: frozenset[Role]
    proof: Proof
    created: datetime
    seen: datetime
    expires: datetime
    factored: datetime | None
    enrolled: bool
    withheld: frozenset[Role] = frozenset()
    networks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What people call it; of no use as a cookie."""
        return self.digest[:_ID]


class Sessions:
    """Keeps them. Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, broken or gone.

    Args:
        database: Open.
        idle: Without a request a session ends.
        longest: However busy.
        clock: Now.
    """

    def __init__(
        self, database: Database, idle: timedelta, longest: timedelta, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._idle = idle
        self._longest = longest
        self._clock = clock

    def open(self, account: str, proof: Proof, *, factored: datetime | None = None) -> str:
        """A new session's cookie. The account's oldest ends if it has too many.

        ``factored``: when a second factor was proven, if it was.
        """
        token, now = secrets.token_urlsafe(_BYTES), self._clock()
        row = {
            "digest": digest_of(token),
            "account": account,
            "created": now,
            "seen": now,
            "expires": now + self._longest,
            "factored": factored,
            "facts": {
                "method": proof.method,
                "credential": proof.credential,
                "without": sorted(proof.without),
            },
        }
        with self._database.write() as connection:
            over = or_(sessions.c.expires <= now, sessions.c.seen <= now - self._idle)
            connection.execute(delete(sessions).where(over))
            kept = connection.execute(
                select(sessions.c.digest)
                .where(sessions.c.account == account)
                .order_by(sessions.c.created.desc(), sessions.c.digest)
            ).scalars()
            surplus = list(kept)[MOST_PER_ACCOUNT - 1 :]
            connection.execute(delete(sessions).where(sessions.c.digest.in_(surplus)))
            connection.execute(insert(sessions).values(row))
        return token

    def find(self, token: str, address: str) -> Session | None:
        """The session of a cookie, if it lives and its account and proof still hold.

        Raises:
            ElsewhereError: The account may not come from ``address``; nor does that keep the
                session from ending of idleness.
        """
        digest, now = digest_of(token), self._clock()
        with self._database.read() as connection:
            row = connection.execute(
                _LIVING.where(sessions.c.digest == digest, *self._in_time(now))
            ).one_or_none()
        found = _session(row) if row is not None else None
        if found and found.networks and not within(address, found.networks):
            raise ElsewhereError(found.account)
        if found and now - found.seen > min(self._idle / 10, timedelta(seconds=30)):
            with self._database.write() as connection:
                mine = sessions.c.digest == digest
                connection.execute(update(sessions).where(mine).values(seen=now))
        return found

    def of(self, account: str) -> Sequence[Session]:
        """An account's, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                _LIVING.where(
                    sessions.c.account == account, *self._in_time(self._clock())
                ).order_by(sessions.c.created.desc(), sessions.c.digest)
            ).all()
        return tuple(_session(row) for row in rows)

    def factor_proven(self, session: Session) -> str:
        """Note it, under a new cookie, which is returned: the old one was worth less."""
        token, now = secrets.token_urlsafe(_BYTES), self._clock()
        with self._database.write() as connection:
            connection.execute(
                update(sessions)
                .where(sessions.c.digest == session.digest)
                .values(digest=digest_of(token), factored=now, seen=now)
            )
        return token

    def end(self, account: str, ids: Collection[str] = ()) -> int:
        """End an account's sessions of these ids, or all; returns how many there were."""
        chosen: ColumnElement[bool] = sessions.c.account == account
        if ids:
            chosen &= or_(*(sessions.c.digest.startswith(one, autoescape=True) for one in ids))
        with self._database.write() as connection:
            return connection.execute(delete(sessions).where(chosen)).rowcount

    def _in_time(self, now: datetime) -> Sequence[ColumnElement[bool]]:
        c = sessions.c
        expired = credentials.c.expires <= now
        return (
            c.expires > now,
            c.seen > now - self._idle,
            ~exists().where(_MINE, expired),
        )


def digest_of(token: str) -> str:
    """What is stored of a cookie: 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(token: str) -> str:
    """What a page must send beside the cookie; nobody makes it from the stored hash."""
    mac = hmac.new(token.encode("utf-8", "surrogatepass"), b"lazaretto csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")


_METHOD = sessions.c.facts["method"].as_string()
_CREDENTIAL = sessions.c.facts["credential"].as_string()
_MINE = (
    (credentials.c.account == sessions.c.account)
    & (credentials.c.kind == _METHOD)
    & (credentials.c.fingerprint == _CREDENTIAL)
)
# A password that replaced the one signed in with is younger than the session.
_PROVEN = or_(
    exists().where(_MINE, credentials.c.added <= sessions.c.created),
    (_METHOD == PASSKEY)
    & exists().where(passkeys.c.account == sessions.c.account, passkeys.c.id == _CREDENTIAL),
)
_ENROLLED = or_(
    exists().where(passkeys.c.account == sessions.c.account),
    exists().where(
        second_factors.c.account == sessions.c.account, second_factors.c.confirmed.is_not(None)
    ),
)
_LIVING = (
    select(sessions, accounts.c.roles, accounts.c.networks, _ENROLLED.label("enrolled"))
    .join(accounts, accounts.c.id == sessions.c.account)
    .where(accounts.c.enabled, accounts.c.partner.is_(None), _PROVEN)
)


def _session(row: Row[Any]) -> Session:
    facts = row.facts
    without = frozenset(map(Role, facts["without"]))
    held = frozenset(map(Role, row.roles.split()))
    return Session(
        digest=row.digest,
        account=row.account,
        roles=held - without,
        proof=Proof(facts["method"], facts["credential"], without),
        created=row.created,
        seen=row.seen,
        expires=row.expires,
        factored=row.factored,
        enrolled=bool(row.enrolled),
        withheld=held & without,
        networks=tuple(row.networks.split()),
    )


PASSWORD: Final = str(CredentialKind.PASSWORD)
OIDC: Final = str(CredentialKind.OIDC)
