"""Health and metrics over HTTP, on listeners of their own.

``/healthz`` says that the supervisor lives. ``/readyz`` says whether the gateway would take a file
now, and if not, what is in the way. ``/metrics`` is for Prometheus.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.metrics import CONTENT_TYPE
from gateway.ports import LedgerUnavailableError
from gateway.site import Site
from gateway.store.database import Database
from transports.https_connection import LimitedRunner, unambiguous
from transports.https_head import LOOPBACK, MAX_HEADERS, served_or_address
from transports.https_problems import dress, problems
from transports.limits import Slots
from transports.observer import NullObserver

CACHE_SECONDS: Final = 1.0
"""How long an answer of ``/readyz`` is used again: probes must not be able to load the disk."""

MOST_CONNECTIONS: Final = 64
"""Of each listener. They are the supervisor's own, whose descriptors must not run out: it starts
processes and has to go on doing so. Probes and scrapers need a handful."""

IDLE_SECONDS: Final = 30.0
"""For a request's head, for the next request to begin, and for an answer to be read."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of being ready.

    Attributes:
        name: In a word.
        ok: Whether it holds.
        detail: If not, what is wrong; free of secrets and PHI.
    """

    name: str
    ok: bool
    detail: str = ""


Checks = Callable[[], Awaitable[Sequence[Check]]]


def check_database(database: Database) -> Check:
    """Whether a write transaction can be had. Blocks."""
    try:
        with database.write():
            pass
    except LedgerUnavailableError as error:
        return Check("database", ok=False, detail=str(error))
    return Check("database", ok=True)


def check_keys(site: Site) -> Check:
    """Whether the secret keys can be read."""
    unreadable = [path.name for path in site.paths.secrets if not os.access(path, os.R_OK)]
    if unreadable:
        return Check("keys", ok=False, detail=f"can't read {', '.join(unreadable)}")
    return Check("keys", ok=True)


def check_disk(site: Site) -> Check:
    """Whether more than the reserve is free."""
    try:
        free = shutil.disk_usage(site.paths.blobs).free
    except OSError as error:
        return Check("disk", ok=False, detail=(error.strerror or "unreadable").lower())
    reserve = int(site.settings.storage.reserve)
    if free < reserve:
        detail = f"{free >> 20} MiB free, and {reserve >> 20} MiB are to be kept"
        return Check("disk", ok=False, detail=detail)
    return Check("disk", ok=True)


class Ops:
    """The two listeners.

    Args:
        checks: The conditions of being ready.
        metrics: The exposition text; blocks, so it is called on a thread.
        names: Host names answered to besides addresses and loopback's: a page of another site can
            have its own name point here, and must not read this through its visitor's browser.
        idle: Seconds that a connection may keep its place without getting anywhere.
    """

    def __init__(
        self,
        checks: Checks,
        metrics: Callable[[], bytes],
        names: Sequence[str] = (),
        *,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._ours = unambiguous(served_or_address(LOOPBACK.union(names)))
        self._checks = checks
        self._metrics = metrics
        self._idle = idle
        self._runners: list[web.AppRunner] = []
        self._asking = asyncio.Lock()
        self._answer: tuple[float, Sequence[Check]] = (-CACHE_SECONDS, ())

    async def start(self, health: socket.socket, metrics: socket.socket) -> None:
        """Serve on two listening sockets."""
        await self._serve(health, [web.get("/healthz", _alive), web.get("/readyz", self._ready)])
        await self._serve(metrics, [web.get("/metrics", self._exposition)])

    async def stop(self) -> None:
        """Close both."""
        for runner in self._runners:
            await runner.cleanup()

    async def _serve(self, sock: socket.socket, routes: Sequence[web.RouteDef]) -> None:
        app = web.Application(client_max_size=0, middlewares=[problems, self._ours])
        app.on_response_prepare.append(dress)
        app.add_routes(routes)
        runner = LimitedRunner(
            app,
            Slots(MOST_CONNECTIONS),
            NullObserver(),
            shutdown_timeout=1.0,
            unread_seconds=self._idle,
            keepalive_timeout=self._idle,
            max_headers=MAX_HEADERS,
        )
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, sock).start()

    async def _ready(self, _request: web.Request) -> web.Response:
        async with self._asking:
            at, checks = self._answer
            if time.monotonic() - at >= CACHE_SECONDS:
                checks = await self._checks()
                self._answer = (time.monotonic(), checks)
        ready = all(check.ok for check in checks)
        body = {
            "ready": ready,
            "checks": {
                check.name: {"ok": True} if check.ok else {"ok": False, "detail": check.detail}
                for check in checks
            },
        }
        return _json(body, status=200 if ready else 503)

    async def _exposition(self, _request: web.Request) -> web.Response:
        text = await asyncio.to_thread(self._metrics)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


async def _alive(_request: web.Request) -> web.Response:
    return _json({"alive": True}, status=200)


def _json(body: object, status: int) -> web.Response:
    return web.Response(
        text=json.dumps(body) + "\n",
        status=status,
        content_type="application/json",
    )
