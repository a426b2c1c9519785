"""One's own: sessions, passkeys, and proving a second factor again."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from gateway.console import webauthn
from gateway.console.desk import CONSOLE, SESSION, Desk, brief
from gateway.console.guard import body
from gateway.console.sessions import PASSKEY, Session
from gateway.console.sign_in import passkey_proven
from gateway.console.webauthn import PasskeyError
from gateway.directory_types import DirectoryError, UnknownEntryError
from transports.https_problems import ProblemError

_ID: Final = re.compile("[0-9a-f]{8,64}")
"""A session's, as lists show it or longer; shorter could mean several."""


class Own:
    """Handlers of ``/v1/sessions``, ``/v1/passkeys`` and ``/v1/session/factor``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def sessions(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/sessions``: where one is signed in."""
        session = request[SESSION]
        found = await asyncio.to_thread(self._desk.sessions.of, session.account)
        return web.json_response(
            {"sessions": [brief(one) | {"present": one.digest == session.digest} for one in found]}
        )

    async def end_session(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /v1/sessions/{id}``: end one of one's own, from the next request in it on."""
        account = request[SESSION].account
        name = request.match_info["id"]
        end = self._desk.sessions.end
        if not _ID.fullmatch(name) or not await asyncio.to_thread(end, account, [name]):
            raise ProblemError(404, "not-found", "you have no session of that id")
        return web.Response(status=204)

    # -- the second factor, of a session that is open

    async def factor_options(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/session/factor/passkey/options``."""
        session = request[SESSION]
        kept = await asyncio.to_thread(self._desk.passkeys.of, session.account)
        asked = webauthn.challenge()
        self._desk.challenges.keep(asked, _key("factor", session))
        ids = [one.passkey.id for one in kept]
        return web.json_response({"publicKey": webauthn.request(self._desk.party, asked, ids)})

    async def factor(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/session/factor/passkey``: the session goes on under a new cookie."""
        session = request[SESSION]
        data = await body(request)
        asked = self._desk.challenges.take(_key("factor", session))
        if asked is None:
            raise ProblemError(409, "no-challenge", "ask for options first, and answer in time")
        kept = await passkey_proven(self._desk, request, asked, data)
        if kept.account != session.account:
            raise await self._desk.refuse(request, PASSKEY, session.account)
        self._desk.observer.login(CONSOLE, PASSKEY, accepted=True)
        token = await asyncio.to_thread(self._desk.sessions.factor_proven, session)
        return await self._desk.shown(request, token)

    # -- passkeys

    async def passkeys(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/passkeys``."""
        found = await asyncio.to_thread(self._desk.passkeys.of, request[SESSION].account)
        shown = [
            {
                "fingerprint": one.fingerprint,
                "name": one.comment,
                "added": one.added.isoformat(),
                "used": one.used.isoformat() if one.used else None,
            }
            for one in found
        ]
        return web.json_response({"passkeys": shown})

    async def passkey_options(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/passkeys/options``: what a browser needs to make one."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        known = await asyncio.to_thread(self._desk.passkeys.of, session.account)
        asked = webauthn.challenge()
        self._desk.challenges.keep(asked, _key("enrol", session))
        # No name of a person goes into the handle, which authenticators give away.
        handle = webauthn.handle_of(session.account)
        ids = [one.passkey.id for one in known]
        options = webauthn.creation(self._desk.party, session.account, handle, asked, ids)
        return web.json_response({"publicKey": options})

    async def add_passkey(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/passkeys``: register what the browser made."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        data = await body(request)
        asked = self._desk.challenges.take(_key("enrol", session))
        if asked is None:
            raise ProblemError(409, "no-challenge", "ask for options first, and answer in time")
        name = data.get("name", "")
        credential = data.get("credential")
        try:
            made = webauthn.registered(
                self._desk.party, asked, credential if isinstance(credential, dict) else {}
            )
            comment = name if isinstance(name, str) else ""
            mark = await asyncio.to_thread(
                self._desk.passkeys.add, session.account, made, comment, session.digest
            )
        except PasskeyError as error:
            raise ProblemError(400, "passkey-refused", str(error)) from None
        except DirectoryError as error:
            raise ProblemError(409, "passkey-refused", str(error)) from None
        return web.json_response({"fingerprint": mark}, status=201)

    async def remove_passkey(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /v1/passkeys/{fingerprint}``; ends other sessions, and what it opened."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        mark = request.match_info["fingerprint"]
        try:
            await asyncio.to_thread(
                self._desk.passkeys.remove, session.account, mark, session.account, session.digest
            )
        except UnknownEntryError as error:
            raise ProblemError(404, "not-found", str(error)) from None
        return web.Response(status=204)


def _key(purpose: str, session: Session) -> str:
    return f"{purpose}:{session.digest}"
