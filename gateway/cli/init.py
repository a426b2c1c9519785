"""``lazaretto init``: make a site."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.settings import Address, parse_address
from gateway.cli.common import OK, Subparsers, emit, json_argument

LISTENERS = ("sftp", "https", "health", "metrics")


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "init",
        parents=[json_argument()],
        help="make a site",
        description="Make a site: settings, default policy, keys, database. Nothing that exists "
        "is ever touched.",
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="where; new or empty")
    parser.add_argument(
        "--host",
        default="",
        metavar="NAME",
        help="name for the development TLS certificate and the OpenPGP key (default: this host's)",
    )
    parser.add_argument(
        "--database-url",
        default="",
        metavar="URL",
        help="postgresql://host/database, with no tables of ours in it yet; leave the password to "
        "PGPASSFILE (default: SQLite in the site)",
    )
    for name in LISTENERS:
        parser.add_argument(
            f"--{name}", type=_address, metavar="HOST:PORT", help=f"where {name} listens"
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make it and say what comes next."""
    # Brings cryptography and the database: for this command alone.
    from gateway.initialise import Wishes, initialise  # noqa: PLC0415

    listen = {name: getattr(args, name) for name in LISTENERS if getattr(args, name)}
    made = initialise(args.directory, Wishes(args.host, listen, args.database_url))
    root = made.site.root
    data = {
        "site": root,
        "openpgp_fingerprint": made.openpgp,
        "openpgp_certificate": made.site.paths.openpgp_public,
        "log_public_key": made.site.paths.log_pub,
        "kek": made.kek,
    }
    emit(args, data, _NEXT.format(root=root, openpgp=made.openpgp))
    return OK


_NEXT = """\
{root} is a site:

  lazaretto.yaml   settings, with a comment on each
  policy/          routes, rules and contracts
  keys/            OpenPGP, log; keys/edge/: key-encryption key, SSH host keys, TLS (self-signed)
  data/            database and encrypted payloads
  run/             of the running gateway

Back up keys/ now, apart from data/: without keys/edge/kek.key no payload can be opened.
Give partners keys/openpgp.asc; its fingerprint is {openpgp}.
Give auditors keys/log.pub.

Next:
  export LAZARETTO_SITE={root}
  lazaretto partner add clinic
  lazaretto account add clinic-bot --help
  edit policy/routes.yaml
  lazaretto doctor
  lazaretto serve
"""


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
