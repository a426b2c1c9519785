"""The one judge as SSH asks it: the first factor, then the second of accounts that have one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from gateway.second_factors import FactorState
from transports.ports import Authenticator, HalfProven, Principal
from transports.ssh_certificate import UserCertificate


class FirstFactors(Protocol):
    """Who proves what (:class:`gateway.identity.DirectoryAuthenticator`)."""

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """The principal, or None for any failure whatever."""
        ...

    async def public_key(self, username: str, key: bytes, address: str) -> Principal | None:
        """The principal whose key it is, or None."""
        ...

    async def certificate(
        self, username: str, certificate: UserCertificate, address: str
    ) -> Principal | None:
        """The principal that it is for, or None."""
        ...


class SecondFactor(Protocol):
    """Codes of accounts. Both methods block, and raise where the database can't be asked."""

    def state(self, account: str) -> FactorState:
        """Whether the account is asked for one."""
        ...

    def check(self, account: str, code: str, address: str = "") -> bool:
        """Whether it is a code of the account's, which from then on is none any more."""
        ...


class SshAuthenticator(Authenticator):
    """Lets nobody in by one factor whose account has a second.

    ``refused`` is called with the method and the account for each wrong code.
    """

    def __init__(
        self,
        first: FirstFactors,
        second: SecondFactor,
        refused: Callable[[str, str], None] = lambda _method, _account: None,
    ) -> None:
        self._first = first
        self._second = second
        self._refused = refused

    async def password(
        self, username: str, password: str, address: str
    ) -> Principal | HalfProven | None:
        """The principal, what is half of it, or None."""
        return await self._whole(await self._first.password(username, password, address))

    async def public_key(
        self, username: str, key: bytes, address: str
    ) -> Principal | HalfProven | None:
        """Likewise."""
        return await self._whole(await self._first.public_key(username, key, address))

    async def certificate(
        self, username: str, certificate: UserCertificate, address: str
    ) -> Principal | HalfProven | None:
        """Likewise."""
        return await self._whole(await self._first.certificate(username, certificate, address))

    async def second_factor(self, half: HalfProven, code: str, address: str) -> Principal | None:
        """The principal if the code, or recovery code, is one of the account's."""
        account = half.who.account
        fits = await asyncio.to_thread(self._second.check, account, code, address)
        if not fits:
            self._refused("second-factor", account)
            return None
        return replace(half.who, factor=True)

    async def _whole(self, who: Principal | None) -> Principal | HalfProven | None:
        if who is None:
            return None
        state = await asyncio.to_thread(self._second.state, who.account)
        return HalfProven(who) if state.confirmed else who
