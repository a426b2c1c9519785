"""Who somebody is, by what the console takes and other listeners don't: subjects and passkeys."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gateway.console.sessions import PASSKEY
from gateway.directory_credentials import oidc_digest
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Account, CredentialKind
from transports.ports import Principal


class Passwords(Protocol):
    """The one judge of passwords, for every protocol."""

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """Whose it is, or None."""
        ...


class ConsoleJudge:
    """Implements :class:`gateway.console.desk.Judge` on the directory.

    Raises LedgerUnavailableError when the database is locked, broken or gone.
    """

    def __init__(self, passwords: Passwords, directory: DirectoryReader) -> None:
        self._passwords = passwords
        self._directory = directory

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """Whose it is, or None."""
        return await self._passwords.password(username, password, address)

    async def subject(self, issuer: str, subject: str, address: str) -> Principal | None:  # noqa: ARG002 - the seam's
        """The account bound to a person at an identity provider, or None."""
        digest = oidc_digest(issuer, subject)
        pins = [(CredentialKind.OIDC, digest)]
        login = await asyncio.to_thread(self._directory.pinned_login, pins)
        if login.account is None or not login.allowed:
            return None
        return _principal(login.account, f"oidc:{digest[:16]}")

    async def passkey(self, account: str, address: str) -> Principal | None:  # noqa: ARG002 - the seam's
        """The account of a passkey that has proven itself, or None if it may not come in."""
        found = await asyncio.to_thread(self._directory.account, account)
        return _principal(found, PASSKEY) if found and found.enabled else None


def _principal(account: Account, credential: str) -> Principal:
    return Principal(account.id, account.partner, account.roles, credential)
