"""A file put with each real client arrives, and each reader opens it to its bytes."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import warnings
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncssh
import pysequoia
import pytest

from gateway.demo import clients
from gateway.demo.clients import Https, Sftp, unseal
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World
from gateway.demo.x12 import Claim, claims_837p
from gateway.directory import Directory
from gateway.site import Site

CONTENT = claims_837p([Claim(who) for who in people(11, 5)])
NEXT = claims_837p([Claim(who) for who in people(12, 5)], control=2)


@pytest.fixture
async def ports(world: World) -> AsyncIterator[dict[str, int]]:
    async with served(world.site) as listening:
        yield listening


async def arrived(world: World, ports: dict[str, int]) -> Path:
    """Wait for the clinic's newest transfer, and fetch it as the payer."""
    clinic = Https(world, world.members["clinic"], ports["https"])
    transfer = (await clinic.call("GET", "/v1/transfers"))["transfers"][0]["transfer"]
    assert (await Demo(world, ports).settled("clinic", transfer))["state"] == "delivered"
    sealed = world.home / "sealed.pgp"
    payer = Https(world, world.members["acme"], ports["https"])
    sealed.write_bytes(await payer.content(f"/v1/inbox/{transfer}/content"))
    return sealed


def pgpy_opens(secret: bytes, sealed: bytes) -> bytes:
    with warnings.catch_warnings():
        # PGPy 0.6 still uses what cryptography has deprecated.
        warnings.simplefilter("ignore")
        import pgpy  # noqa: PLC0415 - under the filter

        key, _ = pgpy.PGPKey.from_blob(secret)
        opened = key.decrypt(pgpy.PGPMessage.from_blob(sealed)).message
    return bytes(opened) if isinstance(opened, bytes | bytearray) else str(opened).encode()


async def test_every_reader_opens_what_openssh_or_asyncssh_put(
    world: World, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = world.home / "a.837"
    local.write_bytes(CONTENT)
    await Sftp(world, world.members["clinic"], ports["sftp"]).put(
        local, "/outbox/clinic-claims/a.837"
    )
    sealed = await arrived(world, ports)
    payer = world.members["acme"]
    assert unseal(payer, sealed) == CONTENT
    secret = pysequoia.Tsk.from_bytes(payer.openpgp)
    opened = pysequoia.decrypt(decryptor=secret.decryptor(), bytes=sealed.read_bytes())
    assert opened.bytes == CONTENT
    assert pgpy_opens(payer.openpgp, sealed.read_bytes()) == CONTENT
    # And once more with asyncssh's client, as on a machine without OpenSSH and GnuPG.
    monkeypatch.setattr(clients, "has_sftp", lambda: False)
    monkeypatch.setattr(clients, "has_gpg", lambda: False)
    local.write_bytes(NEXT)
    await Sftp(world, world.members["clinic"], ports["sftp"]).put(
        local, "/outbox/clinic-claims/b.837"
    )
    assert unseal(payer, await arrived(world, ports)) == NEXT


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
async def test_curl_puts_a_file(world: World, ports: dict[str, int]) -> None:
    local = world.home / "a.837"
    local.write_bytes(CONTENT)
    member = world.members["clinic"]
    done = await asyncio.to_thread(
        subprocess.run,
        ["curl", "-sS", "--fail-with-body", "--cacert", str(world.site / "keys/edge/tls.crt"),
         "-H", f"Authorization: Bearer {member.token}", "-T", str(local),
         f"https://localhost:{ports['https']}/v1/outbox/clinic-claims/"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert unseal(world.members["acme"], await arrived(world, ports)) == CONTENT


async def test_a_disabled_account_is_disconnected_within_seconds(
    world: World, ports: dict[str, int]
) -> None:
    clinic = world.members["clinic"]
    async with asyncssh.connect(
        "127.0.0.1",
        ports["sftp"],
        username=clinic.id,
        client_keys=[str(clinic.ssh_key)],
        known_hosts=None,
        config=None,
        agent_path=None,
    ) as link:
        sftp = await link.start_sftp_client()
        assert await sftp.listdir("/outbox")
        with closing(Site.open(world.site).database()) as database:
            Directory(database).enable_account("clinic", "person:dana", enabled=False)
        await asyncio.wait_for(link.wait_closed(), 10)
