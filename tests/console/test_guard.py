"""What another site's page, another host's name and a slow or endless body get: nothing."""

from __future__ import annotations

import asyncio

import pytest

from gateway.console import guard
from gateway.console.guard import MOST_BODY
from tests.support.console_bench import ConsoleBench, plain_settings


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "localhost.evil.example.org",
        "127.0.0.1:8444",
        "localhost:8444@evil.example.org",
        "localhost:99999999",
        "localhost:",
        "",
    ],
)
async def test_a_request_to_another_name_is_refused(bench: ConsoleBench, host: str) -> None:
    anna = await bench.signed_in("auditor")
    bench.host = host or "\t"
    assert (await anna.get("/v1/session")).status in {400, 421}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8444", "localhost:9000"])
async def test_our_name_is_ours_by_whatever_port_a_tunnel_has(
    bench: ConsoleBench, host: str
) -> None:
    anna = await bench.signed_in("auditor")
    bench.host = host
    assert (await anna.get("/v1/session")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8444"},
        {"Origin": "https://localhost:9000"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
async def test_another_sites_page_changes_nothing(
    bench: ConsoleBench, headers: dict[str, str]
) -> None:
    anna = await bench.signed_in("auditor")
    reply = await anna.ask("DELETE", "/v1/session", **headers)
    assert (reply.status, reply.slug) == (403, "cross-site")
    login = {"account": "auditor", "password": "x"}
    assert (await bench.person().post("/v1/session/password", login, **headers)).status == 403
    assert (await anna.get("/v1/session")).status == 200


@pytest.mark.parametrize(
    ("request_line", "more", "status"),
    [
        ("GET /v1/session HTTP/1.0", "", 505),
        ("GET https://localhost/v1/session HTTP/1.1", "", 400),
        ("GET /v1/session HTTP/1.1", "Content_Length: 5\r\n", 400),
        ("GET /v1/session HTTP/1.1", "Content-Type: a/b\r\nContent-Type: c/d\r\n", 400),
        ("GET /v1/session HTTP/1.1", "Expect: 200-ok\r\n", 417),
    ],
)
async def test_a_head_that_readers_differ_on_is_refused_as_on_every_listener(
    bench: ConsoleBench, request_line: str, more: str, status: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    writer.write(f"{request_line}\r\nHost: localhost\r\n{more}\r\n".encode())
    async with asyncio.timeout(10):
        assert f" {status} ".encode() in await reader.readline()
    writer.close()


@pytest.mark.parametrize("token", ["", "x", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_without_the_csrf_token_nothing_changes(bench: ConsoleBench, token: str) -> None:
    anna, other = await bench.signed_in("auditor"), await bench.signed_in("auditor")
    for wrong in (token, other.csrf):
        reply = await anna.ask("DELETE", "/v1/session", X_CSRF_Token=wrong)
        assert (reply.status, reply.slug) == (403, "csrf")


async def test_our_own_page_may(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    own = {"Origin": "https://localhost:8444", "Sec_Fetch_Site": "same-origin"}
    assert (await anna.ask("DELETE", "/v1/session", **own)).status == 204


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_only_json_is_read_so_that_no_form_of_another_site_is(
    bench: ConsoleBench, kind: str
) -> None:
    login = {"account": "auditor", "password": "x"}
    reply = await bench.person().post("/v1/session/password", login, Content_Type=kind or "")
    assert reply.status == 415


async def test_every_answer_has_the_security_headers(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    for reply in (
        await anna.get("/v1/session"),
        await anna.get("/nowhere"),
        await anna.ask("PUT", "/v1/session"),
        await bench.person().get("/v1/holds"),
    ):
        assert (
            reply.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        )
        assert reply.headers["Strict-Transport-Security"].startswith("max-age=")
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in reply.headers


async def test_a_preflight_is_answered_with_nothing(bench: ConsoleBench) -> None:
    reply = await bench.person().ask(
        "OPTIONS", "/v1/session/password", Origin="https://evil.example.org"
    )
    assert reply.status == 403
    assert "Access-Control-Allow-Methods" not in reply.headers


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ([1], 400),
        ({"account": "auditor"}, 400),
        ({"account": ["auditor"], "password": "x"}, 400),
        ({"account": "a" * 65, "password": "x"}, 400),
        ({"account": "auditor", "password": "x" * MOST_BODY}, 413),
    ],
)
async def test_a_malformed_body_is_refused(bench: ConsoleBench, data: object, status: int) -> None:
    assert (await bench.person().post("/v1/session/password", data)).status == status


async def test_a_body_that_comes_too_slowly_is_given_up(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
    head = "POST /v1/session/password HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    writer.write(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
    async with asyncio.timeout(10):
        assert b" 408 " in await reader.readline()
    writer.close()


async def test_deep_json_is_refused_and_not_followed(bench: ConsoleBench) -> None:
    async with bench.http.post(
        bench.server.make_url("/v1/session/password"),
        data="[" * 30_000,
        headers={"Host": "localhost", "Content-Type": "application/json"},
    ) as answer:
        assert answer.status == 400


def test_loopback_is_where_the_console_listens_by_default() -> None:
    assert plain_settings().listen.host == "127.0.0.1"
