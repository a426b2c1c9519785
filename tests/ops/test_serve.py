"""The whole gateway in its own processes, used by partners' clients."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncssh
import psutil
import pytest

from gateway import doctor_fences, landlock
from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p
from gateway.doctor import Level, Patient
from tests.support.enrolled import ROUTE, Enrolled, command, enrol, opened
from tests.support.running import Running

CLAIMS, MORE, LAST = (
    claims_837p([Claim(person) for person in people(number, 3)], control=number)
    for number in (7, 8, 9)
)


def start(enrolled: Enrolled) -> Running:
    program = Path(__file__).parent / "serve_program.py"
    return Running(enrolled.site, program, "serve", "--site", str(enrolled.site.root))


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    return enrol(tmp_path_factory.mktemp("serve"))


@pytest.fixture
def serving(enrolled: Enrolled) -> Iterator[Running]:
    running = start(enrolled)
    yield running
    if running.process.poll() is None:
        running.signal(signal.SIGTERM)
        running.end()


async def connect(running: Running, enrolled: Enrolled) -> asyncssh.SSHClientConnection:
    state = await asyncio.to_thread(running.state)
    host, port = state["listen"]["sftp"].split(":")
    return await asyncssh.connect(
        host, int(port), username="clinic-bot", client_keys=[str(enrolled.ssh_key)],
        known_hosts=None, config=None,
    )  # fmt: skip


async def put(running: Running, enrolled: Enrolled, name: str, content: bytes) -> None:
    async with await connect(running, enrolled) as connection:
        sftp = await connection.start_sftp_client()
        async with sftp.open(f"/outbox/{ROUTE}/{name}", "wb") as file:
            await file.write(content)


class Payer:
    """The recipient's HTTPS client."""

    def __init__(self, session: aiohttp.ClientSession, root: str) -> None:
        self._session = session
        self._root = root

    async def inbox(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self._root}/v1/inbox") as answer:
            assert answer.status == 200
            body = await answer.json()
        return list(body["files"])

    async def next(self, known: set[str]) -> dict[str, Any]:
        for _ in range(600):
            for parcel in await self.inbox():
                if parcel["transfer"] not in known:
                    return parcel
            await asyncio.sleep(0.05)
        raise AssertionError("nothing arrived")

    async def content(self, transfer: str) -> bytes:
        async with self._session.get(f"{self._root}/v1/inbox/{transfer}/content") as answer:
            assert answer.status == 200
            return await answer.read()


@pytest.fixture
async def payer(serving: Running, enrolled: Enrolled) -> AsyncIterator[Payer]:
    state = await asyncio.to_thread(serving.state)
    tls = ssl.create_default_context(cafile=str(enrolled.site.paths.tls_cert))
    headers = {"Authorization": f"Bearer {enrolled.tokens['acme-bot']}"}
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield Payer(session, f"https://{state['listen']['https']}")


async def known(payer: Payer) -> set[str]:
    return {parcel["transfer"] for parcel in await payer.inbox()}


async def test_a_file_dropped_over_sftp_is_pulled_sealed_over_https(
    serving: Running, enrolled: Enrolled, payer: Payer
) -> None:
    before = await known(payer)
    await put(serving, enrolled, "a.837", CLAIMS)
    parcel = await payer.next(before)
    sealed = await payer.content(parcel["transfer"])
    assert opened(enrolled.openpgp, sealed) == CLAIMS


async def test_what_was_in_the_works_when_it_stopped_goes_on_when_it_starts(
    enrolled: Enrolled, serving: Running, payer: Payer
) -> None:
    before = await known(payer)
    await put(serving, enrolled, "b.837", MORE)
    os.kill(serving.pid_of("worker"), signal.SIGKILL)
    assert await payer.next(before)


async def test_an_upload_under_way_at_sigterm_is_finished_and_submitted(
    enrolled: Enrolled, serving: Running
) -> None:
    async with await connect(serving, enrolled) as connection:
        sftp = await connection.start_sftp_client()
        file = await sftp.open(f"/outbox/{ROUTE}/c.837", "wb")
        await file.write(LAST[:1000])
        serving.signal(signal.SIGTERM)
        await asyncio.to_thread(
            serving.until, lambda: not serving.checks()[1].get("running", {"ok": True})["ok"]
        )
        await file.write(LAST[1000:])
        await file.close()
    status, _ = await asyncio.to_thread(serving.end)
    assert status == 0
    listed = command("transfer", "list", "--json", "--site", enrolled.site.root)
    assert "receiving" not in listed


def test_a_reload_is_taken_up_and_answered(enrolled: Enrolled, serving: Running) -> None:
    serving.state()
    rules = enrolled.site.paths.policy / "rules.yaml"
    rules.write_text(rules.read_text() + "# changed\n")
    out = command("policy", "reload", "--site", enrolled.site.root)
    assert enrolled.site.load_policy().digest in out


def test_each_of_its_processes_is_fenced_and_dumps_no_core(
    enrolled: Enrolled, serving: Running
) -> None:
    serving.state()
    if landlock.abi():
        found = list(doctor_fences.running(Patient(enrolled.site, None, sound=True)))
        assert [(d.level, d.subject) for d in found] == [(Level.OK, "processes")]
    family = psutil.Process(serving.process.pid)
    pids = [process.pid for process in (family, *family.children(recursive=True))]
    assert len(pids) >= 5, "supervisor, edge, worker, scanner and sealer"
    for pid in pids:
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        cores = next(line for line in limits if line.startswith("Max core file size"))
        assert cores.split()[4:6] == ["0", "0"]
        # Undumpable: the kernel gives what is in /proc to root.
        assert Path(f"/proc/{pid}/environ").stat().st_uid == 0


def test_the_log_verifies_afterwards(enrolled: Enrolled) -> None:
    command("audit", "verify", "--site", enrolled.site.root)


def test_a_second_serve_is_refused_with_a_clear_line(enrolled: Enrolled, serving: Running) -> None:
    serving.state()
    second = start(enrolled)
    _, errors = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    assert "served already" in errors


def test_a_policy_with_faults_is_not_served(enrolled: Enrolled) -> None:
    path = enrolled.site.paths.policy / "rules.yaml"
    text = path.read_text()
    path.write_text("nope: 1\n")
    try:
        running = start(enrolled)
        _, errors = running.process.communicate(timeout=30)
    finally:
        path.write_text(text)
    assert running.process.returncode == 1
    assert "rules.yaml:1: nope" in errors
