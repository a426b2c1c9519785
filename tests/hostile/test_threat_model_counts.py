"""The threat model says how many attempts there are, and it is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hostile import floods, http_attempts, http_floods, sftp_attempts, ssh_attempts

MODEL = (Path(__file__).parents[2] / "docs" / "threat-model.md").read_text()


@pytest.mark.parametrize(
    ("part", "count"),
    [
        ("SSH below SFTP", len(ssh_attempts.ATTEMPTS)),
        ("SFTP requests", len(sftp_attempts.ATTEMPTS)),
        ("HTTP requests", len(http_attempts.ATTEMPTS)),
        ("floods and slow clients, SSH and SFTP", len(floods.FLOODS)),
        ("floods and slow clients, HTTP", len(http_floods.FLOODS)),
    ],
)
def test_the_counts_are_true(part: str, count: int) -> None:
    found = re.search(rf"^\| {re.escape(part)} \| (\d+) \|", MODEL, re.MULTILINE)
    assert found
    assert int(found[1]) == count
