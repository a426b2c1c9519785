"""The parent's end of an opener process: starting it, feeding it, hearing what came of it."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Self

from gateway.confined import spawn
from gateway.frames import HEAD, frame
from gateway.process_ports import OpenError
from gateway.pump import Pump
from gateway.sandbox import Confinement

COMMAND: Final = (sys.executable, "-P", "-s", "-m", "gateway.open_process")
_START_SECONDS: Final = 20.0
_END_SECONDS: Final = 5.0
_LARGEST: Final = 65_536


class OpenChild:
    """A running opener process, good for one message.

    Attributes:
        confinement: What it runs under; None before :meth:`wait_ready`.
        fingerprint: Of the key it opens with; likewise "".
    """

    def __init__(
        self, process: subprocess.Popen[bytes], control: socket.socket, feed: int, drain: int
    ) -> None:
        self._process = process
        self._control = control
        self._pump = Pump(feed, drain)
        self.confinement: Confinement | None = None
        self.fingerprint = ""

    @classmethod
    def start(cls, command: Sequence[str], work: str, *gateway_keys: str) -> Self:
        """Start one; doesn't wait for it.

        Must be called on a thread that lives as long as the child should: the kernel kills the
        child when the *thread* that started it ends.

        Args:
            command: What to run; descriptors, our process id and the rest follow.
            work: Which of :data:`gateway.open_works.WORKS`.
            gateway_keys: Paths of the OpenPGP secret keys, the one in use first.

        Raises:
            OpenError: No process can be started.
        """
        ours, theirs = socket.socketpair()
        source, feed = os.pipe2(os.O_CLOEXEC)
        drain, output = os.pipe2(os.O_CLOEXEC)
        given = (theirs.fileno(), source, output)
        try:
            process = spawn(command, given, work, *gateway_keys)
        except OSError as error:
            for descriptor in (feed, drain):
                os.close(descriptor)
            ours.close()
            raise OpenError(f"the opener can't be started: {error.strerror}") from None
        finally:
            theirs.close()
            for descriptor in (source, output):
                os.close(descriptor)
        return cls(process, ours, feed, drain)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Wait until it has loaded the key and is confined; blocks.

        Raises:
            OpenError: It can't, or takes too long.
        """
        try:
            said = self._hear(_START_SECONDS)
        except TimeoutError:
            raise OpenError("the opener doesn't start") from None
        if "refused" in said:
            raise OpenError(f"no message can be opened: {said['refused']}")
        self.fingerprint = str(said["fingerprint"])
        self.confinement = Confinement(**said["confinement"])

    def submit(self, head: bytes, certificates: Sequence[bytes]) -> None:
        """Say what comes through the pipe.

        Args:
            head: The message's first bytes; where its content comes, the signature to check.
            certificates: Of the sender.

        Raises:
            OpenError: It died.
        """
        job = {"head": _text(head), "certificates": [_text(c) for c in certificates]}
        try:
            self._control.sendall(frame(job))
        except OSError:
            raise _died() from None

    def exchange(
        self, message: Iterator[bytes], take: Callable[[bytes], None], deadline: float
    ) -> bool:
        """Feed it the message and take the plaintext; see :meth:`gateway.pump.Pump.run`.

        Raises:
            TimeoutError: The deadline has passed.
        """
        return self._pump.run(message, take, deadline)

    def answer(self) -> dict[str, Any]:
        """What came of it, once both pipes are at their ends.

        Raises:
            TimeoutError: It says nothing.
            OpenError: It died.
        """
        return self._hear(_END_SECONDS)

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()

    def stop(self) -> None:
        """End it if it hasn't ended, then free everything. Blocks for a moment."""
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._control.close()
        self._pump.close()

    def _hear(self, seconds: float) -> dict[str, Any]:
        self._control.settimeout(max(seconds, 0.001))
        try:
            (size,) = HEAD.unpack(self._exactly(HEAD.size))
            if size > _LARGEST:
                raise _died()
            said = json.loads(self._exactly(size))
        except TimeoutError:
            raise
        except (OSError, ValueError, RecursionError):
            raise _died() from None
        if not isinstance(said, dict):
            raise _died()
        return said

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self._control.recv(size - len(data))
            if not part:
                raise _died()
            data += part
        return bytes(data)


def _died() -> OpenError:
    return OpenError("the opener process died")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
