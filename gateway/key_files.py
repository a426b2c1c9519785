"""Nobody but the gateway may read its secret keys: looked at before it serves."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.site import Site, SiteError
from gateway.staged_keys import present

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def wide(site: Site) -> Iterator[Path]:
    """Secret files and directories that others than their owner can reach.

    Of a key that lies outside the site, a group may be let in: a host's TLS keys are commonly
    handed to services that way.
    """
    directories = (site.paths.keys, site.paths.edge_keys)
    secrets = (path for secret in site.paths.secrets for path in present(secret))
    for path in (*directories, *secrets):
        forbidden = _OTHERS if path.is_relative_to(site.root) else stat.S_IRWXO
        try:
            if path.stat().st_mode & forbidden:
                yield path
        except OSError:
            continue  # whoever reads it says that it is missing


def narrow(path: Path) -> str:
    """The command that closes it to others."""
    return f"chmod {'700' if path.is_dir() else '600'} {path}"


def check_private(site: Site) -> None:
    """See that keys are the gateway's alone.

    Raises:
        SiteError: One isn't; all of them are named.
    """
    found = list(wide(site))
    if found:
        raise SiteError(
            f"open to others than the gateway: {', '.join(map(str, found))}",
            "; ".join(map(narrow, found)) + "; and rotate what others may have read",
        )
