"""Over 200 deaths, at named points and at random moments: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(600)


def harness(*words: str) -> dict[str, Any]:
    """Run it in a process of its own: it forks, and wants no threads about."""
    command = [sys.executable, "-m", "tests.faults.harness", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def test_a_death_at_any_named_point_loses_and_doubles_nothing() -> None:
    summary = harness("--points", "170", "--seed", "4")
    assert summary["broken"] == []
    assert summary["at_points"] == 170


def test_a_death_at_any_moment_loses_and_doubles_nothing() -> None:
    summary = harness("--points", "1", "--random", "60", "--seed", "5")
    assert summary["broken"] == []
    assert summary["at_random"] == 60
