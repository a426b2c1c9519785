"""``lazaretto partner``: add and list partners, and let them in or not."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.operations import Role
from gateway.cli import partner_ssh
from gateway.cli.acting import (
    SOON,
    acting_arguments,
    actor,
    chosen_networks,
    expiry,
    network_arguments,
    now,
    site_database,
)
from gateway.cli.common import OK, USAGE, CliError, Subparsers, emit, site_arguments, table
from gateway.directory import Directory
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Account, Certificate, Credential, Partner


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("partner", help="who exchanges files, and their SSH CAs")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", parents=[acting_arguments()], help="add a partner")
    add.add_argument("partner", metavar="ID", help="as routes name it, e.g. riverside-clinic")
    add.add_argument("--name", default="", help="for people, e.g. 'Riverside Clinic'")
    add.set_defaults(run=run_add)
    listing = commands.add_parser(
        "list", parents=[site_arguments()], help="with what they have and when it expires"
    )
    listing.set_defaults(run=run_list)
    partner_ssh.register(commands)
    change = commands.add_parser(
        "set", parents=[acting_arguments()], help="change where its accounts may log in from"
    )
    change.add_argument("partner", metavar="ID")
    network_arguments(change)
    change.set_defaults(run=run_set)
    for word, enabled in (("disable", False), ("enable", True)):
        switch = commands.add_parser(
            word, parents=[acting_arguments()], help=f"{word} all logins of a partner"
        )
        switch.add_argument("partner", metavar="ID")
        switch.set_defaults(run=run_switch, enabled=enabled, word=word)


def run_add(args: argparse.Namespace) -> int:
    """Add one."""
    with site_database(args) as database:
        Directory(database).add_partner(args.partner, args.name, actor(args))
    emit(
        args,
        {"partner": args.partner, "name": args.name},
        f"added partner {args.partner}; next: lazaretto account add USER --partner {args.partner}",
    )
    return OK


def run_set(args: argparse.Namespace) -> int:
    """Change where its accounts may log in from."""
    networks = chosen_networks(args)
    if networks is None:
        raise CliError("nothing to do", "give --network or --any-network", USAGE)
    with site_database(args) as database:
        Directory(database).limit_partner(args.partner, networks, actor(args))
    said = f"accounts of {args.partner} may log in from {' or '.join(networks) or 'anywhere'}"
    emit(args, {"partner": args.partner, "networks": networks}, said)
    return OK


def run_switch(args: argparse.Namespace) -> int:
    """Let its accounts log in, or not."""
    with site_database(args) as database:
        Directory(database).enable_partner(args.partner, actor(args), enabled=args.enabled)
    data = {"partner": args.partner, "enabled": args.enabled}
    emit(args, data, f"{args.word}d partner {args.partner}")
    return OK


def run_list(args: argparse.Namespace) -> int:
    """List all, with warnings."""
    with site_database(args) as database:
        reader = DirectoryReader(database)
        holdings = _holdings(reader)
    present = now()
    warnings = [warning for held in holdings for warning in _warnings(held, present)]
    data = {"partners": [_json(held, present) for held in holdings], "warnings": warnings}
    rows = [_row(held, present) for held in holdings]
    headings = ("partner", "name", "enabled", "accounts", "credentials", "certificate expires")
    text = table(headings, rows) if rows else "no partners yet; lazaretto partner add ID"
    emit(args, data, "\n".join([text, *(f"warning: {warning}" for warning in warnings)]))
    return OK


@dataclass(frozen=True, slots=True)
class _Holding:
    partner: Partner
    accounts: Sequence[Account]
    credentials: Sequence[Credential]
    certificates: Sequence[Certificate]

    def sealing(self, present: datetime) -> Certificate | None:
        return next((c for c in self.certificates if c.usable(present)), None)


def _holdings(reader: DirectoryReader) -> list[_Holding]:
    accounts, credentials = reader.accounts(), reader.credentials()
    certificates = reader.certificates()
    found = []
    for partner in reader.partners():
        own = [a for a in accounts if a.partner == partner.id]
        names = {a.id for a in own}
        proofs = [c for c in credentials if c.account in names]
        theirs = [c for c in certificates if c.partner == partner.id and c.retired is None]
        found.append(_Holding(partner, own, proofs, theirs))
    return found


def _row(held: _Holding, present: datetime) -> tuple[str, ...]:
    kinds = sorted({str(c.kind) for c in held.credentials})
    sealing = held.sealing(present) or next(iter(held.certificates), None)
    return (
        held.partner.id,
        held.partner.name or "-",
        "yes" if held.partner.enabled else "no",
        ", ".join(a.id for a in held.accounts) or "-",
        ", ".join(kinds) or "-",
        expiry(sealing.expires, present) if sealing else "no certificate",
    )


def _json(held: _Holding, present: datetime) -> dict[str, object]:
    sealing = held.sealing(present)
    return {
        "id": held.partner.id,
        "name": held.partner.name,
        "enabled": held.partner.enabled,
        "networks": list(held.partner.networks),
        "added": held.partner.added,
        "accounts": [
            {
                "id": a.id,
                "enabled": a.enabled,
                "roles": sorted(a.roles),
                "credentials": [
                    {"kind": c.kind, "fingerprint": c.fingerprint, "expires": c.expires}
                    for c in held.credentials
                    if c.account == a.id
                ],
            }
            for a in held.accounts
        ],
        "certificates": [
            {"fingerprint": c.fingerprint, "expires": c.expires, "sealed_for": c is sealing}
            for c in held.certificates
        ],
    }


def _warnings(held: _Holding, present: datetime) -> Iterator[str]:
    partner = held.partner.id
    receives = any(Role.RECEIVER in a.roles and a.enabled for a in held.accounts)
    sealing = held.sealing(present)
    if receives and sealing is None:
        yield (
            f"{partner} receives and has no certificate in use, so that nothing can be sealed for "
            f"it; lazaretto key import --partner {partner} FILE"
        )
    if sealing and sealing.expires and sealing.expires - present < SOON:
        yield f"{partner}: certificate {sealing.fingerprint} expires " + expiry(
            sealing.expires, present
        )
    for c in held.credentials:
        if c.expires and c.expires - present < SOON:
            yield f"{c.account}: {c.kind} {c.fingerprint} expires {expiry(c.expires, present)}"
