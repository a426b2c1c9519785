"""HTTPS as a partner's program sees it, through aiohttp's client over TLS."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp
import jsonschema  # type: ignore[import-untyped]  # it ships none
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from tests.support.eventually import eventually
from tests.support.simulated_gateway import (
    Recorder,
    SimulatedGateway,
    SimulatedJudge,
    SimulatedMailbox,
)
from transports.https import HttpsOptions, HttpsService, build_app, serve_https, tls_context
from transports.openapi import parsed
from transports.ports import Declaring, Problem, TransportError

DATA = os.urandom(600_000)
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(DATA).digest()).decode()}:"


@dataclass
class Site:
    service: HttpsService
    app: web.Application
    seen: Recorder

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.service.port}"


@pytest.fixture
async def start(
    gateway: SimulatedGateway, judge: SimulatedJudge, server_certificate: tuple[Path, Path]
) -> AsyncIterator[Callable[..., Awaitable[Site]]]:
    started: list[HttpsService] = []

    async def begin(**options: object) -> Site:
        seen = Recorder()
        chosen = HttpsOptions(**options)  # type: ignore[arg-type]  # a test's
        declaring = cast(Declaring, object())  # tests/gateway/test_tus.py has the real one
        app = build_app(
            chosen, judge, gateway, SimulatedMailbox(gateway), declaring=declaring, observer=seen
        )
        service = await serve_https(chosen, app, tls_context(*server_certificate))
        started.append(service)
        return Site(service, app, seen)

    yield begin
    for service in started:
        await service.stop(0.2)


@pytest.fixture
async def site(start: Callable[..., Awaitable[Site]]) -> Site:
    return await start()


def session(site: Site, token: str) -> aiohttp.ClientSession:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return aiohttp.ClientSession(
        site.url, connector=aiohttp.TCPConnector(ssl=context), headers=headers
    )


@pytest.fixture
async def clinic(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    async with session(site, "clinic-token") as client:
        yield client


@pytest.fixture
async def payer(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    async with session(site, "payer-token") as client:
        yield client


async def raw(site: Site, data: bytes, *, stop_after: bool = False, read_first: int = 0) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", site.service.port, ssl=context)
    writer.write(data)
    await writer.drain()
    if read_first:
        await reader.readexactly(read_first)
    if stop_after or read_first:
        writer.transport.abort()
        return b""
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


def schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": parsed()["components"]}


async def check_problem(response: aiohttp.ClientResponse, status: int, slug: str) -> str:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    body = json.loads(await response.read())
    jsonschema.validate(body, schema("Problem"))
    assert body["type"] == f"urn:lazaretto:problem:{slug}"
    assert body["status"] == status
    return str(body["detail"])


# -- sending


async def test_a_put_is_submitted_and_answered_with_where_to_ask(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    async with clinic.put("/v1/outbox/claims/a.837", data=DATA) as response:
        assert response.status == 201
        body = await response.json()
        jsonschema.validate(body, schema("Transfer"))
        assert response.headers["Location"] == f"/v1/transfers/{body['transfer']}"
    assert gateway.submitted() == [("a.837", DATA)]
    async with clinic.get(response.headers["Location"]) as response:
        assert await response.json() == body


async def test_a_chunked_put_is_submitted(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield DATA[:1000]
        yield DATA[1000:]

    async with clinic.put("/v1/outbox/claims/a.837", data=pieces()) as response:
        assert response.status == 201
    assert gateway.submitted() == [("a.837", DATA)]


async def test_a_zero_byte_put_is_submitted(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    async with clinic.put("/v1/outbox/claims/a.837", data=b"") as response:
        assert response.status == 201
    assert gateway.submitted() == [("a.837", b"")]


async def test_a_true_digest_is_accepted(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    headers = {"Repr-Digest": DIGEST}
    async with clinic.put("/v1/outbox/claims/a", data=DATA, headers=headers) as response:
        assert response.status == 201


async def test_a_false_digest_is_refused_and_nothing_is_kept(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    headers = {"Repr-Digest": DIGEST}
    async with clinic.put("/v1/outbox/claims/a", data=DATA + b"x", headers=headers) as response:
        await check_problem(response, 422, "digest-mismatch")
    assert gateway.transfers == []


@pytest.mark.parametrize("value", ["sha-256=abc", "sha-256=:YWJj:", "sha-256=:!:", "x"])
async def test_a_malformed_digest_is_refused(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway, value: str
) -> None:
    headers = {"Repr-Digest": value}
    async with clinic.put("/v1/outbox/claims/a", data=DATA, headers=headers) as response:
        await check_problem(response, 400, "bad-digest")
    assert gateway.transfers == []


async def test_a_content_encoding_is_refused(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with clinic.put("/v1/outbox/claims/a", data=DATA, headers=headers) as response:
        await check_problem(response, 415, "content-encoding")
    assert gateway.transfers == []


async def test_a_client_gone_in_the_middle_submits_nothing(
    site: Site, gateway: SimulatedGateway
) -> None:
    request = (
        b"PUT /v1/outbox/claims/a HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer clinic-token\r\n"
        b"Content-Length: 1000000\r\n\r\n" + DATA
    )
    await raw(site, request, stop_after=True)
    await eventually(lambda: any(event[0] == "finished" for event in site.seen.events))
    assert gateway.transfers == []


async def test_a_chunked_body_without_its_end_submits_nothing(
    site: Site, gateway: SimulatedGateway
) -> None:
    request = (
        b"PUT /v1/outbox/claims/a HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer clinic-token\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    )
    await raw(site, request, stop_after=True)
    await eventually(lambda: any(event[0] == "finished" for event in site.seen.events))
    assert gateway.transfers == []


async def test_a_body_that_stalls_is_a_timeout(
    start: Callable[..., Awaitable[Site]], gateway: SimulatedGateway
) -> None:
    site = await start(body_timeout=0.1)
    request = (
        b"PUT /v1/outbox/claims/a HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer clinic-token\r\n"
        b"Content-Length: 10\r\nConnection: close\r\n\r\nhello"
    )
    assert (await raw(site, request)).startswith(b"HTTP/1.1 408")
    assert gateway.transfers == []


async def test_who_reads_no_answer_loses_the_connection(
    start: Callable[..., Awaitable[Site]],
) -> None:
    """A stranger's too: refusals that nobody reads would keep a place for ever."""
    site = await start(body_timeout=0.3)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _reader, writer = await asyncio.open_connection(
        "127.0.0.1", site.service.port, ssl=context, limit=1024
    )
    cast(asyncio.Transport, writer.transport).pause_reading()
    request = b"GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200

    async def flood() -> None:
        while True:
            writer.write(request)
            await writer.drain()

    with pytest.raises(ConnectionError):
        async with asyncio.timeout(20):
            await flood()
    await eventually(lambda: any(event[0] == "closed" for event in site.seen.events))
    writer.close()


