"""The bulk path: claims by the megabyte, checked by one automaton and counted by column.

What it takes is what the walker (:mod:`dlp.parse.x12.parser`) would report as nothing but fields
that hold what their position says; all else is left to the walker, segment by segment.
"""

from dlp.parse.x12.bulk.columns import CodeBook
from dlp.parse.x12.bulk.layout import Layout
from dlp.parse.x12.bulk.stretch import Stretch, shipped
from dlp.parse.x12.bulk.where import CLAIMS, MOST_ODD, is_worthwhile, plain_runs

__all__ = [
    "CLAIMS",
    "MOST_ODD",
    "CodeBook",
    "Layout",
    "Stretch",
    "is_worthwhile",
    "plain_runs",
    "shipped",
]
