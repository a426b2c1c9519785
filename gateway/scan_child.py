"""The parent's end of a scanner process: starting it, handing it jobs, killing it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

from config.contracts import Rules
from gateway.confined import spawn
from gateway.frames import HEAD, frame
from gateway.process_ports import ScanError
from gateway.sandbox import Confinement
from gateway.scan_job import END, KILL, SCAN, rules_json

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0
_LARGEST_READY: Final = 65_536
_PIECE: Final = 262_144


class ScannerDiedError(Exception):
    """The scanner process, not only its child for one file, is gone."""


class Ended(NamedTuple):
    """How a job's process ended.

    Attributes:
        answer: What it sent, a frame if it came so far.
        status: Its exit status, or minus the signal that killed it.
    """

    answer: bytes
    status: int


class ScanChild:
    """A running scanner process; one job at a time.

    Attributes:
        confinement: What it runs under.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        control: socket.socket,
        confinement: Confinement,
        rules: Rules,
    ) -> None:
        self._process = process
        self._control = control
        self._rules = rules
        self.confinement = confinement

    @classmethod
    async def start(cls, command: Sequence[str], rules: Rules, memory: int) -> Self:
        """Start one and wait until it has warmed up.

        Must be called on a thread that lives as long as the scanner should: the kernel kills it
        when the *thread* that started it ends.

        Args:
            command: What to run; the control socket's descriptor and our process id follow.
            rules: What it makes its detectors from.
            memory: Bytes that one file may take beyond what the warm scanner has.

        Raises:
            ScanError: It can't be started, or can't work by these rules.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                process = spawn(command, [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise ScanError(f"the scanner can't be started: {error.strerror}") from None
        try:
            setup = frame({"rules": rules_json(rules), "memory": memory})
            async with asyncio.timeout(_START_SECONDS):
                confinement = await _ready(ours, setup)
            return cls(process, ours, confinement, _bare(rules))
        except BaseException as error:
            _end(process, ours)
            if isinstance(error, TimeoutError | OSError | EOFError | ValueError | TypeError):
                raise ScanError("the scanner doesn't start") from None
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def serves(self, rules: Rules) -> bool:
        """Whether it runs, and by these rules."""
        return self._process.poll() is None and self._rules == _bare(rules)

    async def run(self, job: bytes, blob: int, largest: int) -> Ended:
        """Have one file inspected, and wait for the end of the process that did it.

        Whoever cancels this must call :meth:`abandon` before the next.

        Args:
            job: As a frame.
            blob: Descriptor of the ciphertext; stays the caller's.
            largest: Bytes of an answer; what is longer is cut.

        Raises:
            ScannerDiedError: The scanner itself is gone.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._order(SCAN, theirs.fileno())
            ours.setblocking(False)
            answer = await _exchange(ours, job, blob, largest)
        # Closed by now: one that has more to say than it may gets a broken pipe.
        return Ended(answer, await self._status())

    async def abandon(self) -> None:
        """Kill the job under way and wait until it is dead, or else kill the scanner."""
        try:
            async with asyncio.timeout(_END_SECONDS):
                self._order(KILL)
                await self._status()
        except (TimeoutError, ScannerDiedError):
            self.kill()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill it and its child at once."""
        _end(self._process, self._control)

    async def stop(self) -> None:
        """Let it end by itself, or else kill it."""
        self._control.close()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, _END_SECONDS)
        finally:
            self.kill()

    def _order(self, order: bytes, *descriptors: int) -> None:
        try:
            socket.send_fds(self._control, [order], list(descriptors))
        except OSError:
            raise ScannerDiedError from None

    async def _status(self) -> int:
        try:
            return int(END.unpack(await _exactly(self._control, END.size))[0])
        except (OSError, EOFError):
            raise ScannerDiedError from None


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    process.kill()
    process.wait()


def _bare(rules: Rules) -> Rules:
    return rules.model_copy(update={"digest_key": b""})


async def _ready(control: socket.socket, setup: bytes) -> Confinement:
    """Send the set-up, hear what the scanner runs under."""
    await asyncio.get_running_loop().sock_sendall(control, setup)
    (size,) = HEAD.unpack(await _exactly(control, HEAD.size))
    if size > _LARGEST_READY:
        raise ValueError("not an answer")
    answer: dict[str, Any] = json.loads(await _exactly(control, size))
    if "refused" in answer:
        raise ScanError(f"the scanner can't start: {answer['refused']}")
    return Confinement(**answer["confinement"])


async def _exchange(channel: socket.socket, job: bytes, blob: int, largest: int) -> bytes:
    """Send the job and read until the other side closes or has said too much."""
    loop = asyncio.get_running_loop()
    answer = bytearray()
    with contextlib.suppress(OSError):  # it died; its status says of what
        socket.send_fds(channel, [job[: HEAD.size]], [blob])
        await loop.sock_sendall(channel, job[HEAD.size :])
        while len(answer) <= largest and (part := await loop.sock_recv(channel, _PIECE)):
            answer += part
    return bytes(answer)


async def _exactly(channel: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = bytearray()
    while len(data) < size:
        part = await loop.sock_recv(channel, size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