async def test_a_full_disk_is_507(clinic: aiohttp.ClientSession, gateway: SimulatedGateway) -> None:
    gateway.space = 1000
    async with clinic.put("/v1/outbox/claims/a", data=DATA) as response:
        await check_problem(response, 507, "no-space")
        assert response.headers["Retry-After"]
    assert gateway.submitted() == []


async def test_an_unavailable_gateway_is_503(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    gateway.open_error = TransportError(Problem.UNAVAILABLE, "the database is away")
    async with clinic.put("/v1/outbox/claims/a", data=DATA) as response:
        assert await check_problem(response, 503, "unavailable") == "the database is away"


async def test_an_unforeseen_exception_is_500_and_says_nothing(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.commit_error = RuntimeError("SMITH, JOHN")
    async with clinic.put("/v1/outbox/claims/a", data=DATA) as response:
        assert "SMITH" not in await check_problem(response, 500, "internal-error")
    assert "SMITH" not in caplog.text


async def test_an_unknown_route_is_404(clinic: aiohttp.ClientSession) -> None:
    async with clinic.put("/v1/outbox/nowhere/a", data=DATA) as response:
        await check_problem(response, 404, "unknown-route")


@pytest.mark.parametrize("name", ["a%2Fb", "a%5Cb", "a%00b", "a%0Ab", "%20a", "z" * 300, "%2E%2E"])
async def test_a_bad_name_is_400_and_not_repeated(
    site: Site, gateway: SimulatedGateway, name: str
) -> None:
    request = f"PUT /v1/outbox/claims/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    request += "Authorization: Bearer clinic-token\r\nContent-Length: 0\r\n\r\n"
    answer = await raw(site, request.encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"bad-name" in answer
    assert b"zzz" not in answer
    assert gateway.transfers == []


async def test_expect_continue_is_answered_only_to_who_may_send(site: Site) -> None:
    head = "PUT /v1/outbox/claims/a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    head += "Connection: close\r\nContent-Length: 5\r\nAuthorization: Bearer {}\r\n\r\n"
    good = await raw(site, head.format("clinic-token").encode() + b"hello")
    bad = await raw(site, head.format("wrong").encode() + b"hello")
    assert good.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201")
    assert bad.startswith(b"HTTP/1.1 401")


# -- who is there


@pytest.mark.parametrize("token", ["", "wrong", "x" * 1000])
async def test_without_a_good_token_everything_is_401(site: Site, token: str) -> None:
    async with session(site, token) as client, client.get("/v1/inbox") as response:
        await check_problem(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_broken_authenticator_lets_nobody_in(site: Site, judge: SimulatedJudge) -> None:
    judge.broken = True
    async with session(site, "clinic-token") as client, client.get("/v1/inbox") as response:
        assert "clinic-pw" not in await check_problem(response, 503, "unavailable")


async def test_somebody_elses_transfer_is_the_same_404_as_none(
    clinic: aiohttp.ClientSession, payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    async with clinic.put("/v1/outbox/claims/a", data=DATA) as response:
        theirs = (await response.json())["transfer"]
    async with payer.get(f"/v1/transfers/{theirs}") as response:
        first = await check_problem(response, 404, "not-found")
    async with payer.get("/v1/transfers/t_nothing") as response:
        assert await check_problem(response, 404, "not-found") == first


# -- receiving


async def test_a_whole_read_collects(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    async with payer.get(f"/v1/inbox/{parcel.transfer}/content") as response:
        assert response.status == 200
        assert await response.read() == DATA
        assert response.headers["ETag"] == f'"{parcel.sha256}"'
        assert response.headers["Repr-Digest"] == DIGEST
        assert parcel.listed_name in response.headers["Content-Disposition"]
    await eventually(lambda: gateway.collected(parcel))


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, 600_000), ("bytes=-10", 599_990, 600_000)],
)
async def test_a_range_is_served_and_does_not_collect(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway, asked: str, first: int, end: int
) -> None:
    parcel = gateway.deliver(DATA)
    path = f"/v1/inbox/{parcel.transfer}/content"
    async with payer.get(path, headers={"Range": asked}) as response:
        assert response.status == 206
        assert response.headers["Content-Range"] == f"bytes {first}-{end - 1}/600000"
        assert await response.read() == DATA[first:end]
    await eventually(lambda: not gateway.readings)
    assert not gateway.collected(parcel)


async def test_a_range_beyond_the_end_is_416(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    path = f"/v1/inbox/{parcel.transfer}/content"
    async with payer.get(path, headers={"Range": "bytes=600000-"}) as response:
        await check_problem(response, 416, "bad-range")
        assert response.headers["Content-Range"] == "bytes */600000"


async def test_if_range_with_another_tag_gives_the_whole(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    headers = {"Range": "bytes=0-9", "If-Range": '"other"'}
    async with payer.get(f"/v1/inbox/{parcel.transfer}/content", headers=headers) as response:
        assert response.status == 200


async def test_if_none_match_gives_304(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    headers = {"If-None-Match": f'W/"{parcel.sha256}"'}
    async with payer.get(f"/v1/inbox/{parcel.transfer}/content", headers=headers) as response:
        assert response.status == 304


async def test_head_tells_the_size_and_does_not_collect(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(b"")
    whole = gateway.deliver(DATA)
    async with payer.head(f"/v1/inbox/{whole.transfer}/content") as response:
        assert response.headers["Content-Length"] == "600000"
    await eventually(lambda: not gateway.readings)
    assert not gateway.collected(whole)
    assert not gateway.collected(parcel)


async def test_a_reader_that_vanishes_has_collected_nothing(
    site: Site, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(bytes(30_000_000))
    request = f"GET /v1/inbox/{parcel.transfer}/content HTTP/1.1\r\nHost: localhost\r\n"
    request += "Authorization: Bearer payer-token\r\n\r\n"
    await raw(site, request.encode(), read_first=1000)
    await eventually(lambda: any(event[0] == "download" for event in site.seen.events))
    assert not gateway.collected(parcel)


async def test_an_acknowledgement_collects_once_or_twice(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    for _ in range(2):
        async with payer.post(f"/v1/inbox/{parcel.transfer}/ack") as response:
            body = await response.json()
            jsonschema.validate(body, schema("File"))
            assert body["collected"]


async def test_somebody_elses_file_is_404(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    async with clinic.get(f"/v1/inbox/{parcel.transfer}/content") as response:
        await check_problem(response, 404, "not-found")


async def test_a_sealed_name_can_be_had(
    payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA, sealed_name=b"sealed")
    async with payer.get(f"/v1/inbox/{parcel.transfer}/name") as response:
        assert await response.read() == b"sealed"


# -- the interface as a whole


async def test_a_receipt_can_be_had_by_its_sender_alone(
    clinic: aiohttp.ClientSession, payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    async with clinic.put("/v1/outbox/claims/a", data=DATA):
        pass
    transfer = gateway.transfers[0].transfer
    gateway.issued[transfer] = b'{"format": "lazaretto/receipt/v1", "statement": {}, "proof": ""}'
    async with clinic.get(f"/v1/transfers/{transfer}/receipt") as response:
        jsonschema.validate(await response.json(), schema("Receipt"))
    async with payer.get(f"/v1/transfers/{transfer}/receipt") as response:
        assert response.status == 404
    async with clinic.get("/v1/transfers/t_none/receipt") as response:
        assert response.status == 404


@pytest.mark.parametrize("sent", ["batch-17", '"batch-17"'])
async def test_an_idempotency_key_is_handed_on(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway, sent: str
) -> None:
    headers = {"Idempotency-Key": sent}
    async with clinic.put("/v1/outbox/claims/a", data=DATA, headers=headers) as response:
        assert response.status == 201
    assert gateway.keys == ["batch-17"]


@pytest.mark.parametrize("sent", ["", "two words", "x" * 256])
async def test_an_idempotency_key_of_another_form_is_400(
    clinic: aiohttp.ClientSession, gateway: SimulatedGateway, sent: str
) -> None:
    headers = {"Idempotency-Key": sent}
    async with clinic.put("/v1/outbox/claims/a", data=DATA, headers=headers) as response:
        assert response.status == 400
    assert gateway.transfers == []


async def test_lists_match_their_schemas(
    clinic: aiohttp.ClientSession, payer: aiohttp.ClientSession, gateway: SimulatedGateway
) -> None:
    gateway.deliver(DATA)
    async with clinic.put("/v1/outbox/claims/a", data=DATA):
        pass
    gateway.transfers[0].state, gateway.transfers[0].verdict = "held", "hold"
    for client, path, name in [
        (clinic, "/v1/routes", "Routes"),
        (clinic, "/v1/transfers", "Transfers"),
        (clinic, "/v1/transfers?route=claims", "Transfers"),
        (clinic, "/v1/returned", "Transfers"),
        (payer, "/v1/inbox", "Inbox"),
    ]:
        async with client.get(path) as response:
            body = await response.json()
            jsonschema.validate(body, schema(name))
            assert next(iter(body.values()))


async def test_the_description_is_valid_and_served_without_a_token(site: Site) -> None:
    async with session(site, "") as client, client.get("/v1/openapi.json") as response:
        served = await response.json()
    validate(served)
    assert served == parsed()


async def test_the_description_and_the_routes_are_the_same(site: Site) -> None:
    described = {
        (method.upper(), path)
        for path, item in parsed()["paths"].items()
        for method in item
        if method in {"get", "put", "post", "head", "patch", "delete", "options"}
    }
    served = {
        (route.method, route.resource.canonical if route.resource else "")
        for route in site.app.router.routes()
    }
    # aiohttp answers HEAD wherever it answers GET; only the useful one is described.
    served -= {(method, path) for method, path in served - described if method == "HEAD"}
    assert served == described


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("DELETE", "/v1/inbox", 405), ("POST", "/v1/outbox/claims/a", 405)],
)
async def test_aiohttps_own_errors_are_problems_too(
    clinic: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with clinic.request(method, path) as response:
        await check_problem(response, status, {404: "not-found"}.get(status, "method-not-allowed"))


async def test_every_answer_carries_the_security_headers(
    site: Site, clinic: aiohttp.ClientSession
) -> None:
    for path in ["/v1/routes", "/nothing"]:
        async with clinic.get(path) as response:
            assert response.headers["Server"] == "Lazaretto"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"z" * 20_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nX: " + b"z" * 20_000 + b"\r\n\r\n", b"431"),
        (b"zzz\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: zzz\r\n\r\n", b"400"),
    ],
)
async def test_what_is_not_http_gets_a_problem_that_repeats_nothing(
    site: Site, request_: bytes, status: bytes
) -> None:
    answer = await raw(site, request_)
    assert answer.split()[1] == status
    assert b"application/problem+json" in answer
    assert b"Server: Lazaretto" in answer
    assert b"zzz" not in answer


async def test_headers_that_never_end_are_cut_off(start: Callable[..., Awaitable[Site]]) -> None:
    site = await start(header_timeout=0.1)
    assert await raw(site, b"GET / HTTP/1.1\r\nX: y\r\n") == b""


async def hung_up(site: Site) -> None:
    with pytest.raises(ConnectionError):  # noqa: PT012 - one of two ways to see the same
        if not await raw(site, b"GET /v1/routes HTTP/1.1\r\n\r\n"):
            raise ConnectionAbortedError  # TLS 1.3 tells some clients so by an empty answer


async def test_connections_are_bounded(start: Callable[..., Awaitable[Site]]) -> None:
    site = await start(max_connections=1)
    async with session(site, "clinic-token") as first, first.get("/v1/routes"):
        await hung_up(site)
    assert ("closed", "https", "limit") in site.seen.events
    assert site.seen.events.count(("opened", "https")) == 2


async def test_a_stop_lets_a_request_in_flight_finish(
    site: Site, gateway: SimulatedGateway
) -> None:
    halfway = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield DATA[:1000]
        halfway.set()
        await asyncio.sleep(0.2)
        yield DATA[1000:]

    async with session(site, "clinic-token") as client:
        request = asyncio.ensure_future(client.put("/v1/outbox/claims/a", data=pieces()))
        await halfway.wait()
        await eventually(lambda: gateway.transfers)
        await site.service.stop(5)
        assert (await request).status == 201
    assert gateway.submitted() == [("a", DATA)]


async def test_a_stop_suspends_what_does_not_finish_in_time(
    site: Site, gateway: SimulatedGateway
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield DATA[:1000]
        await asyncio.sleep(30)

    async with session(site, "clinic-token") as client:
        request = asyncio.ensure_future(client.put("/v1/outbox/claims/a", data=pieces()))
        await eventually(lambda: gateway.transfers and gateway.transfers[0].data)
        await site.service.stop(0.1)
        with pytest.raises(aiohttp.ClientError):
            await request
    assert gateway.unfinished() == [("a", DATA[:1000])]


async def test_old_tls_is_refused(site: Site) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("AES128-SHA256")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", site.service.port, ssl=context)


async def test_a_socket_opened_beforehand_is_served(
    start: Callable[..., Awaitable[Site]],
) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    site = await start(sock=sock)
    async with session(site, "clinic-token") as client, client.get("/v1/routes") as response:
        assert response.status == 200
    assert site.service.port == sock.getsockname()[1]
