"""Inspection in a process without network, files or keys (:mod:`gateway.scan_process`).

Whatever a file does to the process that reads it, a report comes back that names it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog

from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.export import from_wire, redaction_from_wire
from dlp.model import Obstacle, Report, Uninspectable
from dlp.redact import Redaction
from gateway.frames import HEAD
from gateway.process_ports import ScanError
from gateway.sandbox import Confinement
from gateway.scan_child import Ended, ScanChild, ScannerDiedError
from gateway.scan_job import NO_MEMORY, Job

COMMAND: Final = (sys.executable, "-P", "-s", "-m", "gateway.scan_process")
_TRIES: Final = 2
_FRAME: Final = 16 * 2**20
_ITEM: Final = 2048
_EDITS: Final = 64 * 2**20
"""Bytes of a redaction's edits, some 50 each."""
_SCANNER_DIED: Final = -(2**16)
"""No process ends with this status: the scanner itself did, twice."""

T = TypeVar("T")

log = structlog.get_logger()


class ProcessScanner:
    """Inspects through a scanner process, which it starts when needed and replaces when it died.

    Files are inspected one at a time; a process that wants more at once makes more of these.
    (:class:`gateway.process_ports.Scanner`)

    Args:
        rules: By which it warms up; a scan under other rules makes it start anew.
        budget: What one inspection may spend.
        memory: Bytes of address space for one file, beyond what the warm scanner has.
        strict: Inspect nothing where files and system calls can't be fenced off.
        command: What to run as the scanner.
        grace: Seconds beyond the budget's before an inspection is killed that doesn't stop itself.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        budget: Budget | None = None,
        *,
        memory: int = 2 * 2**30,
        strict: bool = False,
        command: Sequence[str] = COMMAND,
        grace: float = 5.0,
    ) -> None:
        self._rules = rules or Rules()
        self._budget = budget or Budget()
        self._memory = memory
        self._strict = strict
        self._command = tuple(command)
        self._grace = grace
        self._child: ScanChild | None = None
        self._turn = asyncio.Lock()

    @property
    def confinement(self) -> Confinement | None:
        """What the running scanner is under; None before :meth:`start`."""
        return self._child.confinement if self._child else None

    @property
    def pid(self) -> int | None:
        """Process id of the running scanner."""
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start the scanner now, so that what keeps it from working shows before a file is there.

        Raises:
            ScanError: It can't be started, its rules are unusable, or it can't be confined.
        """
        async with self._turn:
            await self._running(self._rules)

    async def aclose(self) -> None:
        """Wait for the file under way, then end the scanner."""
        async with self._turn:
            child, self._child = self._child, None
            if child:
                await child.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def scan(
        self,
        blob: int,
        data_key: bytes,
        context: bytes,
        name: str,
        contract: Contract,
        rules: Rules,
    ) -> Report:
        """Inspect the staged ciphertext behind ``blob``, whose associated data is ``context``.

        Cancelling kills the process that reads the file.

        Args:
            blob: Descriptor of the ciphertext, open for reading; stays the caller's.
            data_key: Its data key.
            context: The transfer's id.
            name: The original name.
            contract: What belongs where.
            rules: What the site knows besides, with the key of this inspection's hashes.

        Raises:
            ScanError: There is no scanner, or the ciphertext can't be read.
        """
        job = Job(data_key, context, name, contract, rules.digest_key, self._budget)
        started = time.monotonic()
        ended = await self._ended(job, blob, rules, self._budget.seconds)
        return _report(ended, started)

    async def redact(
        self,
        blob: int,
        data_key: bytes,
        context: bytes,
        name: str,
        contract: Contract,
        rules: Rules,
        pseudonyms: bytes,
    ) -> Redaction:
        """Find what to take out, and inspect what would be left; see the port.

        Raises:
            ScanError: There is no scanner, or the ciphertext can't be read.
        """
        job = Job(data_key, context, name, contract, rules.digest_key, self._budget, pseudonyms)
        started = time.monotonic()
        ended = await self._ended(job, blob, rules, 2 * self._budget.seconds, _EDITS)
        return _redaction(ended, started)

    async def _ended(
        self, job: Job, blob: int, rules: Rules, seconds: float, room: int = 0
    ) -> Ended | None:
        """A job's end, None if it took too long; a scanner that dies gets one successor."""
        packed = job.pack()
        async with self._turn:
            for _ in range(_TRIES):
                child = await self._running(rules)
                try:
                    return await self._run(child, packed, blob, seconds, room)
                except ScannerDiedError:
                    log.warning("scanner died")
                    self._discard(child)
        return Ended(b"", _SCANNER_DIED)

    async def _run(
        self, child: ScanChild, job: bytes, blob: int, seconds: float, room: int
    ) -> Ended | None:
        """The job's end, or None if it had to be killed for the time it took."""
        largest = _FRAME + room + _ITEM * (2 * self._budget.findings + self._budget.entries)
        try:
            async with asyncio.timeout(seconds + self._grace):
                return await child.run(job, blob, largest)
        except TimeoutError:
            await child.abandon()
            return None
        except asyncio.CancelledError:
            await child.abandon()
            raise

    async def _running(self, rules: Rules) -> ScanChild:
        """The scanner, warm, and by these rules."""
        if self._child and self._child.serves(rules):
            return self._child
        if self._child:
            self._discard(self._child)
        # On the event loop's own thread, which outlives any pool's: see ScanChild.start.
        child = await ScanChild.start(self._command, rules, self._memory)
        missing = child.confinement.missing()
        if missing and self._strict:
            child.kill()
            raise ScanError(
                f"the scanner can't be confined: {'; '.join(missing)}; or set inspection.sandbox "
                "to best-effort"
            )
        if missing:
            log.warning("scanner not fully confined", problem="; ".join(missing))
        self._child = child
        return child

    def _discard(self, child: ScanChild) -> None:
        child.kill()
        self._child = None


