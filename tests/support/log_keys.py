"""A log key for sites that tests put together by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys.site import generate_log_key

if TYPE_CHECKING:
    from pathlib import Path


def give_log_key(site: Path) -> None:
    """Put ``keys/log.key`` and ``keys/log.pub`` into the site."""
    secret, public = generate_log_key()
    (site / "keys").mkdir(exist_ok=True)
    (site / "keys" / "log.key").write_bytes(secret)
    (site / "keys" / "log.pub").write_bytes(public)
