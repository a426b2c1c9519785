"""What a gateway is made of: locked, without known advisories, and listed with licences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit import check
from audit.locks import ROOT, Pin, floors, outdated, pins
from audit.sbom import bill

LOCKS = sorted(ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_by_hash(lock: Path) -> None:
    found = list(pins(lock))
    assert found
    assert all(pin.hashes for pin in found)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_is_newer_than_its_known_advisories(lock: Path) -> None:
    assert outdated({pin.name: pin for pin in pins(lock)}) == []


def test_a_package_below_its_floor_is_named_with_the_advisory() -> None:
    (said,) = outdated({"asyncssh": Pin("asyncssh", "2.14.0", ())})
    assert "asyncssh 2.14.0" in said
    assert "CVE-2023-46446" in said


def test_most_floors_are_of_packages_that_we_use() -> None:
    locked = {pin.name for lock in LOCKS for pin in pins(lock)}
    assert {"asyncssh", "aiohttp", "cryptography", "pillow", "pyyaml"} <= locked
    assert sum(floor.name in locked for floor in floors()) >= 12


def test_what_was_not_asked_does_not_pass_for_audited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "ask", lambda _lock: "unanswered")
    assert check.main() == check.UNANSWERED
    assert "NOT AUDITED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], "none"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}], "known"),
        ([{"name": "a", "skip_reason": "not found on PyPI"}], "unanswered"),
        ([], "unanswered"),
    ],
)
def test_a_package_that_the_service_does_not_know_is_not_audited(
    packages: list[dict[str, object]], expected: str
) -> None:
    assert check.verdict("requirements.txt", packages) == expected


def test_the_bill_of_materials_is_whole_and_the_same_each_time() -> None:
    made = bill()
    assert json.dumps(made) == json.dumps(bill())
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    names = {component["name"] for component in made["components"]}
    assert names == {pin.name for pin in pins(ROOT / "requirements.txt")} | {
        pin.name for pin in pins(ROOT / "requirements-model.txt")
    }
    assert all(component["hashes"] for component in made["components"])
    licensed = [component for component in made["components"] if "licenses" in component]
    assert len(licensed) >= 0.9 * len(made["components"])
