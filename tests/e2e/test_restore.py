"""The drill: back up under load, destroy the site, restore, and account for every file."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pysequoia import Tsk

from gateway.backup import layout
from gateway.backup.make import make, prune
from gateway.demo.clients import Https, unseal
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World
from gateway.demo.x12 import Claim, claims_837p
from gateway.site import Site
from keys import durable
from keys.interoperable import generate_partner_key

RECOVERY = Tsk.from_bytes(generate_partner_key("Recovery", "recovery@gateway.example"))


def batch(number: int) -> bytes:
    return claims_837p([Claim(who) for who in people(number, 2)], control=number + 1)


def run(*words: object) -> tuple[int, str]:
    """The command as an operator types it."""
    command = [sys.executable, "-m", "gateway", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The recovery key, kept elsewhere."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "recovery.asc").write_text(str(RECOVERY.extract_certificate()))
    (folder / "recovery.key").write_text(str(RECOVERY))
    return folder


async def send(world: World, ports: dict[str, int], numbers: range) -> dict[int, str]:
    sender = Https(world, world.members["clinic"], ports["https"])
    found = {}
    for number in numbers:
        path = f"/v1/outbox/clinic-claims/{number}.837"
        found[number] = str((await sender.call("PUT", path, batch(number)))["transfer"])
    return found


async def test_the_drill(world: World, keys: Path, tmp_path: Path) -> None:
    dest = tmp_path / "backup"
    async with served(world.site) as ports:
        before = await send(world, ports, range(4))
        sending = asyncio.create_task(send(world, ports, range(4, 12)))
        code, said = await asyncio.to_thread(
            run, "backup", dest, "--site", world.site, "--recovery", keys / "recovery.asc", "--json"
        )
        assert code == 0, said
        point: dict[str, Any] = json.loads(said)
        during = await sending
        code, said = await asyncio.to_thread(run, "backup", dest, "--site", world.site, "--json")
        assert code == 0, said
        second: dict[str, Any] = json.loads(said)
        after = await send(world, ports, range(12, 14))
    assert second["copied"] < second["blobs"], "the second run copies only what is new"
    code, said = run("backup", dest, "--verify", "--site", world.site)
    assert code == 0, said
    shutil.rmtree(world.site)
    code, said = run(
        "restore", dest, world.site, "--snapshot", second["snapshot"],
        "--recovery-key", keys / "recovery.key",
    )  # fmt: skip
    assert code == 0, said
    async with served(world.site) as ports:
        payer = Https(world, world.members["acme"], ports["https"])
        for number, transfer in (before | during).items():
            found = await Demo(world, ports).settled("clinic", transfer)
            assert found["state"] in {"delivered", "collected"}
            sealed = tmp_path / "sealed.pgp"
            content = await payer.content(f"/v1/inbox/{transfer}/content")
            await asyncio.to_thread(sealed.write_bytes, content)
            assert unseal(world.members["acme"], sealed) == batch(number)
        listed = (await payer.call("GET", "/v1/inbox"))["files"]
    assert sorted(parcel["transfer"] for parcel in listed) == sorted((before | during).values())
    for transfer in after.values():
        code, said = run("transfer", "show", transfer, "--site", world.site)
        assert code == 1, "accepted after the backup's point: not in it, and said so"
    code, said = run("audit", "verify", "--site", world.site)
    assert code == 0, said
    assert point["log_size"] < second["log_size"]


@pytest.fixture
def backed(world: World, keys: Path, tmp_path: Path) -> tuple[World, Path, Path]:
    """A site that isn't served, with one payload, and its backup."""
    site = Site.open(world.site)
    blob = layout.blob_path(site.paths.blobs, "t_" + "0" * 26)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"ciphertext")
    with closing(site.database()) as database, database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO transfers (id, blob, route, sender, account, recipient, state, created, "
            "changed, data_key, name, sealed_name) VALUES "
            f"('{blob.name}', '{blob.name}', 'r', 'a', 'c', 'b', 'held', 0, 0, x'', x'', x'')"
        )
    dest = tmp_path / "backup"
    make(site, dest, (keys / "recovery.asc").read_bytes())
    return world, dest, keys


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


