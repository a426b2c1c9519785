"""What telephone and fax numbers, mail addresses and URLs look like in fields that hold them."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Category

_NUMBER: Final = r"(?!\d{3}-\d\d-\d{4})[+(]*\d[\d()+. /-]{3,24}(?:(?:x|ext\.?|;ext=) ?\d{1,6})?"
_SHAPES: Final = {
    Category.PHONE: re.compile(rf"(?:tel:|sms:)?\s*{_NUMBER}", re.IGNORECASE),
    Category.FAX: re.compile(rf"(?:fax:|tel:)?\s*{_NUMBER}", re.IGNORECASE),
    Category.EMAIL: re.compile(r"(?:mailto:)?\s*[^\s@]{1,64}@[^\s@]{1,255}", re.IGNORECASE),
    Category.URL: re.compile(r"\S{1,400}"),
}


def fits(category: Category, text: str) -> bool:
    """Whether a value is what its field holds; true for what is no contact."""
    shape = _SHAPES.get(category)
    return shape is None or shape.fullmatch(text.strip()) is not None
