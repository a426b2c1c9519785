"""A claim file of thousands of patients gives one report, read in bulk or segment by segment."""

from __future__ import annotations

import io

import pytest

from config.contracts import Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Category, Report
from dlp.parse import x12
from tests.support.claims import claim_file

PATIENTS = 2_300
"""More than the birth dates of which any day is somebody's by chance."""


@pytest.fixture(scope="module")
def claims() -> bytes:
    """The claims, with a note after every fortieth patient that speaks of him."""
    lines = claim_file(PATIENTS, 5, notes=0.01).split(b"~\n")
    out: list[bytes] = []
    names = births = 0
    for line in lines:
        out.append(line)
        part = line.split(b"*")
        if line.startswith(b"NM1*IL*1"):
            names, person = names + 1, part
        elif line.startswith(b"DMG") and names % 40 == 0:
            births += 1
            last, first, day = person[3], person[4], part[2]
            date = day[4:6] + b"/" + day[6:] + b"/" + day[:4]
            texts = [
                b"SEEN " + first + b" " + last, b"BORN " + date, b"ON " + date + b" CALLED US",
                b"SPOKE TO " + last[:-1], b"MS " + last + b" " + first[:1] + b".", first + b" CAME",
            ]  # fmt: skip
            out.append(b"NTE*ADD*" + texts[births % len(texts)])
    return b"~\n".join(out)


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    return Detectors(Rules(), model=lambda: None)


def report(data: bytes, detectors: Detectors) -> Report:
    contract = shipped_policy().contracts["claims"]
    budget = Budget(findings=5_000)
    return inspect(io.BytesIO(data), "a.837", contract, Rules(), budget, detectors=detectors)


def test_thousands_of_patients_give_one_report(
    claims: bytes, detectors: Detectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = report(claims, detectors)
    monkeypatch.setattr(x12, "parse", x12.parse_slowly)
    slow = report(claims, detectors)
    assert quick.counts == slow.counts
    assert quick.findings == slow.findings
    assert quick.uninspectable == slow.uninspectable
    assert quick.counts[Category.NAME, False] > PATIENTS / 80
