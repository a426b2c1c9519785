"""The edge under attack, and a client that minds its own business meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncssh

from tests.hostile.sftp_client import SftpClient
from tests.hostile.ssh_client import SshClient

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "edge_program.py"
FLOOD = int(os.environ.get("LAZARETTO_FLOOD", "1"))
"""Floods are this many times as large; ``make hostile`` sets it."""
GROWTH_MIB = 48
"""What everything tried on one edge may add to its resident memory, at its peak."""


class Target:
    """A process that serves, and what it may be asked."""

    def __init__(self, directory: Path) -> None:
        key = directory / "host_key"
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
        self._errors = directory / "stderr"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-W", "error", str(PROGRAM), str(key)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        hello = self._line()
        self.sftp, self.https = int(hello["sftp"]), int(hello["https"])
        self.parcel = str(hello["parcel"])
        self.bystander = Bystander(self.sftp)
        self.bystander.works()
        self.before = float(self.state()["resident_kib"]) / 1024

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self._errors.read_text()
        return dict(json.loads(line))

    def state(self, ask: str = "state") -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(ask + "\n")
        self.process.stdin.flush()
        return self._line()

    def growth_mib(self) -> float:
        """What the edge has grown by, at its peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(peak) / 1024 - self.before

    def strange(self) -> list[tuple[str, int]]:
        """What was submitted and is not the bystander's."""
        listed = [(str(name), int(size)) for name, size in self.state()["submitted"]]
        return [(name, size) for name, size in listed if not name.startswith("bystander-")]

    def settled(self) -> dict[str, Any]:
        """The state once no upload is under way any more."""
        end = time.monotonic() + 15
        while (state := self.state())["busy"] and time.monotonic() < end:
            time.sleep(0.02)
        return state

    def errors(self) -> str:
        return self._errors.read_text()

    def close(self) -> None:
        self.bystander.ssh.sock.close()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Bystander:
    """An honest client, connected since before."""

    def __init__(self, port: int) -> None:
        self.ssh = SshClient(port).log_in()
        self._sftp = SftpClient(self.ssh)
        self._count = 0

    def works(self) -> float:
        """Send a file and list it; how long that took, seconds."""
        began = time.monotonic()
        self._count += 1
        name = b"bystander-%d" % self._count
        self._sftp.put(b"/outbox/claims/" + name, b"whole")
        assert name in self._sftp.names(b"/outbox/claims")
        return time.monotonic() - began
