"""What every command shares: how a site is named, how results are written, how it fails."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Final, TypeAlias

from gateway.site import Site

OK: Final = 0
NOT_OK: Final = 1
USAGE: Final = 2

SITE_VARIABLE: Final = "LAZARETTO_SITE"
DEBUG_VARIABLE: Final = "LAZARETTO_DEBUG"

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # argparse gives it no public name


class CliError(Exception):
    """The command can't go on; shown without a traceback.

    Attributes:
        fix: What to do.
        code: Exit status: :data:`NOT_OK`, or :data:`USAGE` if the call was wrong.
    """

    def __init__(self, message: str, fix: str = "", code: int = NOT_OK) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code


def json_argument() -> argparse.ArgumentParser:
    """Parent parser with ``--json``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def site_arguments() -> argparse.ArgumentParser:
    """Parent parser with ``--site``, ``--as`` and ``--json``."""
    parser = argparse.ArgumentParser(add_help=False, parents=[json_argument()])
    parser.add_argument(
        "--site",
        metavar="DIR",
        type=Path,
        default=Path(os.environ.get(SITE_VARIABLE) or "."),
        help=f"the site's directory (default: ${SITE_VARIABLE}, else the present one)",
    )
    parser.add_argument(
        "--as",
        dest="acting_as",
        metavar="WHO",
        default="",
        help="who does this: an account, with what its roles allow, or a name for the log "
        "(default: your login name)",
    )
    return parser


def open_site(args: argparse.Namespace) -> Site:
    """The site that ``--site`` names.

    Raises:
        SiteError: There is none.
        ConfigError: Its settings have faults.
    """
    return Site.open(args.site)


def emit(args: argparse.Namespace, data: object, text: str) -> None:
    """Write a result: ``data`` as one JSON document with ``--json``, else ``text``."""
    if getattr(args, "json", False):
        text = json.dumps(data, default=_jsonable, indent=2, ensure_ascii=False)
    if text:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns padded to their widest cell, under upper-case headings."""
    cells = [[heading.upper() for heading in headings], *([str(c) for c in row] for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(headings))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def _jsonable(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
