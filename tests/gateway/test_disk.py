"""The payload store: every write in one place, and every failure of it said as what it is."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from gateway.store.disk import Disk, FlushError, MissingBlobError, NoSpaceError, StoreError
from tests.support.staging_bench import FaultyDisk

NAME = "t_00000000000000000000000001"


@pytest.fixture
def system() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def disk(tmp_path: Path, system: FaultyDisk) -> Disk:
    return Disk(tmp_path, 0, system)


def test_what_was_put_is_got(disk: Disk) -> None:
    disk.put(NAME, b"content")
    assert disk.get(NAME) == b"content"


def test_a_blob_is_nobody_elses_to_read(disk: Disk, tmp_path: Path) -> None:
    disk.put(NAME, b"content")
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_blob_is_never_made_twice(disk: Disk) -> None:
    os.close(disk.create(NAME))
    with pytest.raises(StoreError):
        disk.create(NAME)


def test_replacing_starts_from_nothing(disk: Disk) -> None:
    disk.put(NAME, b"half of it")
    fd = disk.replace(NAME)
    disk.append(fd, b"new")
    os.close(fd)
    assert disk.get(NAME) == b"new"


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../etc/passwd", "a/b", "T_UPPER", "t_1\0", ".hidden", "t_1..tail", "x" * 99],
)  # fmt: skip
def test_only_names_of_our_own_make_paths(disk: Disk, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a blob"):
        disk.create(name)


def test_a_link_in_the_store_is_not_followed(disk: Disk, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"secret")
    (tmp_path / NAME[-2:]).mkdir()
    (tmp_path / NAME[-2:] / NAME).symlink_to(target)
    with pytest.raises(StoreError):
        disk.open(NAME)


def test_less_than_the_reserve_refuses_new_work(tmp_path: Path, system: FaultyDisk) -> None:
    system.room = 99
    with pytest.raises(NoSpaceError):
        Disk(tmp_path, 100, system).check_space()


def test_a_full_disk_is_said_to_be_full(disk: Disk, system: FaultyDisk) -> None:
    fd = disk.create(NAME)
    system.room = 3
    with pytest.raises(NoSpaceError):
        disk.append(fd, b"content")
    os.close(fd)


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_a_failed_flush_is_never_a_success(disk: Disk, system: FaultyDisk, code: int) -> None:
    fd = disk.create(NAME)
    system.fail["fsync"] = code
    with pytest.raises(FlushError):
        disk.flush(fd, NAME)
    os.close(fd)


@pytest.mark.parametrize("call", ["create", "write", "fsync", "rename"])
def test_a_small_blob_is_whole_or_as_it_was(disk: Disk, system: FaultyDisk, call: str) -> None:
    disk.put(NAME, b"former")
    system.fail[call] = errno.EIO
    with pytest.raises(StoreError):
        disk.put(NAME, b"newer")
    system.heal()
    assert disk.get(NAME) == b"former"


def test_a_blob_that_is_not_there_is_said_so(disk: Disk) -> None:
    assert disk.size(NAME) is None
    disk.remove(NAME)
    with pytest.raises(MissingBlobError):
        disk.open(NAME)


def test_no_error_names_a_path(disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        disk.get(NAME)
    assert str(tmp_path) not in str(caught.value)


def test_the_first_blob_of_a_directory_makes_the_directory_durable_too(
    disk: Disk, system: FaultyDisk
) -> None:
    """The file, its directory, and the directory that names that one; later only the first two."""
    for name, flushes in ((NAME, 3), (f"{NAME}.tail", 2)):
        system.calls.clear()
        fd = disk.create(name)
        disk.flush(fd, name)
        os.close(fd)
        assert system.calls.count("fsync") == flushes
