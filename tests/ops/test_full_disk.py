"""A gateway on a disk that is really full: a small tmpfs with payloads and database on it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncssh
import pytest

from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p
from gateway.site import Site
from tests.support.enrolled import ROUTE, Enrolled, enrol, opened
from tests.support.running import Running

CLAIMS, MORE = (
    claims_837p([Claim(person) for person in people(seed, 3)], control=seed) for seed in (11, 12)
)
BIG = os.urandom(6 * 2**20)
"""Encrypted anew as it is, so that it takes its size on the disk."""
MIB = 2**20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB."""
    at = tmp_path / "small"
    at.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "none", str(at)],
        capture_output=True, text=True, check=False,
    ) if shutil.which("mount") else None  # fmt: skip
    if made is None or made.returncode:
        pytest.skip("no tmpfs can be mounted here (it takes root)")
    yield at
    subprocess.run(["umount", "--lazy", str(at)], check=True)


@pytest.fixture
def enrolled(tmp_path: Path, small: Path) -> Enrolled:
    """A site with its data on that disk."""
    made = enrol(tmp_path)
    data = made.site.root / "data"
    shutil.copytree(data, small / "data")
    shutil.rmtree(data)
    data.symlink_to(small / "data")
    settings = made.site.paths.settings
    settings.write_text(settings.read_text().replace("reserve: 1 MiB", "reserve: 4 MiB"))
    return Enrolled(Site.open(made.site.root), made.ssh_key, made.tokens, made.openpgp)


@pytest.fixture
def serving(enrolled: Enrolled) -> Iterator[Running]:
    program = Path(__file__).parent / "serve_program.py"
    running = Running(enrolled.site, program, "serve", "--site", str(enrolled.site.root))
    yield running
    if running.process.poll() is None:
        running.signal(signal.SIGTERM)
        running.end()


class Clients:
    """A clinic and a payer over HTTPS."""

    def __init__(self, session: aiohttp.ClientSession, root: str, tokens: dict[str, str]) -> None:
        self._session = session
        self._root = root
        self._clinic = {"Authorization": f"Bearer {tokens['clinic-bot']}"}
        self._payer = {"Authorization": f"Bearer {tokens['acme-bot']}"}

    async def put(self, name: str, content: bytes) -> tuple[int, dict[str, Any]]:
        url = f"{self._root}/v1/outbox/{ROUTE}/{name}"
        async with self._session.put(url, data=io.BytesIO(content), headers=self._clinic) as answer:
            return answer.status, await answer.json(content_type=None)

    async def until(self, transfer: str, *states: str) -> None:
        url = f"{self._root}/v1/transfers/{transfer}"
        for _ in range(400):
            async with self._session.get(url, headers=self._clinic) as answer:
                seen = await answer.json()
            if seen["state"] in states:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it stays {seen['state']}: {seen['reasons']}")

    async def content(self, transfer: str) -> bytes:
        url = f"{self._root}/v1/inbox/{transfer}/content"
        async with self._session.get(url, headers=self._payer) as answer:
            assert answer.status == 200
            return await answer.read()


async def test_a_full_disk_refuses_new_work_serves_the_old_and_goes_on_once_there_is_room(
    serving: Running, enrolled: Enrolled, small: Path
) -> None:
    listen = (await asyncio.to_thread(serving.state))["listen"]
    tls = ssl.create_default_context(cafile=str(enrolled.site.paths.tls_cert))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session:
        clients = Clients(session, f"https://{listen['https']}", enrolled.tokens)
        first = await _put_well(clients, "first.837")
        await clients.until(first, "delivered")

        _fill(small, leaving=3 * MIB)
        status, problem = await clients.put("second.837", CLAIMS)
        assert status == 507, problem
        assert "space" in problem["detail"]
        with pytest.raises(asyncssh.SFTPError, match="space"):
            await _put_over_sftp(enrolled, listen["sftp"], CLAIMS)
        ready, checks = await asyncio.to_thread(serving.checks)
        assert (ready, checks["disk"]["ok"]) == (503, False)

        assert opened(enrolled.openpgp, await clients.content(first)) == CLAIMS
        await clients.until(first, "collected")  # the reserve is for work like this

        _fill(small, leaving=0)
        status, _ = await clients.put("third.837", CLAIMS)
        assert status in {503, 507}
        assert opened(enrolled.openpgp, await clients.content(first)) == CLAIMS

        (small / "ballast").unlink()
        last = await _put_well(clients, "fourth.837", MORE)
        await clients.until(last, "delivered")
        assert opened(enrolled.openpgp, await clients.content(last)) == MORE


async def test_an_upload_that_fills_the_disk_is_refused_and_taken_whole_once_there_is_room(
    serving: Running, enrolled: Enrolled, small: Path
) -> None:
    listen = (await asyncio.to_thread(serving.state))["listen"]
    tls = ssl.create_default_context(cafile=str(enrolled.site.paths.tls_cert))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session:
        clients = Clients(session, f"https://{listen['https']}", enrolled.tokens)
        _fill(small, leaving=5 * MIB)
        status, _ = await clients.put("big.837", BIG)
        assert status in {503, 507}
        (small / "ballast").unlink()
        again = await _put_well(clients, "big.837", BIG)
        await clients.until(again, "held", "refused")


async def _put_well(clients: Clients, name: str, content: bytes = CLAIMS) -> str:
    """What the gateway said OK to is what was sent; it may need a moment to see the room."""
    for _ in range(100):
        status, answer = await clients.put(name, content)
        if status in {200, 201, 202}:
            assert answer["sha256"] == hashlib.sha256(content).hexdigest()
            return str(answer["transfer"])
        await asyncio.sleep(0.1)
    raise AssertionError(f"refused with {status}: {answer}")


async def _put_over_sftp(enrolled: Enrolled, address: str, content: bytes) -> None:
    host, port = address.split(":")
    async with asyncssh.connect(
        host, int(port), username="clinic-bot", client_keys=[str(enrolled.ssh_key)],
        known_hosts=None, config=None,
    ) as connection:  # fmt: skip
        sftp = await connection.start_sftp_client(sftp_version=3)
        async with sftp.open(f"/outbox/{ROUTE}/sftp.837", "wb") as file:
            await file.write(content)


def _fill(disk: Path, *, leaving: int) -> None:
    """Let so many bytes be free."""
    ballast = disk / "ballast"
    with ballast.open("ab") as file:
        while (free := _free(disk)) > leaving:
            try:
                file.write(b"\0" * min(free - leaving, MIB))
                file.flush()
            except OSError:
                return


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize
