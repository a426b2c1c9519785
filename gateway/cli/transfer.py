"""``lazaretto transfer``: list and show transfers, and keep one from being purged.

No names of files, and no content.
"""

from __future__ import annotations

import argparse

from gateway.cli.acting import acting_arguments, actor, moment, site_database, who
from gateway.cli.admission import may
from gateway.cli.common import OK, Subparsers, emit, open_site, site_arguments, table
from gateway.decisions import Decisions
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.lifecycle import State
from gateway.ports import Transfer
from gateway.reason_check import reason_check
from gateway.shown import transfer_json


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("transfer", help="list and show transfers, and set legal holds")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", parents=[site_arguments()], help="newest first")
    listing.add_argument("--state", choices=[str(state) for state in State], help="only these")
    listing.add_argument("--limit", type=_limit, default=50, help="at most so many (default 50)")
    listing.set_defaults(run=run_list)
    show = commands.add_parser("show", parents=[site_arguments()], help="everything about one")
    show.add_argument("transfer", metavar="TRANSFER")
    show.set_defaults(run=run_show)
    for word, summary in (
        ("legal-hold", "keep its payload whatever its route's retention says"),
        ("legal-release", "let retention go on"),
    ):
        hold = commands.add_parser(word, parents=[acting_arguments()], help=summary)
        hold.add_argument("transfer", metavar="TRANSFER")
        hold.add_argument(
            "--reason", required=True, help="why, for the log; names nobody and quotes nothing"
        )
        hold.set_defaults(run=run_legal_hold, held=word == "legal-hold")


def _limit(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("a listing has one line at least")
    return count


def run_list(args: argparse.Namespace) -> int:
    """List the newest."""
    states = (State(args.state),) if args.state else ()
    with site_database(args) as database:
        found = SqlTransfers(database).newest(states, args.limit)
    rows = [
        (
            t.id,
            moment(t.created),
            t.route,
            t.sender,
            t.recipient,
            t.size,
            _state(t),
            t.verdict or "-",
        )
        for t in found
    ]
    headings = ("transfer", "created", "route", "from", "to", "bytes", "state", "verdict")
    text = table(headings, rows) if rows else "no transfers"
    emit(args, [transfer_json(t) for t in found], text)
    return OK


def _state(t: Transfer) -> str:
    return f"{t.state}, legal hold" if t.legal_hold else str(t.state)


def run_show(args: argparse.Namespace) -> int:
    """Show one."""
    # As in the console: who runs the gateway sees no findings, by whatever command.
    findings = args.json and may(args, "cli hold show")
    with site_database(args) as database:
        found = SqlTransfers(database).get(args.transfer)
        if findings:
            SqlLedger(database).record("hold.viewed", actor(args), {"transfer": found.id})
    data = transfer_json(found)
    width = max(map(len, data))
    lines = [
        f"{key.replace('_', ' '):{width}}  {value}"
        for key, value in data.items()
        if value not in {"", None} and key != "reasons"
    ]
    lines += [f"{'reason':{width}}  {reason}" for reason in found.reasons]
    report = {"report": found.report} if findings else {}
    emit(args, data | report, "\n".join(lines))
    return OK


def run_legal_hold(args: argparse.Namespace) -> int:
    """Set or lift a legal hold."""
    check = reason_check(open_site(args).load_policy().rules)
    with site_database(args) as database:
        decisions = Decisions(SqlLedger(database), SqlTransfers(database), check)
        after = decisions.legal_hold(args.transfer, who(args), args.reason, held=args.held)
    done = "is on legal hold" if after.legal_hold else "is on legal hold no more"
    emit(args, transfer_json(after), f"{after.id} {done}; it is {after.state}")
    return OK
