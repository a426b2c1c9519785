"""From how sure a detector is to how often such findings are right.

Detectors rank what they find; a contract's threshold should mean a probability. The curve is from
the sentences that tune and the public notes (``python -m bench.quality.run --tune``, 4,700
findings): of those between 0.3 and 0.5 one in nine was right, between 0.5 and 0.7 nine in ten,
above 0.7 ninety-nine in a hundred. It crosses 0.5 where it did, so that no decision changes by it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_CURVE: Final = (
    (0.0, 0.0), (0.3, 0.06), (0.4999, 0.18), (0.5, 0.86), (0.7, 0.95), (0.9, 0.985), (1.0, 0.99),
)  # fmt: skip
_RAW: Final = [raw for raw, _ in _CURVE]


def calibrated(confidence: float) -> float:
    """The share of findings of a detector's confidence (0 to 1) that are right."""
    place = min(bisect_right(_RAW, confidence), len(_CURVE) - 1)
    (low, below), (high, above) = _CURVE[place - 1], _CURVE[place]
    return below + (above - below) * (confidence - low) / (high - low)
