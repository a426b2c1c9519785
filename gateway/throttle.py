"""Failures to log in, counted in the database: by account and by address, over all processes.

What can be guessed (a password, a code) is charged before it is looked at, so that a thousand
guesses at once are no way around it, and the charge is taken back if it was right. Each failure
over the free ones doubles the wait until the next attempt is heard; at a limit the account or
address is locked for a time, and of an account the log says so.

A name that no account has is counted as well, since a difference would tell which names there are:
under one of 65,536 numbers, because people type passwords where the user name goes, and because
whoever invents names must not grow the table without end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from config.settings import Limits
from gateway.ledger.chain import Entry
from gateway.ledger.clock import Clock, utc_now
from gateway.ledger.log import append
from gateway.ledger.vocabulary import RecordKind
from gateway.networks import counted_as, within
from gateway.store.database import Database
from gateway.store.tables import attempts

_ACCOUNT: Final = "account:"
_CODE: Final = "code:"
_NAME: Final = "name:"
_ADDRESS: Final = "address:"


@dataclass(frozen=True, slots=True)
class Lock:
    """A subject that isn't heard for now.

    Attributes:
        subject: ``account:ID`` (passwords), ``code:ID`` (second factors), ``address:…`` or
            ``name:…`` (a name that no account has).
        failures: So many.
        last: UTC.
        until: UTC.
        locked: Whether it reached the limit; else it only waits.
    """

    subject: str
    failures: int
    last: datetime
    until: datetime
    locked: bool


def of_account(account: str) -> str:
    """The subject of an account that there is."""
    return _ACCOUNT + account


def of_code(account: str) -> str:
    """The subject of an account's second factor.

    Not the account's own: a right password would wipe the slate of whoever guesses at codes.
    """
    return _CODE + account


def of_name(name: str) -> str:
    """The subject of a name that no account has."""
    return _NAME + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:4]


def of_address(address: str) -> str:
    """The subject of where somebody connects from."""
    return _ADDRESS + counted_as(address)


class Throttle:
    """Safe for threads; blocks on the disk.

    Each method raises LedgerUnavailableError when the database is locked, full or gone.

    Args:
        database: Open.
        limits: How many failures, and how long.
        clock: Now.
        locked_out: Called for each lock, once it is committed, with the kind of subject: a word of
            ``account``, ``code``, ``address`` and ``name``.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits,
        clock: Clock = utc_now,
        locked_out: Callable[[str], None] = lambda _kind: None,
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._locked_out = locked_out

    def wait(self, address: str) -> float:
        """Seconds until somebody from there is heard; 0: now."""
        subjects = self._counted("", address)
        with self._database.read() as connection:
            rows = connection.execute(select(attempts).where(attempts.c.subject.in_(subjects)))
            return max((self._left(row) for row in rows), default=0.0)

    def charge(self, subject: str, address: str) -> float:
        """Count an attempt that isn't looked at yet, unless it must wait.

        Returns:
            Seconds until it is heard; 0: now, and it is counted.
        """
        subjects = self._counted(subject, address)
        with self._database.write() as connection:
            rows = [self._row(connection, each) for each in subjects]
            left = max((self._left(row) for row in rows), default=0.0)
            if not left:
                for row in rows:
                    self._count(connection, row)
            return left

    def failed(self, subject: str, address: str) -> None:
        """What was charged was wrong: lock who has reached a limit."""
        with self._database.write() as connection:
            # All rows before the log's head, which locking takes: whoever held the head and waited
            # for a row would wait for one who holds that row and waits for the head.
            rows = [self._row(connection, each) for each in self._counted(subject, address)]
            due = [r for r in rows if r.failures >= self._most(r.subject) and r.locked is None]
            for row in due:
                self._lock(connection, row)
        for row in due:
            self._locked_out(row.subject.partition(":")[0])

    def refused(self, address: str) -> None:
        """Count what can't be guessed and so wasn't charged: a wrong token."""
        if not self.charge("", address):
            self.failed("", address)

    def succeeded(self, subject: str, address: str) -> None:
        """What was charged was right: forget the account's failures, and this one of the address.

        Not the address's others: whoever has one account could try others from there for ever, nor
        a lock that it came to meanwhile.
        """
        with self._database.write() as connection:
            for each in self._counted(subject, address):
                if each == subject:
                    connection.execute(delete(attempts).where(attempts.c.subject == each))
                    continue
                here = (attempts.c.subject == each) & (attempts.c.failures > 0)
                here &= attempts.c.locked.is_(None)
                change = {"failures": attempts.c.failures - 1, "until": self._clock()}
                connection.execute(update(attempts).where(here).values(change))

    def locks(self) -> Sequence[Lock]:
        """Who isn't heard for now, longest first."""
        now = self._clock()
        waiting = select(attempts).where(attempts.c.until > now).order_by(attempts.c.until.desc())
        with self._database.read() as connection:
            rows = connection.execute(waiting).all()
        return [Lock(r.subject, r.failures, r.last, r.until, r.locked is not None) for r in rows]

    def unlock(self, subjects: Sequence[str], actor: str) -> bool:
        """Forget their failures, on the log; False if there were none."""
        mine = attempts.c.subject.in_(subjects)
        with self._database.write() as connection:
            gone = connection.execute(delete(attempts).where(mine))
            if not gone.rowcount:
                return False
            facts = {"subjects": list(subjects)}
            append(connection, Entry(RecordKind.LOGIN_UNLOCKED, actor, self._clock(), facts=facts))
        return True

    def _counted(self, subject: str, address: str) -> list[str]:
        """What an attempt counts for, in one order: no two processes wait for each other's rows.

        An empty subject is nobody's, an empty address a terminal's.
        """
        subjects = {subject} if subject else set()
        if address and not within(address, self._limits.exempt_networks):
            subjects.add(of_address(address))
        return sorted(subjects)

    def _row(self, connection: Connection, subject: str) -> Row[Any]:
        """Its row, made if there is none, and nobody else's till the transaction ends."""
        now = self._clock()
        fresh = {"subject": subject, "failures": 0, "last": now, "until": now}
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        # One statement: between two the row could go, since a success deletes it.
        made = dialect.insert(attempts).values(fresh)
        kept = made.on_conflict_do_update(
            index_elements=[attempts.c.subject], set_={"subject": made.excluded.subject}
        )
        return connection.execute(kept.returning(attempts)).one()

    def _left(self, row: Row[Any]) -> float:
        until: datetime = row.until
        return max((until - self._clock()).total_seconds(), 0.0)

    def _count(self, connection: Connection, row: Row[Any]) -> None:
        now = self._clock()
        kept = timedelta(hours=self._limits.forget_hours)
        over = row.locked is not None or now - row.last > kept
        failures = 1 if over else row.failures + 1
        values = {
            "failures": failures,
            "last": now,
            "until": now + self._delay(row.subject, failures),
            "locked": None,
        }
        here = attempts.c.subject == row.subject
        connection.execute(update(attempts).where(here).values(values))
        self._forget_others(connection, now, now - kept)

    def _forget_others(self, connection: Connection, now: datetime, before: datetime) -> None:
        """Delete what is over, but for rows that others hold, who may wait for ours."""
        # A lock may last longer than a failure is remembered.
        over = (attempts.c.last < before) & (attempts.c.until <= now)
        free = select(attempts.c.subject).where(over).with_for_update(skip_locked=True)
        connection.execute(delete(attempts).where(attempts.c.subject.in_(free)))

    def _delay(self, subject: str, failures: int) -> timedelta:
        free = self._limits.free_failures
        if subject.startswith(_ADDRESS):
            free = self._limits.address_free_failures
        if failures <= free:
            return timedelta(0)
        doublings = min(failures - free - 1, 30)
        seconds = self._limits.delay_seconds * 2**doublings
        return timedelta(seconds=min(seconds, self._limits.longest_delay_seconds))

    def _most(self, subject: str) -> int:
        if subject.startswith(_ADDRESS):
            return self._limits.lock_address_after
        return self._limits.lock_account_after

    def _lock(self, connection: Connection, row: Row[Any]) -> None:
        now = self._clock()
        until = now + timedelta(minutes=self._limits.lock_minutes)
        here = attempts.c.subject == row.subject
        connection.execute(update(attempts).where(here).values(locked=now, until=until))
        if row.subject.startswith((_ACCOUNT, _CODE)):
            # Of accounts alone: there are so many, and of addresses as many as somebody likes.
            kind, _, account = row.subject.partition(":")
            facts = {
                "account": account,
                "what": "passwords" if kind == "account" else "codes",
                "failures": row.failures,
                "minutes": self._limits.lock_minutes,
            }
            append(connection, Entry(RecordKind.LOGIN_LOCKED, "system", now, facts=facts))
