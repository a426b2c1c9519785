"""The one way in: who may send where, what is refused, and that a refusal loses nothing."""

from __future__ import annotations

import errno

import pytest

from config.operations import Role
from gateway.ledger.verify import verify_database
from gateway.lifecycle import State
from tests.support.staging_bench import BOTH, CLINIC, OTHER, PAYER, StagingBench, policy, route
from transports.ports import Principal, Problem, TransportError

MIB = 2**20


async def refused(work: object) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await work  # type: ignore[misc]  # a coroutine of any result
    return caught.value


async def test_an_upload_is_there_once_it_is_committed(bench: StagingBench) -> None:
    transfer = await bench.staged(b"x" * 10, "a.837")
    (shown,) = await bench.intake.submissions(CLINIC)
    assert (shown.transfer, shown.name, shown.size, shown.state) == (
        transfer, "a.837", 10, "staged",
    )  # fmt: skip


async def test_ok_comes_after_flush_and_record(bench: StagingBench) -> None:
    """At every flush the ledger still says receiving, and after the last one only the record."""
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    states: list[str] = []

    def look(call: str) -> None:
        if call == "fsync":
            states.append(bench.transfers.get(upload.transfer).state)

    bench.system.before = look
    await upload.write(b"x" * 10)
    done = await upload.commit()
    assert set(states) == {State.RECEIVING}
    assert len(states) >= 2  # the file and its directory
    assert done.state == State.STAGED


@pytest.mark.parametrize("name", ["nowhere", "theirs", ""])
async def test_an_unknown_route_and_somebody_elses_are_refused_alike(
    bench: StagingBench, name: str
) -> None:
    bench.policy = policy(claims=route(), theirs=route(**{"from": ["other"]}))
    error = await refused(bench.intake.open(CLINIC, name, "a.837"))
    assert error.problem is Problem.UNKNOWN_ROUTE
    assert error.detail == (await refused(bench.intake.open(CLINIC, "x", "a.837"))).detail


async def test_an_account_without_the_scope_sends_nothing(bench: StagingBench) -> None:
    who = Principal("reader", "clinic", frozenset({Role.RECEIVER}))
    assert (await refused(bench.intake.open(who, "claims", "a"))).problem is Problem.FORBIDDEN
    assert await bench.intake.routes(who) == []


async def test_without_a_policy_nothing_is_taken(bench: StagingBench) -> None:
    bench.policy = None
    error = await refused(bench.intake.open(CLINIC, "claims", "a.837"))
    assert error.problem is Problem.UNAVAILABLE


async def test_two_submissions_of_one_name_are_two(bench: StagingBench) -> None:
    first = await bench.staged(b"one", "a.837")
    second = await bench.staged(b"two", "a.837")
    assert (bench.plaintext(first), bench.plaintext(second)) == (b"one", b"two")


async def test_a_file_over_the_routes_limit_is_refused_and_gone(bench: StagingBench) -> None:
    bench.policy = policy(claims=route(max_bytes=100))
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * 100)
    assert (await refused(upload.write(b"x"))).problem is Problem.TOO_LARGE
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED
    assert bench.files() == {}


@pytest.mark.parametrize("room", [0, 1, 4096, MIB, 2 * MIB + 17])
async def test_a_disk_that_fills_up_is_said_and_nothing_is_acknowledged(
    bench: StagingBench, room: int
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    bench.system.room = room

    async def send() -> None:
        for _ in range(12):
            await upload.write(b"x" * (MIB // 3))
        await upload.commit()

    assert (await refused(send())).problem is Problem.NO_SPACE
    assert bench.transfers.get(upload.transfer).state is State.RECEIVING
    bench.system.heal()
    again = await bench.intake.resume(CLINIC, "claims", "a.837")
    await again.write(b"x" * (4 * MIB - again.size))
    done = await again.commit()
    assert bench.plaintext(done.transfer) == b"x" * (4 * MIB)


async def test_a_failed_flush_loses_the_upload_and_never_says_ok(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * 10)
    bench.system.fail["fsync"] = errno.EIO
    error = await refused(upload.commit())
    assert (error.problem, "send it again" in error.detail) == (Problem.UNAVAILABLE, True)
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED


@pytest.mark.parametrize("good", range(3))
async def test_whichever_flush_of_a_commit_fails_nobody_says_ok(
    bench: StagingBench, good: int
) -> None:
    """The file, its directory, and the directory above are flushed one after another."""
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * 10)
    bench.system.fail_after("fsync", good, errno.EIO)
    assert (await refused(upload.commit())).problem is Problem.UNAVAILABLE
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED
    assert verify_database(bench.root / "ledger.db").ok


async def test_a_ledger_that_is_gone_refuses_new_work(bench: StagingBench) -> None:
    bench.ledger.gone = True
    error = await refused(bench.intake.open(CLINIC, "claims", "a.837"))
    assert error.problem is Problem.UNAVAILABLE
    assert bench.files() == {}


async def test_a_ledger_that_goes_at_the_end_costs_no_byte(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * 10)
    bench.ledger.gone = True
    assert (await refused(upload.commit())).problem is Problem.UNAVAILABLE
    bench.ledger.gone = False
    again = await bench.intake.resume(CLINIC, "claims", "a.837")
    assert again.size == 10
    assert bench.plaintext((await again.commit()).transfer) == b"x" * 10


async def test_less_than_the_reserve_refuses_new_work(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bench = StagingBench(tmp_path_factory.mktemp("full"), reserve=1_000)
    bench.system.room = 999
    assert (await refused(bench.intake.open(CLINIC, "claims", "a"))).problem is Problem.NO_SPACE
    bench.close()


async def test_beginning_anew_gives_the_unfinished_one_up(bench: StagingBench) -> None:
    first = await bench.intake.open(CLINIC, "claims", "a.837")
    await first.write(b"x" * 10)
    await first.suspend()
    second = await bench.intake.open(CLINIC, "claims", "a.837")
    assert bench.transfers.get(first.transfer).state is State.ABANDONED
    await second.discard()


async def test_somebody_elses_transfer_is_not_there(bench: StagingBench) -> None:
    transfer = await bench.staged()
    for who in (OTHER, PAYER):  # the recipient too, before it is in the mailbox
        error = await refused(bench.intake.submission(who, transfer))
        assert error.problem is Problem.NOT_FOUND


async def test_the_recipient_sees_no_name_and_no_reason(bench: StagingBench) -> None:
    transfer = await bench.delivered(name="named.837")
    seen = await bench.intake.submission(PAYER, transfer)
    assert (seen.name, seen.reasons) == ("", ())


async def test_names_are_no_columns(bench: StagingBench) -> None:
    await bench.staged(b"x", "KESSELRING-BXQZK.837")
    stored = b"".join(path.read_bytes() for path in bench.root.glob("ledger.db*"))
    assert b"KESSELRING" not in stored


async def test_routes_are_those_of_the_sender(bench: StagingBench) -> None:
    bench.policy = policy(b=route(), a=route(), theirs=route(**{"from": ["other"]}))
    assert await bench.intake.routes(CLINIC) == ["a", "b"]
    assert await bench.intake.routes(Principal("x", "nobody", BOTH)) == []


async def test_whatever_happens_the_log_verifies(bench: StagingBench) -> None:
    await bench.staged()
    upload = await bench.intake.open(CLINIC, "claims", "b.837")
    await upload.discard()
    assert verify_database(bench.root / "ledger.db").ok
