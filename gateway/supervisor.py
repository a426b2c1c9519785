"""The parent of all: opens the sockets, keeps the children running, answers for health.

It holds no payload and no key. Edges and workers are separate programs that it starts, and the
kernel kills them when it dies.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Final

import structlog

from config.faults import ConfigError
from config.policy import Policy
from gateway import metrics
from gateway.accepted import accept, replace_text
from gateway.children import Child, Recipe, Stage
from gateway.expiring import Expiries, Stored
from gateway.listening import addresses, listen_all
from gateway.ops import Check, Ops, check_database, check_disk, check_keys
from gateway.ports import Ledger, LedgerUnavailableError, Transfers
from gateway.running import STATE_FILE, lock
from gateway.sandbox import ONE_THREAD
from gateway.site import Site
from gateway.store.database import Database
from gateway.version import running

METRICS: Final = "metrics"
RELOAD_SECONDS: Final = 30.0
PROGRAMS: Final = MappingProxyType(
    {
        "edge": "gateway.edge",
        "worker": "gateway.worker_main",
        "console": "gateway.console_main",
    }
)

log = structlog.get_logger()


class Supervisor:
    """One running gateway.

    Args:
        site: What to serve.
        database: Open.
        ledger: To record starts, stops and policies.
        transfers: To count them.
        programs: What to run as ``edge``, ``worker`` and ``console``.
        prepare: Checks what the site holds, once nobody else serves it; blocks.
        certificates: Those of partners, to warn of their ends.
    """

    def __init__(
        self,
        site: Site,
        database: Database,
        ledger: Ledger,
        transfers: Transfers,
        programs: Mapping[str, str] = PROGRAMS,
        prepare: Callable[[], None] = lambda: None,
        certificates: Stored = tuple,
    ) -> None:
        self._site = site
        self._database = database
        self._ledger = ledger
        self._transfers = transfers
        self._prepare = prepare
        self._expiries = Expiries(certificates)
        self._programs = programs
        self._sockets: dict[str, socket.socket] = {}
        self._children: list[Child] = []
        self._policy: Policy | None = None
        self._announced = False
        self._reloads = 0
        self._refused: Sequence[str] = ()
        self._signalled = asyncio.Event()
        self._stops = 0
        self._reload = asyncio.Event()

    async def run(self) -> None:
        """Serve till SIGTERM or SIGINT.

        Raises:
            ConfigError: The policy has faults.
            ListenError: An address can't be listened on.
            LedgerUnavailableError: The database can't be written.
            AlreadyRunningError: The site is being served.
        """
        run = self._site.paths.run
        held = lock(run)
        try:
            (run / STATE_FILE).unlink(missing_ok=True)  # of a gateway that was killed
            await asyncio.to_thread(self._prepare)
            await self._serve()
        finally:
            os.close(held)

    async def _serve(self) -> None:
        run = self._site.paths.run
        self._policy = self._accept()
        self._sockets = listen_all(self._site.settings)
        metrics.clean(run / METRICS)
        self._record("site.started", {"version": running()})
        self._record("policy.loaded", {"digest": self._policy.digest})
        exposition = metrics.Exposition(
            run / METRICS, self._counts, self._stages, self._expiries.ends
        )
        self._children = [
            Child(recipe, self._changed, exposition.died) for recipe in self._recipes()
        ]
        ops = Ops(self._checks, exposition.text, self._site.settings.ops.names)
        self._catch_signals()
        await ops.start(self._sockets["health"], self._sockets["metrics"])
        keeping = [self._task(child.keep()) for child in self._children]
        chores = [
            self._task(chore) for chore in (self._announce(), self._obey(), self._expiries.run())
        ]
        try:
            await self._signalled.wait()
            await self._stop(keeping)
        finally:
            for task in (*chores, *keeping):
                task.cancel()
            await ops.stop()
            (run / STATE_FILE).unlink(missing_ok=True)
            with suppress(LedgerUnavailableError):
                self._record("site.stopped", {})

    def _recipes(self) -> list[Recipe]:
        settings, run = self._site.settings, self._site.paths.run
        doors = {name: self._sockets[name] for name in ("sftp", "https") if name in self._sockets}
        site = ["--site", str(self._site.root)]
        listeners = [
            word for name, door in doors.items() for word in (f"--{name}", str(door.fileno()))
        ]
        environment = {metrics.ENVIRONMENT: str(run / METRICS), **ONE_THREAD}
        edges = [
            Recipe(
                "edge", number, self._programs["edge"], [*site, *listeners],
                [door.fileno() for door in doors.values()], environment,
            )
            for number in range(1, settings.processes.edges + 1)
        ]  # fmt: skip
        workers = [
            Recipe("worker", number, self._programs["worker"], site, (), environment)
            for number in range(1, settings.processes.workers + 1)
        ]
        return [*edges, *workers, *self._console(site, environment)]

    def _console(self, site: list[str], environment: Mapping[str, str]) -> list[Recipe]:
        """The console's process, alone with its socket; none where it is off."""
        door = self._sockets.get("console")
        if door is None:
            return []
        words = [*site, "--console", str(door.fileno())]
        return [
            Recipe("console", 1, self._programs["console"], words, [door.fileno()], environment)
        ]

    def _task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A task whose failure stops the gateway: half a supervisor is worse than none."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            log.error("the supervisor broke; stopping", exc_info=task.exception())
            self._signalled.set()

    # -- signals

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)

    def _told_to_stop(self) -> None:
        self._stops += 1
        self._signalled.set()
        if self._stops > 1:
            for child in self._children:
                child.kill()

    async def _stop(self, keeping: Sequence[asyncio.Task[None]]) -> None:
        grace = self._site.settings.processes.grace_seconds
        log.info("stopping", seconds=grace)
        # The edges stop accepting first of all; with ours closed too, new clients are refused.
        for sock in self._sockets.values():
            if sock not in (self._sockets["health"], self._sockets["metrics"]):
                sock.close()
        for child in self._children:
            child.stop()
        _, late = await asyncio.wait(keeping, timeout=grace + 5)
        if late:
            log.error("children did not stop in time; killed", count=len(late))
            for child in self._children:
                child.kill()
            await asyncio.wait(keeping, timeout=5)
        log.info("stopped")

    # -- policy

    async def _obey(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            await self._load_anew()
            self._write_state()

    def _accept(self) -> Policy:
        paths = self._site.paths
        return accept(paths.policy, paths.policies, paths.run)

    async def _load_anew(self) -> None:
        self._reloads += 1
        try:
            policy = await asyncio.to_thread(self._accept)
        except ConfigError as error:
            self._refuse([str(fault) for fault in error.faults])
            return
        except OSError as error:
            self._refuse([f"the policy can't be copied: {error.strerror}"])
            return
        self._policy, self._refused = policy, ()
        for child in self._children:
            child.signal(signal.SIGHUP)
        with suppress(TimeoutError):
            async with asyncio.timeout(RELOAD_SECONDS):
                await asyncio.gather(*(child.until(policy.digest) for child in self._children))
        self._record("policy.loaded", {"digest": policy.digest})
        log.info("policy loaded", digest=policy.digest)

    def _refuse(self, faults: Sequence[str]) -> None:
        self._refused = faults
        for fault in faults:
            log.error("policy refused; the one in force stays", fault=fault)
        self._record("policy.refused", {"faults": len(faults)})

    # -- what others see

    async def _announce(self) -> None:
        """Say where we are once every child serves."""
        assert self._policy  # noqa: S101  # loaded before this task starts
        digest = self._policy.digest
        await asyncio.gather(*(child.until(digest) for child in self._children))
        self._announced = True
        self._write_state()
        log.info("ready", **addresses(self._sockets), site=str(self._site.root))

    def _changed(self) -> None:
        if self._announced:
            self._write_state()

    def _write_state(self) -> None:
        state = {
            "pid": os.getpid(),
            "version": running(),
            "listen": addresses(self._sockets),
            "children": [
                {"kind": child.recipe.kind, "number": child.recipe.number, "pid": child.pid}
                for child in self._children
            ],
            "policy": self._policy.digest if self._policy else "",
            "reloads": self._reloads,
            "refused": list(self._refused),
        }
        replace_text(self._site.paths.run / STATE_FILE, json.dumps(state, indent=2) + "\n")

    def _record(self, kind: str, facts: Mapping[str, str | int]) -> None:
        self._ledger.record(kind, "system", facts)

    def _counts(self) -> Mapping[tuple[str, str], int]:
        try:
            return self._transfers.counts()
        except LedgerUnavailableError:
            return {}  # a scrape says what is known; readiness says that the database is gone

    def _stages(self) -> Mapping[tuple[str, str], int]:
        return Counter((child.recipe.kind, str(child.stage)) for child in self._children)

    async def _checks(self) -> Sequence[Check]:
        return [
            await asyncio.to_thread(check_database, self._database),
            check_keys(self._site),
            check_disk(self._site),
            Check("policy", ok=self._policy is not None),
            *self._children_ready(),
        ]

    def _children_ready(self) -> list[Check]:
        checks = []
        for kind in ("edge", "worker"):
            stages = [child.stage for child in self._children if child.recipe.kind == kind]
            ready = sum(stage is Stage.READY for stage in stages)
            detail = "" if ready else f"none of {len(stages)} is ready"
            checks.append(Check(f"{kind}s", ok=ready > 0, detail=detail))
        for child in self._children:
            if child.recipe.kind == "console":
                ready = child.stage is Stage.READY
                checks.append(Check("console", ok=ready, detail="" if ready else "isn't ready"))
        if self._signalled.is_set():
            checks.append(Check("running", ok=False, detail="stopping"))
        return checks
