"""Speed of tables on one core beside ``gpg --encrypt`` with its defaults, and peak memory.

Run: ``python bench/delimited_speed.py [MiB]``. A roster of identifiers, and the same with a column
of notes, which costs what the name model costs. The whole inspection is measured: SHA-256, both
looks. gpg's recipient is a key made for the run in a directory of its own.
"""

from __future__ import annotations

import io
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config.contracts import Contract, Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect

_TITLES = "member_id,last_name,first_name,dob,ssn,phone,address,city,state,zip,plan,paid,status"
_LAST = (
    "SMITH",
    "Okafor",
    "GARCIA",
    "NGUYEN",
    "Ambrose",
    "LUND",
    "Kowalski",
    "O'NEIL",
    "DE LA CRUZ",
)
_FIRST = ("JOHN", "Mary", "CHIDI", "ANA", "Jane", "Berit", "PIOTR")
_NOTES = ("spoke with the member about the balance", "", "left voicemail", "sent corrected claim")


def table(size: int, *, notes: bool) -> bytes:
    """A roster of about ``size`` bytes."""
    random_ = random.Random(1)
    lines, left = [_TITLES + (",note" if notes else "")], size
    while left > 0:
        line = ",".join(_row(random_))
        if notes:
            line += f",{random_.choice(_NOTES)} {random_.randrange(10**6)}"
        lines.append(line)
        left -= len(line) + 1
    return ("\n".join(lines) + "\n").encode()


def _row(random_: random.Random) -> list[str]:
    pick = random_.randrange
    return [
        f"W{pick(10**8, 10**9)}", random_.choice(_LAST), random_.choice(_FIRST),
        f"{pick(1930, 2015)}-{pick(1, 13):02d}-{pick(1, 29):02d}",
        f"{pick(100, 665)}-{pick(10, 99)}-{pick(1000, 9999)}", f"312-555-{pick(1000, 9999)}",
        f"{pick(1, 9999)} MAIN ST", "CHICAGO", "IL", f"606{pick(10, 99)}", f"HMO{pick(1, 9)}",
        f"{pick(1, 99_999) / 100:.2f}", random_.choice(("Paid", "Denied", "Pending review")),
    ]  # fmt: skip


def gpg_seconds(data: bytes) -> float:
    """Seconds that gpg takes to encrypt the data to a fresh key, by its defaults."""
    with tempfile.TemporaryDirectory() as home:
        base = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", ""]
        subprocess.run([*base, "--quick-generate-key", "bench"], check=True, capture_output=True)
        plain = Path(home, "plain")
        plain.write_bytes(data)
        started = time.perf_counter()
        subprocess.run(
            [*base, "--trust-model", "always", "-r", "bench", "-o", f"{home}/out", "-e", plain],
            check=True, capture_output=True,
        )  # fmt: skip
        return time.perf_counter() - started


def measure(title: str, data: bytes, contract: Contract, detectors: Detectors) -> None:
    """Print the seconds, beside gpg's."""
    gpg = gpg_seconds(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    source = io.BytesIO(data)
    report = inspect(source, "roster.csv", contract, Rules(), Budget(), detectors=detectors)
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{title:16} {len(data) / 2**20:6.1f} MiB {seconds:7.2f} s, gpg {gpg:5.2f} s,"
        f" ratio {seconds / gpg:6.2f}, {len(data) / 1e6 / seconds:6.1f} MB/s,"
        f" peak grown by {grown:.0f} MiB, {sum(report.counts.values())} findings"
    )


def main() -> None:
    """Both tables."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 64) * 2**20)
    contract = shipped_policy().contracts["roster"]
    detectors = Detectors(Rules())
    measure("identifiers", table(size, notes=False), contract, detectors)
    measure("with notes", table(size // 64, notes=True), contract, detectors)


if __name__ == "__main__":
    main()
