"""A real tus client against a served gateway: interrupted, killed with it, gone on with."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateway.demo.clients import Https, unseal
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World, command
from gateway.demo.x12 import Claim, claims_837p
from tests.e2e.test_kill import kill_all, start

SENDER = Path(__file__).parents[1] / "support" / "tus_sender.py"
PIECE = 30_000
ROUTE = "/v1/tus/clinic-claims/"

pytestmark = pytest.mark.timeout(240)


def content(file: Path) -> bytes:
    return file.read_bytes()


def size(file: Path) -> int:
    return file.stat().st_size


@pytest.fixture
def batch(world: World) -> Path:
    path = world.home / "batch.837"
    path.write_bytes(claims_837p([Claim(who) for who in people(11, 600)], control=11))
    assert size(path) > 5 * PIECE
    return path


async def client(
    world: World, port: int, path: str, file: Path, *more: str, piece: int = PIECE
) -> asyncio.subprocess.Process:
    """A tuspy process that sends ``file``."""
    words = [f"https://localhost:{port}{path}", world.members["clinic"].token, str(file)]
    trust = {"REQUESTS_CA_BUNDLE": str(world.site / "keys" / "edge" / "tls.crt")}
    return await asyncio.create_subprocess_exec(
        sys.executable, str(SENDER), *words, "batch 11.837", str(piece), *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ | trust,
    )  # fmt: skip


async def ran(sender: asyncio.subprocess.Process) -> tuple[str, list[int]]:
    """The upload's path on the gateway, and each offset that the client was told."""
    out, err = await sender.communicate()
    assert sender.returncode == 0, err.decode()
    url, *offsets = out.decode().split()
    return "/" + url.split("/", 3)[3], [int(offset) for offset in offsets]


async def delivered(world: World, ports: dict[str, int], path: str, batch: Path) -> None:
    """The file is in the payer's mailbox once, byte for byte, under the sender's name."""
    transfer = path.rsplit("/", 1)[1]
    found = await Demo(world, ports).settled("clinic", transfer)
    assert (found["state"], found["name"]) == ("delivered", "batch 11.837")
    payer = Https(world, world.members["acme"], ports["https"])
    files = (await payer.call("GET", "/v1/inbox"))["files"]
    assert [parcel["transfer"] for parcel in files] == [transfer]
    sealed = world.home / "sealed"
    sealed.write_bytes(await payer.content(f"/v1/inbox/{transfer}/content"))
    assert unseal(world.members["acme"], sealed) == content(batch)


@pytest.mark.parametrize("how", [(), ("--checksum",)])
async def test_tuspy_sends_a_file_in_pieces(
    world: World, batch: Path, how: tuple[str, ...]
) -> None:
    async with served(world.site) as ports:
        path, offsets = await ran(await client(world, ports["https"], ROUTE, batch, *how))
        assert offsets == [*range(0, size(batch), PIECE), size(batch)]
        await delivered(world, ports, path, batch)


async def test_tuspy_sends_a_file_in_one_request(world: World, batch: Path) -> None:
    async with served(world.site) as ports:
        sender = await client(world, ports["https"], ROUTE, batch, "--checksum", piece=sys.maxsize)
        path, offsets = await ran(sender)
        assert offsets == [0, size(batch)]
        await delivered(world, ports, path, batch)


async def test_a_new_client_goes_on_where_the_first_one_stopped(world: World, batch: Path) -> None:
    async with served(world.site) as ports:
        path, offsets = await ran(await client(world, ports["https"], ROUTE, batch, str(2 * PIECE)))
        assert offsets == [0, PIECE, 2 * PIECE]
        again, offsets = await ran(await client(world, ports["https"], path, batch))
        assert (again, offsets[0]) == (path, 2 * PIECE)
        await delivered(world, ports, path, batch)
        # Whoever asks again, since the last answer was lost, sends nothing twice.
        _, offsets = await ran(await client(world, ports["https"], path, batch))
        assert offsets == [size(batch)]
        sent = await Https(world, world.members["clinic"], ports["https"]).call(
            "GET", "/v1/transfers"
        )
        assert len(sent["transfers"]) == 1


async def test_after_kill_9_of_everything_a_new_client_goes_on(world: World, batch: Path) -> None:
    process, ports = await start(world.site)
    sender = await client(world, ports["https"], ROUTE, batch)
    assert sender.stdout is not None
    path = "/" + (await sender.stdout.readline()).decode().strip().split("/", 3)[3]
    told = 0
    while told < 3 * PIECE:
        told = int(await sender.stdout.readline())
    await kill_all(process)
    # Offsets that were printed between the last look and the kill were told as well.
    out, _ = await sender.communicate()
    assert sender.returncode != 0
    told = max([told, *(int(offset) for offset in out.decode().split())])
    async with served(world.site) as ports:
        again, offsets = await ran(await client(world, ports["https"], path, batch))
        assert again == path
        assert told <= offsets[0] < size(batch)
        await delivered(world, ports, path, batch)
    assert command("audit", "verify", "--site", world.site)["ok"]
