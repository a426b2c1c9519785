"""``lazaretto scan``: one object a file, and an exit status that a script can use."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from config.policy import shipped_directory
from gateway.cli.main import main

CLEAN = b"site,claims\nnorth,12\nsouth,40\n"
LEAK = CLEAN + b"west,see SSN 219-09-8765\n"


@pytest.fixture
def clean(tmp_path: Path) -> str:
    path = tmp_path / "clean.csv"
    path.write_bytes(CLEAN)
    return str(path)


@pytest.fixture
def leak(tmp_path: Path) -> str:
    path = tmp_path / "leak.csv"
    path.write_bytes(LEAK)
    return str(path)


def test_a_clean_file_is_status_0(clean: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--contract", "totals", clean]) == 0
    assert capsys.readouterr().out.startswith("RELEASE")


def test_one_object_a_file_in_the_order_of_the_call(
    clean: str, leak: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "--contract", "totals", "--json", leak, clean]) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], first["verdict"]) == (leak, "hold")
    assert (second["file"], second["verdict"], second["findings"]) == (clean, "release", [])
    [found] = first["findings"]
    assert found["category"] == "ssn"
    assert LEAK[found["offset"] :][: found["length"]] == b"219-09-8765"


def test_people_see_reason_place_and_shape(leak: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--contract", "totals", leak]) == 1
    out = capsys.readouterr().out
    assert re.search(r"Social Security number +row 4 column B, free text +###-##-#### ", out)
    assert "219-09-8765" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--contract", "total"], "did you mean 'totals'"),
        (["--contract", "totals", "--policy", "nowhere"], "no directory nowhere"),
    ],
)
def test_a_wrong_call_is_status_2_and_says_what_to_do(
    clean: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", *arguments, clean]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_stops_the_call_before_any_scan(
    clean: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "--contract", "totals", clean, str(tmp_path / "none")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no file" in captured.err


def test_a_site_s_own_policy_decides(
    clean: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(shipped_directory(), policy)
    own = "contract: mine\nformats: [text/plain]\nuninspectable: refuse\n"
    (policy / "contracts" / "mine.yaml").write_text(own)
    assert main(["scan", "--contract", "mine", "--policy", str(policy), "--json", clean]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "refuse"


def test_a_faulty_policy_is_status_2(
    clean: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(shipped_directory(), policy)
    (policy / "contracts" / "mine.yaml").write_text("contract: mine\nformats: 3\n")
    assert main(["scan", "--contract", "totals", "--policy", str(policy), clean]) == 2
    assert "mine.yaml" in capsys.readouterr().err


def test_sarif_names_rule_file_line_and_bytes_and_no_value(
    clean: str, leak: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "--contract", "totals", "--sarif", leak, clean]) == 1
    out = capsys.readouterr().out
    log = json.loads(out)
    [run] = log["runs"]
    [result] = run["results"]
    assert log["version"] == "2.1.0"
    assert [a["properties"]["verdict"] for a in run["artifacts"]] == ["hold", "release"]
    assert (
        run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "phi/ssn"
    )
    assert result["level"] == "error"
    [location] = result["locations"]
    region = location["physicalLocation"]["region"]
    assert region["startLine"] == 4
    assert LEAK[region["byteOffset"] :][: region["byteLength"]] == b"219-09-8765"
    assert location["physicalLocation"]["artifactLocation"]["uri"] == f"file://{leak}"
    assert "219" not in out
    assert "###" not in out


def test_sarif_names_what_could_not_be_inspected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no thing.bin"
    path.write_bytes(b"")
    assert main(["scan", "--contract", "totals", "--sarif", str(path)]) == 1
    [result] = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["ruleId"] == "uninspectable/empty"
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("no%20thing.bin")


def test_an_earlier_finding_has_the_same_fingerprint_in_a_later_log(
    leak: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prints = []
    for _ in range(2):
        main(["scan", "--contract", "totals", "--sarif", leak])
        [result] = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        prints.append(result["partialFingerprints"])
    assert prints[0] == prints[1]
