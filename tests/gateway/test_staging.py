"""Bytes in, through stops and crashes: the same bytes come out, and no nonce serves twice."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.staging import LAST, Staging
from gateway.upload import StagedUpload
from keys.segment_format import SegmentCipher
from keys.segments import HEADER_SIZE, SEGMENT, SegmentWriter
from tests.support.staging_bench import CLINIC, Crashing, StagingBench
from transports.ports import Problem, TransportError

T = TypeVar("T")
CANARY = b"CANARY-BXQZKWVPLM-"


def noise(seed: int, size: int) -> bytes:
    """Repeatable bytes that differ from place to place."""
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(size)


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 56, SEGMENT - 55, SEGMENT, 2 * SEGMENT + 3])
async def test_what_went_in_comes_out(bench: StagingBench, size: int) -> None:
    data = noise(1, size)
    transfer = await bench.staged(data)
    assert bench.plaintext(transfer) == data
    assert bench.transfers.get(transfer).sha256 == hashlib.sha256(data).hexdigest()


async def test_nothing_readable_touches_the_disk(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "CANARY-BXQZKWVPLM-.837")
    await upload.write(CANARY * 100_000)
    seen = [*bench.files().values()]
    await upload.suspend()
    seen += bench.files().values()
    upload = await bench.intake.resume(CLINIC, "claims", "CANARY-BXQZKWVPLM-.837")
    await upload.commit()
    seen += bench.files().values()
    seen += [path.read_bytes() for path in bench.root.glob("ledger.db*")]
    assert len(seen) > 5
    assert not any(CANARY in content for content in seen)


async def test_after_ok_only_the_blob_is_left(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(noise(1, SEGMENT + 5))
    await upload.suspend()
    upload = await bench.intake.resume(CLINIC, "claims", "a.837")
    done = await upload.commit()
    assert list(bench.files()) == [bench.transfers.get(done.transfer).blob]


class Nonces:
    """Watches the segment cipher: which plaintext went under which nonce.

    A nonce's first seven bytes are random for each file, so it stands for the file's key too.
    """

    def __init__(self) -> None:
        self.used: dict[bytes, bytes] = {}
        self.reused: list[int] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        original = SegmentCipher.encrypt
        watcher = self

        def encrypt(
            cipher: SegmentCipher,
            index: int,
            last: bool,
            plaintext: bytes | memoryview,
        ) -> bytes:
            content = hashlib.sha256(plaintext).digest()
            if watcher.used.setdefault(cipher._nonce(index, last), content) != content:
                watcher.reused.append(index)
            return original(cipher, index, last, plaintext)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SegmentCipher, "encrypt", encrypt)
            yield


async def test_a_crash_in_the_middle_loses_at_most_what_was_not_whole(bench: StagingBench) -> None:
    data = noise(2, 3 * SEGMENT)
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(data)
    await Crashing.crash(upload)
    again = await bench.new_intake().resume(CLINIC, "claims", "a.837")
    assert 2 * SEGMENT - HEADER_SIZE < again.size <= len(data)
    await again.write(data[again.size :])
    done = await again.commit()
    assert bench.plaintext(done.transfer) == data


async def test_going_on_after_a_crash_uses_a_fresh_key(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(noise(3, 2 * SEGMENT))
    key = upload._file.key
    await Crashing.crash(upload)
    again = await bench.new_intake().resume(CLINIC, "claims", "a.837")
    assert again._file.key != key
    await again.discard()


async def test_going_on_after_an_orderly_stop_keeps_the_key(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(noise(3, 2 * SEGMENT))
    key = upload._file.key
    await upload.suspend()
    again = await bench.intake.resume(CLINIC, "claims", "a.837")
    assert (again._file.key, again.size) == (key, 2 * SEGMENT)
    await again.discard()


async def test_a_second_session_is_told_that_it_is_busy(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    with pytest.raises(TransportError) as caught:
        await bench.new_intake().resume(CLINIC, "claims", "a.837")
    assert caught.value.problem is Problem.BUSY
    await upload.discard()


async def test_what_broke_off_is_not_submitted_by_a_rename(bench: StagingBench) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    await upload.write(noise(4, 2 * SEGMENT))
    await Crashing.crash(upload)
    with pytest.raises(TransportError) as caught:
        await bench.new_intake().submit(CLINIC, "claims", "a.part", "a.837")
    assert caught.value.problem is Problem.CONFLICT


async def test_a_rename_submits_what_was_closed_whole(bench: StagingBench) -> None:
    data = noise(5, SEGMENT + 9)
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    await upload.write(data)
    await upload.suspend()
    done = await bench.new_intake().submit(CLINIC, "claims", "a.part", "a.837")
    assert (bench.plaintext(done.transfer), bench.name(done.transfer)) == (data, "a.837")


@pytest.mark.parametrize("step", ["taken", "finished"])
async def test_a_submission_that_a_crash_cut_off_can_be_made_again(
    bench: StagingBench, step: str
) -> None:
    data = noise(6, SEGMENT + 9)
    upload = await bench.intake.open(CLINIC, "claims", "a.part")
    await upload.write(data)
    await upload.suspend()
    found = bench.transfers.get(upload.transfer)
    file = Staging(bench.disk, bench.kek).resume(found, LAST)  # as submit does, and then it dies
    if step == "finished":
        file.finish()
    file.close()
    done = await bench.new_intake().submit(CLINIC, "claims", "a.part", "a.837")
    assert (bench.plaintext(done.transfer), bench.name(done.transfer)) == (data, "a.837")


@pytest.mark.parametrize("room", [0, 100, SEGMENT, SEGMENT + 100, 2 * SEGMENT])
async def test_a_disk_too_full_to_go_on_keeps_what_there_is_and_no_scraps(
    bench: StagingBench, room: int
) -> None:
    data = noise(7, 3 * SEGMENT)
    upload = await bench.intake.open(CLINIC, "claims", "a.837")
    await upload.write(data)
    await Crashing.crash(upload)
    whole = sum(len(content) for content in bench.files().values())
    bench.system.room = room
    with pytest.raises(TransportError) as caught:
        await bench.new_intake().resume(CLINIC, "claims", "a.837")
    assert caught.value.problem is Problem.NO_SPACE
    assert sum(len(content) for content in bench.files().values()) == whole
    bench.system.heal()
    again = await bench.new_intake().resume(CLINIC, "claims", "a.837")
    await again.write(data[again.size :])
    assert bench.plaintext((await again.commit()).transfer) == data


class Uploads(RuleBasedStateMachine):
    """Any order of writing, stopping, crashing and going on gives the client's bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.place = tempfile.TemporaryDirectory(prefix="lz-")
        self.bench = StagingBench(Path(self.place.name))
        self.nonces = Nonces()
        self.watching = self.nonces.watched()
        self.watching.__enter__()
        self.upload: StagedUpload | None = None
        self.sent = b""
        self.count = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.upload = self.run(self.bench.intake.open(CLINIC, "claims", "a.837"))

    @precondition(lambda self: self.upload)
    @rule(size=st.integers(0, SEGMENT * 2))
    def write(self, size: int) -> None:
        assert self.upload
        self.count += 1
        piece = noise(self.count, size)
        self.run(self.upload.write(piece))
        self.sent += piece

    @precondition(lambda self: self.upload)
    @rule()
    def suspend(self) -> None:
        assert self.upload
        self.run(self.upload.suspend())
        self.upload = None

    @precondition(lambda self: self.upload)
    @rule()
    def crash(self) -> None:
        assert self.upload
        self.run(Crashing.crash(self.upload))
        self.upload = None

    @precondition(lambda self: self.upload)
    @rule(room=st.integers(0, SEGMENT * 2))
    def disk_full(self, room: int) -> None:
        """Only some of what is sent reaches the disk; the next size says how much."""
        assert self.upload
        self.count += 1
        piece = noise(self.count, 3 * SEGMENT)
        self.sent += 3 * piece
        self.bench.system.room = room
        with pytest.raises(TransportError):
            self.run(self.thrice(self.upload, piece))
        self.bench.system.heal()
        self.upload = None

    async def thrice(self, upload: StagedUpload, piece: bytes) -> None:
        for _ in range(3):
            await upload.write(piece)

    @precondition(lambda self: not self.upload)
    @rule()
    def resume(self) -> None:
        self.upload = self.run(self.bench.intake.resume(CLINIC, "claims", "a.837"))
        assert self.upload
        assert self.upload.size <= len(self.sent)
        # The client sends from there on, and it may send something else than the first time.
        self.sent = self.sent[: self.upload.size]

    @invariant()
    def no_nonce_twice(self) -> None:
        assert self.nonces.reused == []

    def teardown(self) -> None:
        try:
            if not self.upload:
                self.resume()
            assert self.upload
            done = self.run(self.upload.commit())
            assert self.bench.plaintext(done.transfer) == self.sent
            assert done.sha256 == hashlib.sha256(self.sent).hexdigest()
        finally:
            self.watching.__exit__(None, None, None)
            self.bench.close()
            self.place.cleanup()
            self.loop.close()


TestUploads = Uploads.TestCase
TestUploads.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


def test_the_spy_sees_a_nonce_that_serves_twice() -> None:
    nonces = Nonces()
    with nonces.watched():
        key, aad = bytes(32), b"t_1"
        header = SegmentWriter(key, aad).header()
        for content in (b"one", b"two"):
            SegmentWriter.resume(key, aad, header, 1, content).finish()
    assert nonces.reused == [1]
