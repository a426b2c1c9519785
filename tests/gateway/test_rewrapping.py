"""The key-encryption key is rotated while uploads are under way: nothing is lost or shut out."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import rewrapping
from gateway.keyring import Keyring, watched
from gateway.rewrapping import SETTLE, Rewrapper
from keys.kek import KekError, LocalKek, reseal, retire, rotate, wrapping_key_id
from keys.segments import SEGMENT
from tests.support.eventually import eventually
from tests.support.staging_bench import CLINIC, Crashing, StagingBench
from transports.ports import Problem, TransportError

LATER = datetime.now(UTC) + SETTLE + timedelta(hours=1)


@pytest.fixture
def key_file(bench: StagingBench) -> Path:
    return bench.root / "kek.key"


@pytest.fixture
def rewrapper(bench: StagingBench, key_file: Path) -> Rewrapper:
    return Rewrapper(bench.database, bench.disk, bench.kek, key_file)


def _wrapped_by(bench: StagingBench, transfer: str) -> str:
    return wrapping_key_id(bench.transfers.get(transfer).data_key)


async def test_after_rewrapping_the_old_key_opens_nothing_that_is_needed(
    bench: StagingBench, rewrapper: Rewrapper, key_file: Path
) -> None:
    old = bench.kek.key_id
    before = [await bench.staged(b"one", "1.837"), await bench.staged(b"two", "2.837")]
    blobs = bench.files()
    new = rotate(key_file)
    after = await bench.staged(b"three", "3.837")
    assert [_wrapped_by(bench, t) for t in (*before, after)] == [old, old, new]
    assert rewrapper.run() == 2
    assert rewrapper.users() == {new: 3}
    assert blobs.items() <= bench.files().items()  # no payload was touched
    rewrapper.check_unused(old, LATER)
    retire(key_file, old)
    assert [bench.plaintext(t) for t in (*before, after)] == [b"one", b"two", b"three"]
    assert rewrapper.run() == 0


async def test_an_upload_that_spans_the_whole_rotation_is_staged_under_the_new_key(
    bench: StagingBench, rewrapper: Rewrapper, key_file: Path
) -> None:
    old = bench.kek.key_id
    upload = await bench.intake.open(CLINIC, "claims", "long.837")
    await upload.write(b"first half, ")
    rotate(key_file)
    rewrapper.run()
    retire(key_file, old)
    await upload.write(b"second half")
    transfer = (await upload.commit()).transfer
    assert _wrapped_by(bench, transfer) == bench.kek.key_id
    assert bench.plaintext(transfer) == b"first half, second half"


async def test_a_key_beside_an_interrupted_upload_is_wrapped_anew_too(
    bench: StagingBench, rewrapper: Rewrapper, key_file: Path
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "broken.837")
    await upload.write(b"x" * (SEGMENT + 5))
    await Crashing.crash(upload)
    upload = await bench.intake.resume(CLINIC, "claims", "broken.837")
    await upload.suspend()
    assert [name for name in bench.files() if name.endswith(".key")]
    old = bench.kek.key_id
    new = rotate(key_file)
    with pytest.raises(KekError, match="rewrap"):
        rewrapper.check_unused(old, LATER)
    rewrapper.run()
    assert set(rewrapper.users()) == {new}


@pytest.mark.parametrize("ends", ["submitted", "abandoned"])
async def test_a_key_that_is_removed_while_it_is_wrapped_anew_is_not_put_back(
    bench: StagingBench,
    rewrapper: Rewrapper,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "broken.837")
    await upload.write(b"x" * (SEGMENT + 5))
    await Crashing.crash(upload)
    upload = await bench.intake.resume(CLINIC, "claims", "broken.837")
    rotate(key_file)
    loop, put = asyncio.get_running_loop(), bench.disk.put

    def ended_meanwhile(name: str, data: bytes) -> None:
        if name.endswith(".key"):
            end: Coroutine[Any, Any, object]
            end = upload.commit() if ends == "submitted" else upload.discard()
            asyncio.run_coroutine_threadsafe(end, loop).result(10)
        put(name, data)

    monkeypatch.setattr(bench.disk, "put", ended_meanwhile)
    await asyncio.to_thread(rewrapper.run)
    assert not [name for name in bench.files() if name.endswith(".key")]


async def test_killed_half_way_it_goes_on_where_it_was(
    bench: StagingBench, rewrapper: Rewrapper, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 2)
    sent = [await bench.staged(bytes([n]), f"{n}.837") for n in range(5)]
    new = rotate(key_file)

    def killed(done: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rewrapper.run(killed)
    assert rewrapper.users()[new] == 2
    assert rewrapper.run() == 3
    assert [bench.plaintext(t) for t in sent] == [bytes([n]) for n in range(5)]


async def test_a_key_destroyed_meanwhile_stays_destroyed(
    bench: StagingBench, rewrapper: Rewrapper, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = await bench.staged()
    rotate(key_file)
    wrap = Rewrapper._anew

    def purged_meanwhile(self: Rewrapper, name: str, wrapped: bytes) -> bytes:
        with bench.database.write() as connection:
            connection.exec_driver_sql("UPDATE transfers SET data_key = x''")
        return wrap(self, name, wrapped)

    monkeypatch.setattr(Rewrapper, "_anew", purged_meanwhile)
    assert rewrapper.run() == 0
    assert bench.transfers.get(transfer).data_key == b""


async def test_a_key_retires_only_when_nobody_can_still_be_recording_what_it_wrapped(
    bench: StagingBench, rewrapper: Rewrapper, key_file: Path
) -> None:
    old = bench.kek.key_id
    rotate(key_file)
    with pytest.raises(KekError, match="less than 60 seconds ago"):
        rewrapper.check_unused(old)


def test_a_process_that_cannot_read_the_new_file_goes_on_with_the_keys_it_has(
    tmp_path: Path,
) -> None:
    path = tmp_path / "kek.key"
    LocalKek.generate(path)
    ring = Keyring(path)
    old, wrapped = ring.key_id, ring.wrap(bytes(32), b"t")
    rotate(path)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_text("rubbish")
    assert ring.key_id == old
    assert ring.unwrap(wrapped, b"t") == bytes(32)
    path.write_bytes(good)
    path.chmod(0o600)
    wrapped = LocalKek.load(path).wrap(bytes(32), b"t")
    assert ring.unwrap(wrapped, b"t") == bytes(32)  # at once: it can't be opened without
    assert ring.key_id != old


def test_a_file_that_vanished_is_no_reason_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "kek.key"
    LocalKek.generate(path)
    ring = Keyring(path)
    path.unlink()
    assert ring.unwrap(ring.wrap(bytes(32), b"t"), b"t") == bytes(32)
    assert ring.derive(b"name-digest") == ring.derive(b"name-digest")


def test_a_process_that_cannot_read_the_new_file_soon_wraps_nothing(tmp_path: Path) -> None:
    """The former key may retire then, and take with it what is still wrapped by it."""
    path = tmp_path / "kek.key"
    LocalKek.generate(path)
    ring = Keyring(path)
    wrapped = ring.wrap(bytes(32), b"t")
    rotate(path)
    good = path.read_bytes()
    path.write_text("rubbish")
    ring.wrap(bytes(32), b"t")  # whoever is amidst a change isn't disturbed
    then = (datetime.now(UTC) - SETTLE).timestamp()
    os.utime(path, (then, then))
    with pytest.raises(KekError, match="may be retired"):
        ring.wrap(bytes(32), b"t")
    assert ring.unwrap(wrapped, b"t") == bytes(32)
    path.write_bytes(good)
    fresh = LocalKek.load(path)
    assert ring.unwrap(fresh.wrap(bytes(32), b"t"), b"t") == bytes(32)
    assert wrapping_key_id(ring.wrap(bytes(32), b"t")) == fresh.key_id


class SlowProvider:
    """Guards keys (:class:`keys.sealer.KeySealer`), and keeps whoever asks waiting at will."""

    name = "slow"

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.asked = 0

    def seal(self, key: bytes, purpose: bytes) -> bytes:
        return key

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        self.asked += 1
        assert self.answers.wait(60)
        return sealed


async def test_a_provider_that_does_not_answer_keeps_no_use_of_a_key_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_PATIENCE", 0.0)
    path, slow = tmp_path / "kek.key", SlowProvider()
    LocalKek.generate(path)
    reseal(path, lambda _name: slow, slow)
    ring = Keyring(path, lambda _name: slow, "slow")
    old, wrapped = ring.key_id, ring.wrap(bytes(32), b"t")
    new = rotate(path, lambda _name: slow, slow)
    slow.asked = 0
    slow.answers.clear()
    try:
        async with asyncio.timeout(20):
            uses = [asyncio.to_thread(ring.unwrap, wrapped, b"t") for _ in range(10)]
            assert await asyncio.gather(*uses) == [bytes(32)] * 10
            assert await asyncio.to_thread(lambda: ring.key_id) == old
        assert slow.asked == 1
    finally:
        slow.answers.set()
    await eventually(lambda: ring.key_id == new)


async def test_a_use_that_needs_the_new_key_waits_for_its_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_PATIENCE", 0.0)
    path, slow = tmp_path / "kek.key", SlowProvider()
    LocalKek.generate(path)
    reseal(path, lambda _name: slow, slow)
    ring = Keyring(path, lambda _name: slow, "slow")
    rotate(path, lambda _name: slow, slow)
    wrapped = LocalKek.load(path, lambda _name: slow, "slow").wrap(bytes(32), b"t")
    slow.asked = 0
    slow.answers.clear()
    use = asyncio.create_task(asyncio.to_thread(ring.unwrap, wrapped, b"t"))
    await eventually(lambda: slow.asked)
    slow.answers.set()
    assert await use == bytes(32)


async def test_an_upload_that_ends_while_keys_are_counted_is_no_trouble(
    bench: StagingBench, rewrapper: Rewrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await bench.intake.open(CLINIC, "claims", "ends.837")
    await upload.write(b"x")
    listed = bench.disk.names

    def gone(transfer: str) -> list[str]:
        return [*listed(transfer), f"{transfer}.r1.key"]

    monkeypatch.setattr(bench.disk, "names", gone)
    assert set(rewrapper.users()) <= {bench.kek.key_id}
    monkeypatch.undo()
    await upload.suspend()


def _spoil(path: Path) -> bytes:
    """Make it unreadable long ago; what it held after a rotation."""
    rotate(path)
    good = path.read_bytes()
    path.write_text("rubbish")
    os.utime(path, (0, 0))
    return good


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_clients_of_a_process_that_cannot_read_the_new_file_are_told_to_try_again(
    bench: StagingBench, key_file: Path
) -> None:
    begun = await bench.intake.open(CLINIC, "claims", "begun.837")
    await begun.write(b"x")
    good = _spoil(key_file)
    for sending in (begun.commit(), bench.intake.open(CLINIC, "claims", "new.837")):
        with pytest.raises(TransportError) as caught:
            await sending
        assert caught.value.problem is Problem.UNAVAILABLE
    _write(key_file, good)
    assert await bench.staged(b"after", "after.837")
