"""The parent's end of a sealer process: starting it, handing it jobs, killing it.

All methods but :meth:`SealChild.kill` block and belong on a thread.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from gateway import seal_process
from gateway.confined import spawn
from gateway.process_ports import SealError
from gateway.sandbox import Confinement

COMMAND: Final = (sys.executable, "-P", "-s", "-m", "gateway.seal_process")
_START_SECONDS: Final = 20.0


class SealChild:
    """A running sealer process.

    Attributes:
        fingerprint: Of the key it signs with; "" before :meth:`wait_ready`.
        confinement: What it runs under; None likewise.
    """

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control
        self.fingerprint = ""
        self.confinement: Confinement | None = None

    @classmethod
    def start(cls, command: Sequence[str], gateway_key: Path) -> Self:
        """Start one; doesn't wait for it. On which thread: see :func:`gateway.confined.spawn`.

        Args:
            command: What to run; descriptor, our process id and the key's path follow.
            gateway_key: Path of the OpenPGP secret key.

        Raises:
            SealError: If no process can be started.
        """
        ours, theirs = socket.socketpair()
        try:
            process = spawn(command, [theirs.fileno()], str(gateway_key))
        except OSError as error:
            ours.close()
            raise SealError(f"the sealer can't be started: {error.strerror}") from None
        finally:
            theirs.close()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Wait until it has loaded the key and is confined.

        Raises:
            SealError: If it can't, or takes too long.
        """
        self._control.settimeout(_START_SECONDS)
        try:
            said = json.loads(self.answer())
            self.fingerprint = str(said["fingerprint"])
            self.confinement = Confinement(**said["confinement"])
        except (ValueError, KeyError, TypeError):
            raise self._died() from None
        self._control.settimeout(None)

    def submit(self, recipient: bytes, source: int, output: int) -> None:
        """Hand over a job; the descriptors are duplicated and stay the caller's.

        Raises:
            SealError: If it died.
        """
        try:
            socket.send_fds(
                self._control, [seal_process.JOB.pack(len(recipient))], [source, output]
            )
            self._control.sendall(recipient)
        except OSError:
            raise self._died() from None

    def answer(self) -> str:
        """Wait for the answer to the job; the sentence that came with it.

        Raises:
            SealError: If it failed or died.
        """
        status, size = seal_process.ANSWER.unpack(self._exactly(seal_process.ANSWER.size))
        sentence = self._exactly(size).decode("ascii", "replace")
        if status != seal_process.DONE:
            raise SealError(f"not sealed: {sentence}")
        return sentence

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                part = self._control.recv(size - len(data))
            except TimeoutError:
                raise SealError("the sealer process doesn't answer") from None
            except OSError:
                part = b""
            if not part:
                raise self._died()
            data += part
        return bytes(data)

    def _died(self) -> SealError:
        """Its socket closes before it can be waited for: make sure that it counts as dead."""
        self.kill()
        return SealError("the sealer process died")

    def kill(self) -> None:
        """Kill it at once. It can't write to its output any more when this returns."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Let it end by itself, or else kill it; frees everything."""
        self._control.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self.kill()
