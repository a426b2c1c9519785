"""Hostile files: what each comes to, and what it costs in processor time and memory.

Every case is inspected in a process of its own under the shipped budget. Run:
``python bench/robust.py [--scale SHARE] [--only NAME]``; ``--scale 0.01`` is what the tests run.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.hostile import CASES
from bench.inspection_speed import busy, highest
from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.verdict import decide

ANY = Contract.model_validate({"contract": "any", "formats": ["*"]})


def run(name: str, path: Path) -> dict[str, object]:
    """Inspect one file in this process."""
    case = CASES[name]
    rules = Rules.model_validate({"patterns": case.patterns})
    detectors = Detectors(rules)
    before = highest()
    with path.open("rb") as source:
        started = busy(resource.RUSAGE_SELF)
        report = inspect(source, case.file, ANY, rules, Budget(), detectors=detectors)
        seconds = busy(resource.RUSAGE_SELF) - started
    obstacles = sorted({str(trouble.obstacle) for trouble in report.uninspectable})
    return {
        "size": path.stat().st_size, "format": report.format, "seconds": seconds,
        "verdict": str(decide(report, ANY).action), "obstacles": ", ".join(obstacles),
        "peak": highest(), "before": before,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    print(f"{'case':34} {'MiB':>7} {'s':>7} {'peak MiB':>8}  verdict, obstacles")
    with tempfile.TemporaryDirectory(prefix="lz-robust-") as folder:
        for name in (each for each in CASES if asked.only in each):
            path = Path(folder) / "file"
            with path.open("wb") as stream:
                stream.writelines(CASES[name].make(asked.scale))
            call = [sys.executable, __file__, "--child", name, str(path)]
            done = subprocess.run(call, check=True, capture_output=True, text=True)
            it = json.loads(done.stdout)
            print(
                f"{name:34} {it['size'] / 2**20:7.1f} {it['seconds']:7.2f} {it['peak']:8.0f}"
                f"  {it['verdict']}: {it['obstacles'] or '-'} ({it['format']})",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(run(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
