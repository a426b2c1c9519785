"""Second factors of accounts: enrolled, confirmed, asked for, lost.

One judge of codes for every way in. Codes can be guessed, so each is charged to the account before
it is looked at, like a password.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gateway.directory_types import DirectoryError, UnknownEntryError, is_account_id
from gateway.factor_sessions import end_sessions
from gateway.ledger.chain import Entry
from gateway.ledger.clock import Clock, utc_now
from gateway.ledger.log import append
from gateway.ledger.vocabulary import RecordKind
from gateway.store.database import Database
from gateway.store.tables import accounts, directory_state, recovery_codes, second_factors
from gateway.throttle import of_code
from keys import totp
from transports.ports import TooManyAttemptsError

_PURPOSE: Final = b"lazaretto/second-factor/v1"
_MAX_CODE: Final = 64


class Deriving(Protocol):
    """Where the key that secrets are encrypted under comes from: no rotation changes it."""

    def derive(self, purpose: bytes) -> bytes:
        """A 32-byte key for one purpose."""
        ...


class Charging(Protocol):
    """Counts guesses (:class:`gateway.throttle.Throttle`)."""

    def charge(self, subject: str, address: str) -> float:
        """Seconds until an attempt is heard; 0: now, and it is counted."""
        ...

    def failed(self, subject: str, address: str) -> None:
        """What was charged was wrong."""
        ...

    def succeeded(self, subject: str, address: str) -> None:
        """What was charged was right."""
        ...


@dataclass(frozen=True, slots=True)
class FactorState:
    """What an account has.

    Attributes:
        confirmed: A second factor that is asked for; else it was only begun, or there is none.
        codes: Recovery codes left.
    """

    confirmed: bool
    codes: int


class SecondFactors:
    """Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, full or gone.
    """

    def __init__(
        self, database: Database, keys: Deriving, throttle: Charging, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._key = keys.derive(_PURPOSE)
        self._throttle = throttle
        self._clock = clock

    def state(self, account: str) -> FactorState:
        """What it has; nothing if there is no such account."""
        unused = select(func.count()).where(
            recovery_codes.c.account == account, recovery_codes.c.used.is_(None)
        )
        if not is_account_id(account):
            return FactorState(confirmed=False, codes=0)
        with self._database.read() as connection:
            row = self._row(connection, account)
            left = connection.execute(unused).scalar_one()
        return FactorState(confirmed=row is not None and row.confirmed is not None, codes=left)

    def enrol(self, account: str, issuer: str, actor: str) -> str:
        """Begin: a fresh secret, as the URI that an app reads. It counts once a code confirms it.

        Raises:
            UnknownEntryError: No such account.
            DirectoryError: It has a second factor, which must be reset first.
        """
        secret = totp.new_secret()
        with self._database.write() as connection:
            self._require(connection, account)
            present = self._row(connection, account, lock=True)
            if present is not None and present.confirmed is not None:
                raise DirectoryError(
                    f"{account} has a second factor; take it away first (account totp reset)"
                )
            here = second_factors.c.account == account
            connection.execute(delete(second_factors).where(here))
            row = {
                "account": account,
                "secret": totp.seal_secret(self._key, secret, account),
                "added": self._clock(),
            }
            connection.execute(insert(second_factors).values(row))
            self._record(connection, account, "enrolled", actor)
        return totp.uri(secret, account, issuer)

    def confirm(self, account: str, code: str, actor: str, keep: str = "") -> Sequence[str]:
        """Put it in force by a first code; returns recovery codes, to be shown this once.

        The account's sessions end, but for the console's of digest ``keep``.

        Raises:
            DirectoryError: The code doesn't fit, or nothing waits to be confirmed.
            TooManyAttemptsError: Too many wrong codes.
        """
        if not self._proven(account, code, "", confirmed=False):
            raise DirectoryError(
                "that code doesn't fit, or nothing waits to be confirmed: see that the device's "
                "clock is right, and type the next code"
            )
        with self._database.write() as connection:
            self._require(connection, account)
            self._put_in_force(connection, account)
            codes = self._new_codes(connection, account)
            end_sessions(connection, account, self._clock(), keep)
            self._record(connection, account, "confirmed", actor)
        return codes

    def _put_in_force(self, connection: Connection, account: str) -> None:
        """Only what a code proved: a device begun since is another, of which none did."""
        row = self._row(connection, account, lock=True)
        if row is None or row.confirmed is not None or not row.last_step:
            raise DirectoryError(
                "this enrolment was taken away or begun anew meanwhile; confirm the new one"
            )
        here = second_factors.c.account == account
        connection.execute(update(second_factors).where(here).values(confirmed=self._clock()))

    def recovery(self, account: str, actor: str, keep: str = "") -> Sequence[str]:
        """Fresh recovery codes instead of those it had. Sessions end as by :meth:`confirm`.

        Raises:
            UnknownEntryError: No such account.
            DirectoryError: It has no confirmed second factor.
        """
        with self._database.write() as connection:
            self._require(connection, account)
            present = self._row(connection, account, lock=True)
            if present is None or present.confirmed is None:
                raise DirectoryError(f"{account} has no second factor; account totp enrol")
            codes = self._new_codes(connection, account)
            end_sessions(connection, account, self._clock(), keep)
            self._record(connection, account, "recovery-codes-made", actor)
        return codes

    def reset(self, account: str, actor: str, keep: str = "") -> None:
        """Take it away with its recovery codes, for somebody who lost the device.

        Sessions end as by :meth:`confirm`: the device may be somebody else's now.

        Raises:
            UnknownEntryError: No such account.
            DirectoryError: It has none.
        """
        with self._database.write() as connection:
            self._require(connection, account)
            connection.execute(delete(recovery_codes).where(recovery_codes.c.account == account))
            gone = connection.execute(
                delete(second_factors).where(second_factors.c.account == account)
            )
            if not gone.rowcount:
                raise DirectoryError(f"{account} has no second factor")
            end_sessions(connection, account, self._clock(), keep)
            self._record(connection, account, "reset", actor)

    def check(self, account: str, code: str, address: str = "") -> bool:
        """Whether ``code`` is the account's: of its device, or a recovery code, each once.

        False as well if nothing is enrolled or confirmed, after the same work.

        Raises:
            TooManyAttemptsError: Too many wrong codes; nothing was looked at.
        """
        return self._proven(account, code, address, confirmed=True)

    def _proven(self, account: str, code: str, address: str, *, confirmed: bool) -> bool:
        if not is_account_id(account):
            return False
        subject = of_code(account)
        left = self._throttle.charge(subject, address)
        if left:
            raise TooManyAttemptsError(left)
        fits = self._use(account, code[:_MAX_CODE].strip(), confirmed=confirmed)
        settle = self._throttle.succeeded if fits else self._throttle.failed
        settle(subject, address)
        return fits

    def _use(self, account: str, code: str, *, confirmed: bool) -> bool:
        with self._database.write() as connection:
            row = self._row(connection, account, lock=True)
            ready = row is not None and (row.confirmed is not None) is confirmed
            if row is not None and ready and self._use_step(connection, row, code):
                return True
            # Only once confirmed: a code of an enrolment that nobody finished opens nothing.
            return ready and confirmed and self._use_recovery(connection, account, code)

    def _use_step(self, connection: Connection, row: Row[Any], code: str) -> bool:
        secret = totp.open_secret(self._key, row.secret, row.account)
        step = totp.fitting_step(secret, code, self._clock(), row.last_step)
        if step is None:
            return False
        here = second_factors.c.account == row.account
        connection.execute(update(second_factors).where(here).values(last_step=step))
        return True

    def _use_recovery(self, connection: Connection, account: str, code: str) -> bool:
        mine = (
            (recovery_codes.c.account == account)
            & (recovery_codes.c.digest == totp.recovery_digest(code))
            & recovery_codes.c.used.is_(None)
        )
        used = connection.execute(update(recovery_codes).where(mine).values(used=self._clock()))
        if not used.rowcount:
            return False
        self._record(connection, account, "recovery-code-used", f"account:{account}")
        return True

    def _new_codes(self, connection: Connection, account: str) -> Sequence[str]:
        codes = totp.new_recovery_codes()
        connection.execute(delete(recovery_codes).where(recovery_codes.c.account == account))
        rows = [{"account": account, "digest": totp.recovery_digest(code)} for code in codes]
        connection.execute(insert(recovery_codes), rows)
        return codes

    def _row(self, connection: Connection, account: str, *, lock: bool = False) -> Row[Any] | None:
        chosen = select(second_factors).where(second_factors.c.account == account)
        return connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()

    def _require(self, connection: Connection, account: str) -> None:
        # Not its key: a new session refers to that, and would have to wait.
        mine = select(accounts.c.id).where(accounts.c.id == account)
        known = mine.with_for_update(key_share=True)
        if not is_account_id(account) or connection.execute(known).scalar() is None:
            raise UnknownEntryError("there is no account of that name; see account list")

    def _record(self, connection: Connection, account: str, what: str, actor: str) -> None:
        connection.execute(update(directory_state).values(revision=directory_state.c.revision + 1))
        facts = {"account": account, "what": what}
        entry = Entry(RecordKind.FACTOR_CHANGED, actor, self._clock(), facts=facts)
        append(connection, entry)
