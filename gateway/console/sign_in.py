"""Signing in: by password, by the identity provider, by passkey; and out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from gateway.console import webauthn
from gateway.console.desk import CONSOLE, SESSION, TOKEN, Desk, address, taken_away, tied
from gateway.console.guard import (
    FLOW_COOKIE,
    SESSION_COOKIE,
    body,
    cookie,
    drop_cookie,
    text,
)
from gateway.console.oidc_client import OidcClient
from gateway.console.oidc_provider import OidcError
from gateway.console.oidc_token import Identity
from gateway.console.passkey_store import Kept
from gateway.console.sessions import OIDC, PASSKEY, PASSWORD, Proof
from gateway.console.webauthn import PasskeyError
from transports.https_problems import ProblemError

CALLBACK: Final = "/v1/session/oidc/callback"


class SignIn:
    """Handlers of ``/v1/session``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def password(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/session/password``: the first of two factors, or all that an auditor needs."""
        data = await body(request)
        account, secret = text(data, "account", 64), text(data, "password", 4096)
        who = await self._desk.judge.password(account, secret, address(request))
        if who is None:
            # The judge has counted it for the log already.
            self._desk.observer.login(CONSOLE, PASSWORD, accepted=False)
            raise ProblemError(401, "sign-in-refused", "that didn't prove who you are")
        return await self._desk.welcome(
            request, who, Proof(PASSWORD, who.credential, tied(self._desk.settings.oidc)), None
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/session``: who one is here, and the token against forged requests."""
        return web.json_response(self._desk.view(request[SESSION], request[TOKEN]))

    async def out(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /v1/session``."""
        session = request[SESSION]
        await asyncio.to_thread(self._desk.sessions.end, session.account, [session.digest])
        response = web.Response(status=204)
        drop_cookie(response, SESSION_COOKIE, same_site="Strict")
        return response

    # -- by the identity provider

    async def to_provider(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/session/oidc``: off to the provider; ``?afresh=1`` has it ask again."""
        oidc = self._provider()
        afresh = request.query.get("afresh") == "1"
        try:
            attempt, url = await oidc.begin(self._desk.party.origin + CALLBACK, afresh=afresh)
        except OidcError as error:
            raise _problem(error) from None
        response = web.Response(status=303, headers={"Location": url})
        # Lax, since the provider sends the browser back here: Strict cookies stay away then.
        cookie(response, FLOW_COOKIE, self._desk.attempts.keep(attempt), same_site="Lax")
        return response

    async def from_provider(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/session/oidc/callback``: back from it."""
        oidc = self._provider()
        attempt = self._desk.attempts.take(request.cookies.get(FLOW_COOKIE, ""))
        if attempt is None:
            raise await self._desk.refuse(request, OIDC)
        try:
            identity = await oidc.finish(attempt, _single(request))
        except OidcError as error:
            await self._desk.refuse(request, OIDC)
            raise _problem(error) from None
        response = await self._recognise(request, identity)
        if "text/html" in request.headers.get("Accept", ""):
            # The page there needs no cookie, and what it then asks for brings the new one along.
            response = _led_on(response)
        drop_cookie(response, FLOW_COOKIE, same_site="Lax")
        return response

    async def _recognise(self, request: web.Request, identity: Identity) -> web.Response:
        who = await self._desk.judge.subject(identity.issuer, identity.subject, address(request))
        if who is None:
            await self._desk.refuse(request, OIDC)
            raise ProblemError(
                403,
                "no-account",
                "the identity provider knows you and this gateway doesn't; an administrator binds "
                f"an account: lazaretto account credential USER --oidc-subject {identity.subject}",
            )
        groups = self._desk.settings.oidc.groups
        without = taken_away(identity.groups, groups.roles) if groups.claim else frozenset()
        proof = Proof(OIDC, who.credential, without)
        return await self._desk.welcome(request, who, proof, self._factored(identity))

    def _factored(self, identity: Identity) -> datetime | None:
        """When the provider asked for two factors: what it asked for this morning isn't fresh."""
        if not identity.second_factor or identity.authenticated is None:
            return None
        now = self._desk.clock()
        asked = min(max(identity.authenticated, 0), int(now.timestamp()))
        then = datetime.fromtimestamp(asked, UTC)
        return then if now - then < timedelta(days=1) else None

    def _provider(self) -> OidcClient:
        if self._desk.oidc is None:
            raise ProblemError(404, "not-found", "this site has no identity provider")
        return self._desk.oidc

    # -- by passkey

    async def passkey_options(self, _request: web.Request) -> web.StreamResponse:
        """``POST /v1/session/passkey/options``: the same for everybody, so it tells nothing."""
        asked = webauthn.challenge()
        response = web.json_response({"publicKey": webauthn.request(self._desk.party, asked)})
        flow = self._desk.challenges.keep(asked)
        cookie(response, FLOW_COOKIE, flow, same_site="Strict")
        return response

    async def passkey(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/session/passkey``: two factors at once, the device and what unlocks it."""
        data = await body(request)
        asked = self._desk.challenges.take(request.cookies.get(FLOW_COOKIE, ""))
        if asked is None:
            raise await self._desk.refuse(request, PASSKEY)
        kept = await passkey_proven(self._desk, request, asked, data)
        who = await self._desk.judge.passkey(kept.account, address(request))
        if who is None:
            raise await self._desk.refuse(request, PASSKEY, kept.account)
        proof = Proof(PASSKEY, kept.passkey.id, tied(self._desk.settings.oidc))
        response = await self._desk.welcome(request, who, proof, self._desk.clock())
        drop_cookie(response, FLOW_COOKIE, same_site="Strict")
        return response


async def passkey_proven(
    desk: Desk, request: web.Request, asked: bytes, answer: Mapping[str, Any]
) -> Kept:
    """The passkey that an answer is from, with its use noted.

    Raises:
        ProblemError: 401: it is none of ours, or doesn't prove it, or there are two of it.
    """
    try:
        name = webauthn.credential_id(answer)
    except PasskeyError:
        raise await desk.refuse(request, PASSKEY) from None
    kept = await asyncio.to_thread(desk.passkeys.find, name)
    if kept is None:
        raise await desk.refuse(request, PASSKEY)
    try:
        count = webauthn.proven(desk.party, asked, answer, kept.passkey)
    except PasskeyError:
        raise await desk.refuse(request, PASSKEY, kept.account) from None
    if not await asyncio.to_thread(desk.passkeys.used, kept.passkey, count):
        raise await desk.refuse(request, PASSKEY, kept.account)
    return kept


def _led_on(welcome: web.Response) -> web.Response:
    """What a browser gets instead: the cookie, and the way to the page."""
    response = web.Response(status=303, headers={"Location": "/"})
    response.cookies.update(welcome.cookies)
    return response


def _single(request: web.Request) -> dict[str, str]:
    """The query; what stands twice in it is as good as absent, since readers would differ."""
    query = request.query
    return {name: query[name] for name in query if len(query.getall(name)) == 1}


def _problem(error: OidcError) -> ProblemError:
    status = 503 if error.fault in {"unreachable", "discovery", "answer", "host"} else 401
    return ProblemError(status, f"oidc-{error.fault}", str(error))
