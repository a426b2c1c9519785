"""Ends the live sessions of whoever may not log in any more, within seconds.

Every change of the directory moves one number. Each process reads it about once a second, and
judges its sessions again when it moved; once a minute it does so anyway, since what runs out
changes nothing. A session that is new is judged as well: its login may have read the directory
before a change that was looked for before the session was there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import structlog

from gateway.directory_types import Credential, CredentialKind, Login, Trust
from gateway.networks import admits
from gateway.ports import LedgerUnavailableError
from gateway.ssh_certificates import is_named, stands
from transports.live import LiveSession

PAUSE: Final = 1.0
"""Seconds between two looks."""

ANYWAY: Final = 60
"""Looks after which sessions are judged though nothing changed."""


class Standing(Protocol):
    """What is asked of the directory (:class:`gateway.directory_queries.DirectoryReader`)."""

    def revision(self) -> int:
        """A number that every change of the directory moves."""
        ...

    def login(self, account: str, kind: CredentialKind) -> Login:
        """Whether the account may log in, and from where."""
        ...

    def held(self, account: str) -> Sequence[Credential]:
        """Its credentials that haven't expired."""
        ...

    def trust(self, login: Login) -> Trust:
        """By what its SSH certificates are judged."""
        ...


class Revocations:
    """Looks at sessions again. ``sessions`` gives those of this process, on the event loop."""

    def __init__(
        self,
        directory: Standing,
        sessions: Callable[[], Iterable[LiveSession]],
        pause: float = PAUSE,
    ) -> None:
        self._directory = directory
        self._sessions = sessions
        self._pause = pause
        self._seen = -1
        self._judged: frozenset[LiveSession] = frozenset()
        self._log = structlog.get_logger("gateway.revocation")
        self._looks = 0

    async def run(self) -> None:
        """Look until cancelled. Without a database nobody is cut off, and nobody gets anything."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.look()
            except LedgerUnavailableError as error:
                self._log.warning("sessions not looked at", reason=str(error))
            except Exception as error:  # noqa: BLE001 - nobody would be cut off ever after
                self._log.error("sessions not looked at", error=type(error).__name__)

    async def look(self) -> int:
        """Cut off who may not be there any more, if anything changed.

        Returns:
            How many.

        Raises:
            LedgerUnavailableError: The directory can't be read.
        """
        live = list(self._sessions())
        revision = await asyncio.to_thread(self._directory.revision)
        self._looks += 1
        every = revision != self._seen or not self._looks % ANYWAY
        due = live if every else [each for each in live if each not in self._judged]
        gone = await asyncio.to_thread(self._gone, due) if due else []
        # Remembered only now: a look that failed half way is done again.
        self._seen, self._judged = revision, frozenset(live)
        for session in gone:
            self._end(session)
        return len(gone)

    def _end(self, session: LiveSession) -> None:
        account = session.who.account
        try:
            session.revoke()
        except Exception as error:  # noqa: BLE001 - one session's fault must not keep the others
            self._log.error("session not ended", account=account, error=type(error).__name__)
            # Not judged, so that the next look tries again.
            self._judged -= {session}
        else:
            self._log.info("session revoked", account=account)

    def _gone(self, live: Sequence[LiveSession]) -> list[LiveSession]:
        accounts = {session.who.account for session in live}
        logins = {
            account: self._directory.login(account, CredentialKind.SSH_PRINCIPAL)
            for account in accounts
        }
        held = {account: self._directory.held(account) for account in accounts}
        return [
            session
            for session in live
            if not self._still(session, logins[session.who.account], held[session.who.account])
        ]

    def _still(self, session: LiveSession, login: Login, held: Sequence[Credential]) -> bool:
        who = session.who
        account = login.account
        if account is None or account.partner != who.partner or not who.roles <= account.roles:
            return False
        if not admits(login, session.address):
            return False
        if login.factors_changed is not None and session.since < login.factors_changed:
            return False
        if is_named(who.credential):
            trust = self._directory.trust(login)
            named_so = not who.principals.isdisjoint(trust.principals)
            return named_so and stands(who.credential, trust)
        # One that was given later is another, whatever its name: a new password, say.
        return any(c.fingerprint == who.credential and c.added <= session.since for c in held)
