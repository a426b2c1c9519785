"""One account leaves room for the others, on both listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import asyncssh
import pytest

from tests.support.eventually import eventually
from tests.support.simulated_gateway import SimulatedGateway, SimulatedJudge, SimulatedMailbox
from transports.https import HttpsOptions, build_app, serve_https
from transports.sftp import SftpOptions, serve_sftp
from transports.shares import ShareExceededError, Shares, Use


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_account_has_so_many_sessions_at_a_time_and_another_its_own() -> None:
    shares = Shares(sessions=2)
    shares.enter("a")
    shares.enter("a")
    with pytest.raises(ShareExceededError, match="2 sessions already"):
        shares.enter("a")
    shares.enter("b")
    shares.leave("a")
    shares.enter("a")


def test_an_account_begins_so_many_a_minute() -> None:
    clock = Clock()
    shares = Shares(per_minute=60, clock=clock)

    def begin(times: int) -> None:
        for _ in range(times):
            shares.enter("a")
            shares.leave("a")
        with pytest.raises(ShareExceededError, match="slow down") as caught:
            shares.enter("a")
        assert caught.value.seconds == pytest.approx(1)

    begin(10)  # ten seconds' worth at once
    clock.now += 3
    begin(3)
    clock.now += 3_600
    begin(10)


def test_what_an_account_has_elsewhere_counts_till_it_is_told_to_have_ended() -> None:
    shares = Shares(sessions=3)
    shares.enter("a")
    shares.take_elsewhere({"a": Use(2, 0)})
    with pytest.raises(ShareExceededError, match="3 sessions already"):
        shares.enter("a")
    shares.enter("b")
    shares.take_elsewhere({})
    shares.enter("a")


def test_it_says_what_each_account_takes_and_how_fast() -> None:
    clock = Clock()
    shares = Shares(clock=clock)
    shares.enter("a")
    for _ in range(3):
        shares.enter("b")
        shares.leave("b")
    clock.now += 2
    assert shares.use() == {"a": Use(1, 30), "b": Use(0, 90)}
    clock.now += 2
    assert shares.use() == {"a": Use(1, 0)}


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_processes_that_tell_each_other_begin_no_more_than_one_would(processes: int) -> None:
    """Each second every process has more to begin than all together may."""
    clock = Clock()
    edges = [Shares(sessions=10_000, per_minute=600, clock=clock) for _ in range(processes)]
    begun = 0
    for _ in range(600):
        for edge in edges:
            begun += begin_all(edge, 100)
        clock.now += 1
        uses = [edge.use().get("a", Use(0, 0)).per_minute for edge in edges]
        for edge, own in zip(edges, uses, strict=True):
            edge.take_elsewhere({"a": Use(0, sum(uses) - own)})
    # Ten a second, and what each had saved at the start.
    assert begun <= 6_000 + 100 * processes * 2
    assert begun >= 6_000 * 0.9


def begin_all(edge: Shares, wanted: int) -> int:
    for number in range(wanted):
        try:
            edge.enter("a")
        except ShareExceededError:
            return number
        edge.leave("a")
    return wanted


async def test_sftp_turns_away_the_connection_too_many_and_takes_the_next_once_one_ended(
    tmp_path: Path,
) -> None:
    key = tmp_path / "host"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    gateway = SimulatedGateway()
    service = await serve_sftp(
        SftpOptions(host_keys=(key,)),
        SimulatedJudge(),
        gateway,
        SimulatedMailbox(gateway),
        shares=Shares(sessions=1),
    )

    def connect(name: str) -> Any:  # noqa: ANN401 - asyncssh's connection, to be awaited
        options: dict[str, Any] = {
            "username": f"{name}-bot", "password": f"{name}-pw", "known_hosts": None,
            "config": None, "client_keys": None, "agent_path": None,
        }  # fmt: skip
        return asyncssh.connect("127.0.0.1", service.port, **options)

    async with connect("clinic"):
        extra = await connect("clinic")
        await asyncio.wait_for(extra.wait_closed(), 10)
        async with connect("payer"):
            pass
    await eventually(lambda: not service.sessions())
    async with connect("clinic") as link:
        assert await (await link.start_sftp_client()).realpath(".") == "/"
    await service.stop(0.2)


async def test_https_answers_429_to_the_request_too_many() -> None:
    gateway = SimulatedGateway()
    app = build_app(
        HttpsOptions(),
        cast(Any, SimulatedJudge()),
        gateway,
        SimulatedMailbox(gateway),
        shares=Shares(sessions=1),
    )
    service = await serve_https(HttpsOptions(), app, None)
    more = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"ISA"
        await more.wait()

    root = f"http://127.0.0.1:{service.port}/v1"
    mine = {"Authorization": "Bearer clinic-token"}
    async with aiohttp.ClientSession() as http:
        sending = asyncio.create_task(
            http.put(f"{root}/outbox/claims/a.837", data=body(), headers=mine)
        )
        await eventually(lambda: bool(gateway.transfers and gateway.transfers[0].data))
        async with http.get(f"{root}/routes", headers=mine) as answer:
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "5"
        theirs = {"Authorization": "Bearer payer-token"}
        async with http.get(f"{root}/inbox", headers=theirs) as answer:
            assert answer.status == 200
        more.set()
        async with await sending as answer:
            assert answer.status == 201
        async with http.get(f"{root}/routes", headers=mine) as answer:
            assert answer.status == 200
    await service.stop(0.2)
