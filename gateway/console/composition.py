"""The composition root of the console's process, as :mod:`gateway.app` is of the others.

It has the database, its socket and what second factors are encrypted under; it opens no payload.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from datetime import timedelta
from typing import Final

from prometheus_client import REGISTRY

from config.policy import Policy
from gateway import tls_pair
from gateway.console.application import build
from gateway.console.desk import CONSOLE, Desk
from gateway.console.judge import ConsoleJudge
from gateway.console.oidc_client import OidcClient
from gateway.console.oidc_outside import HttpOutside, authorities
from gateway.console.operations import Books
from gateway.console.passkey_store import Passkeys
from gateway.console.sessions import Sessions
from gateway.console.webauthn import Party
from gateway.decisions import Decisions
from gateway.directory_queries import DirectoryReader
from gateway.following import Follower
from gateway.identity import DirectoryAuthenticator
from gateway.keyring.composition import keyring_of
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.metrics import Meters
from gateway.reason_check import reason_check
from gateway.refusals import Refusals
from gateway.second_factors import SecondFactors
from gateway.site import Site
from gateway.throttle import Throttle
from transports.https import (
    HttpsOptions,
    HttpsService,
    replace_certificate,
    serve_https,
    tls_context,
)
from transports.https_head import Served

NAME: Final = "Lazaretto"
_MAX_LINE: Final = 8190


class ConsoleMeters(Meters):
    """Counts connections as the console's: its listener is made of the parts of HTTPS."""

    def connection_opened(self, protocol: str) -> None:  # noqa: ARG002 - the seam's
        """A browser connected."""
        super().connection_opened(CONSOLE)

    def connection_closed(self, protocol: str, reason: str) -> None:  # noqa: ARG002 - the seam's
        """It left."""
        super().connection_closed(CONSOLE, reason)


class Console:
    """One console process. (:class:`gateway.child.Service`)."""

    def __init__(self, site: Site, policy: Policy) -> None:
        self._site = site
        self._database = site.database()
        self._ledger = SqlLedger(self._database)
        self._check_reason = reason_check(policy.rules)
        self._refusals = Refusals(self._ledger)
        self._meters = ConsoleMeters(REGISTRY)
        directory = DirectoryReader(self._database)
        throttle = Throttle(
            self._database, site.settings.limits, locked_out=self._meters.locked_out
        )
        self._passwords = DirectoryAuthenticator(directory, throttle, refused=self._refusals.count)
        self._judge = ConsoleJudge(self._passwords, directory, throttle)
        self._codes = SecondFactors(self._database, keyring_of(site), throttle)
        self._chores: list[asyncio.Task[None]] = []
        self._service: HttpsService | None = None

    async def listen(self, descriptor: int) -> None:
        """Serve on the socket with this descriptor."""
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)
        settings, paths = self._site.settings.console, self._site.paths
        app = build(self._desk(sock.getsockname()[1]), self._books())
        options = HttpsOptions(
            sock=sock,
            names=Served(settings.names),
            max_connections=settings.connections,
            max_line=_MAX_LINE,
            header_timeout=15.0,
        )
        tls = tls_context(*tls_pair.in_use(paths.tls_cert, paths.tls_key))
        self._service = await serve_https(options, app, tls)

        async def follow() -> None:
            replace_certificate(tls, *tls_pair.in_use(paths.tls_cert, paths.tls_key))

        follower = Follower("TLS certificate", (paths.tls_cert, paths.tls_key), follow)
        self._chores = [
            asyncio.create_task(chore) for chore in (self._refusals.run(), follower.run())
        ]

    async def reload(self, policy: Policy) -> None:
        """Look at reasons by another policy's rules."""
        self._check_reason = reason_check(policy.rules)

    async def stop(self, grace: float) -> None:
        """Accept nothing new; requests finish within ``grace`` seconds."""
        if self._service:
            await self._service.stop(grace)
        for chore in self._chores:
            chore.cancel()
        await asyncio.to_thread(self._refusals.record)
        self._passwords.close()
        self._database.close()

    def _desk(self, port: int) -> Desk:
        own = self._site.settings.console
        return Desk(
            settings=own,
            sessions=Sessions(
                self._database,
                timedelta(minutes=own.idle_minutes),
                timedelta(hours=own.longest_hours),
            ),
            passkeys=Passkeys(self._database),
            judge=self._judge,
            codes=self._codes,
            party=Party(own.names[0], NAME, own.address(port)),
            oidc=provider_client(self._site),
            observer=self._meters,
            refused=self._refusals.count,
        )

    def _books(self) -> Books:
        transfers = SqlTransfers(self._database)
        decisions = Decisions(self._ledger, transfers, self._fault_of)
        return Books(self._database, self._ledger, transfers, decisions)

    def _fault_of(self, reason: str) -> str | None:
        """By the rules in force now, which a reload changes."""
        return self._check_reason(reason)


def provider_client(site: Site) -> OidcClient | None:
    """The identity provider's client; None where the settings name none.

    Raises:
        OSError: The secret or the authorities can't be read.
        ssl.SSLError: The authorities are no certificates.
    """
    own, path = site.settings.console.oidc, site.paths.oidc_secret
    if not own.issuer:
        return None
    secret = path.read_text().strip() if path else ""
    trusted = str(site.root / own.authorities) if own.authorities else ""
    return OidcClient(own, secret, HttpOutside(own.reachable, authorities(trusted)))


async def start_console(site: Site, args: argparse.Namespace, policy: Policy) -> Console:
    """A console that listens."""
    console = Console(site, policy)
    await console.listen(args.console)
    return console
