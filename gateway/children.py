"""The supervisor's view of its children: spawn, listen to, restart with a growing pause, stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from gateway.child import HEARTBEAT_SECONDS

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A child that ran this long before it ended starts again with the shortest pause."""
SILENCE_SECONDS: Final = 12 * HEARTBEAT_SECONDS
"""A child that was ready and says nothing for this long hangs, and is killed."""

log = structlog.get_logger()


class Stage(StrEnum):
    """Where a child stands."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to start a child.

    Attributes:
        kind: ``edge`` or ``worker``.
        number: From 1, among its kind.
        module: Run with ``python -m``.
        arguments: Of the module, besides ``--number``, ``--parent`` and ``--report``.
        descriptors: Inherited.
        environment: Added.
    """

    kind: str
    number: int
    module: str
    arguments: Sequence[str]
    descriptors: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One slot for a child process, filled again whenever it ends unasked.

    Args:
        recipe: How to start it.
        ready: Called each time it says that it serves.
        died: Called with its pid each time it ended.
    """

    def __init__(
        self, recipe: Recipe, ready: Callable[[], None], died: Callable[[int], None]
    ) -> None:
        self.recipe = recipe
        self.stage = Stage.STOPPED
        self.digest = ""
        self.restarts = 0
        self._ready = ready
        self._died = died
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    async def keep(self) -> None:
        """Run the child, again and again, till :meth:`stop`."""
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_once()
            self.stage = Stage.STOPPED
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - started > STEADY_SECONDS else pause
            log.error(
                "child ended; starts again", kind=self.recipe.kind, worker=self.recipe.number,
                status=code, seconds=pause,
            )  # fmt: skip
            self.stage = Stage.WAITING
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(2 * pause, LONGEST_PAUSE)
            self.restarts += 1

    async def until(self, digest: str) -> None:
        """Wait till the child serves by the policy ``digest``."""
        while not (self.stage is Stage.READY and self.digest == digest):
            self._news.clear()
            await self._news.wait()

    def signal(self, number: int) -> None:
        """Send a signal, if it runs."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, and don't start it again."""
        self._stopping.set()
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it now."""
        self._stopping.set()
        self.signal(signal.SIGKILL)

    async def _run_once(self) -> int:
        self.stage = Stage.STARTING
        reading, writing = os.pipe()
        try:
            process = self._process = await self._spawn(writing)
        except OSError as error:  # no memory, no process ids: tried again like any other end
            os.close(reading)
            log.error("child can't be started", kind=self.recipe.kind, error=error.strerror)  # noqa: TRY400  # the kernel's word is all there is
            return error.errno or 1
        finally:
            os.close(writing)
        if self._stopping.is_set():  # told to stop while it was being made
            self.signal(signal.SIGTERM)
        ears = asyncio.create_task(self._listen(reading))
        code = await process.wait()
        ears.cancel()
        await asyncio.wait([ears])
        self._died(process.pid)
        self._process = None
        return code

    async def _spawn(self, writing: int) -> Process:
        recipe = self.recipe
        # -P: a module is never taken from the directory the gateway was started in. The children
        # get the parent's own path, so that all run the same code.
        path = os.pathsep.join(entry for entry in sys.path if entry)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", recipe.module, *recipe.arguments,
            "--number", str(recipe.number), "--parent", str(os.getpid()), "--report", str(writing),
            pass_fds=(*recipe.descriptors, writing),
            env={**os.environ, **recipe.environment, "PYTHONPATH": path},
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def _listen(self, reading: int) -> None:
        stream = asyncio.StreamReader()
        pipe = os.fdopen(reading, "rb")
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), pipe
        )
        try:
            while line := await self._line(stream):
                self._hear(json.loads(line))
        finally:
            transport.close()

    async def _line(self, stream: asyncio.StreamReader) -> bytes:
        """The next line; a child that was ready and falls silent is killed, to be started anew."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_SECONDS):
                    return await stream.readline()
            if self.stage is Stage.READY and not self._stopping.is_set():
                log.error("child hangs; killed", kind=self.recipe.kind)
                self.signal(signal.SIGKILL)

    def _hear(self, said: Mapping[str, object]) -> None:
        if "ready" in said:
            self.stage = Stage.READY
            self.digest = str(said["ready"])
            self._news.set()
            self._ready()
