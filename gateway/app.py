"""The composition root: the only place that names concrete classes and puts them together."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prometheus_client import REGISTRY

from config.policy import Policy
from config.settings import Settings
from dlp.budget import Budget
from gateway import logs, tls_pair
from gateway.declared import DeclaringIntake
from gateway.directory_queries import DirectoryReader
from gateway.edge_tls import EdgeTls
from gateway.following import Follower
from gateway.identity import DirectoryAuthenticator
from gateway.integrator import Integrator
from gateway.key_files import check_private
from gateway.keyring import Keyring, keyring_of
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.receipt_queries import SqlReceipts
from gateway.ledger.record import SqlLedger
from gateway.ledger.sequencer import LogTree, Sequencer, signed_at
from gateway.ledger.startup import check_log
from gateway.ledger.verify_note import Key
from gateway.ledger.work import SqlWorkQueue
from gateway.log_signing import FollowingSigner
from gateway.mailbox import LedgerMailbox
from gateway.metrics import Meters
from gateway.migrations import upgrade
from gateway.opener import ProcessOpener
from gateway.opening import Opening
from gateway.partials import Partials
from gateway.payloads import Payloads
from gateway.pipeline import Pipeline
from gateway.policy_holder import PolicyHolder
from gateway.publishing import Place, Publisher
from gateway.purger import Purger
from gateway.reaper import Reaper
from gateway.reconcile import account_for, reconcile
from gateway.records import AdmittedCertificates, LoggedReleases, SendersCertificates
from gateway.refusals import Refusals
from gateway.revocation import Revocations
from gateway.sandbox import dump_nothing
from gateway.scanner import ProcessScanner
from gateway.sealer import ProcessSealer
from gateway.second_factors import SecondFactors
from gateway.sharing import ShareBook, Sharing
from gateway.site import Site
from gateway.ssh_identity import SshAuthenticator
from gateway.staged_keys import present
from gateway.store.database import Database
from gateway.store.disk import Disk
from gateway.supervisor import Supervisor
from gateway.throttle import Throttle
from gateway.worker import Worker
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


def serve(site: Site) -> None:
    """Run the gateway till it is told to stop.

    Raises:
        AlreadyRunningError: The site is being served.
        ConfigError: The policy has faults.
        KekError: The key-encryption key can't be used.
        ListenError: An address can't be listened on.
        LedgerUnavailableError: The database is missing or can't be written.
        NewerSchemaError: The database was made by a later version.
        LogBrokenError: The log isn't the one that was signed.
        SiteError: A secret key is open to others.
    """
    dump_nothing()
    logs.configure(site.settings.logging, "supervisor")
    check_private(site)
    keyring_of(site)  # said here, once, rather than by every child at every try
    database = site.database()
    try:
        upgrade(database)
        asyncio.run(_supervise(site, database))
    finally:
        database.close()


def _kept(site: Site) -> str:
    """The checkpoint that is kept beside the database, "" before the first one."""
    try:
        return site.paths.checkpoint.read_text()
    except FileNotFoundError:
        return ""


async def _supervise(site: Site, database: Database) -> None:
    ledger, transfers = SqlLedger(database), SqlTransfers(database)

    def prepare() -> None:
        check_log(database, Key.parse(site.paths.log_pub.read_text()), _kept(site))
        disk = Disk(site.paths.blobs)
        account_for(reconcile(transfers, disk, signed_at(database)), ledger)

    certificates = DirectoryReader(database).certificates
    await Supervisor(
        site, database, ledger, transfers, prepare=prepare, certificates=certificates
    ).run()


@dataclass(frozen=True, slots=True)
class _Common:
    """What edges and workers both stand on."""

    database: Database
    ledger: SqlLedger
    transfers: SqlTransfers
    directory: DirectoryReader
    disk: Disk
    keys: Keyring
    meters: Meters
    policy: PolicyHolder


def _common(site: Site, policy: Policy) -> _Common:
    database = site.database()
    return _Common(
        database=database,
        ledger=SqlLedger(database),
        transfers=SqlTransfers(database),
        directory=DirectoryReader(database),
        disk=Disk(site.paths.blobs, int(site.settings.storage.reserve)),
        keys=keyring_of(site),
        meters=Meters(REGISTRY),
        policy=PolicyHolder(policy),
    )


class Edge:
    """One edge process: listeners over intake and mailbox. (:class:`gateway.child.Service`)."""

    def __init__(self, site: Site, common: _Common) -> None:
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
    edge = Edge(site, _common(site, policy))
    await edge.listen(args.sftp, args.https)
    return edge


class Workshop:
    """One worker process: pipeline, scanner and sealer. (:class:`gateway.child.Service`)."""

    def __init__(self, site: Site, common: _Common, number: int) -> None:
        self._common = common
        inspection = site.settings.inspection
        self._scanner = ProcessScanner(
            common.policy().rules,
            budget_of(site.settings),
            memory=int(inspection.memory),
            strict=inspection.sandbox == "strict",
        )
        self._sealer = ProcessSealer(
            site.paths.openpgp_secret, strict=inspection.sandbox == "strict"
        )
        payloads = Payloads(common.disk, common.keys)
        opener = ProcessOpener(
            site.paths.openpgp_secret,
            budget_of(site.settings),
            strict=inspection.sandbox == "strict",
        )
        senders = SendersCertificates(common.directory)
        pipeline = Pipeline(
            ledger=common.ledger,
            disk=common.disk,
            keys=common.keys,
            payloads=payloads,
            scanner=self._scanner,
            sealer=self._sealer,
            opening=Opening(common.disk, payloads, opener, senders),
            policy=common.policy,
            certificates=AdmittedCertificates(
                common.directory, verified=site.settings.certificates.verified == "required"
            ),
            releases=LoggedReleases(common.database),
            watcher=common.meters,
        )
        queue = SqlWorkQueue(common.database)
        name = f"{number}"
        self._worker = Worker(name, queue, common.ledger, pipeline.step, common.meters)
        self._reaper = Reaper(
            ledger=common.ledger,
            transfers=common.transfers,
            disk=common.disk,
            partials=Partials(common.disk, common.keys),
            after=timedelta(hours=site.settings.uploads.abandon_after_hours),
        )
        signer = FollowingSigner(site, common.database)
        owner = f"{socket.gethostname()}:{os.getpid()}"
        self._publisher = _publisher(site, common.database)
        self._integrator = Integrator(
            Sequencer(common.database, signer, owner), self._publisher.publish
        )
        self._purger = Purger(
            ledger=common.ledger,
            ended=common.transfers,
            disk=common.disk,
            policy=common.policy,
            forget=common.database.forget,
        )
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start scanner and sealer, so that what keeps them from working shows, then work."""
        await asyncio.gather(self._scanner.start(), self._sealer.start())
        self._worker.start()
        chores = (
            *(self._reaper.run(), self._purger.run()),
            *(self._integrator.run(), self._publisher.run()),
        )
        self._chores = [asyncio.create_task(chore) for chore in chores]

    async def reload(self, policy: Policy) -> None:
        """Take the next step by another policy."""
        self._common.policy.replace(policy)

    async def stop(self, grace: float) -> None:
        """Claim nothing more; steps finish within ``grace`` seconds or their leases go back."""
        await self._worker.stop(grace)
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(self._scanner.aclose(), self._sealer.close())
        self._common.database.close()


def _publisher(site: Site, database: Database) -> Publisher:
    settings = site.settings.log
    places = [
        Place(post.url, Key.parse(post.witness) if post.witness else None) for post in settings.post
    ]
    tree = LogTree(database)
    return Publisher(
        site.paths.checkpoint,
        places,
        tree.consistency,
        tree.cosigned,
        settings.post_seconds,
        hosts=site.settings.outgoing.hosts,
    )


async def start_worker(site: Site, args: argparse.Namespace, policy: Policy) -> Workshop:
    """A worker that works."""
    workshop = Workshop(site, _common(site, policy), args.number)
    await workshop.start()
    return workshop


def budget_of(settings: Settings) -> Budget:
    """What one inspection may spend, by the settings."""
    own = settings.inspection
    return Budget(
        bytes=int(own.bytes),
        depth=own.depth,
        entries=own.entries,
        ratio=own.ratio,
        seconds=own.seconds,
        text_bytes=int(own.text_bytes),
        findings=own.findings,
    )