def _report(ended: Ended | None, started: float) -> Report:
    """What came back, or what its absence means.

    Raises:
        ScanError: The ciphertext couldn't be read.
    """
    return _answered(ended, started, lambda answer: from_wire(answer["report"]), lambda r: r)


def _redaction(ended: Ended | None, started: float) -> Redaction:
    """As :func:`_report`, of a job to redact."""
    return _answered(
        ended, started, lambda answer: redaction_from_wire(answer["redaction"]), Redaction
    )


def _answered(
    ended: Ended | None,
    started: float,
    read: Callable[[dict[str, Any]], T],
    without: Callable[[Report], T],
) -> T:
    """What ``read`` makes of an answer, or what ``without`` makes of the report of its absence."""
    if ended is None:
        detail = "not inspected within the time allowed"
        return without(_stopped(Obstacle.TIMEOUT, detail, started))
    if ended.status == NO_MEMORY:
        return without(_stopped(Obstacle.OUT_OF_MEMORY, "not enough memory", started))
    if ended.status == _SCANNER_DIED:
        return without(_stopped(Obstacle.CRASH, "the scanner died; please report it", started))
    if ended.status:
        return without(_stopped(Obstacle.CRASH, f"the parser {_death(ended.status)}", started))
    try:
        answer: dict[str, Any] = json.loads(ended.answer[HEAD.size :])
        if "unreadable" in answer:
            raise ScanError(f"the staged payload can't be read: {answer['unreadable']}")
        return read(answer)
    except (ValueError, KeyError, TypeError, RecursionError):
        detail = "the parser gave no report; please report it"
        return without(_stopped(Obstacle.CRASH, detail, started))


def _death(status: int) -> str:
    if status > 0:
        return "failed; please report it"
    try:
        return f"was killed by {signal.Signals(-status).name}; please report it"
    except ValueError:
        return f"was killed by signal {-status}; please report it"


def _stopped(obstacle: Obstacle, detail: str, started: float) -> Report:
    """A report of an inspection that didn't come to its end: nothing else is known of the file."""
    trouble = (Uninspectable(obstacle, detail),)
    return Report("unknown", 0, "", uninspectable=trouble, seconds=time.monotonic() - started)
