"""``lazaretto backup``: a site, running or not, to another disk."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.acting import acting_arguments, actor
from gateway.cli.common import (
    NOT_OK,
    OK,
    USAGE,
    CliError,
    Subparsers,
    emit,
    open_site,
)
from gateway.ports import Json
from gateway.site import Site

if TYPE_CHECKING:
    from gateway.backup.make import Made

_KEEP = 7
_NAMED = 20


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    backup = subparsers.add_parser(
        "backup",
        parents=[acting_arguments()],
        help="back a site up, running or not; or verify a backup",
        description="Write a new snapshot under DEST: the database at one moment, the payloads "
        "that it names (only new ones are copied), and settings, policies and every key, sealed "
        "for the recovery certificate. What was written is read back.",
    )
    backup.add_argument("dest", metavar="DEST", type=Path)
    backup.add_argument(
        "--recovery",
        metavar="CERT",
        type=Path,
        help="OpenPGP certificate that keys are sealed for; remembered in keys/recovery.asc",
    )
    backup.add_argument(
        "--keep", type=int, default=_KEEP, help=f"snapshots to keep (default {_KEEP})"
    )
    backup.add_argument(
        "--verify", action="store_true", help="make none: hash every snapshot at DEST again"
    )
    backup.set_defaults(run=run_backup)


def run_backup(args: argparse.Namespace) -> int:
    """Make a snapshot, or verify those that are there."""
    if args.verify:
        return _verify(args)
    if args.keep < 1:
        raise CliError("--keep is 1 at least", code=USAGE)
    # Brings OpenPGP and the database: for this command alone.
    from gateway.backup.layout import BackupError  # noqa: PLC0415
    from gateway.backup.make import make, prune  # noqa: PLC0415
    from gateway.ledger.record import SqlLedger  # noqa: PLC0415
    from keys.recovery import RecoveryError  # noqa: PLC0415

    site = open_site(args)
    recovery = _recovery(site, args.recovery)
    try:
        made = make(site, args.dest, recovery)
        with closing(site.database()) as database:
            SqlLedger(database).record("site.backed_up", actor(args), _facts(made))
        made.pruned = prune(args.dest, args.keep)
    except (BackupError, RecoveryError) as error:
        raise CliError(str(error)) from None
    lines = [
        (
            f"snapshot {made.snapshot}: {made.blobs} payloads, {made.copied} of them new "
            f"({made.copied_bytes} bytes)"
        ),
        f"the log up to event {made.log_size} is in it; read back and verified",
    ]
    if made.gone:
        lines.append(f"{len(made.gone)} payloads ended their retention meanwhile")
    lines += [f"removed snapshot {name}" for name in made.pruned]
    emit(args, asdict(made), "\n".join(lines))
    return OK


def _facts(made: Made) -> dict[str, Json]:
    return {"snapshot": made.snapshot, "size": made.log_size, "blobs": made.blobs}


def _recovery(site: Site, given: Path | None) -> bytes:
    """The certificate, remembered in the site the first time."""
    from keys.openpgp import CertificateError, fingerprint  # noqa: PLC0415

    kept = site.paths.keys / "recovery.asc"
    if given is None:
        if not kept.is_file():
            raise CliError(
                "there is no recovery certificate yet",
                "name one with --recovery CERT; keep its secret key off this machine",
            )
        return kept.read_bytes()
    certificate = given.read_bytes()
    try:
        if b"PRIVATE KEY" in certificate:
            raise CliError(
                "--recovery takes the certificate alone", "export it without the secret key"
            )
        identity = fingerprint(certificate)
        if kept.is_file() and fingerprint(kept.read_bytes()) != identity:
            raise CliError(
                "another recovery certificate is in use", f"remove {kept} first if that is meant"
            )
    except CertificateError as error:
        raise CliError(str(error), code=USAGE) from None
    kept.write_bytes(certificate)
    return certificate


def _verify(args: argparse.Namespace) -> int:
    from gateway.backup import layout  # noqa: PLC0415
    from gateway.backup.check import check_parts, damaged, read_manifest  # noqa: PLC0415
    from gateway.ledger.verify_note import Key  # noqa: PLC0415

    signers = Key.parse(open_site(args).paths.log_pub.read_text()).every
    keys = [key.public for key in signers]
    found: dict[str, str] = {}
    for snapshot in layout.snapshots(args.dest):
        try:
            check_parts(snapshot, read_manifest(snapshot, keys))
            wrong = damaged(args.dest, snapshot)
            more = ", …" if len(wrong) > _NAMED else ""
            found[snapshot.name] = (
                f"damaged payloads: {', '.join(wrong[:_NAMED])}{more}" if wrong else ""
            )
        except layout.BackupError as error:
            found[snapshot.name] = str(error)
    if not found:
        raise CliError(f"there is no snapshot at {args.dest}")
    lines = [f"{name}  {fault or 'whole'}" for name, fault in found.items()]
    emit(args, [{"snapshot": n, "fault": f} for n, f in found.items()], "\n".join(lines))
    return NOT_OK if any(found.values()) else OK
