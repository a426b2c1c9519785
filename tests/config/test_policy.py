from __future__ import annotations

from pathlib import Path

import pytest

from config.faults import ConfigError, Fault
from config.policy import load_policy, load_rules, shipped_policy


def faults(root: Path) -> list[Fault]:
    with pytest.raises(ConfigError) as caught:
        load_policy(root)
    return list(caught.value.faults)


def test_a_sound_policy_is_read(policy_dir: Path) -> None:
    policy = load_policy(policy_dir)
    route = policy.routes["claims-to-acme"]
    assert (route.senders, route.to, route.original_name) == (("clinic",), "acme", "withheld")
    assert policy.contract_of("claims-to-acme").formats == ("x12/837P",)


def test_the_faults_of_every_file_are_reported_at_once(policy_dir: Path) -> None:
    (policy_dir / "routes.yaml").write_text("routes:\n  a: {from: [x], contract: claims}\n")
    (policy_dir / "rules.yaml").write_text("patterns: [{name: a, category: ssn, regex: '('}]\n")
    (policy_dir / "contracts" / "b.yaml").write_text("contract: b\nformats: []\n")
    assert [(fault.file, fault.path) for fault in faults(policy_dir)] == [
        ("contracts/b.yaml", "formats"),
        ("routes.yaml", "routes.a.to"),
        ("rules.yaml", "patterns[0].regex"),
    ]


def test_a_route_to_a_contract_that_does_not_exist_is_refused_with_the_nearest(
    policy_dir: Path,
) -> None:
    text = "routes:\n  a:\n    from: [x]\n    to: y\n    contract: clams\n"
    (policy_dir / "routes.yaml").write_text(text)
    (fault,) = faults(policy_dir)
    assert (fault.line, fault.path, fault.fix) == (5, "routes.a.contract", "did you mean 'claims'?")


def test_two_contracts_of_one_name_are_refused(policy_dir: Path) -> None:
    (policy_dir / "contracts" / "other.yaml").write_text("contract: claims\nformats: [x]\n")
    (fault,) = faults(policy_dir)
    assert (fault.file, fault.path) == ("contracts/other.yaml", "contract")
    assert "contracts/claims.yaml" in fault.problem


def test_two_routes_of_one_name_are_refused(policy_dir: Path) -> None:
    text = (policy_dir / "routes.yaml").read_text()
    (policy_dir / "routes.yaml").write_text(text + text.split("\n", 1)[1])
    assert [fault.line for fault in faults(policy_dir)] == [6]


@pytest.mark.parametrize("name", ["a/b", "A", "..", "", "a b", "x" * 64])
def test_a_route_name_that_is_no_plain_word_is_refused(policy_dir: Path, name: str) -> None:
    text = f"routes:\n  '{name}': {{from: [x], to: y, contract: claims}}\n"
    (policy_dir / "routes.yaml").write_text(text)
    assert faults(policy_dir)


def test_a_route_that_nobody_may_use_is_refused(policy_dir: Path) -> None:
    (policy_dir / "routes.yaml").write_text("routes: {a: {from: [], to: y, contract: claims}}")
    (fault,) = faults(policy_dir)
    assert fault.path == "routes.a.from"


def test_a_missing_file_is_a_fault_and_never_an_empty_policy(policy_dir: Path) -> None:
    (policy_dir / "rules.yaml").unlink()
    (fault,) = faults(policy_dir)
    assert fault.file == "rules.yaml"


def test_a_policy_without_contracts_is_refused(policy_dir: Path) -> None:
    (policy_dir / "contracts" / "claims.yaml").unlink()
    assert any(fault.file == "contracts" for fault in faults(policy_dir))


def test_the_key_of_the_findings_hash_is_never_taken_from_a_file(policy_dir: Path) -> None:
    (policy_dir / "rules.yaml").write_text("digest_key: abc\n")
    (fault,) = faults(policy_dir)
    assert fault.path == "digest_key"


def test_the_digest_changes_with_any_byte_of_any_file(policy_dir: Path) -> None:
    digests = {load_policy(policy_dir).digest}
    for name in ("routes.yaml", "rules.yaml", "contracts/claims.yaml"):
        path = policy_dir / name
        path.write_text(path.read_text() + "# a comment\n")
        digests.add(load_policy(policy_dir).digest)
    assert len(digests) == 4


def test_the_digest_does_not_depend_on_where_the_files_are(
    policy_dir: Path, tmp_path: Path
) -> None:
    digest = load_policy(policy_dir).digest
    assert load_policy(policy_dir.rename(tmp_path / "elsewhere")).digest == digest


def test_the_rules_can_be_checked_alone(policy_dir: Path) -> None:
    (policy_dir / "routes.yaml").write_text("broken: [")
    assert load_rules(policy_dir).patterns == ()


def test_the_shipped_policy_has_every_contract_of_the_design_and_no_route() -> None:
    policy = shipped_policy()
    assert not policy.routes
    assert set(policy.contracts) >= {
        "claims", "remittance", "eligibility", "claim-status", "prior-auth", "enrollment",
        "premium", "acknowledgements", "pharmacy", "clinical-hl7", "clinical-fhir",
        "clinical-ccda", "roster", "totals", "no-phi",
    }  # fmt: skip
