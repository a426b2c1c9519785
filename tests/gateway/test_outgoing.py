"""The gateway connects where settings point, whatever a resolver or a server says."""

from __future__ import annotations

import socket

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from gateway.outgoing import CheckedResolver, Outgoing, OutgoingError, hosts_in, may_be_at

LIMIT = aiohttp.ClientTimeout(total=5)


class Rebinding(AbstractResolver):
    """A resolver in an attacker's hands."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        return


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/", "http://keeper.example/", "ftp://keeper.example/",
        "https://keeper.example.evil.example/", "https://keeper.example@evil.example/",
        "https://169.254.169.254/latest/meta-data", "file:///etc/passwd", "",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(OutgoingError):
        Outgoing(["keeper.example", "169.254.169.254"]).check(url)


def test_what_settings_name_is_not() -> None:
    outgoing = Outgoing(hosts_in(["https://Keeper.example/x", "http://127.0.0.1:9/"]))
    outgoing.check("https://keeper.example:8443/add-checkpoint")
    outgoing.check("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0",
        "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "nonsense",
    ],
)  # fmt: skip
async def test_a_name_made_to_point_here_is_not_followed(address: str) -> None:
    assert not may_be_at("keeper.example", address)
    resolver = CheckedResolver(frozenset({"keeper.example"}), Rebinding(address))
    with pytest.raises(OutgoingError, match="resolves"):
        await resolver.resolve("keeper.example", 443)


@pytest.mark.parametrize("host", ["localhost", "::1", "sidecar.localhost"])
def test_this_machine_may_be_asked_by_its_own_names_over_ipv6_too(host: str) -> None:
    assert may_be_at(host, "::1")
    url = f"http://[{host}]:9/" if ":" in host else f"http://{host}:9/"
    Outgoing(hosts_in([url])).check(url)


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.7.7", "fd00::7", "203.0.113.9"])
def test_a_sites_own_network_is_allowed(address: str) -> None:
    assert may_be_at("keeper.example", address)


async def test_of_several_addresses_the_fit_ones_are_taken() -> None:
    resolver = CheckedResolver(
        frozenset({"keeper.example"}), Rebinding("169.254.169.254", "10.1.2.3")
    )
    [found] = await resolver.resolve("keeper.example", 443)
    assert found["host"] == "10.1.2.3"


async def test_a_session_connects_to_no_other_host() -> None:
    async with Outgoing(["127.0.0.1"]).session(LIMIT) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.get("http://localhost:9/")
    assert isinstance(refused.value.os_error, OutgoingError)


async def test_a_session_connects_to_its_host() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server, Outgoing(["localhost"]).session(LIMIT) as session:
        url = f"http://localhost:{server.port}/"
        async with session.get(url, allow_redirects=False) as response:
            assert await response.text() == "here"
