"""Who may do what on the way in, whatever protocol asks; and who the log says did it."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path

import pytest

from config.operations import Role
from tests.support.staging_bench import BOTH, CLINIC, OTHER, PAYER, StagingBench, policy, route
from transports.ports import Principal, Problem, TransportError

COLLEAGUE = Principal("clinic-night", "clinic", BOTH)
ONLY_RECEIVES = Principal("clinic-reader", "clinic", frozenset({Role.RECEIVER}))
ONLY_SENDS = Principal("payer-sender", "payer", frozenset({Role.SENDER}))


async def refused(work: Awaitable[object]) -> Problem:
    with pytest.raises(TransportError) as caught:
        await work
    return caught.value.problem


async def test_an_account_that_may_not_send_sees_nothing_that_its_partner_sent(
    bench: StagingBench,
) -> None:
    transfer = await bench.held("name in free text at NTE#1")
    assert await bench.intake.submissions(ONLY_RECEIVES) == []
    assert await bench.mailbox.returned(ONLY_RECEIVES) == []
    assert await refused(bench.intake.submission(ONLY_RECEIVES, transfer)) is Problem.NOT_FOUND


async def test_an_account_that_may_not_receive_finds_nothing_in_the_mailbox(
    bench: StagingBench,
) -> None:
    transfer = await bench.delivered()
    assert await bench.mailbox.parcels(ONLY_SENDS) == []
    for work in (
        bench.intake.submission(ONLY_SENDS, transfer),
        bench.mailbox.open(ONLY_SENDS, transfer),
        bench.mailbox.acknowledge(ONLY_SENDS, transfer),
    ):
        assert await refused(work) is Problem.NOT_FOUND


@pytest.mark.parametrize("who", [COLLEAGUE, CLINIC], ids=["colleague", "sender"])
async def test_what_was_held_comes_back_to_every_account_that_may_send(
    bench: StagingBench, who: Principal
) -> None:
    transfer = await bench.held("name in free text at NTE#1", name="a.837")
    (shown,) = await bench.mailbox.returned(who)
    assert (shown.transfer, shown.name, shown.state) == (transfer, "a.837", "held")
    assert shown.reasons == ("name in free text at NTE#1",)


async def test_what_was_held_comes_back_to_nobody_else(bench: StagingBench) -> None:
    await bench.held("name in free text at NTE#1")
    assert [await bench.mailbox.returned(who) for who in (OTHER, PAYER)] == [[], []]


async def test_a_partner_that_sends_to_itself_shows_the_name_to_those_who_may_send(
    bench: StagingBench,
) -> None:
    bench.policy = policy(claims=route(to="clinic"))
    transfer = await bench.delivered(name="a.837")
    names = [(await bench.intake.submission(who, transfer)).name for who in (CLINIC, ONLY_RECEIVES)]
    assert names == ["a.837", ""]


async def test_a_route_may_say_less_than_the_site_but_not_more(tmp_path: Path) -> None:
    bench = StagingBench(tmp_path, max_bytes=100)
    bench.policy = policy(claims=route(max_bytes=1_000))
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * 100)
    assert await refused(upload.write(b"x")) is Problem.TOO_LARGE
    bench.close()


async def test_the_log_names_the_account_that_submitted(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.suspend()
    await (await bench.intake.resume(COLLEAGUE, "claims", "a.837")).commit()
    assert bench.actors(upload.transfer) == ["account:clinic-bot", "account:clinic-night"]


async def test_the_log_names_the_account_that_discarded(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.suspend()
    await (await bench.intake.resume(COLLEAGUE, "claims", "a.837")).discard()
    assert bench.actors(upload.transfer) == ["account:clinic-bot", "account:clinic-night"]
