"""Every key is rotated while files flow over SFTP and HTTPS: not one transfer fails."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections import Counter
from contextlib import closing
from itertools import count
from pathlib import Path

import aiohttp
import pysequoia
import pytest

from gateway.demo.clients import Https, Sftp
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World, command
from gateway.demo.x12 import Claim, claims_837p
from gateway.ledger.queries import SqlTransfers
from gateway.lifecycle import State
from gateway.site import Site
from gateway.staged_keys import next_of
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, fingerprint

_NUMBERS = count(100)


def claims() -> bytes:
    """A file that was never sent before."""
    number = next(_NUMBERS)
    return claims_837p([Claim(who) for who in people(number, 1)], control=number)


class Traffic:
    """Two senders that send one file after the other."""

    def __init__(self, world: World, ports: dict[str, int]) -> None:
        self._world = world
        self._ports = ports
        self._site = Site.open(world.site)
        self.sent = Counter(sftp=0, https=0)
        self.failed: list[str] = []
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self.trusted = self._site.paths.tls_cert.read_text()
        self.encrypted = 0

    def start(self) -> None:
        flows = {"sftp": self._by_sftp, "https": self._by_https}
        self._sftp = Sftp(
            self._world, self._world.members["clinic"], self._ports["sftp"], learns=True
        )
        self._tasks = [asyncio.create_task(self._flow(name, put)) for name, put in flows.items()]

    async def passed(self) -> None:
        """Return once each sender has begun and ended a further file."""
        goal = {name: self.sent[name] + 2 for name in ("sftp", "https")}
        async with asyncio.timeout(240):
            while any(self.sent[name] < wanted for name, wanted in goal.items()):
                assert not self.failed, (self.failed, self._log())
                await asyncio.sleep(0.05)

    def _log(self) -> str:
        return (self._world.site.parent / "serve.log").read_text()[-5_000:]

    async def drained(self) -> None:
        """Return once nothing waits to be opened that was sent up to now."""
        with closing(self._site.database()) as database:
            last = max(t.id for t in SqlTransfers(database).sent_by("clinic"))
            async with asyncio.timeout(240):
                while any(  # noqa: ASYNC110 - it observes state that has no event
                    t.id <= last for t in SqlTransfers(database).in_state(State.STAGED)
                ):
                    await asyncio.sleep(0.05)

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def _flow(self, name: str, put: object) -> None:
        while not self._stopping:
            try:
                await put(f"{name}-{self.sent[name]}.837", claims())  # type: ignore[operator] # one of the two below
            except Exception as error:  # noqa: BLE001 - whatever it is, a partner would call
                self.failed.append(f"{name}: {error!r}")
                return
            self.sent[name] += 1
            # Neither runs ahead: more files than both need would only wait for the worker.
            while self.sent[name] > min(self.sent.values()) + 1 and not self._ended():  # noqa: ASYNC110 - it observes state that has no event
                await asyncio.sleep(0.02)

    def _ended(self) -> bool:
        return self._stopping or bool(self.failed)

    async def _by_sftp(self, name: str, content: bytes) -> None:
        local = self._world.home / name
        local.write_bytes(content)
        await asyncio.to_thread(asyncio.run, self._sftp.put(local, f"/outbox/clinic-claims/{name}"))

    async def _by_https(self, name: str, content: bytes) -> None:
        """Encrypted for the newest certificate that the gateway has given out."""
        public = self._site.paths.openpgp_public
        newest = next_of(public) if next_of(public).exists() else public
        certificate = pysequoia.Cert.from_bytes(newest.read_bytes())
        message = pysequoia.encrypt(content, [certificate], armor=False)
        trust = ssl.create_default_context(cadata=self.trusted)
        token = {"Authorization": f"Bearer {self._world.members['clinic'].token}"}
        url = f"https://localhost:{self._ports['https']}/v1/outbox/clinic-claims/{name}.pgp"
        async with (
            aiohttp.ClientSession(headers=token) as session,
            session.put(url, data=message, ssl=trust) as answer,
        ):
            assert answer.status in (200, 201, 202), await answer.text()


@pytest.mark.timeout(900)  # on a busy machine; alone it takes half a minute
async def test_every_key_is_rotated_under_load_with_no_failed_transfer(world: World) -> None:
    site = Site.open(world.site)
    own = ("--site", world.site, "--as", "demo operator")
    acme = world.members["acme"]
    fresh = generate_partner_key("Acme Health Plan", "edi@acme.example")
    certificate = world.home / "acme-new.asc"
    certificate.write_bytes(certificate_of(fresh))
    before = command("key", "kek", "list", "--site", world.site)[0]["key"]

    async def key(*words: str | Path) -> object:
        return await asyncio.to_thread(command, "key", *words, *own)

    async with served(world.site) as ports:
        traffic = Traffic(world, ports)
        traffic.start()
        await traffic.passed()

        await key("import", "--partner", "acme", certificate)
        await key("kek", "rotate")
        for kind in ("openpgp", "ssh", "log"):
            await key(kind, "rotate")
        await key("tls", "renew")
        traffic.trusted += next_of(site.paths.tls_cert).read_text()
        await traffic.passed()

        await key("retire", fingerprint(acme.openpgp))
        await key("kek", "rewrap")
        for kind in ("openpgp", "ssh", "log"):
            await key(kind, "switch")
        await key("tls", "install")
        await traffic.passed()

        a_while_ago = time.time() - 120
        os.utime(site.paths.kek, (a_while_ago, a_while_ago))
        await key("kek", "rewrap")
        await key("kek", "retire", before)
        for kind in ("ssh", "log"):
            await key(kind, "retire")
        await traffic.drained()
        await key("openpgp", "retire")
        await traffic.passed()
        await traffic.stop()
        assert traffic.failed == []

        demo, payer = Demo(world, ports), Https(world, acme, ports["https"])
        sender = Https(world, world.members["clinic"], ports["https"])
        transfers = (await sender.call("GET", "/v1/transfers"))["transfers"]
        assert len(transfers) == sum(traffic.sent.values())
        opened_by: Counter[str] = Counter()
        for transfer in transfers:
            settled = await demo.settled("clinic", transfer["transfer"])
            assert settled["state"] == "delivered", settled
            sealed = await payer.content(f"/v1/inbox/{transfer['transfer']}/content")
            opened_by[_opener({"old": acme.openpgp, "new": fresh}, sealed)] += 1
    assert opened_by["new"]
    verified = command("audit", "verify", "--site", world.site)
    assert verified["ok"], verified
    assert [entry["key"] for entry in command("key", "kek", "list", "--site", world.site)] != [
        before
    ]


def _opener(keys: dict[str, bytes], sealed: bytes) -> str:
    for name, secret in keys.items():
        decryptor = pysequoia.Tsk.from_bytes(secret).decryptor()
        try:
            content = pysequoia.decrypt(decryptor=decryptor, bytes=sealed).bytes
        except RuntimeError:
            continue
        assert content
        assert content.startswith(b"ISA")
        return name
    raise AssertionError("neither key opens it")
