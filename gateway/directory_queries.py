"""Questions to the directory. None of them changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, or_, select, true, tuple_

from config.operations import Role
from gateway.directory_types import (
    Account,
    Authority,
    Certificate,
    Credential,
    CredentialKind,
    Login,
    Partner,
    Trust,
    is_account_id,
    passkey_fingerprint,
)
from gateway.ledger.clock import Clock, utc_now
from gateway.store.database import Database
from gateway.store.tables import (
    accounts,
    certificates,
    credentials,
    directory_state,
    partners,
    passkeys,
    second_factors,
    ssh_authorities,
    ssh_revocations,
)

_NOBODY: Final = "-"

_PARTNER: Final = (
    partners.c.enabled.label("partner_enabled"),
    partners.c.networks.label("partner_networks"),
)


class DirectoryReader:
    """Reads the directory. Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, broken or gone.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def partners(self) -> Sequence[Partner]:
        """All, by id."""
        with self._database.read() as connection:
            rows = connection.execute(select(partners).order_by(partners.c.id)).all()
        return tuple(
            Partner(row.id, row.name, row.enabled, row.added, tuple(row.networks.split()))
            for row in rows
        )

    def accounts(self) -> Sequence[Account]:
        """All, by user name."""
        with self._database.read() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.id)).all()
        return tuple(_account(row) for row in rows)

    def account(self, account: str) -> Account | None:
        """One, or None."""
        if not is_account_id(account):
            return None
        with self._database.read() as connection:
            row = connection.execute(select(accounts).where(accounts.c.id == account)).one_or_none()
        return None if row is None else _account(row)

    def credentials(self) -> Sequence[Credential]:
        """All, by account and kind, without what proves them; then passkeys."""
        return (*self._credentials(true()), *self._passkeys())

    def held(self, account: str) -> Sequence[Credential]:
        """An account's credentials that haven't expired, without what proves them."""
        unexpired = or_(credentials.c.expires.is_(None), credentials.c.expires > self._clock())
        return self._credentials(and_(credentials.c.account == account, unexpired))

    def _credentials(self, chosen: ColumnElement[bool]) -> Sequence[Credential]:
        c = credentials.c
        columns = (c.account, c.kind, c.fingerprint, c.comment, c.added, c.expires, c.roles)
        statement = select(*columns).where(chosen).order_by(c.account, c.kind, c.id)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return tuple(
            Credential(row[0], CredentialKind(row[1]), *row[2:6], roles=_roles(row.roles))
            for row in rows
        )

    def with_factor(self) -> frozenset[str]:
        """Accounts that have a confirmed second factor, or a passkey, which is one in itself."""
        confirmed = select(second_factors.c.account).where(second_factors.c.confirmed.is_not(None))
        with self._database.read() as connection:
            chosen = confirmed.union(select(passkeys.c.account))
            return frozenset(connection.execute(chosen).scalars())

    def _passkeys(self) -> Iterator[Credential]:
        p = passkeys.c
        keys = select(p.account, p.id, p.comment, p.added).order_by(p.account, p.added, p.id)
        with self._database.read() as connection:
            rows = connection.execute(keys).all()
        for row in rows:
            mark = passkey_fingerprint(row.id)
            yield Credential(
                row.account, CredentialKind.PASSKEY, mark, row.comment, row.added, None
            )

    def revision(self) -> int:
        """A number that every change of the directory moves."""
        with self._database.read() as connection:
            return int(connection.execute(select(directory_state.c.revision)).scalar_one())

    def certificates(self, partner: str = "") -> Sequence[Certificate]:
        """All, or one partner's, newest first."""
        c = certificates.c
        statement = select(
            c.partner,
            c.fingerprint,
            c.content,
            c.added,
            c.expires,
            c.retired,
            c.verified,
            c.revoked,
        ).order_by(c.added.desc(), c.fingerprint)
        if partner:
            statement = statement.where(c.partner == partner)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return tuple(Certificate(*row) for row in rows)

    def sealing_certificate(self, partner: str) -> Certificate | None:
        """The one to seal for: the newest that is neither retired nor expired."""
        now = self._clock()
        return next((c for c in self.certificates(partner) if c.usable(now)), None)

    def login(self, account: str, kind: CredentialKind) -> Login:
        """What is needed to judge a login; the same two statements whether the account exists."""
        if not is_account_id(account):
            # Databases choke on NUL and half characters. No account is called "".
            account = ""
        unexpired = or_(credentials.c.expires.is_(None), credentials.c.expires > self._clock())
        mine = and_(credentials.c.account == account, credentials.c.kind == kind, unexpired)
        with self._database.read() as connection:
            row = connection.execute(
                select(accounts, *_PARTNER)
                .outerjoin(partners, partners.c.id == accounts.c.partner)
                .where(accounts.c.id == account)
            ).one_or_none()
            secrets = connection.execute(select(credentials.c.secret).where(mine)).scalars().all()
        return _login(row, tuple(secrets))

    def token_login(self, digest: str) -> Login:
        """The login that a token's SHA-256 belongs to."""
        unexpired = or_(credentials.c.expires.is_(None), credentials.c.expires > self._clock())
        with self._database.read() as connection:
            row = connection.execute(
                select(accounts, *_PARTNER, credentials.c.roles.label("token_roles"))
                .outerjoin(partners, partners.c.id == accounts.c.partner)
                .join(credentials, credentials.c.account == accounts.c.id)
                .where(
                    credentials.c.kind == CredentialKind.TOKEN,
                    credentials.c.secret == digest,
                    unexpired,
                )
            ).first()
        if row is None:
            return _login(None, ())
        login = _login(row, (digest,))
        own = _roles(row.token_roles)
        if login.account is None or not own:
            return login
        return replace(login, account=replace(login.account, roles=login.account.roles & own))

    def authorities(self, partner: str = "") -> Sequence[Authority]:
        """All CAs of OpenSSH user certificates, or one partner's."""
        c = ssh_authorities.c
        statement = select(c.partner, c.fingerprint, c.key, c.comment).order_by(c.partner, c.added)
        if partner:
            statement = statement.where(c.partner == partner)
        with self._database.read() as connection:
            return tuple(Authority(*row) for row in connection.execute(statement))

    def revocations(self, partner: str) -> Sequence[str]:
        """What :func:`gateway.ssh_certificates.revocation` made of a partner's revocations."""
        mine = ssh_revocations.c.partner == partner
        with self._database.read() as connection:
            found = connection.execute(select(ssh_revocations.c.word).where(mine)).scalars()
            return tuple(sorted(found))

    def trust(self, login: Login) -> Trust:
        """By what the certificates of an account are judged; ``login`` has its principals."""
        # For unknown users the same statements; no partner is called that.
        partner = login.account.partner if login.account else _NOBODY
        authorities = self.authorities(partner or _NOBODY)
        revoked = self.revocations(partner)
        names = {login.account.id, *login.secrets} if login.account else ()
        return Trust([authority.blob for authority in authorities], names, revoked)

    def pinned_login(self, pins: Sequence[tuple[CredentialKind, str]]) -> Login:
        """The login that a client certificate's pins belong to; none if they belong to several.

        ``secrets`` holds the pins that fit.
        """
        unexpired = or_(credentials.c.expires.is_(None), credentials.c.expires > self._clock())
        fits = tuple_(credentials.c.kind, credentials.c.secret).in_(
            [(str(kind), secret) for kind, secret in pins]
        )
        with self._database.read() as connection:
            rows = connection.execute(
                select(
                    accounts,
                    *_PARTNER,
                    credentials.c.secret.label("pin"),
                )
                .outerjoin(partners, partners.c.id == accounts.c.partner)
                .join(credentials, credentials.c.account == accounts.c.id)
                .where(fits, unexpired)
            ).all()
        one = rows[0] if len({row.id for row in rows}) == 1 else None
        return _login(one, tuple(row.pin for row in rows) if one else ())


def _login(row: Row[Any] | None, secrets: tuple[str, ...]) -> Login:
    if row is None:
        return Login(None, allowed=False, secrets=secrets)
    # No partner: one of the site's own.
    allowed = row.enabled and (row.partner is None or row.partner_enabled)
    networks = tuple((row.partner_networks or "").split())
    return Login(_account(row), bool(allowed), secrets, networks, row.factors_changed)


def _account(row: Row[Any]) -> Account:
    networks = tuple(row.networks.split())
    return Account(row.id, row.partner or "", _roles(row.roles), row.enabled, row.added, networks)


def _roles(text: str) -> frozenset[Role]:
    return frozenset(map(Role, text.split()))
