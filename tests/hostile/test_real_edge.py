"""The gateway's own edge process under attack, as a site runs it: its memory, and others served."""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hostile.floods import unread
from tests.hostile.ssh_client import AUTH_FAILURE, AUTH_SUCCESS, ClosedError, SshClient
from tests.support.enrolled import Enrolled, enrol
from tests.support.running import Running

RESIDENT_MIB = 320
PROGRAM = Path(__file__).parents[1] / "ops" / "serve_program.py"


class RealEdge:
    def __init__(self, enrolled: Enrolled, running: Running) -> None:
        listen = running.state()["listen"]
        self._token = enrolled.tokens["clinic-bot"]
        self._trust = ssl.create_default_context(cafile=str(enrolled.site.paths.tls_cert))
        self._https = str(listen["https"])
        self.sftp = int(str(listen["sftp"]).rsplit(":", 1)[1])
        self._pid = running.pid_of("edge")

    def peak_mib(self) -> float:
        status = Path(f"/proc/{self._pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def routes(self, host: str = "localhost") -> int:
        """The status that an honest client gets, over TLS."""
        port = self._https.rsplit(":", 1)[1]
        headers = {"Authorization": f"Bearer {self._token}", "Host": host}
        request = urllib.request.Request(f"https://localhost:{port}/v1/routes", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self._trust) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEdge]:
    enrolled = enrol(tmp_path_factory.mktemp("real"))
    running = Running(enrolled.site, PROGRAM, "serve", "--site", str(enrolled.site.root))
    yield RealEdge(enrolled, running)
    running.kill()


def guess(port: int, number: int) -> None:
    try:
        with SshClient(port).connected() as client:
            client.service()
            client.send(client.password(b"clinic-bot", b"guess %d" % number))
            assert client.until(AUTH_FAILURE, AUTH_SUCCESS)[0] == AUTH_FAILURE
    except (ClosedError, OSError):
        return


def test_its_memory_has_a_bound_whatever_strangers_do(real: RealEdge) -> None:
    guesses = [threading.Thread(target=guess, args=(real.sftp, n)) for n in range(20)]
    for thread in guesses:
        thread.start()
    with ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(SshClient(real.sftp))
        assert real.routes() == 200
    for thread in guesses:
        thread.join()
    with SshClient(real.sftp).connected() as client:
        client.service()
        unread(client, b"\x09", 100_000)
    assert real.routes() == 200
    assert real.peak_mib() < RESIDENT_MIB


@pytest.mark.parametrize(
    ("host", "status"), [("localhost", 200), ("127.0.0.1", 200), ("evil.example", 421)]
)
def test_it_answers_to_the_names_of_its_certificate(real: RealEdge, host: str, status: int) -> None:
    assert real.routes(host) == status
