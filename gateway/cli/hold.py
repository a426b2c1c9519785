"""``lazaretto hold``: what was held and why, and an analyst's decision on it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from gateway.cli.acting import acting_arguments, actor, moment, site_database, who
from gateway.cli.common import OK, Subparsers, emit, open_site, site_arguments, table
from gateway.decisions import Decisions
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.lifecycle import State
from gateway.ports import Transfer
from gateway.reason_check import reason_check
from gateway.shown import transfer_json

_SHOWN = 200


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("hold", help="decide on what was held")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", parents=[site_arguments()], help="oldest first")
    listing.set_defaults(run=run_list)
    show = commands.add_parser(
        "show", parents=[acting_arguments()], help="why, and where what was found; no values"
    )
    show.add_argument("transfer", metavar="TRANSFER")
    show.set_defaults(run=run_show)
    for word, summary in (
        ("release", "let it pass: it is sealed and delivered"),
        ("refuse", "refuse it for good; the sender reads the reason"),
    ):
        decide = commands.add_parser(word, parents=[acting_arguments()], help=summary)
        decide.add_argument("transfer", metavar="TRANSFER")
        decide.add_argument(
            "--reason", required=True, help="why, for the log; names nobody and quotes nothing"
        )
        decide.set_defaults(run=run_decide, word=word)


def run_list(args: argparse.Namespace) -> int:
    """List what waits for a decision."""
    with site_database(args) as database:
        held = SqlTransfers(database).in_state(State.HELD)
    rows = [
        (t.id, moment(t.changed), t.route, t.sender, t.format or "-", _short(t.reasons))
        for t in held
    ]
    headings = ("transfer", "held", "route", "from", "format", "why")
    text = table(headings, rows) if rows else "nothing is held"
    emit(args, [transfer_json(t) for t in held], text)
    return OK


def run_show(args: argparse.Namespace) -> int:
    """Show one with its findings."""
    with site_database(args) as database:
        held = SqlTransfers(database).get(args.transfer)
        SqlLedger(database).record("hold.viewed", actor(args), {"transfer": held.id})
    emit(args, transfer_json(held) | {"report": held.report}, "\n".join(_lines(held)))
    return OK


def run_decide(args: argparse.Namespace) -> int:
    """Release or refuse one."""
    check = reason_check(open_site(args).load_policy().rules)
    with site_database(args) as database:
        decisions = Decisions(SqlLedger(database), SqlTransfers(database), check)
        decide = decisions.release if args.word == "release" else decisions.refuse
        after = decide(args.transfer, who(args), args.reason)
    done = "released" if args.word == "release" else "refused"
    emit(args, transfer_json(after), f"{done} {after.id}; it is {after.state} now")
    return OK


def _short(reasons: tuple[str, ...]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return (reasons[0] if reasons else "-") + more


def _lines(held: Transfer) -> Iterator[str]:
    yield f"{held.id}  {held.state} since {moment(held.changed)}"
    yield f"from {held.sender} to {held.recipient} on {held.route}"
    yield f"{held.size} bytes, {held.format or 'not inspected'}"
    yield from (f"why: {reason}" for reason in held.reasons)
    report = held.report or {}
    obstacles, findings = _entries(report, "uninspectable"), _entries(report, "findings")
    for entry in obstacles:
        said = f"not inspected: {entry.get('obstacle')}: {entry.get('detail')} {_place(entry)}"
        yield said.rstrip()
    unexpected = [entry for entry in findings if not entry.get("expected")]
    for entry in unexpected[:_SHOWN]:
        confidence = entry.get("confidence")
        yield (
            f"found: {entry.get('category')} at {_place(entry)} "
            f"({entry.get('detector')}, confidence {confidence})"
        )
    if len(unexpected) > _SHOWN:
        yield f"and {len(unexpected) - _SHOWN} more; --json has them all"
    if held.state is State.HELD:
        yield f"decide: lazaretto hold release|refuse {held.id} --reason '...'"


def _entries(report: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = report.get(key)
    found = value if isinstance(value, list | tuple) else ()
    return [entry for entry in found if isinstance(entry, Mapping)]


def _place(entry: Mapping[str, object]) -> str:
    return " ".join(str(entry[key]) for key in ("member_place", "where") if entry.get(key))
