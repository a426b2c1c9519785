"""The edge's fuzzers: their seeds do what they should, and a short run finds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.edge_targets import TARGETS

ROOT = Path(__file__).parents[2]
RUNS = {"names": 20_000, "policy": 100, "sftp": 500, "http": 10_000, "ssh-certificate": 5_000}
"""Of a second or two each; ``make fuzz`` gives each a minute."""


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_pass(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for seed in seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.edge", name, f"runs={RUNS[name]}"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"stat::number_of_executed_units: {RUNS[name]}" in done.stderr
