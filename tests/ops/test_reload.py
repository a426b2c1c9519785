from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from config.faults import ConfigError
from config.policy import Policy
from gateway.accepted import accept, archived, in_force
from gateway.site import Site
from tests.support.running import Running


def reload(running: Running) -> dict[str, Any]:
    before = running.state()["reloads"]
    running.signal(signal.SIGHUP)
    return dict(running.until(lambda: (s := running.state())["reloads"] > before and s))


def test_a_good_reload_is_taken_up_by_every_child(running: Running) -> None:
    before = running.state()["policy"]
    path = running.site.paths.policy / "rules.yaml"
    path.write_text("not_phi: [Acme Health]\n")
    after = reload(running)
    assert after["policy"] == running.site.load_policy().digest != before
    assert after["refused"] == []


def test_a_bad_reload_keeps_the_running_policy_and_names_every_fault(running: Running) -> None:
    before = running.state()["policy"]
    (running.site.paths.policy / "rules.yaml").write_text("patterns: 3\nnope: 1\n")
    (running.site.paths.policy / "routes.yaml").write_text("routes: [")
    after = reload(running)
    assert after["policy"] == before == in_force(running.site.paths.run).digest
    assert len(after["refused"]) == 3
    running.signal(signal.SIGTERM)
    _, lines = running.end()
    assert sorted(line["fault"].split(":")[0] for line in lines if "fault" in line) == [
        "routes.yaml", "rules.yaml", "rules.yaml",
    ]  # fmt: skip


def test_a_child_that_restarts_after_a_bad_reload_serves_by_the_policy_in_force(
    running: Running,
) -> None:
    worker = running.pid_of("worker")
    (running.site.paths.policy / "rules.yaml").write_text("nope: 1\n")
    reload(running)
    os.kill(worker, signal.SIGKILL)
    running.until(lambda: running.pid_of("worker") != worker)
    running.until(lambda: running.checks()[0] == 200)


def accepted(site: Site) -> Policy:
    return accept(site.paths.policy, site.paths.policies, site.paths.run)


def test_what_is_in_force_is_a_copy_that_edits_do_not_reach(bare_site: Site) -> None:
    policy = accepted(bare_site)
    (bare_site.paths.policy / "rules.yaml").write_text("nope: 1\n")
    assert in_force(bare_site.paths.run) == policy


def test_a_refused_policy_leaves_no_draft(bare_site: Site) -> None:
    (bare_site.paths.policy / "rules.yaml").write_text("nope: 1\n")
    with pytest.raises(ConfigError):
        accepted(bare_site)
    assert not list(bare_site.paths.policies.iterdir())


def test_every_policy_that_was_in_force_can_be_read_later(bare_site: Site) -> None:
    policies = []
    for number in range(4):
        (bare_site.paths.policy / "rules.yaml").write_text(f"not_phi: [a{number}]\n")
        policies.append(accepted(bare_site))
    assert in_force(bare_site.paths.run) == policies[-1]
    kept = [archived(bare_site.paths.policies / policy.digest) for policy in policies]
    assert kept == policies


def test_a_copy_that_somebody_changed_is_refused_and_the_next_start_mends_it(
    bare_site: Site,
) -> None:
    policy = accepted(bare_site)
    (bare_site.paths.policies / policy.digest / "rules.yaml").write_text("not_phi: [x]\n")
    with pytest.raises(ConfigError, match="somebody changed it"):
        in_force(bare_site.paths.run)
    assert accepted(bare_site) == in_force(bare_site.paths.run) == policy
