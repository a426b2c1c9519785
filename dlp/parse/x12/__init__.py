"""X12: the health care transaction sets of 4010 and 5010 and their acknowledgements."""

from dlp.parse.x12.formats import identify
from dlp.parse.x12.neighbours import side_by_side
from dlp.parse.x12.parser import parse, parse_slowly

__all__ = ["identify", "parse", "parse_slowly", "side_by_side"]
