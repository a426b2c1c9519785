from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from config.settings import Settings
from gateway.ops import MOST_CONNECTIONS, Check, Ops, check_database, check_disk, check_keys
from gateway.site import Site
from tests.support.running import Running


def test_healthz_says_that_it_lives(running: Running) -> None:
    assert running.get("health", "/healthz") == (200, '{"alive": true}\n')


def test_a_whole_site_is_ready(running: Running) -> None:
    status, checks = running.checks()
    assert status == 200
    assert {name for name, check in checks.items() if check["ok"]} == {
        "database", "keys", "disk", "policy", "edges", "workers",
    }  # fmt: skip


def test_it_is_not_ready_without_its_payload_store(running: Running) -> None:
    running.state()
    shutil.rmtree(running.site.paths.blobs)
    running.until(lambda: running.checks()[0] == 503)
    assert running.checks()[1]["disk"]["detail"] == "no such file or directory"


def test_metrics_know_the_build_the_processes_and_the_queue(running: Running) -> None:
    status, text = running.get("metrics", "/metrics")
    assert status == 200
    assert "lazaretto_build_info{" in text
    assert 'lazaretto_processes{process="edge",state="ready"} 1.0' in text
    assert "lazaretto_queue_depth 0.0" in text


def test_health_and_metrics_are_not_on_each_others_listener(running: Running) -> None:
    assert running.get("health", "/metrics")[0] == 404
    assert running.get("metrics", "/readyz")[0] == 404


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("rebound.evil.example", 421), ("localhost", 200), ("10.0.0.7:9109", 200),
        ("gateway.internal", 200),
    ],
)  # fmt: skip
async def test_another_sites_name_is_not_answered(host: str, expected: int) -> None:
    async with listening(30.0) as ports, aiohttp.ClientSession() as session:
        for port, path in zip(ports, ("/readyz", "/metrics"), strict=True):
            url = f"http://127.0.0.1:{port}{path}"
            async with session.get(url, headers={"Host": host}) as answer:
                assert answer.status == expected
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("which", [0, 1])
async def test_a_connection_too_many_is_closed_and_the_next_has_the_place_of_one_that_left(
    which: int,
) -> None:
    async with listening(30.0) as ports:
        held = [await asyncio.open_connection("127.0.0.1", ports[which]) for _ in range(64)]
        assert len(held) == MOST_CONNECTIONS
        assert await first_byte(ports[which]) == b"", "turned away"
        assert await first_byte(ports[1 - which]) == b"H", "the other has places of its own"
        held[0][1].close()
        async with asyncio.timeout(5):
            while await first_byte(ports[which]) != b"H":
                pass
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
async def test_a_head_that_does_not_end_loses_its_place(sent: bytes) -> None:
    async with listening(0.1) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def first_byte(port: int) -> bytes:
    """Of the answer to a whole request, b"" if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return await reader.read(1)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@asynccontextmanager
async def listening(idle: float) -> AsyncIterator[list[int]]:
    """The ports of health and metrics."""

    async def checks() -> tuple[Check, ...]:
        return ()

    ops = Ops(checks, lambda: b"", ["gateway.internal"], idle=idle)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for sock in sockets:
        sock.setblocking(False)
    await ops.start(*sockets)
    try:
        yield [sock.getsockname()[1] for sock in sockets]
    finally:
        await ops.stop()


def test_health_and_metrics_listen_on_loopback_unless_told_otherwise() -> None:
    assert Settings().ops.health.host == Settings().ops.metrics.host == "127.0.0.1"


def test_a_locked_database_is_not_ready(bare_site: Site) -> None:
    database = bare_site.database()
    assert check_database(database).ok
    database.close()


def test_a_full_disk_is_not_ready(bare_site: Site) -> None:
    text = bare_site.paths.settings.read_text().replace("reserve: 1 MiB", "reserve: 900 TiB")
    bare_site.paths.settings.write_text(text)
    check = check_disk(Site.open(bare_site.root))
    assert not check.ok
    assert "are to be kept" in check.detail


def test_a_missing_key_is_not_ready_and_is_named(bare_site: Site) -> None:
    Path(bare_site.paths.kek).unlink()
    check = check_keys(bare_site)
    assert (check.ok, check.detail) == (False, "can't read kek.key")
