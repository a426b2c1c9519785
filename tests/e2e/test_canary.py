"""The PHI canary: made-up identities go everywhere a client can put them, and stay nowhere else.

Every file of the site, the log of the running gateway, its metrics and its health are searched for
each identity in plain, in other encodings, and in Base64 and hex. Only ciphertext may hold them.
"""

from __future__ import annotations

import base64
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncssh
import pytest

from gateway.demo.archives import zipped
from gateway.demo.clients import ClientError, Https
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World
from gateway.demo.x12 import Claim, claims_837p, totals_csv

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"


def unique(length: int = 12) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


class Canaries:
    """Made-up values that occur nowhere else in the world."""

    def __init__(self) -> None:
        self.note = unique()
        self.file_name = unique()
        self.member_name = unique()
        self.comment = unique()
        self.user = unique()
        self.password = unique()
        self.route = unique()
        self.path = unique()
        self.token = unique(43)

    def all(self) -> Iterator[str]:
        yield from vars(self).values()


def forms(value: str) -> Iterator[bytes]:
    """The ways in which a value could have been written by mistake."""
    for text in {value, value.lower(), value.title()}:
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode().hex().encode()
        for lead in range(3):
            # Base64 of a value depends on where it starts; its inner part doesn't.
            padded = base64.b64encode(b"\0" * lead + text.encode())
            yield padded[4:-4]


def leaks(canaries: Canaries, blobs: dict[str, bytes]) -> list[str]:
    return [
        f"{value} in {place}"
        for place, content in blobs.items()
        for value in canaries.all()
        if any(form in content for form in forms(value))
    ]


def everything(world: World, extra: dict[str, bytes]) -> dict[str, bytes]:
    """Every file the gateway wrote, and every path, as bytes."""
    root = world.site
    found = {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    found["paths"] = "\n".join(str(path.relative_to(root)) for path in root.rglob("*")).encode()
    found["serve.log"] = (root.parent / "serve.log").read_bytes()
    return found | extra


def get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        content: bytes = answer.read()
        return content


async def drop(world: World, ports: dict[str, int], canaries: Canaries) -> None:
    """Send identities by every way there is: content, names, routes, users, tokens."""
    who = people(secrets.randbelow(2**31), 1)[0]
    note = f"PATIENT {canaries.note} {canaries.note} SSN {who.dashed_ssn}"
    clinic, harbour = world.members["clinic"], world.members["harbour"]
    https = Https(world, clinic, ports["https"])
    leaking = claims_837p([Claim(who, note=note)])
    name = f"{canaries.file_name} {who.last}.837"
    await https.call("PUT", f"/v1/outbox/clinic-claims/{quote(name)}", leaking)
    clean = claims_837p([Claim(who)])
    await https.call("PUT", f"/v1/outbox/clinic-claims/{canaries.file_name}.837", clean)
    rows = [dict.fromkeys(("month", "payer", "claims", "charged", "paid"), "1")]
    rows[0]["comment"] = f"{canaries.comment} {canaries.comment}"
    archive = zipped({f"{canaries.member_name}/{canaries.member_name}.csv": totals_csv(rows)})
    sender = Https(world, harbour, ports["https"])
    await sender.call("PUT", f"/v1/outbox/harbour-totals/{canaries.file_name}.zip", archive)
    for path in (
        f"/v1/outbox/{canaries.route}/a.837",
        f"/v1/outbox/clinic-claims/..{canaries.path}%0A",
    ):
        with suppress(ClientError):
            await https.call("PUT", path, b"x")
    for path in (f"/v1/transfers/{canaries.path}", f"/v1/inbox/{canaries.path}/content"):
        with suppress(ClientError):
            await https.call("GET", path)
    await knock(world, ports, canaries)


async def knock(world: World, ports: dict[str, int], canaries: Canaries) -> None:
    """Fail to log in with an identity as user name, password and token; break a path over SFTP."""
    with pytest.raises(asyncssh.Error):
        await asyncssh.connect(
            "127.0.0.1", ports["sftp"], username=canaries.user, password=canaries.password,
            client_keys=[], known_hosts=None, config=None, agent_path=None,
        )  # fmt: skip
    stranger = world.members["clinic"].__class__("clinic", "", Path(), f"lz_{canaries.token}", b"")
    with pytest.raises(ClientError):
        await Https(world, stranger, ports["https"]).call("GET", "/v1/inbox")
    member = world.members["clinic"]
    async with (
        asyncssh.connect(
            "127.0.0.1", ports["sftp"], username="clinic", client_keys=[str(member.ssh_key)],
            known_hosts=None, config=None, agent_path=None,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):  # fmt: skip
        for path in (f"/outbox/{canaries.route}/x", f"/inbox/{canaries.path}"):
            with pytest.raises(asyncssh.SFTPError):
                await sftp.open(path, "rb")


async def settle(world: World, ports: dict[str, int]) -> None:
    for member in ("clinic", "harbour"):
        demo = Demo(world, ports)
        listed = await Https(world, world.members[member], ports["https"]).call(
            "GET", "/v1/transfers"
        )
        assert listed["transfers"], "nothing was dropped, so nothing was tested"
        for item in listed["transfers"]:
            await demo.settled(member, item["transfer"])


async def test_identities_stay_in_the_payload(world: World) -> None:
    canaries = Canaries()
    async with served(world.site) as ports:
        await drop(world, ports, canaries)
        await settle(world, ports)
        seen = {
            "metrics": get(ports["metrics"], "/metrics"),
            "health": get(ports["health"], "/readyz"),
        }
        while_up = leaks(canaries, everything(world, seen))
    assert while_up == []
    assert leaks(canaries, everything(world, seen)) == []


def test_the_search_finds_a_value_however_it_is_written() -> None:
    canaries = Canaries()
    note = canaries.note
    hiding = {
        "plain": f"xx{note}yy".encode(),
        "lower": note.lower().encode(),
        "wide": note.encode("utf-16-le"),
        "hex": note.encode().hex().encode(),
        "base64": base64.b64encode(b"prefix " + note.encode() + b" suffix"),
    }
    assert {leak.rsplit(" ", 1)[1] for leak in leaks(canaries, hiding)} == set(hiding)
