"""The console's application: every endpoint, with who may call it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from aiohttp import web

from config import operations
from gateway.console.access import admit
from gateway.console.codes import CodeFactors
from gateway.console.desk import SESSION, TOKEN, Desk, address
from gateway.console.guard import check_csrf, guarded, harden
from gateway.console.operations import Books, Operations
from gateway.console.own import Own
from gateway.console.pages import PLACES, Pages
from gateway.console.sign_in import CALLBACK, SignIn
from gateway.ports import LedgerUnavailableError
from transports.https import OBSERVER, RUNNING
from transports.https_connection import unambiguous
from transports.https_head import Served
from transports.https_problems import Handler, ProblemError, counted, dress, problems
from transports.limits import InFlight
from transports.ports import BusyError, TooManyAttemptsError

_READING: Final = frozenset({"GET", "HEAD"})


class Access(Enum):
    """What a request needs before its handler sees it."""

    NOBODY = auto()
    """No session: it is how one comes by one."""
    OWN = auto()
    """A session, even one that waits for its second factor."""
    TABLE = auto()
    """A session, and what the table of permissions asks for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One.

    Attributes:
        method: HTTP method.
        path: As the router has it.
        handler: Of the request.
        access: What it needs.
    """

    method: str
    path: str
    handler: Handler
    access: Access

    @property
    def operation(self) -> str:
        """Its row in :mod:`config.operations`."""
        return operations.console(self.method, self.path)


def endpoints(desk: Desk, books: Books) -> list[Endpoint]:
    """All of them."""
    come, own, code, work = SignIn(desk), Own(desk), CodeFactors(desk), Operations(books)
    pages = Pages(provider=desk.oidc is not None)
    return [
        *(Endpoint("GET", place, pages.show, Access.NOBODY) for place in PLACES),
        Endpoint("POST", "/v1/session/password", come.password, Access.NOBODY),
        Endpoint("GET", "/v1/session/oidc", come.to_provider, Access.NOBODY),
        Endpoint("GET", CALLBACK, come.from_provider, Access.NOBODY),
        Endpoint("POST", "/v1/session/passkey/options", come.passkey_options, Access.NOBODY),
        Endpoint("POST", "/v1/session/passkey", come.passkey, Access.NOBODY),
        Endpoint("GET", "/v1/session", come.show, Access.OWN),
        Endpoint("DELETE", "/v1/session", come.out, Access.OWN),
        Endpoint("POST", "/v1/session/factor/passkey/options", own.factor_options, Access.OWN),
        Endpoint("POST", "/v1/session/factor/passkey", own.factor, Access.OWN),
        Endpoint("POST", "/v1/session/factor/code", code.prove, Access.OWN),
        Endpoint("GET", "/v1/totp", code.show, Access.OWN),
        Endpoint("POST", "/v1/totp", code.enrol, Access.OWN),
        Endpoint("POST", "/v1/totp/confirm", code.confirm, Access.OWN),
        Endpoint("POST", "/v1/totp/recovery", code.recovery, Access.OWN),
        Endpoint("DELETE", "/v1/totp", code.remove, Access.OWN),
        Endpoint("GET", "/v1/sessions", own.sessions, Access.OWN),
        Endpoint("DELETE", "/v1/sessions/{id}", own.end_session, Access.OWN),
        Endpoint("GET", "/v1/passkeys", own.passkeys, Access.OWN),
        Endpoint("POST", "/v1/passkeys/options", own.passkey_options, Access.OWN),
        Endpoint("POST", "/v1/passkeys", own.add_passkey, Access.OWN),
        Endpoint("DELETE", "/v1/passkeys/{fingerprint}", own.remove_passkey, Access.OWN),
        Endpoint("GET", "/v1/holds", work.holds, Access.TABLE),
        Endpoint("GET", "/v1/holds/{id}", work.hold, Access.TABLE),
        Endpoint("POST", "/v1/holds/{id}/release", work.release, Access.TABLE),
        Endpoint("POST", "/v1/holds/{id}/refuse", work.refuse, Access.TABLE),
        Endpoint("GET", "/v1/transfers", work.transfers, Access.TABLE),
        Endpoint("GET", "/v1/transfers/{id}", work.transfer, Access.TABLE),
        Endpoint("POST", "/v1/transfers/{id}/legal-hold", work.legal_hold, Access.TABLE),
        Endpoint("POST", "/v1/transfers/{id}/legal-release", work.legal_release, Access.TABLE),
        Endpoint("GET", "/v1/transfers/{id}/events", work.events, Access.TABLE),
        Endpoint("GET", "/v1/audit/head", work.head, Access.TABLE),
    ]


def build(desk: Desk, books: Books) -> web.Application:
    """The application, for :class:`transports.https.HttpsService`."""
    running, names = InFlight(), frozenset(desk.settings.names)
    app = web.Application(
        middlewares=[
            counted(running),
            problems,
            _explained,
            guarded(names),
            unambiguous(Served(names)),
        ]
    )
    app[OBSERVER] = desk.observer
    app[RUNNING] = running
    app.on_response_prepare.append(dress)
    app.on_response_prepare.append(harden)
    for endpoint in endpoints(desk, books):
        app.router.add_route(endpoint.method, endpoint.path, _entered(desk, endpoint))
    return app


def _entered(desk: Desk, endpoint: Endpoint) -> Handler:
    """The handler behind its door."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if endpoint.access is Access.NOBODY:
            await desk.judge.heard(address(request))
        else:
            session, token = await desk.known(request)
            if endpoint.method not in _READING:
                check_csrf(request, token)
            if endpoint.access is Access.TABLE:
                admit(session, endpoint.operation, desk.clock(), desk.fresh)
            elif not operations.permits(session.roles, endpoint.operation):
                raise ProblemError(403, "forbidden", "your account has no role of the site's own")
            request[SESSION], request[TOKEN] = session, token
        return await endpoint.handler(request)

    return handler


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TooManyAttemptsError as error:
        after = str(math.ceil(error.seconds))
        raise ProblemError(
            429, "too-many-attempts", "too many failed attempts; wait", {"Retry-After": after}
        ) from None
    except BusyError as error:
        after = str(math.ceil(error.seconds))
        raise ProblemError(503, "busy", str(error), {"Retry-After": after}) from None
    except LedgerUnavailableError:
        raise ProblemError(
            503, "unavailable", "the gateway's database can't be used now", {"Retry-After": "30"}
        ) from None
