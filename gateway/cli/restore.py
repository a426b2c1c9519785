"""``lazaretto restore``: make a site of a backup."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from gateway.cli.common import OK, USAGE, CliError, Subparsers, emit, json_argument


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    restore = subparsers.add_parser(
        "restore", parents=[json_argument()], help="make a site of a backup"
    )
    restore.add_argument("source", metavar="SRC", type=Path, help="where backups were made")
    restore.add_argument("directory", metavar="DIR", type=Path, help="the site; new or empty")
    restore.add_argument("--snapshot", default="", help="which (default: the newest)")
    restore.add_argument("--recovery-key", type=Path, required=True, metavar="FILE")
    restore.add_argument("--passphrase-file", type=Path, metavar="FILE")
    restore.add_argument(
        "--skip-damaged", action="store_true", help="leave damaged payloads out and say which"
    )
    restore.add_argument(
        "--database-url",
        metavar="URL",
        help="put the records there instead: postgresql://host/database with no tables of ours in "
        "it, or '' for SQLite in the site",
    )
    restore.set_defaults(run=run_restore)


def run_restore(args: argparse.Namespace) -> int:
    """Make a site of a snapshot."""
    from gateway.backup import layout  # noqa: PLC0415
    from gateway.backup.restore import restore  # noqa: PLC0415
    from keys.recovery import RecoveryError  # noqa: PLC0415

    every = {snapshot.name: snapshot for snapshot in layout.snapshots(args.source)}
    if not every:
        raise CliError(f"there is no snapshot at {args.source}", code=USAGE)
    name = args.snapshot or max(every)
    if name not in every:
        known = ", ".join(sorted(every))
        raise CliError(f"there is no snapshot {name}", f"there are {known}", USAGE)
    secret = args.recovery_key.read_bytes()
    passphrase = args.passphrase_file.read_text().rstrip("\n") if args.passphrase_file else ""
    try:
        done = restore(
            args.source, every[name], args.directory, secret, passphrase,
            skip_damaged=args.skip_damaged, database_url=args.database_url,
        )  # fmt: skip
    except FileExistsError as error:
        raise CliError(str(error), "name an empty one with --database-url") from None
    except (layout.BackupError, RecoveryError) as error:
        raise CliError(str(error)) from None
    emit(args, asdict(done), _RESTORED.format(done=done, left=_left_out(done.damaged)))
    return OK


def _left_out(damaged: tuple[str, ...]) -> str:
    return "".join(f"\n  left out, damaged: {name}" for name in damaged)


_RESTORED = """\
{done.site} is the site of snapshot {done.snapshot}: {done.blobs} payloads.{left}
The log goes on behind event {done.log_size}. What was accepted after that moment isn't there:
ask its senders again. Checkpoints that were signed after it no longer fit, which auditors will see.

  lazaretto audit verify --site {done.site}
  lazaretto doctor --site {done.site}
  lazaretto serve --site {done.site}
"""
