"""``lazaretto account totp``: an account's second factor, from enrolment to loss."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from gateway.cli.acting import actor, asked_code, factors_of, site_database
from gateway.cli.common import OK, Subparsers, emit, open_site, site_arguments


def register(subparsers: Subparsers) -> None:
    """Add the commands."""
    parser = subparsers.add_parser("totp", help="second factors: codes of an app, and for its loss")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for word, run, summary in (
        ("enrol", run_enrol, "make a secret, shown once as text and QR code"),
        ("confirm", run_confirm, "put it in force by a first code; shows recovery codes once"),
        ("recovery", run_recovery, "make new recovery codes; the former ones end"),
        ("reset", run_reset, "take it away, when the device is lost"),
    ):
        command = commands.add_parser(word, parents=[site_arguments()], help=summary)
        command.add_argument("account", metavar="USER")
        command.set_defaults(run=run)


def run_enrol(args: argparse.Namespace) -> int:
    """Begin one."""
    issuer = f"Lazaretto {open_site(args).root.resolve().name}"
    with site_database(args) as database:
        uri = factors_of(args, database).enrol(args.account, issuer, actor(args))
    lines = [uri, f"next: lazaretto account totp confirm {args.account}"]
    if sys.stdout.isatty():
        lines.insert(0, _qr(uri))
    emit(args, {"account": args.account, "uri": uri}, "\n".join(lines))
    return OK


def run_confirm(args: argparse.Namespace) -> int:
    """Put one in force."""
    with site_database(args) as database:
        factors = factors_of(args, database)
        codes = factors.confirm(args.account, asked_code(args.account), actor(args))
    return _show(args, f"{args.account} has a second factor now", codes)


def run_recovery(args: argparse.Namespace) -> int:
    """Make codes anew."""
    with site_database(args) as database:
        codes = factors_of(args, database).recovery(args.account, actor(args))
    return _show(args, f"made new recovery codes for {args.account}", codes)


def run_reset(args: argparse.Namespace) -> int:
    """Take one away."""
    with site_database(args) as database:
        factors_of(args, database).reset(args.account, actor(args))
    emit(args, {"account": args.account}, f"{args.account} has no second factor any more")
    return OK


def _show(args: argparse.Namespace, said: str, codes: Sequence[str]) -> int:
    lines = [said, "recovery codes, each good once, shown this once and kept nowhere:"]
    data = {"account": args.account, "recovery_codes": list(codes)}
    emit(args, data, "\n".join([*lines, *(f"  {code}" for code in codes)]))
    return OK


def _qr(uri: str) -> str:
    import segno  # noqa: PLC0415 - for a terminal alone

    out = io.StringIO()
    segno.make(uri, error="m", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue()
