"""Every reader has a valid file that fuzzing starts from."""

from __future__ import annotations

import io
from fnmatch import fnmatchcase

import pytest

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import NotReadableError
from dlp.readers import formats, reader
from fuzz.seeds import SEEDS

# What these hold must be damaged or encrypted to be small; their readers say so.
NAMED = ("office/xls", "office/encrypted")


@pytest.mark.parametrize("fmt", formats())
def test_every_format_that_is_read_has_a_seed(fmt: str) -> None:
    assert any(fnmatchcase(seed, fmt) for seed in SEEDS)


@pytest.mark.parametrize("fmt", [fmt for fmt in SEEDS if fmt not in NAMED])
def test_a_seed_is_read_to_its_end(fmt: str) -> None:
    content = Content(io.BytesIO(SEEDS[fmt]()), "a", fmt)
    try:
        list(reader(fmt)(content, Meter(Budget())))
    except NotReadableError as error:
        pytest.fail(f"{fmt}: {error}")
