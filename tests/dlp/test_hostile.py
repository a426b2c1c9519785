"""Small ones of the files that ``bench/robust.py`` measures: each is named, or reported in full."""

from __future__ import annotations

import io

import pytest

from bench.hostile import CASES
from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect

ANY = Contract.model_validate({"contract": "any", "formats": ["*"]})
SHARE = 0.01
LARGER = {"gzip, 10 GiB": 0.001, "CSV, a million columns": 0.05, "tar, 500,000 members": 0.03,
          "ZIP, overlapping members": 0.2, "PNG of 60,000 x 60,000": 0.3,
          "PDF, 1 GiB in one stream": 0.2, "X12, a million elements": 0.03}  # fmt: skip
"""What is no harm yet at a hundredth of its size, or more than a test needs."""


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_named_for_what_it_is(name: str) -> None:
    case = CASES[name]
    rules = Rules.model_validate({"patterns": case.patterns})
    source = io.BytesIO(b"".join(case.make(LARGER.get(name, SHARE))))
    detectors = Detectors(rules, model=lambda: None)
    report = inspect(source, case.file, ANY, rules, Budget(), detectors=detectors)
    named = {str(trouble.obstacle) for trouble in report.uninspectable}
    assert not named & {"parser-crash", "out-of-memory", "timeout"}
    assert named & case.obstacles if case.obstacles else True
