"""A gateway, or a part of it, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gateway.running import running_state
from gateway.site import Site

ROOT = Path(__file__).parent.parent.parent
T = TypeVar("T")


class Running:
    """A supervisor in a process of its own."""

    def __init__(self, site: Site, program: Path, *arguments: str) -> None:
        self.site = site
        self.stopped = False
        path = os.pathsep.join([str(ROOT), str(program.parent)])
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(program), *arguments],
            env={**os.environ, "PYTHONPATH": path},
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, holds: Callable[[], T | None], seconds: float = 120.0) -> T:
        """What ``holds`` returns, once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = holds()
            if found:
                return found
            assert self.process.poll() is None or self.stopped, "the supervisor ended"
            time.sleep(0.02)
        raise AssertionError("it never came true")

    def state(self) -> dict[str, Any]:
        """``run/serve.json`` once every child serves."""
        return dict(self.until(lambda: running_state(self.site)))

    def pid_of(self, kind: str) -> int:
        return next(int(c["pid"]) for c in self.state()["children"] if c["kind"] == kind)

    def get(self, listener: str, path: str) -> tuple[int, str]:
        """Status and body of a request to the health or metrics listener."""
        url = f"http://{self.state()['listen'][listener]}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def checks(self) -> tuple[int, dict[str, Any]]:
        status, body = self.get("health", "/readyz")
        return status, json.loads(body)["checks"]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 120.0) -> tuple[int, list[dict[str, Any]]]:
        """Exit status, and the log's lines."""
        self.stopped = True
        _, errors = self.process.communicate(timeout=seconds)
        lines = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
        return self.process.returncode, lines

    def kill(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
        if self.process.stderr and not self.process.stderr.closed:
            self.process.communicate(timeout=30)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie doesn't)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
