"""Much of it: the edge holds back or closes, and its memory stays within the bound."""

from __future__ import annotations

import pytest

from tests.hostile.floods import FLOODS, Act, outcome
from tests.hostile.target import Target


@pytest.mark.parametrize(("act", "expected"), [pytest.param(a, e, id=n) for n, a, e in FLOODS])
def test_flood(target: Target, act: Act, expected: str) -> None:
    assert outcome(target, act) in expected.split("|")
    assert target.settled()["busy"] == 0
    assert target.strange() == []
