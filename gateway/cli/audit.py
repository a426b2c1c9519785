"""``lazaretto audit``: verify the log and receipts, read a transfer's story, take the log along."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gateway.cli import audit_receipt
from gateway.cli.acting import acting_arguments, actor, site_database
from gateway.cli.audit_receipt import read_key
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
from gateway.ledger.export import exported, newest_checkpoint, story
from gateway.ledger.record import SqlLedger
from gateway.ledger.sequencer import Sequencer
from gateway.ledger.verify import Expected, Held, Verification, verify_database, verify_export
from gateway.ledger.verify_note import Key, Note
from gateway.ledger.verify_server import verify_server
from gateway.log_signing import signer_of
from gateway.store.database import sqlite_path
from gateway.store.postgres import is_postgres

_PATIENCE: Final = 15.0
_PAUSE: Final = 0.1


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("audit", help="verify and read the log; check receipts")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_verify(commands)
    audit_receipt.register(commands)
    show = commands.add_parser("show", parents=[site_arguments()], help="a transfer's story")
    show.add_argument("transfer", metavar="TRANSFER")
    show.set_defaults(run=run_show)
    export = commands.add_parser(
        "export",
        parents=[acting_arguments()],
        help="the whole log with its checkpoints, one a line; that it was taken is logged",
    )
    export.add_argument("-o", "--output", type=Path, help="a new file; default: standard output")
    export.set_defaults(run=run_export)
    key = commands.add_parser(
        "key", parents=[site_arguments()], help="the log's public key, for auditors"
    )
    key.set_defaults(run=run_key)
    checkpoint = commands.add_parser(
        "checkpoint",
        parents=[site_arguments()],
        help="the newest signed checkpoint; keep it elsewhere, for verify --since",
    )
    checkpoint.set_defaults(run=run_checkpoint)


def _register_verify(commands: Subparsers) -> None:
    verify = commands.add_parser(
        "verify",
        parents=[site_arguments()],
        help="is the log whole, legal, signed, and what the transfers table says?",
        description="Recompute every hash, the tree and every checkpoint, replay every transfer "
        "against the table of legal transitions and compare the result with the transfers table "
        "and the receipts. Names the first thing wrong and exits with 1. Runs beside a working "
        "gateway. With EXPORT no site is needed.",
    )
    verify.add_argument("export", metavar="EXPORT", nargs="?", type=Path, help="not a site: this")
    verify.add_argument(
        "--log-key", type=Path, metavar="KEY", help="the log's public key (default: the site's)"
    )
    verify.add_argument(
        "--since", type=Path, metavar="CHECKPOINT", help="a checkpoint that was kept elsewhere"
    )
    verify.add_argument(
        "--head", metavar="SEQ:HASH", help="a head printed by an earlier run and kept elsewhere"
    )
    verify.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    """Verify a site's log or an export."""
    try:
        expected = Expected.parse(args.head) if args.head else None
        key = read_key(args.log_key) if args.log_key else None
        if args.since and not (key or not args.export):
            raise CliError("a checkpoint proves nothing without the log's key", "give --log-key")
        if not args.export:
            site = open_site(args)
            key = key or read_key(site.paths.log_pub)
        since = _since(args.since, key) if args.since and key else None
    except (ValueError, OSError) as error:
        raise CliError(str(error), code=USAGE) from None
    held = Held(key, since, expected)
    if args.export:
        with args.export.open(encoding="utf-8") as lines:
            found = verify_export(lines, held)
    elif is_postgres(site.paths.database):
        found = verify_server(site.paths.database, held)
    else:
        found = verify_database(sqlite_path(site.paths.database), held)
    emit(args, asdict(found) | {"head": f"{found.events}:{found.head}"}, _verified(found, key))
    return OK if found.ok else NOT_OK


def run_show(args: argparse.Namespace) -> int:
    """Tell one transfer's story."""
    with site_database(args) as database:
        events = story(database, args.transfer)
    rows = [(e["seq"], e["time"], e["kind"], e["actor"], _said(e)) for e in events]
    emit(args, events, table(("event", "time", "what", "who", "facts"), rows))
    return OK


def run_export(args: argparse.Namespace) -> int:
    """Write every event and checkpoint, the record of this export and its checkpoint included."""
    site = open_site(args)
    with closing(site.database()) as database:
        SqlLedger(database).record("log.exported", actor(args), {})
        # Signed here too, so that the end of the export is under a checkpoint.
        sequencer = Sequencer(database, signer_of(site, database), "export")
        _catch_up(sequencer)
        if not args.output:
            for line in exported(database):
                sys.stdout.write(line + "\n")
            return OK
        with args.output.open("x", encoding="utf-8") as output:
            count = sum(output.write(line + "\n") > 0 for line in exported(database))
    emit(args, {"lines": count, "output": str(args.output)}, f"{count} lines in {args.output}")
    return OK


def _catch_up(sequencer: Sequencer) -> None:
    """Have everything signed, by us or by the gateway that is at it."""
    until = time.monotonic() + _PATIENCE
    while sequencer.behind() and time.monotonic() < until:
        if not sequencer.step():
            time.sleep(_PAUSE)


def run_key(args: argparse.Namespace) -> int:
    """Print the log's public key as signed notes write it."""
    site = open_site(args)
    with closing(site.database()) as database:
        key = signer_of(site, database).verifier_key
    emit(args, {"key": key}, key)
    return OK


def run_checkpoint(args: argparse.Namespace) -> int:
    """Print the newest checkpoint."""
    with site_database(args) as database:
        note = newest_checkpoint(database)
    if not note:
        raise CliError("the log has no checkpoint yet", "start the gateway; it signs one at once")
    emit(args, {"checkpoint": note}, note.removesuffix("\n"))
    return OK


def _since(path: Path, key: Key) -> Note:
    note = Note.parse(path.read_text(encoding="utf-8"))
    note.check(key)
    return note


def _verified(found: Verification, key: Key | None) -> str:
    lines = [f"notice: {notice}" for notice in found.notices]
    if not found.ok:
        lines.append(f"THE LOG IS NOT WHOLE. {found.first_fault}")
        lines.append(f"the {found.events} events before are good, to {found.events}:{found.head}")
        return "\n".join(lines)
    if key is None:
        lines.append("notice: without --log-key nobody's signature was checked")
    lines.append(f"the log is whole: {found.events} events, {found.transfers} transfers")
    unsigned = found.events - found.signed
    lines.append(
        f"{found.signed} events are under a signed checkpoint"
        + (f"; the last {unsigned} are not yet" if unsigned else "")
    )
    lines.append(f"head {found.events}:{found.head}")
    return "\n".join(lines)


def _said(event: Mapping[str, Any]) -> str:
    said = event["set"] | event["facts"]
    return ", ".join(f"{key}={_word(value)}" for key, value in said.items() if key != "receipt")


def _word(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)
