"""The expectation of the walks: ``matrix.txt``, read without the code that wrote it."""

from __future__ import annotations

from pathlib import Path


def expected(prefix: str) -> dict[str, dict[str, str]]:
    """Operation to role to cell, of the rows that begin with ``prefix``."""
    head, *lines = (Path(__file__).parent / "matrix.txt").read_text().splitlines()
    roles = head.split()[1:]
    found = {}
    for line in lines:
        words = line.split()
        name, cells = " ".join(words[: -len(roles)]), words[-len(roles) :]
        if name.startswith(prefix):
            found[name] = dict(zip(roles, cells, strict=True))
    return found
