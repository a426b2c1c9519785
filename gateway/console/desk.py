"""What the console's handlers work with, and how a session reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from aiohttp import web

from config.console import Console, Oidc
from config.operations import SITE_ROLES, Role
from gateway.console.access import check_may_enrol, is_fresh, is_waiting
from gateway.console.guard import SESSION_COOKIE, cookie
from gateway.console.oidc_client import OidcClient
from gateway.console.oidc_flow import Attempt
from gateway.console.passkey_store import Passkeys
from gateway.console.pending import Pending
from gateway.console.sessions import ElsewhereError, Proof, Session, Sessions, csrf_of
from gateway.console.webauthn import Party
from gateway.ledger.clock import utc_now
from gateway.second_factors import FactorState
from transports.https_problems import ProblemError
from transports.observer import Observer
from transports.ports import Principal

SESSION: Final[web.RequestKey[Session]] = web.RequestKey("session", Session)
TOKEN: Final[web.RequestKey[str]] = web.RequestKey("token", str)
CONSOLE: Final = "console"


class Judge(Protocol):
    """Judges passwords and what else tells an account; throttles."""

    async def heard(self, address: str) -> None:
        """Return if somebody from there is heard now, else raise TooManyAttemptsError."""
        ...

    async def refused(self, address: str) -> None:
        """Count an attempt from there that proved nothing."""
        ...

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """Whose it is, or None."""
        ...

    async def subject(self, issuer: str, subject: str, address: str) -> Principal | None:
        """The account bound to a person at an identity provider, or None."""
        ...

    async def passkey(self, account: str, address: str) -> Principal | None:
        """The account of a passkey that has proven itself, or None if it may not come in."""
        ...


class Codes(Protocol):
    """Second factors by code (:class:`gateway.second_factors.SecondFactors`); blocks."""

    def state(self, account: str) -> FactorState:
        """What an account has."""
        ...

    def enrol(self, account: str, issuer: str, actor: str) -> str:
        """Begin; the secret as a URI."""
        ...

    def confirm(self, account: str, code: str, actor: str, keep: str = "") -> Sequence[str]:
        """Put it in force; recovery codes. Sessions end, but that of digest ``keep``."""
        ...

    def recovery(self, account: str, actor: str, keep: str = "") -> Sequence[str]:
        """Fresh recovery codes; likewise."""
        ...

    def reset(self, account: str, actor: str, keep: str = "") -> None:
        """Take it away; likewise."""
        ...

    def check(self, account: str, code: str, address: str = "") -> bool:
        """Whether a code is the account's."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that handlers share.

    Attributes:
        settings: Of the console.
        sessions: Kept here.
        passkeys: Kept here.
        judge: Of passwords and subjects.
        codes: Second factors by code.
        party: Who we are to authenticators.
        oidc: The identity provider's client; None without one.
        observer: Counts sign-ins.
        refused: Called for each refusal with its method and the account, "" if it isn't known.
        clock: Now, UTC.
        attempts: Sign-ins under way at the provider.
        challenges: Of passkeys, by flow or session.
    """

    settings: Console
    sessions: Sessions
    passkeys: Passkeys
    judge: Judge
    codes: Codes
    party: Party
    oidc: OidcClient | None
    observer: Observer
    refused: Callable[[str, str], None] = lambda _method, _account: None
    clock: Callable[[], datetime] = utc_now
    attempts: Pending[Attempt] = field(default_factory=Pending)
    challenges: Pending[bytes] = field(default_factory=Pending)

    @property
    def fresh(self) -> timedelta:
        """How long a second factor counts."""
        return timedelta(minutes=self.settings.fresh_minutes)

    async def known(self, request: web.Request) -> tuple[Session, str]:
        """The session that a request is in, and its cookie.

        Raises:
            ProblemError: 401: it is in none, or that ended, or its account may not come from
                there. Whoever holds a stolen cookie isn't told which.
        """
        token = request.cookies.get(SESSION_COOKIE, "")
        found = None
        try:
            if token:
                found = await asyncio.to_thread(self.sessions.find, token, address(request))
        except ElsewhereError as error:
            self.refused("session", error.account)
        if found is None:
            raise ProblemError(401, "sign-in", "sign in first: see POST /v1/session/password")
        return found, token

    async def welcome(
        self, request: web.Request, who: Principal, proof: Proof, factored: datetime | None
    ) -> web.Response:
        """A new session for somebody who has proven who they are; what they had ends with it.

        Raises:
            ProblemError: 403: the console has nothing for them.
        """
        if who.roles.isdisjoint(SITE_ROLES - proof.without):
            raise ProblemError(403, "forbidden", "your account has no role of the site's own")
        self.observer.login(CONSOLE, proof.method, accepted=True)
        await asyncio.to_thread(self._end_former, request)
        token = await asyncio.to_thread(
            lambda: self.sessions.open(who.account, proof, factored=factored)
        )
        return await self.shown(request, token)

    def _end_former(self, request: web.Request) -> None:
        former = request.cookies.get(SESSION_COOKIE, "")
        with suppress(ElsewhereError):
            old = self.sessions.find(former, address(request)) if former else None
            if old:
                self.sessions.end(old.account, [old.digest])

    async def shown(self, request: web.Request, token: str) -> web.Response:
        """The session of a new cookie, with the cookie."""
        session = None
        with suppress(ElsewhereError):
            session = await asyncio.to_thread(self.sessions.find, token, address(request))
        if session is None:
            raise ProblemError(401, "sign-in", "the account was disabled meanwhile")
        response = web.json_response(self.view(session, token))
        cookie(response, SESSION_COOKIE, token, same_site="Strict")
        return response

    def check_may_enrol(self, session: Session) -> None:
        """Return if the session may change the account's second factors.

        Raises:
            ProblemError: 403.
        """
        check_may_enrol(session, self.clock(), self.fresh)

    def view(self, session: Session, token: str) -> dict[str, object]:
        """What a person may see of the session they are in."""
        return {
            **brief(session),
            "roles": sorted(map(str, session.roles)),
            "csrf": csrf_of(token),
            "second_factor": {
                "waiting": is_waiting(session),
                "enrolled": session.enrolled,
                "fresh": is_fresh(session, self.clock(), self.fresh),
                "proven": session.factored.isoformat() if session.factored else None,
            },
        }

    async def refuse(self, request: web.Request, method: str, account: str = "") -> ProblemError:
        """Count a refusal; to be raised. The sentence is the same whatever was wrong."""
        self.observer.login(CONSOLE, method, accepted=False)
        self.refused(method, account)
        await self.judge.refused(address(request))
        return ProblemError(401, "sign-in-refused", "that didn't prove who you are")


def brief(session: Session) -> dict[str, object]:
    """What a list of sessions shows of one."""
    return {
        "session": session.id,
        "account": session.account,
        "method": session.proof.method,
        "created": session.created.isoformat(),
        "seen": session.seen.isoformat(),
        "expires": session.expires.isoformat(),
    }


def address(request: web.Request) -> str:
    """Where the request is from, for throttling."""
    return request.remote or ""


def tied(oidc: Oidc) -> frozenset[Role]:
    """Roles that somebody has only by the provider's word, so by no other way to sign in."""
    vouched = oidc.issuer and oidc.groups.claim
    return taken_away(frozenset(), oidc.groups.roles) if vouched else frozenset()


def taken_away(groups: frozenset[str], roles_by_group: dict[str, str]) -> frozenset[Role]:
    """Roles that need a group which the person isn't in."""
    lacking = {role for role, group in roles_by_group.items() if group not in groups}
    return frozenset(role for role in Role if str(role) in lacking)
