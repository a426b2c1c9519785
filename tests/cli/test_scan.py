"""``lazaretto scan``: one object a file, and an exit status that a script can use."""

from __future__ import annotations

import json
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
    assert "release" in capsys.readouterr().out


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
    assert "Social Security number in free text at row 4 column B" in out
    assert "###-##-####" in out
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
