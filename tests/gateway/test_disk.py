"""The payload store on disk: names, modes, durability, and what a bad day looks like."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.disk import (
    Disk,
    FlushError,
    MissingBlobError,
    NoSpaceError,
    StoreError,
)
from tests.support.staging_bench import FaultyDisk

NAME = "t_0123456789abcdefghjkmnpqrs"


@pytest.fixture
def system() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def disk(tmp_path: Path, system: FaultyDisk) -> Disk:
    return Disk(tmp_path, 0, system)


def write(disk: Disk, name: str, data: bytes) -> None:
    fd = disk.create(name)
    try:
        disk.append(fd, data)
        disk.flush(fd, name)
    finally:
        os.close(fd)


def test_a_blob_reads_back_as_it_was_written(disk: Disk) -> None:
    write(disk, NAME, b"ciphertext")
    assert disk.get(NAME) == b"ciphertext"


def test_a_blob_and_its_directory_are_the_owners_alone(disk: Disk, tmp_path: Path) -> None:
    write(disk, NAME, b"x")
    (path,) = tmp_path.rglob(NAME)
    modes = [stat.S_IMODE(it.stat().st_mode) for it in (path, path.parent)]
    assert modes == [0o600, 0o700]


def test_a_blob_is_never_made_over_another(disk: Disk) -> None:
    write(disk, NAME, b"first")
    with pytest.raises(StoreError):
        disk.create(NAME)
    assert disk.get(NAME) == b"first"


def test_a_leftover_is_replaced_whole(disk: Disk) -> None:
    write(disk, NAME, b"a long leftover of a try that died")
    fd = disk.replace(NAME)
    disk.append(fd, b"new")
    os.close(fd)
    assert disk.get(NAME) == b"new"


def test_a_symbolic_link_is_not_followed(disk: Disk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"kek")
    write(disk, NAME, b"x")
    (path,) = tmp_path.rglob(NAME)
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(StoreError):
        disk.open(NAME)


@given(st.text())
def test_a_name_that_is_no_transfer_never_reaches_the_disk(name: str) -> None:
    disk = Disk(Path("/nonexistent-root"))
    try:
        size = disk.size(name)
    except ValueError:
        return
    assert size is None
    assert "/" not in name
    assert ".." not in name


def test_a_missing_blob_is_named_so(disk: Disk) -> None:
    with pytest.raises(MissingBlobError):
        disk.open(NAME)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_from_a_broken_one(disk: Disk, system: FaultyDisk, number: int) -> None:
    system.fail["write"] = number
    fd = disk.create(NAME)
    with pytest.raises(NoSpaceError):
        disk.append(fd, b"x")
    os.close(fd)


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS])
def test_a_broken_disk_is_no_full_one(disk: Disk, system: FaultyDisk, number: int) -> None:
    system.fail["write"] = number
    fd = disk.create(NAME)
    with pytest.raises(StoreError) as caught:
        disk.append(fd, b"x")
    os.close(fd)
    assert not isinstance(caught.value, NoSpaceError)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_failed_flush_is_a_loss_whatever_its_reason(
    disk: Disk, system: FaultyDisk, number: int
) -> None:
    fd = disk.create(NAME)
    system.fail["fsync"] = number
    with pytest.raises(FlushError):
        disk.flush(fd, NAME)
    os.close(fd)


def test_a_flush_reaches_the_file_its_directory_and_the_new_directory_itself(
    disk: Disk, system: FaultyDisk
) -> None:
    write(disk, NAME, b"x")
    assert system.calls.count("fsync") == 3


def test_a_small_blob_is_the_old_one_when_the_new_one_finds_no_room(
    disk: Disk, system: FaultyDisk
) -> None:
    disk.put(NAME, b"old")
    system.room = 2
    with pytest.raises(NoSpaceError):
        disk.put(NAME, b"newer")
    assert disk.get(NAME) == b"old"
    assert disk.names(NAME) == [NAME]


def test_work_is_refused_below_the_reserve(tmp_path: Path, system: FaultyDisk) -> None:
    system.room = 99
    with pytest.raises(NoSpaceError):
        Disk(tmp_path, 100, system).check_space()


def test_no_error_names_a_path(disk: Disk, system: FaultyDisk, tmp_path: Path) -> None:
    system.fail["create"] = errno.EACCES
    with pytest.raises(StoreError) as caught:
        disk.create(NAME)
    assert str(tmp_path) not in str(caught.value)


def test_the_names_of_a_transfer_are_its_own(disk: Disk) -> None:
    for name in (NAME, f"{NAME}.sealed", f"{NAME[:-3]}0rs"):
        write(disk, name, b"x")
    assert disk.names(NAME) == [NAME, f"{NAME}.sealed"]
