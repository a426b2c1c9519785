"""Which version runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def running() -> str:
    """The installed version, or ``0+source`` when run from a tree that isn't installed."""
    try:
        return version("lazaretto")
    except PackageNotFoundError:
        return "0+source"
