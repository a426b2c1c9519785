"""What an auditor and a sender can prove, on a machine that has nothing of ours but the program."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.clients import ClientError, Https, Sftp
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World
from gateway.demo.x12 import Claim, claims_837p

CONTENT = claims_837p([Claim(who) for who in people(5, 3)])


def audit(*words: object, folder: Path) -> tuple[int, str]:
    """The command as somebody elsewhere types it."""
    command = [sys.executable, "-m", "gateway", "audit", *map(str, words)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def receipt_of(https: Https, transfer: str) -> bytes:
    """Wait for the receipt: about a second."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await https.content(f"/v1/transfers/{transfer}/receipt")
            except ClientError:
                await asyncio.sleep(0.05)


@pytest.fixture
def elsewhere(tmp_path: Path, world: World) -> Path:
    """Another machine: it has the log's public key."""
    shutil.copy(world.site / "keys" / "log.pub", tmp_path / "log.pub")
    return tmp_path


async def delivered(world: World, ports: dict[str, int], elsewhere: Path) -> str:
    """Send a file and fetch it; leave it, the sealed one and the receipt elsewhere."""
    sender = Https(world, world.members["clinic"], ports["https"])
    answer = await sender.call("PUT", "/v1/outbox/clinic-claims/a.837", CONTENT)
    transfer = str(answer["transfer"])
    assert (await Demo(world, ports).settled("clinic", transfer))["state"] == "delivered"
    payer = Https(world, world.members["acme"], ports["https"])
    files: dict[str, bytes] = {
        "a.837": CONTENT,
        "sealed.pgp": await payer.content(f"/v1/inbox/{transfer}/content"),
        "receipt.json": await receipt_of(sender, transfer),
    }
    for name, content in files.items():
        await asyncio.to_thread((elsewhere / name).write_bytes, content)
    return transfer


async def test_a_receipt_proves_elsewhere_what_was_received_and_delivered(
    world: World, elsewhere: Path
) -> None:
    async with served(world.site) as ports:
        transfer = await delivered(world, ports, elsewhere)
    key = ("--log-key", "log.pub")
    code, said = audit(
        "check-receipt", "receipt.json", *key, "--file", "a.837", "--sealed", "sealed.pgp",
        folder=elsewhere,
    )  # fmt: skip
    assert code == 0, said
    assert transfer in said
    (elsewhere / "b.837").write_bytes(CONTENT + b"\n")
    code, said = audit("check-receipt", "receipt.json", *key, "--file", "b.837", folder=elsewhere)
    assert code == 1
    assert "isn't the one that was received" in said
    code, said = audit("check-receipt", "receipt.json", *key, "--sealed", "a.837", folder=elsewhere)
    assert code == 1
    assert "isn't the one that was sealed" in said


@pytest.mark.skipif(shutil.which("sftp") is None, reason="no sftp on this machine")
async def test_the_same_receipt_lies_in_the_senders_directory(
    world: World, elsewhere: Path
) -> None:
    async with served(world.site) as ports:
        transfer = await delivered(world, ports, elsewhere)
        clinic = Sftp(world, world.members["clinic"], ports["sftp"])
        assert f"{transfer}.json" in " ".join(await clinic.names("/receipts"))
        await clinic.get(f"/receipts/{transfer}.json", elsewhere / "again.json")
    again = (elsewhere / "again.json").read_bytes()
    assert again == (elsewhere / "receipt.json").read_bytes()
    received: dict[str, Any] = json.loads(again)["statement"]["facts"]["receipt"]["received"]
    assert received["credential"].startswith("sha256:")


async def test_an_export_verifies_elsewhere_against_a_checkpoint_of_earlier(
    world: World, elsewhere: Path
) -> None:
    async with served(world.site) as ports:
        await delivered(world, ports, elsewhere)
        kept = await asyncio.to_thread((world.site / "data" / "checkpoint").read_bytes)
        (elsewhere / "kept").write_bytes(kept)
        code, said = await asyncio.to_thread(
            audit, "export", "--site", world.site, "-o", elsewhere / "log.jsonl", folder=elsewhere
        )
        assert code == 0, said
    verify = ("verify", "log.jsonl", "--log-key", "log.pub", "--since", "kept")
    code, said = audit(*verify, folder=elsewhere)
    assert code == 0, said
    assert "are under a signed checkpoint\n" in said
    lines = (elsewhere / "log.jsonl").read_text().splitlines(keepends=True)
    (elsewhere / "log.jsonl").write_text("".join(lines[:5]))
    code, said = audit(*verify, folder=elsewhere)
    assert code == 1
    assert "it was cut off or rolled back" in said


async def test_a_gateway_whose_database_was_put_back_does_not_start(
    world: World, elsewhere: Path
) -> None:
    database = world.site / "data" / "lazaretto.db"
    async with served(world.site):
        pass
    await asyncio.to_thread(shutil.copy, database, elsewhere / "old.db")
    async with served(world.site) as ports:
        await delivered(world, ports, elsewhere)
    for old in database.parent.glob("lazaretto.db*"):
        old.unlink()
    shutil.copy(elsewhere / "old.db", database)
    command = [sys.executable, "-m", "gateway", "serve", "--site", str(world.site)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "the database was cut off or put back to an earlier state" in done.stderr
