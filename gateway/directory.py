"""Changes to partners, accounts, credentials and certificates, each with its record in the log.

A change and its record are one transaction, and the record names fingerprints, never secrets.
Routes are not here: they are policy (``policy/routes.yaml``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from config.operations import Role
from gateway.directory_types import (
    PINS,
    CredentialKind,
    DirectoryError,
    NewCredential,
    UnknownEntryError,
    check_account_id,
    check_partner_id,
    check_partner_name,
    check_roles,
    passkey_fingerprint,
)
from gateway.factor_sessions import end_sessions
from gateway.ledger.chain import Entry
from gateway.ledger.clock import Clock, utc_now
from gateway.ledger.log import append
from gateway.ledger.vocabulary import RecordKind
from gateway.networks import check_networks
from gateway.ports import Json
from gateway.store.database import Database
from gateway.store.tables import (
    accounts,
    certificates,
    credentials,
    directory_state,
    partners,
    passkeys,
)


class Directory:
    """The only writer of the directory. Safe for threads; blocks on the disk.

    ``actor`` is ``person:NAME`` or ``system``. Each method raises LedgerUnavailableError when the
    database is locked, full or gone; nothing was changed then.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def add_partner(self, partner: str, name: str, actor: str) -> None:
        """Add a partner.

        Raises:
            DirectoryError: The id is malformed or taken, or the name malformed.
        """
        row = {
            "id": check_partner_id(partner),
            "name": check_partner_name(name),
            "enabled": True,
            "added": self._clock(),
        }
        with self._database.write() as connection:
            insert_row(connection, partners, row, f"there is a partner {partner} already")
            self._log(connection, RecordKind.PARTNER_ADDED, actor, {"partner": partner})

    def enable_partner(self, partner: str, actor: str, *, enabled: bool) -> None:
        """Let a partner's accounts log in, or not.

        Raises:
            UnknownEntryError: No such partner.
        """
        kind = RecordKind.PARTNER_ENABLED if enabled else RecordKind.PARTNER_DISABLED
        with self._database.write() as connection:
            require(connection, partners, partner)
            connection.execute(
                update(partners).where(partners.c.id == partner).values(enabled=enabled)
            )
            self._log(connection, kind, actor, {"partner": partner})

    def add_account(
        self,
        account: str,
        partner: str,
        roles: Iterable[Role],
        actor: str,
        proofs: Iterable[NewCredential] = (),
    ) -> None:
        """Add an account with its first credentials, all or nothing.

        ``partner`` is "" for an account of the site.

        Raises:
            DirectoryError: The user name is malformed or taken, there are no roles, or one is of
                the other kind (a partner's or the site's).
            UnknownEntryError: No such partner.
        """
        held = sorted(check_roles(frozenset(roles), partner))
        row = {
            "id": check_account_id(account),
            "partner": partner or None,
            "roles": " ".join(held),
            "enabled": True,
            "added": self._clock(),
        }
        facts = {"account": account, "partner": partner, "roles": list(map(str, held))}
        with self._database.write() as connection:
            if partner:
                require(connection, partners, partner)
            insert_row(connection, accounts, row, f"there is an account {account} already")
            self._log(connection, RecordKind.ACCOUNT_ADDED, actor, facts)
            for proof in proofs:
                self._add_credential(connection, account, proof, actor)

    def enable_account(self, account: str, actor: str, *, enabled: bool) -> None:
        """Let an account log in, or not. Its open sessions end within seconds.

        Raises:
            UnknownEntryError: No such account.
        """
        kind = RecordKind.ACCOUNT_ENABLED if enabled else RecordKind.ACCOUNT_DISABLED
        with self._database.write() as connection:
            require(connection, accounts, account)
            connection.execute(
                update(accounts).where(accounts.c.id == account).values(enabled=enabled)
            )
            self._log(connection, kind, actor, {"account": account})

    def set_roles(self, account: str, roles: Iterable[Role], actor: str) -> None:
        """Give an account these roles instead of those it had.

        Raises:
            UnknownEntryError: No such account.
            DirectoryError: There are none, or one doesn't fit the account's kind.
        """
        with self._database.write() as connection:
            require(connection, accounts, account)
            here = accounts.c.id == account
            partner = connection.execute(select(accounts.c.partner).where(here)).scalar_one()
            held = sorted(check_roles(frozenset(roles), partner or ""))
            connection.execute(update(accounts).where(here).values(roles=" ".join(held)))
            facts = {"account": account, "roles": list(map(str, held))}
            self._log(connection, RecordKind.ACCOUNT_CHANGED, actor, facts)

    def limit_account(self, account: str, networks: Iterable[str], actor: str) -> None:
        """Let an account log in from these networks (CIDR) alone; none: from anywhere.

        Raises:
            UnknownEntryError: No such account.
            DirectoryError: One isn't a network, or they are too many.
        """
        self._limit(accounts, account, networks, RecordKind.ACCOUNT_CHANGED, actor)

    def limit_partner(self, partner: str, networks: Iterable[str], actor: str) -> None:
        """The same for all accounts of a partner; an account's own come on top.

        Raises:
            UnknownEntryError: No such partner.
            DirectoryError: One isn't a network, or they are too many.
        """
        self._limit(partners, partner, networks, RecordKind.PARTNER_CHANGED, actor)

    def _limit(
        self, table: Table, entry: str, networks: Iterable[str], kind: RecordKind, actor: str
    ) -> None:
        allowed = check_networks(networks)
        with self._database.write() as connection:
            require(connection, table, entry)
            here = table.c.id == entry
            connection.execute(update(table).where(here).values(networks=" ".join(allowed)))
            facts = {table.name.removesuffix("s"): entry, "networks": list(allowed)}
            self._log(connection, kind, actor, facts)

    def add_credential(self, account: str, proof: NewCredential, actor: str) -> None:
        """Give an account another credential; a password replaces the one before.

        Raises:
            UnknownEntryError: No such account.
            DirectoryError: It has that one already.
        """
        with self._database.write() as connection:
            require(connection, accounts, account)
            self._add_credential(connection, account, proof, actor)

    def remove_credential(self, account: str, fingerprint: str, actor: str, keep: str = "") -> None:
        """Take a credential away, by the fingerprint that ``account list`` shows.

        What it let in ends. A passkey is a second factor, too: without it all of the account's
        sessions end, but for the console's of digest ``keep``.

        Raises:
            UnknownEntryError: The account has none such.
        """
        if fingerprint.startswith(f"{CredentialKind.PASSKEY}:"):
            self._remove_passkey(account, fingerprint, actor, keep)
            return
        mine = (credentials.c.account == account) & (credentials.c.fingerprint == fingerprint)
        with self._database.write() as connection:
            kind = connection.execute(select(credentials.c.kind).where(mine)).scalar_one_or_none()
            if kind is None:
                raise UnknownEntryError(
                    f"account {account} has no such credential; 'account list' shows what it has"
                )
            connection.execute(delete(credentials).where(mine))
            facts = {"account": account, "kind": kind, "fingerprint": fingerprint}
            self._log(connection, RecordKind.CREDENTIAL_REMOVED, actor, facts)

    def _remove_passkey(self, account: str, fingerprint: str, actor: str, keep: str) -> None:
        own = select(passkeys.c.id).where(passkeys.c.account == account)
        with self._database.write() as connection:
            ids = connection.execute(own).scalars()
            found = [one for one in ids if passkey_fingerprint(one) == fingerprint]
            if not found:
                raise UnknownEntryError(
                    f"account {account} has no such passkey; 'account list' shows what it has"
                )
            connection.execute(delete(passkeys).where(passkeys.c.id == found[0]))
            end_sessions(connection, account, self._clock(), keep)
            kind = str(CredentialKind.PASSKEY)
            facts = {"account": account, "kind": kind, "fingerprint": fingerprint}
            self._log(connection, RecordKind.CREDENTIAL_REMOVED, actor, facts)

    def admit_certificate(
        self,
        partner: str,
        fingerprint: str,
        content: bytes,
        expires: datetime | None,
        actor: str,
    ) -> None:
        """Store a certificate that passed the admission rules; files are sealed for it from now on.

        The same certificate again (with a later expiry, say) replaces the stored one.

        Raises:
            UnknownEntryError: No such partner.
            DirectoryError: It was revoked here.
        """
        key = {"partner": partner, "fingerprint": fingerprint}
        row = {"content": content, "added": self._clock(), "expires": expires, "retired": None}
        here = (certificates.c.partner == partner) & (certificates.c.fingerprint == fingerprint)
        with self._database.write() as connection:
            require(connection, partners, partner)
            gone = (certificates.c.fingerprint == fingerprint) & certificates.c.revoked.is_not(None)
            if connection.execute(select(certificates.c.partner).where(gone)).first():
                raise DirectoryError(
                    "this certificate was revoked here, for good: ask the partner for a new one"
                )
            if connection.execute(update(certificates).where(here).values(row)).rowcount == 0:
                connection.execute(insert(certificates).values(key | row))
            facts = key | {"expires": expires.date().isoformat() if expires else None}
            self._log(connection, RecordKind.CERTIFICATE_ADMITTED, actor, facts)

    def retire_certificate(self, fingerprint: str, actor: str, partner: str = "") -> None:
        """Seal nothing for it any more. What was sealed stays as it is.

        Raises:
            UnknownEntryError: No certificate in use has that fingerprint.
        """
        chosen = (certificates.c.fingerprint == fingerprint) & certificates.c.retired.is_(None)
        if partner:
            chosen &= certificates.c.partner == partner
        with self._database.write() as connection:
            owners = connection.execute(select(certificates.c.partner).where(chosen)).scalars()
            found = sorted(owners)
            if not found:
                raise UnknownEntryError(
                    "no certificate in use has that fingerprint; see 'key list'"
                )
            connection.execute(update(certificates).where(chosen).values(retired=self._clock()))
            for owner in found:
                facts = {"partner": owner, "fingerprint": fingerprint}
                self._log(connection, RecordKind.CERTIFICATE_RETIRED, actor, facts)

    def verify_certificate(self, partner: str, fingerprint: str, actor: str) -> None:
        """Record that the fingerprint was compared with the partner out of band.

        Raises:
            UnknownEntryError: The partner has no such certificate in use.
        """
        own = (certificates.c.partner == partner) & (certificates.c.fingerprint == fingerprint)
        with self._database.write() as connection:
            changed = connection.execute(
                update(certificates)
                .where(own & certificates.c.retired.is_(None))
                .values(verified=self._clock())
            ).rowcount
            if not changed:
                raise UnknownEntryError(
                    f"{partner} has no certificate in use with that fingerprint: it is not the one "
                    "that was imported. Don't use it before you know why; see 'key list'"
                )
            facts = {"partner": partner, "fingerprint": fingerprint}
            self._log(connection, RecordKind.CERTIFICATE_VERIFIED, actor, facts)

    def revoke_certificate(self, fingerprint: str, actor: str) -> None:
        """Seal nothing for it, and believe nothing that it signed, from now on and for good.

        Raises:
            UnknownEntryError: Nobody has such a certificate.
        """
        own = (certificates.c.fingerprint == fingerprint) & certificates.c.revoked.is_(None)
        now = self._clock()
        with self._database.write() as connection:
            owners = sorted(connection.execute(select(certificates.c.partner).where(own)).scalars())
            if not owners:
                raise UnknownEntryError("no certificate has that fingerprint; see 'key list'")
            connection.execute(update(certificates).where(own).values(retired=now, revoked=now))
            for owner in owners:
                facts = {"partner": owner, "fingerprint": fingerprint}
                self._log(connection, RecordKind.CERTIFICATE_REVOKED, actor, facts)

    def _add_credential(
        self, connection: Connection, account: str, proof: NewCredential, actor: str
    ) -> None:
        now = self._clock()
        expires = None if proof.lifetime is None else now + proof.lifetime
        if proof.kind is CredentialKind.PASSWORD:
            former = (credentials.c.account == account) & (credentials.c.kind == proof.kind)
            connection.execute(delete(credentials).where(former))
        row = {
            "account": account,
            "kind": str(proof.kind),
            "secret": proof.secret,
            "fingerprint": proof.fingerprint,
            "comment": proof.comment,
            "added": now,
            "expires": expires,
            "roles": " ".join(sorted(proof.roles)),
        }
        _refuse_more(connection, account, proof)
        taken = f"{account} has {proof.fingerprint} already"
        if proof.kind in PINS:
            _refuse_pinned_elsewhere(connection, proof)
            # Two at once both see none; the database then takes one of them.
            taken = f"{proof.fingerprint} is pinned to an account already; it stands for one"
        insert_row(connection, credentials, row, taken)
        facts: dict[str, Json] = {
            "account": account,
            "kind": str(proof.kind),
            "fingerprint": proof.fingerprint,
        }
        if proof.roles:
            facts["roles"] = sorted(map(str, proof.roles))
        self._log(connection, RecordKind.CREDENTIAL_ADDED, actor, facts)

    def _log(
        self, connection: Connection, kind: RecordKind, actor: str, facts: Mapping[str, Json]
    ) -> None:
        connection.execute(update(directory_state).values(revision=directory_state.c.revision + 1))
        append(connection, Entry(kind, actor, self._clock(), facts=facts))


