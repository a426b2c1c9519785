"""Speed and memory of reading claims, beside ``gpg --encrypt`` of the same file in the same run.

Makes a varied 837P of made-up people in a temporary folder and reads it as the first look does:
counts taken, the first field of each kind listed. Prints processor seconds, their ratio and the
peak memory. Run: ``python bench/x12_speed.py [MiB] [--notes SHARE] [--no-gpg]``.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.parse import x12
from dlp.parse.x12.bulk import Stretch
from tests.support.claims import claim_blocks

MIB = 2**20


def make(path: Path, size: int, notes: float) -> None:
    with path.open("wb") as stream:
        for block in claim_blocks(0, 11, notes=notes, size=size):
            stream.write(block)


def gpg(path: Path) -> float:
    """Seconds that GnuPG takes with its defaults for a fresh RSA-3072 key."""
    home = path.parent / "gnupg"
    home.mkdir(mode=0o700)
    call = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--trust-model", "always"]
    key = ["--passphrase", "", "--quick-generate-key", "bench@example.org", "rsa3072", "encr"]
    subprocess.run([*call, *key], check=True, capture_output=True)
    output = path.with_suffix(".gpg")
    started = busy(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*call, "-r", "bench@example.org", "-o", str(output), "--encrypt", str(path)], check=True
    )
    seconds = busy(resource.RUSAGE_CHILDREN) - started
    output.unlink()
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    return seconds


def busy(whose: int) -> float:
    """Seconds of processor time, which other programs on the machine don't lengthen."""
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def read(path: Path) -> tuple[float, Counter[str]]:
    counts: Counter[str] = Counter()
    with path.open("rb") as source:
        started = busy(resource.RUSAGE_SELF)
        for item in x12.parse(Content(source, "", "x12"), Meter(Budget()), met=set()):
            if not isinstance(item, Stretch):
                counts["passages"] += 1
                continue
            counts["fields"] += sum(item.counts.values())
            for kind in item.counts:
                next(item.first(kind, 1))
        return busy(resource.RUSAGE_SELF) - started, counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mib", nargs="?", type=int, default=64)
    parser.add_argument("--notes", type=float, default=0.02, help="share of lines with a note")
    parser.add_argument("--no-gpg", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("LC_ALL", "C")
    with tempfile.TemporaryDirectory(prefix="lz-x12-") as folder:
        path = Path(folder) / "claims.837"
        make(path, asked.mib * MIB, asked.notes)
        size = path.stat().st_size
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        runs = [read(path) for _ in range(1 if asked.mib > 200 else 3)]
        seconds, counts = min(runs, key=lambda run: run[0])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{size / MIB:.0f} MiB: {counts['fields']} fields, {counts['passages']} passages")
        print(f"read     {seconds:7.3f} s {size / MIB / seconds:8.1f} MiB/s")
        print(f"memory   {peak / 1024:7.0f} MiB at most, {before / 1024:.0f} MiB before")
        if not asked.no_gpg and shutil.which("gpg"):
            sealed = gpg(path)
            print(f"gpg      {sealed:7.3f} s; reading takes {seconds / sealed:.2f} of it")


if __name__ == "__main__":
    main()
