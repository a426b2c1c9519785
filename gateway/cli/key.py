"""``lazaretto key``: import, list and retire partners' OpenPGP certificates."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from gateway.cli import key_kek, key_own
from gateway.cli.acting import acting_arguments, actor, expiry, moment, now, site_database
from gateway.cli.common import OK, USAGE, CliError, Subparsers, emit, site_arguments, table
from gateway.directory import Directory
from gateway.directory_queries import DirectoryReader
from keys.admission import MAX_SIZE, admit

_MAX_FILE: Final = 4 * MAX_SIZE
"""Bytes read of a file; `admit` says more kindly what is wrong with one over its own limit."""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("key", help="partners' certificates, and the gateway's own keys")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    key_kek.register(commands)
    key_own.register(commands)
    add = commands.add_parser(
        "import", parents=[acting_arguments()], help="admit a partner's OpenPGP certificate"
    )
    add.add_argument("file", metavar="FILE", type=Path, help="armored or binary")
    add.add_argument("--partner", required=True, metavar="ID", help="whose it is")
    add.set_defaults(run=run_import)
    listing = commands.add_parser("list", parents=[site_arguments()], help="newest first")
    listing.add_argument("--partner", default="", metavar="ID", help="only this one's")
    listing.set_defaults(run=run_list)
    retire = commands.add_parser(
        "retire", parents=[acting_arguments()], help="seal nothing for it any more"
    )
    retire.add_argument("fingerprint", metavar="FINGERPRINT")
    retire.add_argument("--partner", default="", metavar="ID", help="only where it is this one's")
    retire.set_defaults(run=run_retire)


def run_import(args: argparse.Namespace) -> int:
    """Admit one."""
    with args.file.open("rb") as file:
        blob = file.read(_MAX_FILE + 1)
    if len(blob) > _MAX_FILE:
        raise CliError(f"{args.file} is far too large for a certificate", code=USAGE)
    present = now()
    admitted = admit(blob, present)
    info = admitted.info
    with site_database(args) as database:
        Directory(database).admit_certificate(
            args.partner, info.fingerprint, admitted.certificate, info.expires, actor(args)
        )
    expires = expiry(info.expires, present)
    data = {
        "partner": args.partner,
        "fingerprint": info.fingerprint,
        "expires": info.expires,
    }
    text = (
        f"admitted {info.fingerprint} for {args.partner}; expires: {expires}\n"
        "compare the fingerprint with the partner by telephone before the first file"
    )
    emit(args, data, text)
    return OK


def run_list(args: argparse.Namespace) -> int:
    """List them; one a partner is sealed for."""
    with site_database(args) as database:
        found = DirectoryReader(database).certificates(args.partner)
    present = now()
    sealed: dict[str, str] = {}
    for c in found:
        if c.usable(present):
            sealed.setdefault(c.partner, c.fingerprint)
    data = [
        {
            "partner": c.partner,
            "fingerprint": c.fingerprint,
            "added": c.added,
            "expires": c.expires,
            "retired": c.retired,
            "sealed_for": sealed.get(c.partner) == c.fingerprint,
        }
        for c in found
    ]
    rows = [
        (
            c.partner,
            c.fingerprint,
            moment(c.added),
            expiry(c.expires, present),
            "retired" if c.retired else "sealed for" if entry["sealed_for"] else "-",
        )
        for c, entry in zip(found, data, strict=True)
    ]
    headings = ("partner", "fingerprint", "added", "expires", "use")
    text = table(headings, rows) if rows else "no certificates; lazaretto key import"
    emit(args, data, text)
    return OK


def run_retire(args: argparse.Namespace) -> int:
    """Retire one."""
    fingerprint = args.fingerprint.replace(" ", "").lower()
    with site_database(args) as database:
        Directory(database).retire_certificate(fingerprint, actor(args), args.partner)
    emit(args, {"fingerprint": fingerprint, "retired": True}, f"retired {fingerprint}")
    return OK