def _refuse_pinned_elsewhere(connection: Connection, proof: NewCredential) -> None:
    """No account is named beside a certificate or subject, so a pin must lead to one alone."""
    same = (credentials.c.kind == proof.kind) & (credentials.c.secret == proof.secret)
    owner = connection.execute(select(credentials.c.account).where(same)).scalar()
    if owner is not None:
        raise DirectoryError(
            f"{proof.fingerprint} is pinned to account {owner} already; it stands for one account"
        )


def require(connection: Connection, table: Table, entry: str) -> None:
    """Lock the row of ``entry``.

    Raises:
        UnknownEntryError: There is none.
    """
    statement = select(table.c.id).where(table.c.id == entry).with_for_update()
    # No id is other than ASCII, and databases choke on half characters.
    if not entry.isascii() or connection.execute(statement).scalar() is None:
        raise UnknownEntryError(_unknown(connection, table, entry))


def _refuse_more(connection: Connection, account: str, proof: NewCredential) -> None:
    """A token may hold less than its account, never more."""
    held = connection.execute(select(accounts.c.roles).where(accounts.c.id == account)).scalar()
    missing = sorted(proof.roles - frozenset((held or "").split()))
    if missing:
        raise DirectoryError(f"{account} isn't {missing[0]}, so no token of its can be")


def _unknown(connection: Connection, table: Table, entry: str) -> str:
    """Name the nearest, since a typing error is the likeliest reason."""
    what = table.name.removesuffix("s")
    known: list[str] = sorted(connection.execute(select(table.c.id)).scalars())
    with suppress(ImportError):
        from config.wording import did_you_mean  # noqa: PLC0415 - only when something is wrong

        near = did_you_mean(entry, known)
        if near:
            return f"there is no {what} of that name; did you mean {near}?"
    hint = f"; add it with 'lazaretto {what} add'"
    return f"there is no {what} of that name{hint}"


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any], taken: str) -> None:
    """Insert ``row``.

    Raises:
        DirectoryError: With ``taken``: there is one of that key.
    """
    try:
        connection.execute(insert(table).values(row))
    except IntegrityError:
        raise DirectoryError(taken) from None
