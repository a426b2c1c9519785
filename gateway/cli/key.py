"""``lazaretto key``: import, list and retire partners' OpenPGP certificates."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.cli import key_kek, key_own
from gateway.cli.acting import acting_arguments, actor, expiry, moment, now, site_database
from gateway.cli.common import OK, USAGE, CliError, Subparsers, emit, site_arguments, table
from gateway.directory import Directory
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import UnknownEntryError
from keys.admission import MAX_SIZE, KeyRefusedError, Reason, admit
from keys.certificate import describe

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
    add.add_argument(
        "--fingerprint",
        metavar="HEX",
        help="as the partner gave it by another way: nothing else is taken, and it is verified",
    )
    add.set_defaults(run=run_import)
    verify = commands.add_parser(
        "verify",
        parents=[acting_arguments()],
        help="record that a certificate's fingerprint was compared with the partner",
    )
    verify.add_argument("partner", metavar="ID")
    verify.add_argument(
        "--fingerprint", required=True, metavar="HEX", help="as the partner says it, not as we do"
    )
    verify.set_defaults(run=run_verify)
    revoke = commands.add_parser(
        "revoke", parents=[acting_arguments()], help="never seal for it or believe it again"
    )
    revoke.add_argument("fingerprint", metavar="FINGERPRINT")
    revoke.set_defaults(run=run_revoke)
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
    try:
        admitted = admit(blob, present)
    except KeyRefusedError as error:
        _take_revocation(args, error, blob)
        raise
    info = admitted.info
    compared = _plain(args.fingerprint or "")
    if compared and compared != info.fingerprint:
        raise CliError(
            f"the file holds {info.fingerprint}, which is not what the partner said",
            "nothing was kept; ask the partner again, by another way than the file came",
        )
    with site_database(args) as database:
        directory = Directory(database)
        directory.admit_certificate(
            args.partner, info.fingerprint, admitted.certificate, info.expires, actor(args)
        )
        if compared:
            directory.verify_certificate(args.partner, info.fingerprint, actor(args))
    expires = expiry(info.expires, present)
    data = {
        "partner": args.partner,
        "fingerprint": info.fingerprint,
        "expires": info.expires,
    }
    text = f"admitted {info.fingerprint} for {args.partner}; expires: {expires}\n" + (
        "verified: it is the fingerprint that the partner gave"
        if compared
        else "compare the fingerprint with the partner by telephone before the first file, then: "
        f"lazaretto key verify {args.partner} --fingerprint ..."
    )
    emit(args, data, text)
    return OK


def _take_revocation(args: argparse.Namespace, error: KeyRefusedError, blob: bytes) -> None:
    """A stored certificate whose owner revoked it goes out of use at once."""
    if all(refusal.reason is not Reason.REVOKED for refusal in error.refusals):
        return
    with site_database(args) as database, suppress(UnknownEntryError):
        Directory(database).revoke_certificate(describe(blob).fingerprint, actor(args))


def run_verify(args: argparse.Namespace) -> int:
    """Record a comparison."""
    fingerprint = _plain(args.fingerprint)
    with site_database(args) as database:
        Directory(database).verify_certificate(args.partner, fingerprint, actor(args))
    emit(args, {"fingerprint": fingerprint, "verified": True}, f"verified {fingerprint}")
    return OK


def run_revoke(args: argparse.Namespace) -> int:
    """Revoke one."""
    fingerprint = _plain(args.fingerprint)
    with site_database(args) as database:
        Directory(database).revoke_certificate(fingerprint, actor(args))
    emit(args, {"fingerprint": fingerprint, "revoked": True}, f"revoked {fingerprint}, for good")
    return OK


def _plain(fingerprint: str) -> str:
    """A fingerprint as people write it, as it is stored."""
    return "".join(fingerprint.split()).replace(":", "").lower().removeprefix("0x")


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
            "verified": c.verified,
            "revoked": c.revoked,
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
            "revoked"
            if c.revoked
            else "retired"
            if c.retired
            else "sealed for"
            if entry["sealed_for"]
            else "-",
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
