"""Uploads of declared length over crashes: what was acknowledged is there, and nothing else is."""

from __future__ import annotations

import errno
import hashlib
import random

import pytest

from gateway.declared import DeclaringIntake
from gateway.ledger.verify import verify_database
from gateway.lifecycle import EventKind, State
from gateway.upload import StagedUpload
from keys.segments import SEGMENT
from tests.support.staging_bench import CLINIC, Crashing, StagingBench
from transports.ports import Problem, TransportError

MIB = 2**20
META = "filename YS44Mzc="


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


async def begun(bench: StagingBench, length: int) -> str:
    return (await bench.intake.declare(CLINIC, "claims", "a.837", length, META)).transfer


async def piece(intake: DeclaringIntake, transfer: str, data: bytes, **how: bool) -> StagedUpload:
    """A piece that was written and is neither kept nor retracted yet."""
    upload = await intake.reopen(CLINIC, "claims", transfer, **how)
    for start in range(0, len(data), 2**18):
        await upload.write(data[start : start + 2**18])
    return upload


async def offset(intake: DeclaringIntake, transfer: str) -> int:
    return (await intake.declared(CLINIC, "claims", transfer)).offset


async def finish(bench: StagingBench, transfer: str, data: bytes) -> None:
    """Go on in another process from where it says that it stands."""
    intake = bench.new_intake()
    upload = await piece(intake, transfer, data[await offset(intake, transfer) :])
    await upload.commit()
    assert bench.plaintext(transfer) == data
    intake.close()


@pytest.mark.parametrize("size", [1, SEGMENT, 3 * MIB])
async def test_after_a_crash_in_a_piece_the_offset_is_true(bench: StagingBench, size: int) -> None:
    data = noise(1, MIB + 5 + 4 * MIB)
    transfer = await begun(bench, len(data))
    kept = MIB + 5
    await (await piece(bench.intake, transfer, data[:kept])).suspend()
    await Crashing.crash(await piece(bench.intake, transfer, data[kept : kept + size]))
    assert kept <= await offset(bench.new_intake(), transfer) <= kept + size
    await finish(bench, transfer, data)


@pytest.mark.parametrize("kept", [0, MIB + 5])
@pytest.mark.parametrize("size", [1, 3 * MIB])
async def test_a_crash_on_trial_keeps_nothing_of_the_piece(
    bench: StagingBench, kept: int, size: int
) -> None:
    data = noise(2, 5 * MIB)
    transfer = await begun(bench, len(data))
    await (await piece(bench.intake, transfer, data[:kept])).suspend()
    await Crashing.crash(await piece(bench.intake, transfer, noise(3, size), on_trial=True))
    assert await offset(bench.new_intake(), transfer) == kept
    await finish(bench, transfer, data)


async def test_a_trial_that_was_kept_voids_nothing_later(bench: StagingBench) -> None:
    """Its mark may outlive it, if the process dies before that is removed."""
    data = noise(4, 6 * MIB)
    transfer = await begun(bench, len(data))
    tried = await piece(bench.intake, transfer, data[: 2 * MIB], on_trial=True)
    bench.system.fail_after("unlink", 1, errno.EIO)  # the tail is written, its mark not removed
    with pytest.raises(TransportError):
        await tried.suspend()
    bench.system.heal()
    assert any(name.endswith(".check") for name in bench.files())
    assert await offset(bench.new_intake(), transfer) == 2 * MIB
    await (await piece(bench.intake, transfer, data[2 * MIB : 3 * MIB])).suspend()
    await Crashing.crash(await piece(bench.intake, transfer, data[3 * MIB : 5 * MIB]))
    assert await offset(bench.new_intake(), transfer) >= 3 * MIB
    await finish(bench, transfer, data)


