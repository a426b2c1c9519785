"""An edge's process: listeners over intake and mailbox."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from config.policy import Policy
from gateway import tls_pair
from gateway.app.common import Common, common_parts
from gateway.declared import DeclaringIntake
from gateway.edge_tls import EdgeTls
from gateway.following import Follower
from gateway.identity import DirectoryAuthenticator
from gateway.ledger.receipt_queries import SqlReceipts
from gateway.mailbox import LedgerMailbox
from gateway.refusals import Refusals
from gateway.revocation import Revocations
from gateway.second_factors import SecondFactors
from gateway.sharing import ShareBook, Sharing
from gateway.site import Site
from gateway.ssh_identity import SshAuthenticator
from gateway.staged_keys import present
from gateway.throttle import Throttle
from transports.https import (
    HttpsOptions,
    HttpsService,
    build_app,
    serve_https,
)
from transports.https_head import Served, loopback_of
from transports.https_names import names_in
from transports.live import LiveSession
from transports.sftp import SftpOptions, SftpService, serve_sftp
from transports.shares import Shares


class Edge:
    """One edge process: listeners over intake and mailbox. (:class:`gateway.child.Service`)."""

    def __init__(self, site: Site, common: Common) -> None:
        self._site = site
        self._common = common
        self._refusals = Refusals(common.ledger)
        self._counting: asyncio.Task[None] | None = None
        limits = site.settings.limits
        throttle = Throttle(common.database, limits, locked_out=common.meters.locked_out)
        self._shares = Shares(limits.sessions, limits.sessions_per_minute)
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"
        self._sharing = Sharing(ShareBook(common.database, name), self._shares)
        self._judge = DirectoryAuthenticator(
            common.directory, throttle, refused=self._refusals.count
        )
        self._second = SecondFactors(common.database, common.keys, throttle)
        self._intake = DeclaringIntake(
            ledger=common.ledger,
            transfers=common.transfers,
            keyed=common.transfers,
            disk=common.disk,
            keys=common.keys,
            policy=common.policy,
            max_bytes=int(site.settings.uploads.max_bytes),
            kept=timedelta(hours=site.settings.uploads.abandon_after_hours),
        )
        self._mailbox = LedgerMailbox(
            ledger=common.ledger,
            transfers=common.transfers,
            receipts=SqlReceipts(common.database),
            disk=common.disk,
            keys=common.keys,
        )
        self._services: list[SftpService | HttpsService] = []
        self._followers: list[asyncio.Task[None]] = []

    def _follow(
        self, what: str, paths: Sequence[Path], take: Callable[[], Awaitable[None]]
    ) -> None:
        self._followers.append(asyncio.create_task(Follower(what, paths, take).run()))

    async def listen(self, sftp: int | None, https: int | None) -> None:
        """Serve on the sockets with these descriptors."""
        self._counting = asyncio.create_task(self._refusals.run())
        if sftp is not None:
            self._services.append(await self._sftp(_inherited(sftp)))
        if https is not None:
            self._services.append(await self._https(_inherited(https)))
        revocations = Revocations(self._common.directory, self._live)
        self._followers.append(asyncio.create_task(revocations.run()))
        if self._site.settings.processes.edges > 1 or not self._common.database.is_sqlite:
            self._followers.append(asyncio.create_task(self._sharing.run()))

    def _live(self) -> Iterator[LiveSession]:
        for service in self._services:
            yield from service.sessions()

    async def reload(self, policy: Policy) -> None:
        """Answer new requests by another policy."""
        self._common.policy.replace(policy)

    async def stop(self, grace: float) -> None:
        """Accept nothing new; uploads finish within ``grace`` seconds or are suspended."""
        await asyncio.gather(*(service.stop(grace) for service in self._services))
        for task in (self._counting, *self._followers):
            if task:
                task.cancel()
        await asyncio.to_thread(self._refusals.record)
        await self._sharing.withdraw()
        for part in (self._judge, self._intake, self._mailbox, self._common.database):
            part.close()

    async def _sftp(self, sock: socket.socket) -> SftpService:
        settings = self._site.settings.sftp
        options = SftpOptions(
            host_keys=_host_keys(self._site),
            sock=sock,
            max_connections=settings.connections,
            login_timeout=settings.login_seconds,
            idle_timeout=settings.idle_seconds,
        )
        judge = SshAuthenticator(self._judge, self._second, self._refusals.count)
        service = await serve_sftp(
            options,
            judge,
            self._intake,
            self._mailbox,
            observer=self._common.meters,
            shares=self._shares,
        )

        async def follow() -> None:
            await service.replace_host_keys(_host_keys(self._site))

        self._follow("SSH host keys", self._site.paths.ssh_host_keys, follow)
        return service

    async def _https(self, sock: socket.socket) -> HttpsService:
        settings, paths = self._site.settings.https, self._site.paths
        more = loopback_of(settings.listen.host).union(settings.names)

        def pair() -> tls_pair.Pair:
            return tls_pair.in_use(paths.tls_cert, paths.tls_key)

        names = Served(names_in(pair().certificate) | more)
        options = HttpsOptions(
            sock=sock,
            names=names,
            max_connections=settings.connections,
            body_timeout=settings.idle_seconds,
        )
        tls = EdgeTls(pair, paths.client_ca)

        async def follow() -> None:
            tls.take_pair()
            names.replace(names_in(pair().certificate) | more)

        async def follow_cas() -> None:
            tls.take_client_cas()

        self._follow("TLS certificate", (paths.tls_cert, paths.tls_key), follow)
        if paths.client_ca:
            self._follow("CAs of client certificates", (paths.client_ca,), follow_cas)
        app = build_app(
            options,
            self._judge,
            self._intake,
            self._mailbox,
            declaring=self._intake,
            observer=self._common.meters,
            shares=self._shares,
        )
        return await serve_https(options, app, tls.context)


def _host_keys(site: Site) -> tuple[Path, ...]:
    """Those in use first: of each type the first is used, and all are announced."""
    staged = [tuple(present(path)) for path in site.paths.ssh_host_keys]
    return (*(keys[0] for keys in staged), *(key for keys in staged for key in keys[1:]))


def _inherited(descriptor: int) -> socket.socket:
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)
    return sock


async def start_edge(site: Site, args: argparse.Namespace, policy: Policy) -> Edge:
    """An edge that listens."""
    edge = Edge(site, common_parts(site, policy))
    await edge.listen(args.sftp, args.https)
    return edge
