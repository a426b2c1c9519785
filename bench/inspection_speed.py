"""Whole inspections on one core beside ``gpg --encrypt`` with its defaults, in one run.

A claim file (837P) without notes and with notes, and a roster (CSV), of made-up people. Each is
inspected in a process of its own with the name model loaded: SHA-256, both looks, the verdict's
counts. Prints processor seconds, the ratio to gpg's, and the process's peak memory.
Run: ``python bench/inspection_speed.py [MiB] [--only NAME] [--no-gpg]
[--presidio DIR]``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.delimited_speed import table
from bench.quality.peer import Presidio
from config.contracts import Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from tests.support.claims import claim_blocks

MIB = 2**20
_MOST_SECONDS = 3_600
_PIECE = 64 * 2**10


def _claims(notes: float) -> Callable[[int], Iterable[bytes]]:
    return lambda size: claim_blocks(0, 11, notes=notes, size=size)


FILES: dict[str, tuple[str, Callable[[int], Iterable[bytes]]]] = {
    "837P": ("claims", _claims(0)),
    "837P, notes": ("claims", _claims(0.02)),
    "CSV": ("roster", lambda size: [table(size, notes=False)]),
}
"""By title: the contract, and what makes so many bytes."""


def busy(whose: int) -> float:
    """Seconds of processor time, which other programs on the machine don't lengthen."""
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def highest() -> float:
    """This program's peak memory in MiB; what ``getrusage`` gives counts its parent's, too."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def run(path: Path, contract_name: str) -> dict[str, float]:
    """Inspect a file in this process; the figures."""
    contract = shipped_policy().contracts[contract_name]
    detectors = Detectors(Rules())
    budget = Budget(seconds=_MOST_SECONDS)
    with path.open("rb") as source:
        started = busy(resource.RUSAGE_SELF)
        report = inspect(source, path.name, contract, Rules(), budget, detectors=detectors)
        seconds = busy(resource.RUSAGE_SELF) - started
    peak = highest()
    findings, troubles = sum(report.counts.values()), len(report.uninspectable)
    return {"seconds": seconds, "peak": peak, "findings": findings, "troubles": troubles}


def apart(path: Path, contract_name: str) -> dict[str, float]:
    """The same in a process of its own, so that its peak memory is its own."""
    call = [sys.executable, __file__, "--child", str(path), contract_name]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def gpg(path: Path, home: Path) -> float:
    """Processor seconds that GnuPG takes with its defaults, for a fresh RSA-3072 key."""
    call = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--trust-model", "always"]
    if not home.exists():
        home.mkdir(mode=0o700)
        key = ["--passphrase", "", "--quick-generate-key", "bench@example.org", "rsa3072", "encr"]
        subprocess.run([*call, *key], check=True, capture_output=True)
    output = path.with_suffix(".gpg")
    started = busy(resource.RUSAGE_CHILDREN)
    to = ["-r", "bench@example.org", "-o", str(output), "--encrypt", str(path)]
    subprocess.run([*call, *to], check=True)
    seconds = busy(resource.RUSAGE_CHILDREN) - started
    output.unlink()
    return seconds


def presidio(path: Path, model: str) -> float:
    """MiB a processor second of Presidio as it comes, on the first of a file's text.

    Line by line or all at once, whichever is faster.
    """
    with path.open("rb") as stream:
        text = stream.read(_PIECE).decode("latin-1")
    peer = Presidio(model)
    peer.alarms("warm")
    started = busy(resource.RUSAGE_SELF)
    for line in text.splitlines():
        peer.alarms(line)
    one_by_one = busy(resource.RUSAGE_SELF) - started
    started = busy(resource.RUSAGE_SELF)
    peer.alarms(text)
    return len(text) / MIB / min(one_by_one, busy(resource.RUSAGE_SELF) - started)


def measure(title: str, size: int, folder: Path, *, peer: bool, model: str) -> None:
    contract, make = FILES[title]
    path = folder / f"{contract}_20261129_001.edi"
    with path.open("wb") as stream:
        stream.writelines(make(size))
    mib = path.stat().st_size / MIB
    it = apart(path, contract)
    beside = ""
    if peer:
        sealed = gpg(path, folder / "gnupg")
        beside = f", gpg {sealed:5.2f} s, ratio {it['seconds'] / sealed:5.2f}"
    print(
        f"{title:12} {mib:6.0f} MiB {it['seconds']:7.2f} s {mib / it['seconds']:6.1f} MiB/s"
        f"{beside}, peak {it['peak']:.0f} MiB, {it['findings']:.0f} findings,"
        f" {it['troubles']:.0f} unread",
        flush=True,
    )
    if model and title.startswith("837P"):
        theirs = presidio(path, model)
        print(
            f"{'':12} Presidio {theirs * 1024:.1f} KiB/s, {mib / it['seconds'] / theirs:.0f} times"
        )
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mib", nargs="?", type=int, default=64)
    parser.add_argument("--only", choices=FILES)
    parser.add_argument("--no-gpg", action="store_true")
    parser.add_argument("--presidio", default="", help="a directory that spacy.load takes")
    asked = parser.parse_args()
    os.environ.setdefault("LC_ALL", "C")
    peer = not asked.no_gpg and shutil.which("gpg") is not None
    with tempfile.TemporaryDirectory(prefix="lz-speed-") as folder:
        for title in [asked.only] if asked.only else FILES:
            measure(title, asked.mib * MIB, Path(folder), peer=peer, model=asked.presidio)
        if peer:
            home = str(Path(folder) / "gnupg")
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(run(Path(sys.argv[2]), sys.argv[3])))
    else:
        main()
