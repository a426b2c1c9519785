"""Fixed-width headers: of a transmission (Telecommunication D.0) and of a batch (1.2).

Their fields touch, so that read as one text a number in one of them is part of a longer word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.parse.misplaced import has_ssn

_CODES: Final = r"([A-Z0-9]{2})([A-Z][0-9])"
"""Version and transaction code."""
_PROVIDER: Final = r"([A-Z0-9 ]{2})(.{15})([0-9]{8})"
_REQUEST: Final = rf"([0-9]{{6}}){_CODES}(.{{10}})([0-9]){_PROVIDER}(.{{0,10}})"
_RESPONSE: Final = rf"{_CODES}([0-9])([A-Z]){_PROVIDER}"
_FORMS: Final = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        r"(00)([TRE])(.{24})([0-9]{7})([0-9]{12})([PT])([A-Z0-9]{2})(.{24})",
        rf"(G1)(.{{10}}){_REQUEST}",
        rf"(G1)(.{{10}}){_RESPONSE}",
        r"(99)([0-9]{7})([0-9]{10})(.{0,35})",
        _REQUEST,
        _RESPONSE,
    )
)
"""Segments 00, G1 and 99 of a batch, and a request's and a response's header."""


_ID: Final = re.compile(r" *(?=[A-Za-z.-]*[0-9])[A-Za-z0-9.-]* *")


def parts(text: str) -> Iterator[tuple[str, int]]:
    """The fields of a header that hold more than an id of a sender, a processor or a pharmacy.

    Returns:
        Each and where it begins; a text that is no header comes whole.
    """
    start = len(text) - len(text.lstrip("\x02\r\n"))
    found = next(filter(None, (form.fullmatch(text, start) for form in _FORMS)), None)
    if found is None:
        yield text, 0
        return
    for group in range(1, len(found.groups()) + 1):
        if has_ssn(found[group]) or not _ID.fullmatch(found[group]):
            yield found[group], found.start(group)
