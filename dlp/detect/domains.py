"""Mail domains."""

from __future__ import annotations

from collections.abc import Collection


def is_below(domain: str, domains: Collection[str]) -> bool:
    """Whether a mail domain is one of some, or below one.

    Args:
        domain: As written.
        domains: In lower case.
    """
    parts = domain.lower().strip(".").split(".")
    return any(".".join(parts[start:]) in domains for start in range(min(len(parts), 20)))
