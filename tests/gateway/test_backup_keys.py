"""A backup that is made while keys are rotated opens all that it holds."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from gateway.backup import layout, make
from gateway.backup.check import read_manifest
from gateway.backup.layout import BackupError
from gateway.gateway_keys import Log
from gateway.initialise import Wishes, initialise
from gateway.ledger.verify_note import Key
from gateway.site import Site
from keys.kek import LocalKek, rotate
from keys.openpgp import certificate_of, generate_gateway_key
from keys.recovery import unseal

RECOVERY = generate_gateway_key("Recovery <r@recovery.example>")
CERTIFICATE = certificate_of(RECOVERY)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return initialise(tmp_path / "site", Wishes("localhost")).site


def _unpacked(snapshot: Path, where: Path) -> Path:
    content = unseal((snapshot / layout.SITE).read_bytes(), RECOVERY)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(where, filter="data")
    return where


def test_a_key_made_while_the_database_is_copied_is_in_the_backup(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    copy = make._from_file

    def rotated_meanwhile(source: Path, target: Path) -> None:
        if not made:  # its data keys may be wrapped by it already
            made.append(rotate(site.paths.kek))
        copy(source, target)

    monkeypatch.setattr(make, "_from_file", rotated_meanwhile)
    done = make.make(site, tmp_path / "backup", CERTIFICATE)
    there = _unpacked(tmp_path / "backup" / "snapshots" / done.snapshot, tmp_path / "there")
    kek = there / site.paths.kek.relative_to(site.root)
    assert made[0] in LocalKek.load(kek).key_ids


def test_keys_that_change_all_the_time_end_it_and_leave_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = make._from_file

    def rotated_each_time(source: Path, target: Path) -> None:
        rotate(site.paths.kek)
        copy(source, target)

    monkeypatch.setattr(make, "_from_file", rotated_each_time)
    with pytest.raises(BackupError, match="change all the time"):
        make.make(site, tmp_path / "backup", CERTIFICATE)
    assert not list((tmp_path / "backup" / "snapshots").iterdir())


def test_the_key_that_signs_it_is_one_that_restoring_finds_in_it(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = make._payloads

    def rotated_meanwhile(*words: object) -> None:
        copy(*words)  # type: ignore[arg-type] # handed on as they came
        Log(site.paths).rotate()
        Log(site.paths).switch()

    monkeypatch.setattr(make, "_payloads", rotated_meanwhile)
    done = make.make(site, tmp_path / "backup", CERTIFICATE)
    snapshot = tmp_path / "backup" / "snapshots" / done.snapshot
    there = _unpacked(snapshot, tmp_path / "there")
    signers = Key.parse((there / "keys" / "log.pub").read_text()).every
    assert read_manifest(snapshot, [key.public for key in signers])


def test_what_a_killed_command_left_is_in_no_backup(site: Site, tmp_path: Path) -> None:
    (site.paths.edge_keys / ".kek.key.new").write_text("half")
    done = make.make(site, tmp_path / "backup", CERTIFICATE)
    there = _unpacked(tmp_path / "backup" / "snapshots" / done.snapshot, tmp_path / "there")
    assert not list(there.rglob("*.new"))
    modes = {path.stat().st_mode & 0o077 for path in (there / "keys" / "edge").glob("*.key")}
    assert modes == {0}