PARTS = ["database.db", "blobs.jsonl", "site.tar.pgp", "manifest.json", "manifest.sig", "blob"]


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_bit_anywhere_is_found_and_restores_nothing(
    backed: tuple[World, Path, Path], tmp_path: Path, part: str
) -> None:
    world, dest, keys = backed
    (snapshot,) = layout.snapshots(dest)
    (blob,) = (dest / "blobs").glob("*/t_*")
    damage(blob if part == "blob" else snapshot / part)
    code, said = run("backup", dest, "--verify", "--site", world.site)
    assert code == 1, said
    code, said = run("restore", dest, tmp_path / "new", "--recovery-key", keys / "recovery.key")
    assert code == 1, said
    assert not (tmp_path / "new").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".new")]


def test_a_damaged_payload_can_be_left_out_and_is_named(
    backed: tuple[World, Path, Path], tmp_path: Path
) -> None:
    _, dest, keys = backed
    (blob,) = (dest / "blobs").glob("*/t_*")
    blob.unlink()
    code, said = run(
        "restore", dest, tmp_path / "new", "--recovery-key", keys / "recovery.key",
        "--skip-damaged",
    )  # fmt: skip
    assert code == 0, said
    assert f"left out, damaged: {blob.name}" in said


def test_no_key_lies_open_in_a_backup(backed: tuple[World, Path, Path]) -> None:
    world, dest, _ = backed
    secrets = Site.open(world.site).paths.secrets
    content = b"".join(path.read_bytes() for path in dest.rglob("*") if path.is_file())
    for path in secrets:
        assert path.read_bytes().splitlines()[1][:40] not in content, path.name
    assert {path.stat().st_mode & 0o077 for path in dest.rglob("*")} == {0}


def test_another_key_opens_nothing(backed: tuple[World, Path, Path], tmp_path: Path) -> None:
    _, dest, keys = backed
    other = Tsk.generate("Somebody <somebody@gateway.example>", validity_seconds=10**8)
    (keys / "other.key").write_text(str(other))
    code, said = run("restore", dest, tmp_path / "new", "--recovery-key", keys / "other.key")
    assert code == 1
    assert "the recovery key doesn't open it" in said
    assert not (tmp_path / "new").exists()


def test_nothing_that_is_there_is_restored_over(backed: tuple[World, Path, Path]) -> None:
    world, dest, keys = backed
    code, said = run("restore", dest, world.site, "--recovery-key", keys / "recovery.key")
    assert code == 1
    assert "is taken" in said


def test_a_backup_needs_to_know_for_whom_to_seal(world: World, tmp_path: Path) -> None:
    code, said = run("backup", tmp_path / "backup", "--site", world.site)
    assert code == 1
    assert "--recovery CERT" in said


def test_a_secret_key_is_not_taken_for_a_certificate(
    world: World, keys: Path, tmp_path: Path
) -> None:
    code, said = run(
        "backup", tmp_path / "b", "--site", world.site, "--recovery", keys / "recovery.key"
    )
    assert code == 1
    assert "takes the certificate alone" in said


def test_a_backup_that_breaks_off_leaves_the_former_ones(
    backed: tuple[World, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, dest, keys = backed

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "create", full)
    with pytest.raises(OSError, match="No space"):
        make(Site.open(world.site), dest, (keys / "recovery.asc").read_bytes())
    monkeypatch.undo()
    assert len(layout.snapshots(dest)) == 1
    assert [path for path in (dest / "snapshots").iterdir() if path.name.startswith(".")] == []
    assert run("backup", dest, "--verify", "--site", world.site)[0] == 0


def test_only_the_newest_are_kept_and_only_what_they_name(
    backed: tuple[World, Path, Path],
) -> None:
    world, dest, keys = backed
    recovery = (keys / "recovery.asc").read_bytes()
    site = Site.open(world.site)
    with closing(site.database()) as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE transfers SET state = 'purged'")
    make(site, dest, recovery)
    assert len(list((dest / "blobs").glob("*/t_*"))) == 1
    assert len(prune(dest, 1)) == 1
    assert list((dest / "blobs").glob("*/t_*")) == []
    assert len(layout.snapshots(dest)) == 1


@pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg on this machine")
def test_gpg_alone_opens_the_sealed_keys(backed: tuple[World, Path, Path], tmp_path: Path) -> None:
    _, dest, keys = backed
    (snapshot,) = layout.snapshots(dest)
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    subprocess.run([*gpg, "--import", str(keys / "recovery.key")], check=True)
    opened = subprocess.run(
        [*gpg, "--decrypt", str(snapshot / "site.tar.pgp")], check=False, capture_output=True
    )
    assert opened.returncode == 0, opened.stderr
    assert b"keys/edge/kek.key" in opened.stdout
