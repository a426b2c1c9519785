"""A site whose records are on a PostgreSQL server, served and used as any other."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from pysequoia import Tsk

from gateway.cli.main import main
from gateway.demo.people import people
from gateway.demo.served import served
from gateway.demo.x12 import Claim, claims_837p
from keys.interoperable import generate_partner_key
from tests.support.enrolled import ROUTE, Enrolled, enrol, opened
from tests.support.postgres_server import postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.postgres_server import Server

__all__ = ["postgres"]

CLAIMS, MORE = (
    claims_837p([Claim(who) for who in people(number, 3)], control=number) for number in (3, 4)
)


@pytest.fixture
def enrolled(tmp_path: Path, postgres: Server) -> Enrolled:
    return enrol(tmp_path, database_url=postgres.empty())


class Client:
    """One account over HTTPS."""

    def __init__(self, session: aiohttp.ClientSession, enrolled: Enrolled, account: str) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {enrolled.tokens[account]}"}

    async def call(self, method: str, path: str, data: bytes | None = None) -> tuple[int, bytes]:
        async with self._session.request(
            method, path, data=data, headers=self._headers
        ) as response:
            return response.status, await response.read()

    async def json(self, path: str) -> Any:  # noqa: ANN401 - whatever it holds
        async with self._session.get(path, headers=self._headers) as response:
            return await response.json()


@asynccontextmanager
async def clients_of(enrolled: Enrolled, root: Path) -> AsyncIterator[tuple[Client, Client]]:
    context = ssl.create_default_context(cafile=str(enrolled.site.paths.tls_cert))
    async with served(root) as ports:
        connector = aiohttp.TCPConnector(ssl=context)
        base = f"https://localhost:{ports['https']}"
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield Client(session, enrolled, "clinic-bot"), Client(session, enrolled, "acme-bot")


@pytest.fixture
async def clients(enrolled: Enrolled) -> AsyncIterator[tuple[Client, Client]]:
    async with clients_of(enrolled, enrolled.site.root) as both:
        yield both


async def arrived(payer: Client, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while True:
            files = (await payer.json("/v1/inbox"))["files"]
            if len(files) == count:
                return list(files)
            await asyncio.sleep(0.05)


async def test_a_file_is_taken_inspected_and_delivered(
    enrolled: Enrolled, clients: tuple[Client, Client]
) -> None:
    clinic, payer = clients
    status, _ = await clinic.call("PUT", f"/v1/outbox/{ROUTE}/a.837", CLAIMS)
    assert status == 201
    (parcel,) = await arrived(payer, 1)
    status, sealed = await payer.call("GET", f"/v1/inbox/{parcel['transfer']}/content")
    assert (status, opened(enrolled.openpgp, sealed)) == (200, CLAIMS)
    assert main(["audit", "verify", "--site", str(enrolled.site.root)]) == 0
    assert not list(enrolled.site.paths.data.glob("*.db"))


async def test_a_server_that_goes_refuses_new_work_and_is_taken_up_again(
    enrolled: Enrolled, clients: tuple[Client, Client], postgres: Server
) -> None:
    clinic, payer = clients
    assert (await clinic.call("PUT", f"/v1/outbox/{ROUTE}/a.837", CLAIMS))[0] == 201
    await arrived(payer, 1)
    await asyncio.to_thread(postgres.stop)
    try:
        status, _ = await clinic.call("PUT", f"/v1/outbox/{ROUTE}/b.837", MORE)
        assert status in {401, 503}, "nobody can be let in, and nothing can be recorded"
    finally:
        await asyncio.to_thread(postgres.start)
    async with asyncio.timeout(30):
        while True:
            if (await clinic.call("PUT", f"/v1/outbox/{ROUTE}/b.837", MORE))[0] == 201:
                break
            await asyncio.sleep(0.1)
    assert len(await arrived(payer, 2)) == 2


@pytest.fixture
def recovery(tmp_path: Path) -> tuple[Path, Path]:
    """Certificate and secret key."""
    key = Tsk.from_bytes(generate_partner_key("Recovery", "recovery@gateway.example"))
    certificate, secret = tmp_path / "recovery.asc", tmp_path / "recovery.key"
    certificate.write_text(str(key.extract_certificate()))
    secret.write_text(str(key))
    return certificate, secret


@pytest.mark.parametrize("to", ["another server's database", "a file in the site"])
async def test_a_backup_is_restored_to(
    enrolled: Enrolled, postgres: Server, recovery: tuple[Path, Path], tmp_path: Path, to: str
) -> None:
    dest, root = tmp_path / "backup", tmp_path / "restored"
    async with clients_of(enrolled, enrolled.site.root) as (clinic, payer):
        assert (await clinic.call("PUT", f"/v1/outbox/{ROUTE}/a.837", CLAIMS))[0] == 201
        await arrived(payer, 1)
        words = ["backup", str(dest), "--site", str(enrolled.site.root)]
        assert await asyncio.to_thread(main, [*words, "--recovery", str(recovery[0])]) == 0
    url = postgres.empty() if to.startswith("another") else ""
    words = ["restore", str(dest), str(root), "--recovery-key", str(recovery[1])]
    assert main([*words, "--database-url", url]) == 0
    assert bool(url) != (root / "data" / "lazaretto.db").exists()
    async with clients_of(enrolled, root) as (clinic, payer):
        (parcel,) = await arrived(payer, 1)
        _, sealed = await payer.call("GET", f"/v1/inbox/{parcel['transfer']}/content")
        assert opened(enrolled.openpgp, sealed) == CLAIMS
        assert (await clinic.call("PUT", f"/v1/outbox/{ROUTE}/b.837", MORE))[0] == 201
        await arrived(payer, 2)
        words = ["account", "credential", "clinic-bot", "--token", "--site", str(root)]
        assert main(words) == 0, "numbers go on behind those that were restored"
    assert main(["audit", "verify", "--site", str(root)]) == 0


async def test_a_site_in_the_database_is_never_restored_over(
    enrolled: Enrolled, recovery: tuple[Path, Path], tmp_path: Path
) -> None:
    dest, root = tmp_path / "backup", tmp_path / "restored"
    words = ["backup", str(dest), "--site", str(enrolled.site.root)]
    assert main([*words, "--recovery", str(recovery[0])]) == 0
    assert main(["restore", str(dest), str(root), "--recovery-key", str(recovery[1])]) == 1
    assert not root.exists()
    assert main(["audit", "verify", "--site", str(enrolled.site.root)]) == 0
