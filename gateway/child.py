"""What every child process of the supervisor does: die with it, report to it, obey its signals.

A child writes one JSON object a line to the descriptor it was given: ``{"ready": DIGEST}`` once
it serves (and after each reload, with the policy's digest), ``{"refused": …}`` when a reload
failed, and ``{"alive": true}`` every few seconds, so that a hung event loop shows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog
import uvloop

from config.faults import ConfigError
from config.policy import Policy
from gateway import logs, sandbox
from gateway.accepted import in_force
from gateway.fence import enforce
from gateway.sandbox import SandboxError
from gateway.site import Site

HEARTBEAT_SECONDS: Final = 5.0
ORPHANED: Final = 3

log = structlog.get_logger()


class Service(Protocol):
    """What a child runs."""

    async def reload(self, policy: Policy) -> None:
        """Work by another policy from now on."""
        ...

    async def stop(self, grace: float) -> None:
        """Take nothing new, finish or suspend what is under way within ``grace`` seconds."""
        ...


class OrphanedError(Exception):
    """The supervisor died before this child was ready."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line the supervisor gives: site, number, parent, descriptors."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--report", type=int, required=True)
    parser.add_argument("--sftp", type=int)
    parser.add_argument("--https", type=int)
    parser.add_argument("--console", type=int)
    return parser.parse_args(argv)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the supervisor dies, and dump nothing.

    Raises:
        OrphanedError: It died already.
    """
    sandbox.dump_nothing()
    if not sandbox.die_with(parent):
        raise OrphanedError("the supervisor is gone")


def fence_in(site: Site, process: str) -> bool:
    """Confine this process; False if it can't be and must be, by the settings."""
    strict = site.settings.processes.sandbox == "strict"
    try:
        missing = enforce(site, process).missing(process)
    except SandboxError as error:
        missing = (str(error),)
    if missing and strict:
        fix = "or set processes.sandbox to best-effort"
        log.error("this process can't be confined", problem="; ".join((*missing, fix)))
        return False
    if missing:
        log.warning("this process is not fully confined", problem="; ".join(missing))
    return True


class Reporter:
    """The child's line to the supervisor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, **facts: object) -> None:
        """Send one line; a supervisor that is gone hears nothing, and we die with it anyway."""
        line = json.dumps(facts).encode() + b"\n"
        try:
            os.write(self._descriptor, line)  # under PIPE_BUF: whole or not at all
        except OSError:
            log.warning("supervisor unreachable")


Start = Callable[[Site, argparse.Namespace, Policy], Awaitable[Service]]


def child_main(process: str, start: Start) -> int:
    """The whole of a child process; returns its exit status."""
    args = arguments()
    try:
        die_with(args.parent)
    except OrphanedError:
        return ORPHANED
    site = Site.open(args.site)
    logs.configure(site.settings.logging, process)
    structlog.contextvars.bind_contextvars(worker=args.number)
    if not fence_in(site, process):
        return 1
    try:
        die_with(args.parent)  # asked again: a change of credentials unsays it
    except OrphanedError:
        return ORPHANED
    try:
        uvloop.run(run(args, site, lambda policy: start(site, args, policy)))
    except Exception:
        log.exception("can't go on")
        return 1
    return 0


async def run(
    args: argparse.Namespace, site: Site, start: Callable[[Policy], Awaitable[Service]]
) -> None:
    """Start the service, obey SIGHUP, and stop it on SIGTERM."""
    reporter = Reporter(args.report)
    loop = asyncio.get_running_loop()
    stopping, reloading = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reloading.set)
    # Ctrl-C reaches the whole group of a terminal; the supervisor decides what follows from it.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    policy = in_force(site.paths.run)
    service = await start(policy)
    reporter.say(ready=policy.digest)
    chores = [
        asyncio.create_task(_beat(reporter)),
        asyncio.create_task(_obey(reloading, site, service, reporter)),
    ]
    await stopping.wait()
    for chore in chores[1:]:
        chore.cancel()
    await service.stop(site.settings.processes.grace_seconds)
    chores[0].cancel()


async def _beat(reporter: Reporter) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        reporter.say(alive=True)


async def _obey(reloading: asyncio.Event, site: Site, service: Service, reporter: Reporter) -> None:
    while True:
        await reloading.wait()
        reloading.clear()
        try:
            policy = await asyncio.to_thread(in_force, site.paths.run)
        except ConfigError as error:
            count = len(error.faults)
            log.error("policy reload refused", count=count)  # noqa: TRY400  # faults, not a trace
            reporter.say(refused=count)
            continue
        try:
            await service.reload(policy)
        except Exception:
            # Half reloaded is neither policy: start anew, from the one in force.
            log.exception("policy not taken up; starts again")
            os.kill(os.getpid(), signal.SIGKILL)
        log.info("policy in force", digest=policy.digest)
        reporter.say(ready=policy.digest)
