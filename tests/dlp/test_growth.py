"""Hostile texts come to their end; ``bench/growth.py`` measures how their cost grows."""

from __future__ import annotations

import io

import pytest

from bench.growth import CASES, text
from config.contracts import Pattern, Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.identify import identify
from dlp.model import Carrier, DlpError, Passage

pytestmark = pytest.mark.timeout(60)
"""Each takes about a second; what a text makes hang takes for ever."""


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_text_is_read_to_its_end(name: str) -> None:
    case = CASES[name]
    case.read(text(case, case.size))


@pytest.mark.parametrize("regex", ["(a+)+$", "(a|aa)+b", "a(.*z)?", "(a*a*a*)*b|a"])
def test_a_site_s_own_pattern_is_refused_or_comes_to_its_end(regex: str) -> None:
    rules = Rules(patterns=(Pattern(name="slow", category="other_id", regex=regex),))
    try:
        detectors = Detectors(rules)
    except DlpError:
        return
    detectors.find(Passage("a" * 50_000, "here", Carrier.FREE_TEXT), Identities())


def test_comments_without_end_before_a_page_are_told() -> None:
    assert identify(io.BytesIO(b"<!---->" * 9_000 + b"x"), "").format
