"""PINs and tokens: from a file for the gateway alone, or from the environment."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from keys.sealer import KekError


def secret(path: Path | None, variable: str, what: str) -> str:
    """The text in the file, or of the environment variable if there is none.

    Raises:
        KekError: It is missing, empty, or open to others; the message holds nothing of it.
    """
    if path is None:
        found = os.environ.get(variable, "")
        where = f"the environment variable {variable}"
    else:
        found, where = _read(path, what), str(path)
    if not found.strip():
        raise KekError(f"there is no {what} in {where}")
    return found.strip()


def _read(path: Path, what: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KekError(f"the {what} in {path} is open to others: run `chmod 600 {path}`")
            return file.read(65_536)
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not text"
        raise KekError(f"the {what} in {path} can't be read: {said}") from None
