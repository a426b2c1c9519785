"""The way in: routes, limits, resuming, submitting, and what survives which fault."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.policy import Route
from gateway.lifecycle import State
from keys.segments import SEGMENT
from tests.support.staging_bench import CLINIC, OTHER, PAYER, StagingBench, policy, route
from transports.ports import Principal, Problem, Scope, TransportError

BIG = bytes(range(256)) * 13_000  # 3.3 MB: three whole segments and a tail
LIMIT = 8 * 2**20


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StagingBench]:
    made = StagingBench(tmp_path, max_bytes=LIMIT)
    yield made
    made.close()


async def put_part(bench: StagingBench, data: bytes, name: str = "a.part") -> str:
    upload = await bench.intake.open(CLINIC, "claims", name)
    await upload.write(data)
    await upload.suspend()
    return upload.transfer


async def refused(work: object) -> Problem:
    with pytest.raises(TransportError) as caught:
        await work  # type: ignore[misc]  # any coroutine of the way in
    return caught.value.problem


# -- taken in


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 57, SEGMENT - 56, SEGMENT - 55, len(BIG)])
async def test_a_committed_file_is_staged_as_it_was_sent(bench: StagingBench, size: int) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    data = BIG[:size]
    for at in range(0, size, 100_000):
        await upload.write(data[at : at + 100_000])
    submission = await upload.commit()
    assert (submission.state, submission.size) == ("staged", size)
    assert submission.sha256 == hashlib.sha256(data).hexdigest()
    assert bench.plaintext(upload.transfer) == data


async def test_nothing_of_a_file_or_its_name_is_on_the_disk_in_the_clear(
    bench: StagingBench, tmp_path: Path
) -> None:
    needle = b"DOE*JANE-MARKER"
    upload = await bench.intake.open(CLINIC, "claims", "doe-jane-marker.837")
    await upload.write(needle * 100_000)
    await upload.suspend()
    await (await bench.intake.resume(CLINIC, "claims", "doe-jane-marker.837")).commit()
    everything = everything_under(tmp_path)
    assert needle not in everything
    assert b"doe-jane" not in everything.lower()


async def test_ok_comes_after_the_flush_and_the_flush_after_the_last_write(
    bench: StagingBench,
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x")
    bench.system.calls.clear()
    states: list[State] = []
    bench.system.before = lambda _call: states.append(bench.transfers.get(upload.transfer).state)
    await upload.commit()
    bench.system.before = lambda _call: None
    assert bench.system.calls[:4] == ["write", "fsync", "fsync", "fsync"]
    assert set(states[:4]) == {State.RECEIVING}


async def test_two_submissions_of_one_name_stand_beside_each_other(bench: StagingBench) -> None:
    first, second = await bench.staged(b"one"), await bench.staged(b"two")
    assert (bench.plaintext(first), bench.plaintext(second)) == (b"one", b"two")


async def test_after_the_commit_nothing_but_the_blob_is_left(bench: StagingBench) -> None:
    await put_part(bench, BIG)
    upload = await bench.intake.resume(CLINIC, "claims", "a.part")
    await upload.commit()
    assert list(bench.files()) == [upload.transfer]


# -- routes, limits


async def test_an_unknown_route_and_somebody_elses_are_refused_alike(bench: StagingBench) -> None:
    errors = []
    for who, name in ((CLINIC, "no-such"), (OTHER, "claims")):
        with pytest.raises(TransportError) as caught:
            await bench.intake.open(who, name, "a.837")
        errors.append((caught.value.problem, caught.value.detail))
    assert errors[0] == errors[1]
    assert errors[0][0] is Problem.UNKNOWN_ROUTE


async def test_an_account_that_may_only_receive_sends_nothing(bench: StagingBench) -> None:
    reader = Principal("reader", "clinic", frozenset({Scope.RECEIVE}))
    assert await refused(bench.intake.open(reader, "claims", "a")) is Problem.FORBIDDEN
    assert await bench.intake.routes(reader) == []


async def test_without_a_policy_nothing_comes_in(bench: StagingBench) -> None:
    bench.policy = None
    assert await refused(bench.intake.open(CLINIC, "claims", "a")) is Problem.UNAVAILABLE
    assert await bench.intake.routes(CLINIC) == []


@pytest.mark.parametrize(
    ("taken", "limit"), [(route(max_bytes=100), 100), (route(), LIMIT)], ids=["route", "settings"]
)
async def test_a_file_over_the_limit_is_gone(bench: StagingBench, taken: Route, limit: int) -> None:
    bench.policy = policy(claims=taken)
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(b"x" * limit)
    assert await refused(upload.write(b"x")) is Problem.TOO_LARGE
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED
    assert bench.files() == {}


async def test_below_the_reserve_nothing_new_begins(tmp_path: Path) -> None:
    bench = StagingBench(tmp_path / "site", reserve=1000)
    bench.system.room = 999
    assert await refused(bench.intake.open(CLINIC, "claims", "a")) is Problem.NO_SPACE
    assert await bench.intake.submissions(CLINIC) == []
    bench.close()


async def test_a_ledger_that_is_gone_refuses_and_leaves_no_blob(bench: StagingBench) -> None:
    bench.ledger.gone = True
    assert await refused(bench.intake.open(CLINIC, "claims", "a")) is Problem.UNAVAILABLE
    assert bench.files() == {}


# -- resumed


async def test_a_suspended_upload_goes_on_where_it_stopped(bench: StagingBench) -> None:
    await put_part(bench, BIG[:1_500_000])
    upload = await bench.intake.resume(CLINIC, "claims", "a.part")
    assert upload.size == 1_500_000
    await upload.write(BIG[1_500_000:])
    submission = await upload.commit()
    assert bench.plaintext(upload.transfer) == BIG
    assert submission.sha256 == hashlib.sha256(BIG).hexdigest()


async def test_a_clean_stop_goes_on_in_place_and_a_crash_under_a_fresh_key(
    bench: StagingBench,
) -> None:
    transfer = await put_part(bench, BIG)
    clean = await bench.intake.resume(CLINIC, "claims", "a.part")
    before = bench.files()[transfer]
    await clean.suspend()
    assert bench.files()[transfer] == before
    crashed = await bench.intake.resume(CLINIC, "claims", "a.part")
    crash(crashed)
    again = await bench.new_intake().resume(CLINIC, "claims", "a.part")
    assert again.size == len(BIG)
    assert transfer not in bench.files()
    await again.commit()
    assert bench.plaintext(transfer) == BIG
    assert bench.name(transfer) == "a.part"


async def test_no_nonce_is_used_twice_whatever_follows_a_crash(bench: StagingBench) -> None:
    """What lies past the durable prefix is never written again under the same key."""
    transfer = await put_part(bench, b"a" * 1000)
    first = await bench.intake.resume(CLINIC, "claims", "a.part")
    await first.write(b"b" * 2_000_000)
    await first._drained()
    exposed = bench.files()[transfer]  # a snapshot, a backup
    crash(first)
    second = await bench.new_intake().resume(CLINIC, "claims", "a.part")
    await second.write(b"c" * 2_000_000)
    await second.commit()
    staged = bench.files()[bench.transfers.get(transfer).blob]
    assert staged[:40] != exposed[:40], "salt and nonce prefix are fresh"


async def test_the_size_shown_is_the_size_resumed_from(bench: StagingBench) -> None:
    for data in (b"", b"short", BIG):
        await put_part(bench, data)
        (shown, *_) = await bench.intake.submissions(CLINIC, "claims")
        upload = await bench.intake.resume(CLINIC, "claims", "a.part")
        assert (shown.size, upload.size) == (len(data), len(data))
        await upload.discard()


async def test_the_size_shown_after_a_crash_is_the_size_resumed_from(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    await upload.write(BIG)
    await upload._drained()
    crash(upload)
    intake = bench.new_intake()
    (shown,) = await intake.submissions(CLINIC)
    again = await intake.resume(CLINIC, "claims", "a.part")
    assert shown.size == again.size == 3 * (SEGMENT - 16) - 40
    await again.write(BIG[again.size :])
    await again.commit()
    assert bench.plaintext(upload.transfer) == BIG


async def test_an_upload_has_one_owner_over_all_processes(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    assert await refused(bench.new_intake().resume(CLINIC, "claims", "a.part")) is Problem.BUSY
    await upload.suspend()
    await (await bench.new_intake().resume(CLINIC, "claims", "a.part")).suspend()


async def test_there_is_nothing_to_resume_of_a_submitted_file(bench: StagingBench) -> None:
    await bench.staged(name="a.part")
    assert await refused(bench.intake.resume(CLINIC, "claims", "a.part")) is Problem.NOT_FOUND


async def test_beginning_anew_lets_the_suspended_part_go(bench: StagingBench) -> None:
    former = await put_part(bench, BIG)
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    assert bench.transfers.get(former).state is State.ABANDONED
    await upload.discard()
    assert bench.files() == {}


async def test_beginning_anew_beside_a_busy_one_leaves_it_alone(bench: StagingBench) -> None:
    busy = await bench.intake.open(CLINIC, "claims", "a.837")
    await busy.write(b"first")
    await bench.staged(b"second", "a.837")
    await busy.commit()
    assert bench.plaintext(busy.transfer) == b"first"


# -- submitted by renaming


async def test_a_rename_submits_under_the_new_name(bench: StagingBench) -> None:
    transfer = await put_part(bench, BIG)
    submission = await bench.intake.submit(CLINIC, "claims", "a.part", "a.837")
    assert (submission.transfer, submission.name) == (transfer, "a.837")
    assert bench.name(transfer) == "a.837"
    assert bench.plaintext(transfer) == BIG


async def test_a_rename_that_died_before_its_record_can_be_sent_again(bench: StagingBench) -> None:
    transfer = await put_part(bench, BIG)
    for _ in range(2):
        bench.ledger.gone = True
        problem = await refused(bench.intake.submit(CLINIC, "claims", "a.part", "a.837"))
        assert problem is Problem.UNAVAILABLE
        bench.ledger.gone = False
    await bench.new_intake().submit(CLINIC, "claims", "a.part", "a.837")
    assert bench.plaintext(transfer) == BIG
    assert bench.events(transfer) == ["transfer.begun", "transfer.staged"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "create"])
async def test_a_rename_that_fails_at_any_call_loses_nothing_that_was_closed(
    bench: StagingBench, call: str
) -> None:
    transfer = await put_part(bench, BIG)
    bench.system.fail[call] = errno.EIO if call != "write" else errno.ENOSPC
    await_problem = bench.intake.submit(CLINIC, "claims", "a.part", "a.837")
    if call == "create":  # none is made
        await await_problem
        return
    await refused(await_problem)
    bench.system.heal()
    if bench.transfers.get(transfer).state is State.ABANDONED:
        assert call == "fsync", "only a flush that failed makes it a loss, and says so"
        return
    await bench.intake.submit(CLINIC, "claims", "a.part", "a.837")
    assert bench.plaintext(transfer) == BIG


async def test_an_upload_that_broke_off_is_not_submitted_by_renaming(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    await upload.write(BIG)
    crash(upload)
    problem = await refused(bench.new_intake().submit(CLINIC, "claims", "a.part", "a.837"))
    assert problem is Problem.CONFLICT


# -- faults while a file comes in


@pytest.mark.parametrize("room", [0, 10, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT + 77])
async def test_a_disk_that_fills_up_refuses_and_the_rest_can_follow(
    bench: StagingBench, room: int
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    bench.system.room = room
    assert await refused(send_all(upload, BIG)) is Problem.NO_SPACE
    await upload.suspend()
    bench.system.heal()
    again = await bench.intake.resume(CLINIC, "claims", "a.837")
    assert again.size <= room
    await again.write(BIG[again.size :])
    await again.commit()
    assert bench.plaintext(upload.transfer) == BIG


async def test_a_flush_that_fails_at_the_commit_is_a_loss_and_never_a_success(
    bench: StagingBench,
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(BIG)
    bench.system.fail["fsync"] = errno.EIO
    assert await refused(upload.commit()) is Problem.UNAVAILABLE
    bench.system.heal()
    assert bench.transfers.get(upload.transfer).state is State.ABANDONED
    assert await refused(bench.intake.resume(CLINIC, "claims", "a.837")) is Problem.NOT_FOUND


async def test_a_ledger_that_goes_at_the_commit_leaves_all_of_it_to_be_resumed(
    bench: StagingBench,
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(BIG)
    bench.ledger.gone = True
    assert await refused(upload.commit()) is Problem.UNAVAILABLE
    bench.ledger.gone = False
    again = await bench.intake.resume(CLINIC, "claims", "a.837")
    assert again.size == len(BIG)
    await again.commit()
    assert bench.plaintext(upload.transfer) == BIG


async def test_a_client_that_vanishes_in_the_commit_does_not_stop_it(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(BIG)
    committing = asyncio.create_task(upload.commit())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    committing.cancel()
    await asyncio.wait({committing})
    assert bench.transfers.get(upload.transfer).state is State.STAGED


async def test_an_ended_upload_takes_nothing_more(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.suspend()
    assert await refused(upload.write(b"x")) is Problem.CONFLICT
    assert await refused(upload.commit()) is Problem.CONFLICT
    await upload.suspend()
    await upload.discard()
    assert bench.transfers.get(upload.transfer).state is State.RECEIVING


# -- seen


async def test_a_sender_sees_names_and_a_recipient_does_not(bench: StagingBench) -> None:
    transfer = await bench.delivered(name="doe.837")
    assert (await bench.intake.submission(CLINIC, transfer)).name == "doe.837"
    assert (await bench.intake.submission(PAYER, transfer)).name == ""


async def test_a_recipient_learns_of_nothing_before_it_is_delivered(bench: StagingBench) -> None:
    transfer = await bench.staged()
    assert await refused(bench.intake.submission(PAYER, transfer)) is Problem.NOT_FOUND


async def test_somebody_elses_transfer_is_as_unknown_as_none(bench: StagingBench) -> None:
    transfer = await bench.staged()
    assert await refused(bench.intake.submission(OTHER, transfer)) is Problem.NOT_FOUND
    assert await refused(bench.intake.submission(OTHER, "../x")) is Problem.NOT_FOUND


async def test_submissions_come_newest_first_and_by_route(bench: StagingBench) -> None:
    bench.policy = policy(claims=route(), totals=route())
    await bench.staged(name="one")
    await bench.staged(name="two")
    assert [it.name for it in await bench.intake.submissions(CLINIC)] == ["two", "one"]
    assert await bench.intake.submissions(CLINIC, "totals") == []


def everything_under(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


async def send_all(upload: object, data: bytes) -> None:
    for at in range(0, len(data), 65_536):
        await upload.write(data[at : at + 65_536])  # type: ignore[attr-defined]  # an upload
    await upload.commit()  # type: ignore[attr-defined]  # likewise


def crash(upload: object) -> None:
    """The process dies: locks and descriptors go, the disk stays as it is."""
    upload._file.close()  # type: ignore[attr-defined]  # an upload
    upload._claim.release()  # type: ignore[attr-defined]  # likewise
