"""``lazaretto key kek``: the key-encryption keys' rotation."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from gateway.cli.acting import acting_arguments
from gateway.cli.common import OK, Subparsers, emit, open_site, site_arguments, table
from gateway.cli.key_record import on_the_log

if TYPE_CHECKING:
    from gateway.keyring import Keyring
    from gateway.rewrapping import Rewrapper
    from gateway.site import Site
    from gateway.store.database import Database


def register(commands: Subparsers) -> None:
    """Add the commands."""
    parser = commands.add_parser("kek", help="list and rotate the key-encryption keys")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = verbs.add_parser(
        "list", parents=[site_arguments()], help="the one in use first, and what each wraps"
    )
    listing.set_defaults(run=run_list)
    for word, run, about in (
        ("rotate", run_rotate, "wrap new data keys by a new key; running processes follow at once"),
        ("rewrap", run_rewrap, "wrap every data key by the key in use; can be repeated"),
        ("reseal", run_reseal, "have the provider of the settings guard the key file"),
    ):
        verb = verbs.add_parser(word, parents=[acting_arguments()], help=about)
        verb.set_defaults(run=run)
    retire = verbs.add_parser(
        "retire", parents=[acting_arguments()], help="forget a key that wraps nothing any more"
    )
    retire.add_argument("key", metavar="KEY", help="its id, as 'key kek list' shows it")
    retire.set_defaults(run=run_retire)


def run_list(args: argparse.Namespace) -> int:
    """Show them."""
    from gateway.keyring import keyring_of  # noqa: PLC0415 - brings cryptography

    site = open_site(args)
    keys = keyring_of(site)
    with closing(site.database()) as database:
        used = _rewrapper(site, database, keys).users()
    data = [
        {"key": key, "wraps": used.get(key, 0), "in_use": key == keys.key_id}
        for key in keys.key_ids
    ]
    rows = [(d["key"], str(d["wraps"]), "in use" if d["in_use"] else "old") for d in data]
    text = table(("key", "wraps", "use"), [tuple(map(str, row)) for row in rows])
    emit(args, data, f"{text}\nguarded by {site.settings.keys.provider}")
    return OK


def run_rotate(args: argparse.Namespace) -> int:
    """Make a new one."""
    from gateway.keyring import keyring_of, sealer_of, sealers_of  # noqa: PLC0415 - likewise
    from keys.kek import rotate  # noqa: PLC0415 - likewise

    site = open_site(args)
    former, settings = keyring_of(site).key_id, site.settings.keys
    with on_the_log(site, args, "kek", "rotate", former=former) as told:
        fresh = rotate(site.paths.kek, sealers_of(settings), sealer_of(settings))
        told["fresh"] = fresh
    text = (
        f"{fresh} wraps new data keys; {former} still opens what it wrapped\n"
        "next: back up keys/, then lazaretto key kek rewrap"
    )
    emit(args, {"key": fresh, "former": former}, text)
    return OK


def run_rewrap(args: argparse.Namespace) -> int:
    """Wrap what old keys wrap by the one in use."""
    from gateway.keyring import keyring_of  # noqa: PLC0415 - likewise

    site = open_site(args)
    keys = keyring_of(site)
    with (
        closing(site.database()) as database,
        on_the_log(site, args, "kek", "rewrap", fresh=keys.key_id) as told,
    ):
        done = told["count"] = _rewrapper(site, database, keys).run(_progress)
    old = [key for key in keys.key_ids if key != keys.key_id]
    text = f"wrapped {done} data keys by {keys.key_id}"
    if old:
        text += "\nnext, once a backup has keys/: lazaretto key kek retire " + old[0]
    emit(args, {"key": keys.key_id, "rewrapped": done, "old": old}, text)
    return OK


def run_retire(args: argparse.Namespace) -> int:
    """Take one out of the file."""
    from gateway.keyring import keyring_of, sealers_of  # noqa: PLC0415 - likewise
    from keys.kek import retire  # noqa: PLC0415 - likewise

    site = open_site(args)
    with closing(site.database()) as database:
        _rewrapper(site, database, keyring_of(site)).check_unused(args.key)
    with on_the_log(site, args, "kek", "retire", former=args.key):
        retire(site.paths.kek, args.key, sealers_of(site.settings.keys))
    text = f"retired {args.key}; backups from before the rewrapping still need it"
    emit(args, {"key": args.key, "retired": True}, text)
    return OK


def run_reseal(args: argparse.Namespace) -> int:
    """Change who guards the file."""
    from gateway.keyring import keyring_of, sealer_of, sealers_of  # noqa: PLC0415 - likewise
    from keys.kek import reseal  # noqa: PLC0415 - likewise

    site: Site = open_site(args)
    settings = site.settings.keys
    with on_the_log(site, args, "kek", "reseal", provider=settings.provider) as told:
        reseal(site.paths.kek, sealers_of(settings), sealer_of(settings))
        key = told["fresh"] = keyring_of(site).key_id
    text = (
        f"the key file is guarded by {settings.provider}; restart the gateway, and destroy former "
        "copies of the file"
    )
    emit(args, {"key": key, "provider": settings.provider}, text)
    return OK


def _rewrapper(site: Site, database: Database, keys: Keyring) -> Rewrapper:
    from gateway.rewrapping import Rewrapper  # noqa: PLC0415 - brings the database
    from gateway.store.disk import Disk  # noqa: PLC0415 - likewise

    return Rewrapper(database, Disk(site.paths.blobs), keys, site.paths.kek)


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} data keys wrapped anew")
