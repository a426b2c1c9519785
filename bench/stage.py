"""How fast one upload is staged (encrypted, hashed, flushed, recorded), and what memory it takes.

``python bench/stage.py [MEGABYTES] [DIRECTORY]``; the directory should be on a real disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.staging_bench import CLINIC, StagingBench

MIB = 2**20


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


async def put(bench: StagingBench, name: str, size: int, piece: bytes) -> float:
    started = time.monotonic()
    upload = await bench.intake.open(CLINIC, "claims", name)
    for _ in range(size // len(piece)):
        await upload.write(piece)
    await upload.commit()
    return time.monotonic() - started


async def run(root: Path, size: int) -> None:
    bench = StagingBench(root, max_bytes=2 * size)
    await put(bench, "warm", 4 * MIB, os.urandom(MIB))
    before = resident()
    for kib in (32, 256, 1024):
        seconds = await put(bench, f"{kib}", size, os.urandom(kib * 1024))
        rate, grown = size / MIB / seconds, resident() - before
        print(f"pieces of {kib:5} KiB: {rate:6.0f} MiB/s, memory grew by {grown:.1f} MiB")
    started = time.monotonic()
    for number in range(100):
        await put(bench, f"small{number}", 32 * 1024, bytes(32 * 1024))
    print(f"files of 32 KiB, one after the other: {100 / (time.monotonic() - started):.0f}/s")
    bench.close()


def baseline(root: Path, size: int) -> None:
    """What the disk and the hash alone allow: write and fsync, and SHA-256, of the same bytes."""
    piece = os.urandom(MIB)
    started = time.monotonic()
    with (root / "plain").open("wb") as file:
        for _ in range(size // MIB):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    print(f"plain write and fsync: {size / MIB / (time.monotonic() - started):.0f} MiB/s")
    started = time.monotonic()
    digest = hashlib.sha256()
    for _ in range(size // MIB):
        digest.update(piece)
    print(f"SHA-256 alone: {size / MIB / (time.monotonic() - started):.0f} MiB/s")


def main() -> None:
    size = int(sys.argv[1] if len(sys.argv) > 1 else 256) * MIB
    where = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(dir=where) as root:
        baseline(Path(root), size)
        asyncio.run(run(Path(root) / "site", size))


if __name__ == "__main__":
    main()
