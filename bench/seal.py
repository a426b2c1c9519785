"""Sealing: speed and memory beside GnuPG in the same run, and what a process for each file costs.

Prints MB/s and the sealer's peak memory for each size. The plaintext comes decrypted from a staged
file, as in the gateway, so the figures hold the decryption, the pipe, the hash and the flush.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from gateway.sealer import ProcessSealer
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, generate_gateway_key
from keys.segments import SegmentReader, SegmentWriter

MB = 1_000_000
KEY, AAD = bytes(32), b"t_bench"


def stage(path: Path, size: int) -> None:
    """A staged file of incompressible plaintext."""
    writer = SegmentWriter(KEY, AAD)
    piece = os.urandom(2**20)
    with path.open("wb") as file:
        file.write(writer.header())
        for start in range(0, size, len(piece)):
            file.write(writer.update(piece[: size - start]))
        file.write(writer.finish())


async def seal_once(
    sealer: ProcessSealer, staged: Path, recipient: bytes, out: Path
) -> tuple[float, float]:
    """Seconds, and the child's peak resident MB."""
    with staged.open("rb") as raw, out.open("wb") as sealed:
        began = time.perf_counter()
        await sealer.seal(SegmentReader(raw, KEY, AAD), recipient, sealed.fileno())
        took = time.perf_counter() - began
    return took, max(peak_memory(child.pid) for child in psutil.Process().children())


def peak_memory(pid: int) -> float:
    """Most resident MB so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / MB


async def throughput(key: Path, recipient: bytes, work: Path, sizes: list[int]) -> float:
    """MB/s of the last size."""
    sealer = ProcessSealer(key)
    speed = 0.0
    for size in sizes:
        staged = work / "staged"
        stage(staged, size * MB)
        runs = [await seal_once(sealer, staged, recipient, work / "sealed") for _ in range(3)]
        speed = size / min(took for took, _ in runs)
        print(f"lazaretto  {size:5d} MB  {speed:6.0f} MB/s  peak {runs[-1][1]:5.1f} MB")
    await sealer.close()
    return speed


def with_gnupg(secret: bytes, recipient: bytes, work: Path, size: int) -> float | None:
    """MB/s of ``gpg --sign --encrypt`` of the same bytes, fed through a pipe, not compressed."""
    if not shutil.which("gpg"):
        print("gpg is not on this machine: no ratio")
        return None
    home = tempfile.mkdtemp(prefix="gpg")
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--yes", "--trust-model", "always"]
    plain = os.urandom(size * MB)
    best = 0.0
    try:
        subprocess.run([*gpg, "--import"], input=secret, check=True)
        subprocess.run([*gpg, "--import"], input=recipient, check=True)
        command = [*gpg, "--compress-algo", "none", "--sign", "--encrypt"]
        command += ["--recipient", "payer@example.org", "--output", str(work / "by-gpg")]
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(command, input=plain, check=True)
            best = max(best, size / (time.perf_counter() - began))
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)
    print(f"gpg        {size:5d} MB  {best:6.0f} MB/s")
    return best


async def small_files(key: Path, recipient: bytes, count: int) -> None:
    """One process for many files against a process for each."""
    times = []
    kept = ProcessSealer(key)
    await kept.start()
    for _ in range(count):
        began = time.perf_counter()
        await kept.seal_name("claims.837", recipient)
        times.append(time.perf_counter() - began)
    await kept.close()
    fresh = []
    for _ in range(max(5, count // 10)):
        began = time.perf_counter()
        one = ProcessSealer(key)
        await one.seal_name("claims.837", recipient)
        await one.close()
        fresh.append(time.perf_counter() - began)
    warm, cold = statistics.median(times) * 1000, statistics.median(fresh) * 1000
    print(f"small file: {warm:.1f} ms in a process that stays, {cold:.1f} ms in a fresh one")
    print(f"ratio fresh/kept: {cold / warm:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=256)
    size = parser.parse_args().megabytes
    secret = generate_gateway_key("Gateway <gateway@example.org>", None)
    recipient = certificate_of(generate_partner_key("Payer", "payer@example.org"))
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        key = work / "openpgp.pgp"
        key.write_bytes(secret)
        ours = asyncio.run(throughput(key, recipient, work, [1, 16, size]))
        theirs = with_gnupg(secret, recipient, work, size)
        if theirs:
            print(f"ratio lazaretto/gpg: {ours / theirs:.2f}")
        asyncio.run(small_files(key, recipient, 200))


if __name__ == "__main__":
    main()
