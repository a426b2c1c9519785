"""The curve keeps the order of findings and the side of the line that they are on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contracts import Rules
from dlp.detect.calibration import calibrated
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Passage

SURE = st.floats(0, 1)


@given(SURE, SURE)
def test_the_order_stays(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= calibrated(low) <= calibrated(high) <= 1


@given(SURE)
def test_no_finding_changes_sides(raw: float) -> None:
    assert (calibrated(raw) >= 0.5) == (raw >= 0.5)


@pytest.mark.parametrize(
    ("raw", "low", "high"), [(0.35, 0.05, 0.2), (0.6, 0.85, 0.95), (0.9, 0.97, 1)]
)
def test_the_curve_is_the_measured_one(raw: float, low: float, high: float) -> None:
    assert low <= calibrated(raw) <= high


def test_a_site_s_own_confidence_stays() -> None:
    pattern = {"name": "case", "category": "other_id", "regex": "CASE-[0-9]{4}", "confidence": 0.6}
    detectors = Detectors(Rules.model_validate({"patterns": [pattern]}), model=lambda: None)
    passage = Passage("see CASE-1234 today", "line 1", Carrier.FREE_TEXT)
    assert [m.confidence for m in detectors.find(passage, Identities())] == [0.6]
