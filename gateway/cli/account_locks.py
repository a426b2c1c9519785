"""``lazaretto account locks`` and ``unlock``: who isn't heard after failed logins."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from gateway.cli.acting import actor, moment, site_database
from gateway.cli.common import OK, USAGE, CliError, emit, open_site, table
from gateway.throttle import Lock, Throttle, of_account, of_address, of_code


def run_locks(args: argparse.Namespace) -> int:
    """List who has to wait."""
    limits = open_site(args).settings.limits
    with site_database(args) as database:
        waiting = Throttle(database, limits).locks()
    rows = [
        (lock.subject, lock.failures, moment(lock.last), moment(lock.until), _held(lock))
        for lock in waiting
    ]
    headings = ("who", "failures", "last", "until", "state")
    text = table(headings, rows) if rows else "nobody is locked"
    emit(args, [asdict(lock) for lock in waiting], text)
    return OK


def run_unlock(args: argparse.Namespace) -> int:
    """Lift one."""
    if bool(args.account) == bool(args.address):
        raise CliError("it isn't said who", "give a user name or --address", USAGE)
    name = args.account
    subjects = [of_account(name), of_code(name)] if name else [of_address(args.address)]
    limits = open_site(args).settings.limits
    with site_database(args) as database:
        lifted = Throttle(database, limits).unlock(subjects, actor(args))
    if not lifted:
        raise CliError(f"there are no failures of {name or args.address}", "see account locks")
    emit(args, {"unlocked": subjects}, f"unlocked {name or args.address}")
    return OK


def _held(lock: Lock) -> str:
    return "locked" if lock.locked else "waits"
