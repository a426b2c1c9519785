"""Every vector says what it expects; positives by exact text, negatives by silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Match, Passage

VECTORS = Path(__file__).parents[1] / "vectors" / "detect"
DECIDES = 0.5


def _load(name: str) -> list[Any]:
    loaded: list[Any] = yaml.safe_load((VECTORS / name).read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    return Detectors(Rules())


def _find(detectors: Detectors, text: str) -> list[Match]:
    passage = Passage(text, "here", Carrier.FREE_TEXT)
    return [m for m in detectors.find(passage, Identities()) if m.confidence >= DECIDES]


@pytest.mark.parametrize(
    ("text", "expected"), _load("positives.yaml"), ids=[v[0] for v in _load("positives.yaml")]
)
def test_text_with_identifiers_gives_each_of_them(
    detectors: Detectors, text: str, expected: list[list[str]]
) -> None:
    found = [[m.category.value, text[m.start : m.end]] for m in _find(detectors, text)]

    assert found == expected


@pytest.mark.parametrize("text", _load("negatives.yaml"))
def test_text_without_identifiers_gives_none(detectors: Detectors, text: str) -> None:
    found = [(m.category.value, text[m.start : m.end], m.detector) for m in _find(detectors, text)]

    assert found == []
