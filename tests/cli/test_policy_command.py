from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import template
from gateway.accepted import accept
from tests.support.commands import Command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Settings and policy: what these commands read."""
    for directory in ("keys/edge", "run", "policy/contracts"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "lazaretto.yaml").write_text(template())
    for name in ("tls.crt", "tls.key"):
        (tmp_path / "keys" / "edge" / name).write_text("")
    (tmp_path / "policy/routes.yaml").write_text(
        "routes:\n  a: {from: [clinic], to: acme, contract: claims}\n"
    )
    (tmp_path / "policy/rules.yaml").write_text("not_phi: [Acme]\n")
    (tmp_path / "policy/contracts/claims.yaml").write_text("contract: claims\nformats: ['*']\n")
    return tmp_path


_KNOWN = "names_model, not_phi, patterns, protected_codes, staff_domains"


def test_check_passes_a_sound_policy(site: Path, run: Command) -> None:
    outcome = run("policy", "check", "--site", site, "--json")
    assert outcome.status == 0
    assert (outcome.json["routes"], outcome.json["contracts"]) == (1, 1)


def test_check_lists_every_fault_with_file_line_and_fix(site: Path, run: Command) -> None:
    (site / "policy/routes.yaml").write_text("routes:\n  a: {from: [x], to: y, contract: clams}\n")
    (site / "policy/rules.yaml").write_text("nope: 1\n")
    outcome = run("policy", "check", "--site", site, "--json")
    assert outcome.status == 1
    assert [(f["file"], f["line"], f["fix"]) for f in outcome.json["faults"]] == [
        ("routes.yaml", 2, "did you mean 'claims'?"),
        ("rules.yaml", 1, f"remove it; known are {_KNOWN}"),
    ]


def test_check_takes_a_directory_of_no_site(site: Path, run: Command) -> None:
    assert run("policy", "check", "--policy", site / "policy").status == 0


def test_show_names_routes_and_contracts(site: Path, run: Command) -> None:
    outcome = run("policy", "show", "--site", site)
    assert "clinic" in outcome.out
    assert "claims" in outcome.out


def test_show_gives_the_policy_as_json_without_any_key(site: Path, run: Command) -> None:
    shown = run("policy", "show", "--site", site, "--json").json
    assert shown["routes"]["a"]["from"] == ["clinic"]
    assert "digest_key" not in shown["rules"]


def test_show_finds_a_policy_that_was_in_force(site: Path, run: Command) -> None:
    (site / "data").mkdir()
    old = accept(site / "policy", site / "data/policies", site / "run").digest
    (site / "policy/rules.yaml").write_text("not_phi: [Other]\n")
    accept(site / "policy", site / "data/policies", site / "run")
    shown = run("policy", "show", "--site", site, "--digest", old[:12], "--json").json
    assert (shown["digest"], shown["rules"]["not_phi"]) == (old, ["Acme"])


@pytest.mark.parametrize("digest", ["", "*", "..", "ffffffffffff"])
def test_a_digest_that_names_no_policy_is_refused(site: Path, run: Command, digest: str) -> None:
    outcome = run("policy", "show", "--site", site, "--digest", digest or "*")
    assert outcome.status == 2


def test_reload_of_a_gateway_that_does_not_run_says_so(site: Path, run: Command) -> None:
    outcome = run("policy", "reload", "--site", site)
    assert outcome.status == 1
    assert "doesn't run" in outcome.err


def test_reload_lists_the_faults_before_anything_else(site: Path, run: Command) -> None:
    (site / "policy/rules.yaml").write_text("nope: 1\n")
    outcome = run("policy", "reload", "--site", site)
    assert outcome.status == 1
    assert "rules.yaml:1" in outcome.err


def test_rules_check_looks_at_the_rules_alone(site: Path, run: Command) -> None:
    (site / "policy/routes.yaml").write_text("broken: [")
    assert run("rules", "check", "--site", site).status == 0
    (site / "policy/rules.yaml").write_text("patterns: [{name: a, category: ssn, regex: '('}]")
    assert run("rules", "check", "--site", site).status == 1


def test_a_directory_that_is_no_site_is_a_wrong_call(tmp_path: Path, run: Command) -> None:
    outcome = run("policy", "check", "--site", tmp_path)
    assert outcome.status == 2
    assert "lazaretto init" in outcome.err


def test_faults_in_the_settings_are_shown_without_a_traceback(site: Path, run: Command) -> None:
    (site / "lazaretto.yaml").write_text("sftp: {prot: 3}\nnope: 1\n")
    outcome = run("policy", "reload", "--site", site)
    assert outcome.status == 1
    assert outcome.err.startswith("lazaretto: 2 faults in the configuration:\nlazaretto.yaml:1")
