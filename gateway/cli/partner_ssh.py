"""``lazaretto partner ssh-ca``: whose OpenSSH user certificates let a partner's accounts in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from gateway.cli.acting import acting_arguments, actor, site_database
from gateway.cli.common import OK, USAGE, CliError, Subparsers, emit, site_arguments, table
from gateway.directory_queries import DirectoryReader
from gateway.directory_ssh import SshAuthorities
from gateway.ssh_certificates import authority

_MAX_KEY_FILE: Final = 65_536


def register(subparsers: Subparsers) -> None:
    """Add the command to ``partner``'s."""
    parser = subparsers.add_parser("ssh-ca", help="CAs of OpenSSH user certificates")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", parents=[acting_arguments()], help="trust a CA's certificates")
    add.add_argument("partner", metavar="ID")
    add.add_argument("file", metavar="FILE", type=Path, help="the CA's public key (.pub)")
    add.set_defaults(run=run_add)
    listing = commands.add_parser("list", parents=[site_arguments()], help="with what is revoked")
    listing.add_argument("partner", metavar="ID", nargs="?", default="")
    listing.set_defaults(run=run_list)
    remove = commands.add_parser("remove", parents=[acting_arguments()], help="trust it no more")
    remove.add_argument("partner", metavar="ID")
    remove.add_argument("fingerprint", metavar="FINGERPRINT", help="as 'list' shows it")
    remove.set_defaults(run=run_remove)
    revoke = commands.add_parser(
        "revoke", parents=[acting_arguments()], help="let a certificate in no more"
    )
    revoke.add_argument("partner", metavar="ID")
    revoke.add_argument(
        "--ca", metavar="FINGERPRINT", default="", help="which CA's (needed if there are several)"
    )
    which = revoke.add_mutually_exclusive_group()
    which.add_argument("--serial", metavar="N", type=int, help="the certificate's serial")
    which.add_argument("--key-id", metavar="TEXT", default="", help="every one with this key id")
    revoke.set_defaults(run=run_revoke)


def run_add(args: argparse.Namespace) -> int:
    """Trust one."""
    with args.file.open("rb") as file:
        raw = file.read(_MAX_KEY_FILE + 1)
    if len(raw) > _MAX_KEY_FILE:
        raise CliError(f"{args.file} is too large to be a key file", code=USAGE)
    found = authority(args.partner, raw.decode("utf-8", "replace"), str(args.file))
    with site_database(args) as database:
        SshAuthorities(database).add_authority(found, actor(args))
    data = {"partner": args.partner, "fingerprint": found.fingerprint, "comment": found.comment}
    emit(
        args,
        data,
        f"{args.partner} logs in by certificates of {found.fingerprint} now; compare that with "
        "what the partner tells you by another way than the file came",
    )
    return OK


def run_list(args: argparse.Namespace) -> int:
    """List all, or a partner's."""
    with site_database(args) as database:
        reader = DirectoryReader(database)
        found = reader.authorities(args.partner)
        revoked = {ca.partner: reader.revocations(ca.partner) for ca in found}
    rows, data = [], []
    for ca in found:
        own = [
            word.partition(" ")[2]
            for word in revoked[ca.partner]
            if word.startswith(f"{ca.fingerprint} ")
        ]
        rows.append((ca.partner, ca.fingerprint, ca.comment or "-", ", ".join(own) or "-"))
        data.append(
            {
                "partner": ca.partner,
                "fingerprint": ca.fingerprint,
                "comment": ca.comment,
                "revoked": own,
            }
        )
    text = table(("partner", "fingerprint", "comment", "revoked"), rows)
    emit(args, data, text if rows else "no CAs yet; lazaretto partner ssh-ca add ID FILE")
    return OK


def run_remove(args: argparse.Namespace) -> int:
    """Trust one no more."""
    with site_database(args) as database:
        SshAuthorities(database).remove_authority(args.partner, args.fingerprint, actor(args))
    data = {"partner": args.partner, "fingerprint": args.fingerprint}
    emit(args, data, f"{args.partner} logs in by certificates of {args.fingerprint} no more")
    return OK


def run_revoke(args: argparse.Namespace) -> int:
    """Revoke by serial or key id."""
    if args.serial is None and not args.key_id:
        raise CliError("it isn't said which certificate", "give --serial or --key-id", USAGE)
    with site_database(args) as database:
        ca = args.ca or _only(DirectoryReader(database), args.partner)
        SshAuthorities(database).revoke(
            args.partner, ca, actor(args), serial=args.serial, key_id=args.key_id
        )
    what = f"key id {args.key_id}" if args.serial is None else f"serial {args.serial}"
    data = {
        "partner": args.partner,
        "fingerprint": ca,
        "serial": args.serial,
        "key_id": args.key_id,
    }
    emit(args, data, f"revoked {what} of {ca}")
    return OK


def _only(reader: DirectoryReader, partner: str) -> str:
    found = reader.authorities(partner)
    if len(found) > 1:
        raise CliError(f"{partner} has {len(found)} CAs", "say which with --ca", USAGE)
    return found[0].fingerprint if found else ""
