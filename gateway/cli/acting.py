"""What the commands on a site's records share: who acts, the open database, and how time reads."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from gateway.cli.common import USAGE, CliError, open_site, site_arguments
from gateway.store.database import Database

if TYPE_CHECKING:
    from gateway.second_factors import SecondFactors

SOON: Final = timedelta(days=30)
"""What expires within it is warned of."""


def acting_arguments() -> argparse.ArgumentParser:
    """Parent parser of the commands whose doer the log names."""
    return site_arguments()


def network_arguments(parser: argparse.ArgumentParser) -> None:
    """``--network`` and ``--any-network``."""
    parser.add_argument(
        "--network",
        metavar="CIDR",
        action="append",
        default=[],
        help="logins are taken from there alone, such as 192.0.2.0/24; may be given again",
    )
    parser.add_argument("--any-network", action="store_true", help="logins are taken from anywhere")


def chosen_networks(args: argparse.Namespace) -> list[str] | None:
    """What those two say; None if neither is given.

    Raises:
        CliError: Both are.
    """
    if args.network and args.any_network:
        raise CliError("--network and --any-network contradict each other", code=USAGE)
    return list(args.network) if args.network or args.any_network else None


def who(args: argparse.Namespace) -> str:
    """The person that the log will name.

    Raises:
        CliError: The name is too long or holds control characters, or there is none.
    """
    try:
        name = str(args.acting_as).strip() or getpass.getuser()
    except (KeyError, OSError):
        raise CliError("it isn't known who you are", "name yourself with --as", USAGE) from None
    if len(name) > 100 or not name.isprintable():  # noqa: PLR2004 - the message says it
        raise CliError("--as takes up to 100 printable characters", code=USAGE)
    return name


def actor(args: argparse.Namespace) -> str:
    """The same as an event's actor."""
    return f"person:{who(args)}"


def asked_code(account: str) -> str:
    """A one-time code, typed at the terminal, or the next line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return getpass.getpass(f"Code for {account}: ").strip()


def factors_of(args: argparse.Namespace, database: Database) -> SecondFactors:
    """The judge of one-time codes."""
    from gateway.keyring.composition import keyring_of  # noqa: PLC0415 - seldom needed
    from gateway.second_factors import SecondFactors  # noqa: PLC0415 - seldom needed
    from gateway.throttle import Throttle  # noqa: PLC0415 - likewise

    site = open_site(args)
    throttle = Throttle(database, site.settings.limits)
    return SecondFactors(database, keyring_of(site), throttle)


@contextmanager
def site_database(args: argparse.Namespace) -> Iterator[Database]:
    """The site's database, closed afterwards."""
    database = open_site(args).database()
    try:
        yield database
    finally:
        database.close()


def moment(value: datetime | None) -> str:
    """For people: UTC to the second, or a dash."""
    return "-" if value is None else value.strftime("%Y-%m-%d %H:%M:%SZ")


def expiry(value: datetime | None, now: datetime) -> str:
    """For people: the day, and how near it is when it is near."""
    if value is None:
        return "never"
    day = value.strftime("%Y-%m-%d")
    if value <= now:
        return f"{day} (expired)"
    return f"{day} (in {(value - now).days} days)" if value - now < SOON else day


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)
