"""A file that GnuPG encrypted for the gateway is opened, inspected and sealed anew."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from gateway.demo.clients import Https, Sftp, unseal
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World
from gateway.demo.x12 import Claim, claims_837p
from keys.openpgp import fingerprint

CONTENT = claims_837p([Claim(who) for who in people(11, 5)])


@pytest.fixture
async def ports(world: World) -> AsyncIterator[dict[str, int]]:
    async with served(world.site) as listening:
        yield listening


@pytest.fixture
def encrypt(world: World) -> Iterator[Callable[..., bytes]]:
    """GnuPG with the gateway's certificate as partners get it."""
    if not shutil.which("gpg"):
        pytest.skip("GnuPG is not on this machine")
    # Its agent's socket must fit into 108 characters, and pytest's directories may not.
    home = tempfile.mkdtemp(prefix="gpg")
    certificate = (world.site / "keys" / "openpgp.asc").read_bytes()

    def gpg(*arguments: str, data: bytes) -> bytes:
        command = ["gpg", "--homedir", home, "--batch", "--quiet", "--trust-model", "always"]
        done = subprocess.run([*command, *arguments], input=data, capture_output=True, check=True)
        return done.stdout

    def run(content: bytes, *arguments: str) -> bytes:
        who = arguments or ("--encrypt", "--recipient", fingerprint(certificate))
        return gpg(*who, data=content)

    try:
        gpg("--import", data=certificate)
        yield run
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


async def put(world: World, ports: dict[str, int], content: bytes, name: str) -> dict[str, object]:
    """Drop a file as the clinic by SFTP, and wait for what becomes of it."""
    local = world.home / name
    await asyncio.to_thread(local.write_bytes, content)
    member = world.members["clinic"]
    await Sftp(world, member, ports["sftp"]).put(local, f"/outbox/clinic-claims/{name}")
    sent = await Https(world, member, ports["https"]).call("GET", "/v1/transfers")
    transfer = sent["transfers"][0]["transfer"]
    return dict(await Demo(world, ports).settled("clinic", transfer)) | {"transfer": transfer}


async def received(world: World, ports: dict[str, int], transfer: object) -> bytes:
    """Fetch a parcel as the payer and open it."""
    sealed: Path = world.home / "sealed.pgp"
    payer = Https(world, world.members["acme"], ports["https"])
    content = await payer.content(f"/v1/inbox/{transfer}/content")
    await asyncio.to_thread(sealed.write_bytes, content)
    return await asyncio.to_thread(unseal, world.members["acme"], sealed)


async def test_what_gnupg_encrypts_for_the_gateway_arrives_open_for_the_payer(
    world: World, ports: dict[str, int], encrypt: Callable[..., bytes]
) -> None:
    settled = await put(world, ports, encrypt(CONTENT), "claims.837.pgp")
    assert settled["state"] == "delivered"
    assert await received(world, ports, settled["transfer"]) == CONTENT


async def test_what_cannot_be_opened_is_held_with_what_to_do(
    world: World, ports: dict[str, int], encrypt: Callable[..., bytes]
) -> None:
    word = ("--symmetric", "--pinentry-mode", "loopback", "--passphrase", "word")
    symmetric = encrypt(CONTENT, *word)
    settled = await put(world, ports, symmetric, "claims.837.gpg")
    assert settled["state"] == "held"
    certificate = await asyncio.to_thread((world.site / "keys" / "openpgp.asc").read_bytes)
    assert fingerprint(certificate) in str(settled["reasons"])
    cut = await put(world, ports, encrypt(CONTENT)[:-9], "cut.837.pgp")
    assert "malformed" in str(cut["reasons"])
