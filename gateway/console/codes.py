"""Second factors by code: proving one in a session, and having, renewing and giving it up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import segno
from aiohttp import web

from gateway.console.desk import CONSOLE, SESSION, Desk, address
from gateway.console.guard import body, text
from gateway.directory_types import DirectoryError
from transports.https_problems import ProblemError

T = TypeVar("T")

TOTP: Final = "totp"
_MAX_CODE: Final = 64


class CodeFactors:
    """Handlers of ``/v1/session/factor/code`` and ``/v1/totp``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def prove(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/session/factor/code``: of the app, or a recovery code, each good once."""
        session = request[SESSION]
        code = text(await body(request), "code", _MAX_CODE)
        check = self._desk.codes.check
        if not await asyncio.to_thread(check, session.account, code, address(request)):
            # The code was charged to account and address already.
            self._desk.observer.login(CONSOLE, TOTP, accepted=False)
            self._desk.refused(TOTP, session.account)
            raise ProblemError(401, "sign-in-refused", "that didn't prove who you are")
        self._desk.observer.login(CONSOLE, TOTP, accepted=True)
        token = await asyncio.to_thread(self._desk.sessions.factor_proven, session)
        return await self._desk.shown(request, token)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/totp``."""
        state = await asyncio.to_thread(self._desk.codes.state, request[SESSION].account)
        return web.json_response({"confirmed": state.confirmed, "recovery_codes": state.codes})

    async def enrol(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/totp``: a fresh secret, which counts once a code of it is confirmed."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        name = f"{self._desk.party.name} {self._desk.party.id}"
        begin = self._desk.codes.enrol
        uri = await self._changed(lambda: begin(session.account, name, _actor(session.account)))
        return web.json_response({"uri": uri, "qr": _qr(uri)}, status=201)

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/totp/confirm``: the session goes on under a new cookie, its factor proven."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        code = text(await body(request), "code", _MAX_CODE)
        confirm = self._desk.codes.confirm
        codes = await self._changed(
            lambda: confirm(session.account, code, _actor(session.account), session.digest)
        )
        token = await asyncio.to_thread(self._desk.sessions.factor_proven, session)
        response = await self._desk.shown(request, token)
        view = json.loads(response.text or "{}") | {"recovery_codes": list(codes)}
        response.text = json.dumps(view)
        return response

    async def recovery(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/totp/recovery``: new recovery codes, shown this once."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        renew = self._desk.codes.recovery
        codes: Sequence[str] = await self._changed(
            lambda: renew(session.account, _actor(session.account), session.digest)
        )
        return web.json_response({"recovery_codes": list(codes)})

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /v1/totp``."""
        session = request[SESSION]
        self._desk.check_may_enrol(session)
        reset = self._desk.codes.reset
        await self._changed(lambda: reset(session.account, _actor(session.account), session.digest))
        return web.Response(status=204)

    async def _changed(self, change: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(change)
        except DirectoryError as error:
            raise ProblemError(409, "factor-refused", str(error)) from None


def _qr(uri: str) -> Sequence[str]:
    """Its QR code, a row of 0 and 1 each, without the margin."""
    made = segno.make(uri, error="m", micro=False)
    return ["".join(map(str, row)) for row in made.matrix]


def _actor(account: str) -> str:
    return f"person:{account}"
