"""``lazaretto audit``: verify the log, read a transfer's story, take the log along."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.cli.acting import site_database
from gateway.cli.common import (
    NOT_OK,
    OK,
    USAGE,
    CliError,
    Subparsers,
    emit,
    open_site,
    site_arguments,
    table,
)
from gateway.ledger.export import exported, story
from gateway.ledger.verify import Expected, Verification, verify_database, verify_export
from gateway.store.database import sqlite_path


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("audit", help="verify and read the log")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verify = commands.add_parser(
        "verify",
        parents=[site_arguments()],
        help="is the log whole, legal, and what the transfers table says?",
        description="Recompute every hash, replay every transfer against the table of legal "
        "transitions and compare the result with the transfers table. Names the first thing "
        "wrong and exits with 1. Runs beside a working gateway.",
    )
    verify.add_argument(
        "--head",
        metavar="SEQ:HASH",
        help="a head printed by an earlier run and kept elsewhere; finds a log rewritten whole",
    )
    verify.add_argument("--file", type=Path, help="verify this export and not a site")
    verify.set_defaults(run=run_verify)
    show = commands.add_parser("show", parents=[site_arguments()], help="a transfer's story")
    show.add_argument("transfer", metavar="TRANSFER")
    show.set_defaults(run=run_show)
    export = commands.add_parser(
        "export", parents=[site_arguments()], help="the whole log, one event a line"
    )
    export.set_defaults(run=run_export)


def run_verify(args: argparse.Namespace) -> int:
    """Verify a site's log or an export."""
    try:
        expected = Expected.parse(args.head) if args.head else None
    except ValueError as error:
        raise CliError(str(error), code=USAGE) from None
    if args.file:
        with args.file.open(encoding="utf-8") as lines:
            found = verify_export(lines, expected)
    else:
        found = verify_database(sqlite_path(open_site(args).paths.database), expected)
    emit(args, asdict(found) | {"head": f"{found.events}:{found.head}"}, _verified(found))
    return OK if found.ok else NOT_OK


def run_show(args: argparse.Namespace) -> int:
    """Tell one transfer's story."""
    with site_database(args) as database:
        events = story(database, args.transfer)
    rows = [(e["seq"], e["time"], e["kind"], e["actor"], _said(e)) for e in events]
    emit(args, events, table(("event", "time", "what", "who", "facts"), rows))
    return OK


def run_export(args: argparse.Namespace) -> int:
    """Write every event to standard output."""
    with site_database(args) as database:
        for line in exported(database):
            sys.stdout.write(line + "\n")
    return OK


def _verified(found: Verification) -> str:
    lines = [f"notice: {notice}" for notice in found.notices]
    if found.ok:
        lines.append(f"the log is whole: {found.events} events, {found.transfers} transfers")
        lines.append(f"head {found.events}:{found.head}")
    else:
        lines.append(f"THE LOG IS NOT WHOLE. {found.first_fault}")
        lines.append(f"the {found.events} events before are good, to {found.events}:{found.head}")
    return "\n".join(lines)


def _said(event: Mapping[str, Any]) -> str:
    said = event["set"] | event["facts"]
    return ", ".join(f"{key}={_word(value)}" for key, value in said.items())


def _word(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)
