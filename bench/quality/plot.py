"""The calibration plot, as SVG: confidence against the share that is right, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

EDGES: Final = (0.05, 0.1, 0.2, 0.5, 0.88, 0.95, 0.98, 0.987, 1.01)
_SIZE, _LEFT, _TOP = 360, 56, 24
_STYLE: Final = (
    "text{font:12px sans-serif;fill:#333}.axis{stroke:#999}.ideal{stroke:#bbb;stroke-dasharray:5 4}"
    ".bar{stroke:#1f6f8b;stroke-width:2}.dot{fill:#1f6f8b}.line{fill:#f4f4f4}"
)


class Bin(NamedTuple):
    """Findings of about one confidence.

    Attributes:
        sure: Their mean confidence.
        right: The share that is right.
        low: Of its interval.
        high: Of its interval.
        number: How many they are.
    """

    sure: float
    right: float
    low: float
    high: float
    number: int


def svg(bins: Sequence[Bin], threshold: float) -> str:
    """The plot; the part where nothing is decided is shaded."""
    parts = [*_frame(threshold), *(mark for each in bins for mark in _marks(each))]
    width, height = _SIZE + _LEFT + 24, _SIZE + _TOP + 48
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="Calibration of confidence">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _x(value: float) -> float:
    return round(_LEFT + _SIZE * value, 1)


def _y(value: float) -> float:
    return round(_TOP + _SIZE * (1 - value), 1)


def _frame(threshold: float) -> list[str]:
    shaded = f'width="{_x(threshold) - _LEFT}" height="{_SIZE}"'
    parts = [f'<rect class="line" x="{_LEFT}" y="{_TOP}" {shaded}/>']
    parts.append(f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>')
    for step in range(6):
        at = step / 5
        parts.append(f'<path class="axis" d="M{_x(at)} {_y(0)}v5M{_x(0)} {_y(at)}h-5"/>')
        parts.append(f'<text x="{_x(at)}" y="{_y(0) + 20}" text-anchor="middle">{at:g}</text>')
        parts.append(f'<text x="{_x(0) - 10}" y="{_y(at) + 4}" text-anchor="end">{at:.0%}</text>')
    parts.append(f'<path class="axis" fill="none" d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}"/>')
    parts.append(f'<text x="{_x(0.5)}" y="{_y(0) + 40}" text-anchor="middle">confidence</text>')
    parts.append(f'<text x="{_LEFT + 8}" y="{_TOP - 8}">findings that are right</text>')
    parts.append(f'<text x="{_LEFT + 8}" y="{_TOP + 18}">reported, decides nothing</text>')
    return parts


def _marks(each: Bin) -> list[str]:
    x = _x(each.sure)
    return [
        f'<path class="bar" d="M{x} {_y(each.low)}V{_y(each.high)}"/>',
        f'<circle class="dot" cx="{x}" cy="{_y(each.right)}" r="4"/>',
    ]
