"""What looks like an identifier and is none: evidence that outweighs a detector's guess."""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

from collections.abc import Iterator

import re2

from dlp.detect import checksums
from dlp.detect.context import near_words, words_before
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, compile_bounded, spans

_GUID = re2.compile(
    rb"(?i)(?:^|[^0-9a-z])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:[^0-9a-z]|$)"
)
_HEX = re2.compile(rb"(?i)(?:^|[^0-9a-z])([0-9a-f]{32,128})(?:[^0-9a-z]|$)")
_STAMP = re2.compile(
    rb"(?:^|[^0-9A-Za-z])((?:1[0-9]{9}|1[0-9]{12})|[12][0-9]{3}[01][0-9][0-3][0-9][ T_]?[0-2][0-9][0-5][0-9][0-5][0-9][0-9]{0,6})(?:[^0-9A-Za-z]|$)"
)
_NPI = compile_bounded(r"[12][0-9]{9}")
_NDC = compile_bounded(r"[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}")
_SCREEN = Screen((_GUID, _HEX, _STAMP, _NPI, _NDC))
_NPI_WORDS = frozenset(
    {"npi", "provider", "physician", "rendering", "referring", "billing", "facility"}
)
_ACCOUNTS = frozenset({"acct", "account", "no", "number", "mrn", "chart", "member", "id"})
"""Words for numbers that may be shaped as a drug's: "acct no: 3310-4471-02"."""
_STAMP_WORDS = frozenset({"timestamp", "epoch", "ts", "created", "updated", "time", "at"})
_CALL_WORDS = frozenset({"phone", "tel", "cell", "mobile", "ph", "call", "fax"})


def find_against(reading: Reading) -> Iterator[tuple[int, int]]:
    """Places that no guess may stand on: GUIDs, digests, time stamps, NPIs, NDCs."""
    data = reading.data
    if not _SCREEN.among(data):
        return
    yield from spans(_GUID, data)
    yield from spans(_HEX, data)
    for start, end in spans(_NDC, data):
        if _ACCOUNTS.isdisjoint(words_before(reading, start)[-2:]):
            yield start, end
    for start, end in spans(_STAMP, data):
        if end - start > 13 or near_words(reading, start, end, _STAMP_WORDS):  # noqa: PLR2004 - a written-out stamp
            yield start, end
    for start, end in spans(_NPI, data):
        # A provider's identifier is public, and one ten-digit number in ten passes its check.
        if checksums.npi(reading.folded[start:end]) and (
            near_words(reading, start, end, _NPI_WORDS)
            or not near_words(reading, start, end, _CALL_WORDS)
        ):
            yield start, end
