"""Passkeys in the directory; each change with its record in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.console.webauthn import Passkey
from gateway.directory import Directory
from gateway.directory_types import (
    CredentialKind,
    DirectoryError,
    UnknownEntryError,
    passkey_fingerprint,
)
from gateway.factor_sessions import end_sessions
from gateway.ledger.chain import Entry
from gateway.ledger.clock import Clock, utc_now
from gateway.ledger.log import append
from gateway.ledger.vocabulary import RecordKind
from gateway.store.database import Database
from gateway.store.tables import accounts, directory_state, passkeys

MOST_PER_ACCOUNT: Final = 20
_MAX_COMMENT: Final = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """A passkey as people see it.

    Attributes:
        passkey: What verifies its answers.
        account: Whose.
        comment: For people.
        added: UTC.
        used: UTC, or None.
    """

    passkey: Passkey
    account: str
    comment: str
    added: datetime
    used: datetime | None

    @property
    def fingerprint(self) -> str:
        """What people and the log call it."""
        return passkey_fingerprint(self.passkey.id)


class Passkeys:
    """Keeps them. Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, broken or gone.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def of(self, account: str) -> Sequence[Kept]:
        """An account's, the oldest first."""
        c = passkeys.c
        return self._list(c.account == account)

    def find(self, passkey: str) -> Kept | None:
        """The one with that credential id, if its account may log in."""
        usable = accounts.c.enabled & accounts.c.partner.is_(None)
        found = self._list((passkeys.c.id == passkey) & usable)
        return found[0] if found else None

    def add(self, account: str, passkey: Passkey, comment: str, keep: str = "") -> str:
        """Register one; returns its fingerprint.

        The account's other sessions than that of digest ``keep`` end.

        Raises:
            DirectoryError: The account has too many, or the passkey is registered, or the comment
                isn't printable.
        """
        text = " ".join(comment.split())
        if len(text) > _MAX_COMMENT or not text.isprintable():
            raise DirectoryError(f"a passkey's name is up to {_MAX_COMMENT} printable characters")
        row = {
            "id": passkey.id,
            "account": account,
            "public_key": passkey.public_key,
            "sign_count": passkey.sign_count,
            "comment": text,
            "added": self._clock(),
        }
        with self._database.write() as connection:
            mine = select(func.count()).where(passkeys.c.account == account)
            if connection.execute(mine).scalar_one() >= MOST_PER_ACCOUNT:
                raise DirectoryError(f"an account has {MOST_PER_ACCOUNT} passkeys at most")
            try:
                connection.execute(insert(passkeys).values(row))
            except IntegrityError:
                raise DirectoryError("this passkey is registered already") from None
            end_sessions(connection, account, self._clock(), keep)
            self._log(connection, account, passkey.id)
        return passkey_fingerprint(passkey.id)

    def used(self, passkey: Passkey, count: int) -> bool:
        """Note a use; False if another use came between, which a clone's would."""
        mine = (passkeys.c.id == passkey.id) & (passkeys.c.sign_count == passkey.sign_count)
        with self._database.write() as connection:
            changed = connection.execute(
                update(passkeys).where(mine).values(sign_count=count, used=self._clock())
            )
            return changed.rowcount == 1

    def remove(self, account: str, mark: str, by: str, keep: str = "") -> None:
        """Take an account's passkey away, by its fingerprint; sessions end as by :meth:`add`.

        Raises:
            UnknownEntryError: It has none such.
        """
        if not mark.startswith(f"{CredentialKind.PASSKEY}:"):
            raise UnknownEntryError("there is no passkey of that fingerprint")
        directory = Directory(self._database, self._clock)
        directory.remove_credential(account, mark, f"person:{by}", keep)

    def _list(self, chosen: object) -> Sequence[Kept]:
        statement = (
            select(passkeys)
            .join(accounts, accounts.c.id == passkeys.c.account)
            .where(chosen)  # type: ignore[arg-type]  # an expression of columns
            .order_by(passkeys.c.added, passkeys.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return tuple(
            Kept(
                Passkey(row.id, bytes(row.public_key), row.sign_count),
                row.account, row.comment, row.added, row.used,
            )
            for row in rows
        )  # fmt: skip

    def _log(self, connection: Connection, account: str, passkey: str) -> None:
        connection.execute(update(directory_state).values(revision=directory_state.c.revision + 1))
        kind, mark = str(CredentialKind.PASSKEY), passkey_fingerprint(passkey)
        facts = {"account": account, "kind": kind, "fingerprint": mark}
        entry = Entry(RecordKind.CREDENTIAL_ADDED, f"person:{account}", self._clock(), facts=facts)
        append(connection, entry)
