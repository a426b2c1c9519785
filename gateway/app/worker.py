"""A worker's process: pipeline, scanner and sealer, and the site's chores."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
from datetime import timedelta

from config.policy import Policy
from config.settings import Settings
from dlp.budget import Budget
from gateway.app.common import Common, common_parts
from gateway.integrator import Integrator
from gateway.ledger.sequencer import LogTree, Sequencer
from gateway.ledger.verify_note import Key
from gateway.ledger.work import SqlWorkQueue
from gateway.log_signing import FollowingSigner
from gateway.opener import ProcessOpener
from gateway.opening import Opening
from gateway.partials import Partials
from gateway.payloads import Payloads
from gateway.pipeline import Pipeline
from gateway.publishing import Place, Publisher
from gateway.purger import Purger
from gateway.reaper import Reaper
from gateway.records import AdmittedCertificates, LoggedReleases, SendersCertificates
from gateway.scanner import ProcessScanner
from gateway.sealer import ProcessSealer
from gateway.site import Site
from gateway.store.database import Database
from gateway.worker import Worker


class Workshop:
    """One worker process: pipeline, scanner and sealer. (:class:`gateway.child.Service`)."""

    def __init__(self, site: Site, common: Common, number: int) -> None:
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
    workshop = Workshop(site, common_parts(site, policy), args.number)
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