async def test_a_crash_between_the_last_byte_and_the_record_is_made_good(
    bench: StagingBench,
) -> None:
    data = noise(5, 2 * MIB)
    transfer = await begun(bench, len(data))
    upload = await piece(bench.intake, transfer, data)
    await upload._drained()
    upload._file.finish()
    upload._claim.release()
    seen = await bench.new_intake().declared(CLINIC, "claims", transfer)
    assert seen.is_submitted
    assert seen.offset == len(data)
    assert bench.plaintext(transfer) == data
    assert bench.events(transfer) == [EventKind.BEGUN, EventKind.STAGED]
    assert verify_database(bench.root / "ledger.db").ok


async def test_a_crash_at_the_end_of_a_trial_is_a_trial_not_kept(bench: StagingBench) -> None:
    data = noise(6, 2 * MIB)
    transfer = await begun(bench, len(data))
    upload = await piece(bench.intake, transfer, data, on_trial=True)
    await upload._drained()
    upload._file.finish()
    upload._claim.release()
    assert await offset(bench.new_intake(), transfer) == 0
    await finish(bench, transfer, data)


async def test_a_torn_end_is_not_counted(bench: StagingBench) -> None:
    """As power loss leaves it: the file has its length, and zeros at its end."""
    data = noise(7, 6 * MIB)
    transfer = await begun(bench, len(data))
    await (await piece(bench.intake, transfer, data[:MIB])).suspend()
    await Crashing.crash(await piece(bench.intake, transfer, data[MIB : 5 * MIB]))
    (path,) = [p for p in bench.blobs.rglob(transfer) if p.is_file()]
    with path.open("r+b") as blob:
        whole = path.stat().st_size
        blob.seek(whole - SEGMENT)
        blob.write(bytes(SEGMENT))
    assert MIB <= await offset(bench.new_intake(), transfer) < whole - SEGMENT
    await finish(bench, transfer, data)


async def test_a_crash_right_after_creation_leaves_an_empty_upload(bench: StagingBench) -> None:
    transfer = await begun(bench, 5)
    for path in bench.blobs.rglob(f"{transfer}*"):
        if path.is_file():
            path.write_bytes(b"") if path.name == transfer else path.unlink()
    assert await offset(bench.new_intake(), transfer) == 0
    await finish(bench, transfer, b"abcde")


async def test_any_process_goes_on_and_the_digest_is_that_of_all_bytes(
    bench: StagingBench,
) -> None:
    """Digests kept in memory are those of one process: another's pieces come between."""
    data, rng = noise(8, 4 * MIB), random.Random(8)
    transfer = await begun(bench, len(data))
    intakes = [bench.intake, bench.new_intake()]
    at = 0
    while at < len(data):
        step = min(rng.randrange(1, 2**19), len(data) - at)
        on_trial = rng.random() < 0.5
        upload = await piece(rng.choice(intakes), transfer, data[at : at + step], on_trial=on_trial)
        if on_trial and rng.random() < 0.5:
            await upload.retract()
            continue
        at += step
        await (upload.commit() if at == len(data) else upload.suspend())
    found = bench.transfers.get(transfer)
    assert found.state is State.STAGED
    assert bench.plaintext(transfer) == data
    assert verify_database(bench.root / "ledger.db").ok
    assert found.sha256 == hashlib.sha256(data).hexdigest()


async def test_it_is_not_gone_on_with_by_name(bench: StagingBench) -> None:
    await begun(bench, 5)
    with pytest.raises(TransportError) as caught:
        await bench.intake.resume(CLINIC, "claims", "a.837")
    assert caught.value.problem is Problem.NOT_FOUND


async def test_no_name_and_no_metadata_is_stored_in_the_clear(bench: StagingBench) -> None:
    await bench.intake.declare(CLINIC, "claims", "DOE-JANE.837", 5, "filename RE9FLUpBTkUuODM3")
    stored = b"".join(p.read_bytes() for p in bench.root.rglob("*") if p.is_file())
    assert b"DOE-JANE" not in stored
    assert b"RE9FLUpBTkU" not in stored
