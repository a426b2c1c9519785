"""Who somebody is, by what the console takes and other listeners don't: subjects and passkeys."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gateway.console.sessions import PASSKEY
from gateway.directory_credentials import oidc_digest
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, Login
from gateway.identity import Throttling
from gateway.networks import admits
from transports.ports import Principal, TooManyAttemptsError


class Passwords(Protocol):
    """The one judge of passwords, for every protocol."""

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """Whose it is, or None."""
        ...


class ConsoleJudge:
    """Implements :class:`gateway.console.desk.Judge` on the directory.

    Its methods raise LedgerUnavailableError when the database is locked, broken or gone.
    """

    def __init__(
        self, passwords: Passwords, directory: DirectoryReader, throttle: Throttling
    ) -> None:
        self._passwords = passwords
        self._directory = directory
        self._throttle = throttle

    async def heard(self, address: str) -> None:
        """Return if somebody from there is heard.

        Raises:
            TooManyAttemptsError: Not now.
        """
        left = await asyncio.to_thread(self._throttle.wait, address)
        if left:
            raise TooManyAttemptsError(left)

    async def refused(self, address: str) -> None:
        """Count an attempt from there that proved nothing."""
        await asyncio.to_thread(self._throttle.refused, address)

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """Whose it is, or None."""
        return await self._passwords.password(username, password, address)

    async def subject(self, issuer: str, subject: str, address: str) -> Principal | None:
        """The account bound to a person at an identity provider, or None."""
        digest = oidc_digest(issuer, subject)
        pins = [(CredentialKind.OIDC, digest)]
        login = await asyncio.to_thread(self._directory.pinned_login, pins)
        return _principal(login, address, f"oidc:{digest[:16]}")

    async def passkey(self, account: str, address: str) -> Principal | None:
        """The account of a passkey that has proven itself, or None if it may not come in."""
        kind = CredentialKind.PASSWORD  # any will do: what is asked is the account and its networks
        login = await asyncio.to_thread(self._directory.login, account, kind)
        return _principal(login, address, PASSKEY)


def _principal(login: Login, address: str, credential: str) -> Principal | None:
    account = login.account
    if account is None or not admits(login, address):
        return None
    return Principal(account.id, account.partner, account.roles, credential)
