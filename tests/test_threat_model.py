"""What the threat model says is shown by tests is shown by tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.support import attempts

ROOT: Final = Path(__file__).parent.parent
MODEL: Final = (ROOT / "docs" / "threat-model.md").read_text()
NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/.]+\.py)::(\w+)`", MODEL)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert name in {node.name for node in tree.body if isinstance(node, functions)}


def test_nothing_is_named_in_another_form() -> None:
    """So that no name escapes the test above."""
    files = re.findall(r"`tests/[^`]+`", MODEL)
    assert len(files) >= 30
    assert all(re.fullmatch(r"`tests/[\w/.]+\.py(::\w+)?`", name) for name in files)
    assert all((ROOT / name.strip("`").partition("::")[0]).exists() for name in files)


def test_every_threat_is_answered() -> None:
    rows = [line.split(" | ") for line in MODEL.splitlines() if line.startswith("| ")]
    of_threats = [row for row in rows if len(row) == 4 and not row[0].startswith("| who")]
    assert len(of_threats) >= 20
    assert all(cell.strip(" |") for row in of_threats for cell in row)


@pytest.mark.parametrize(
    "breach",
    ["Accellion", "CVE-2023-34362", "CVE-2023-0669", "CVE-2024-4040", "CVE-2025-31161",
     "CVE-2024-50623", "CVE-2024-55956", "CVE-2023-43208", "CVE-2023-46446", "CVE-2023-48795"],
)  # fmt: skip
def test_the_public_breaches_are_looked_at(breach: str) -> None:
    assert breach in MODEL


def test_the_list_of_attempts_is_what_is_attempted(tmp_path: Path) -> None:
    made = [
        *attempts.of_files(tmp_path / "key", 1), *attempts.of_sockets(), *attempts.of_processes(1),
        *attempts.of_memory(), *attempts.CALLS,
    ]  # fmt: skip
    listed = re.search(r"\| what \| attempts \((\d+)\) \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", MODEL)
    assert listed
    assert int(listed[1]) == len(made)
    rows = (row.split(" | ")[1].removesuffix(" |") for row in listed[2].splitlines())
    assert [name for row in rows for name in row.split(", ")] == made
