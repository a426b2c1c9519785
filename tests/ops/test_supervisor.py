from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.running import AlreadyRunningError, is_served, lock, running_state
from gateway.site import Site
from tests.support.running import Running, alive


def test_it_says_where_it_listens_once_every_child_serves(running: Running) -> None:
    state = running.state()
    assert set(state["listen"]) == {"sftp", "https", "health", "metrics"}
    assert all(not address.endswith(":0") for address in state["listen"].values())
    assert {child["kind"] for child in state["children"]} == {"edge", "worker"}


@pytest.mark.parametrize("kind", ["edge", "worker"])
def test_a_crashed_child_starts_again(running: Running, kind: str) -> None:
    before = running.pid_of(kind)
    os.kill(before, signal.SIGKILL)
    running.until(lambda: running.pid_of(kind) != before)
    running.until(lambda: running.checks()[1][f"{kind}s"]["ok"])


def test_sigterm_stops_every_child_gracefully_and_ends_with_success(running: Running) -> None:
    pids = [child["pid"] for child in running.state()["children"]]
    running.signal(signal.SIGTERM)
    status, lines = running.end()
    assert status == 0
    stopped = running.site.paths.run.glob("stopped.*")
    assert {int(path.suffix[1:]) for path in stopped} == set(pids)
    assert lines[-1]["event"] == "stopped"


def test_a_stopped_gateway_leaves_no_state_file(running: Running) -> None:
    running.state()
    running.signal(signal.SIGTERM)
    running.end()
    assert not (running.site.paths.run / "serve.json").exists()


def test_a_killed_supervisor_takes_its_children_along(running: Running) -> None:
    pids = [child["pid"] for child in running.state()["children"]]
    running.signal(signal.SIGKILL)
    running.end()
    running.until(lambda: not any(alive(pid) for pid in pids))


def test_a_state_file_left_by_a_killed_gateway_counts_for_nothing(running: Running) -> None:
    running.state()
    running.signal(signal.SIGKILL)
    running.end()
    running.until(lambda: not is_served(running.site))
    assert (running.site.paths.run / "serve.json").exists()
    assert running_state(running.site) is None
    next_one = lock(running.site.paths.run)
    assert running_state(running.site) is None
    os.close(next_one)


def test_a_second_gateway_on_one_site_is_refused(bare_site: Site) -> None:
    held = lock(bare_site.paths.run)
    with pytest.raises(AlreadyRunningError, match="served already"):
        lock(bare_site.paths.run)
    os.close(held)
    assert not is_served(bare_site)


def test_a_child_whose_parent_died_before_it_was_ready_ends(bare_site: Site) -> None:
    here = Path(__file__).parent
    child = subprocess.run(
        [sys.executable, "-P", "-m", "simulated_child", "--site", str(bare_site.root),
         "--number", "1", "--parent", "1", "--report", "2"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parent.parent), str(here)])},
        check=False, timeout=30,
    )  # fmt: skip
    assert child.returncode == 3


class TestDeafChildren:
    @pytest.fixture
    def bare_site(self, bare_site: Site) -> Site:
        (bare_site.paths.run / "behaviour").write_text("deaf")
        return bare_site

    def test_a_second_sigterm_kills_them_at_once(self, running: Running) -> None:
        pids = [child["pid"] for child in running.state()["children"]]
        running.signal(signal.SIGTERM)
        running.until(lambda: running.checks()[1]["running"]["ok"] is False)
        running.signal(signal.SIGTERM)
        status, _ = running.end(seconds=4)
        assert status == 0
        assert not any(alive(pid) for pid in pids)


class TestCrashingChildren:
    @pytest.fixture
    def bare_site(self, bare_site: Site) -> Site:
        (bare_site.paths.run / "behaviour").write_text("crash at start")
        return bare_site

    def test_they_are_tried_again_with_a_growing_pause(self, running: Running) -> None:
        assert running.process.stderr
        pauses: list[float] = []
        for line in running.process.stderr:
            if '"kind": "worker"' in line and "child ended" in line:
                pauses.append(float(line.split('"seconds": ')[1].split(",")[0].rstrip("}\n")))
            if len(pauses) == 3:
                break
        assert pauses == [0.25, 0.5, 1.0]
