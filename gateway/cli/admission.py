"""Whether whoever gives a command may: the operating system's user, or an account by its roles.

Whoever can open the site's files can do everything to it, whatever a command says, and so counts as
its administrator. ``--as`` an account narrows that to the account's roles, and the log names it;
``--as`` a person's name, which no user name could be, is only who the log names.
"""

from __future__ import annotations

import argparse

from config.operations import OPERATIONS, Role, permits
from gateway.cli.common import CliError, open_site


def name_operations(parser: argparse.ArgumentParser, path: str = "cli") -> None:
    """Have every command say by which row of the table it is allowed."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001 - argparse gives no public way to walk its tree
    for action in below:
        for word, command in action.choices.items():
            name_operations(command, f"{path} {word}")
    if not below:
        parser.set_defaults(operation=path)


def admit(args: argparse.Namespace) -> None:
    """Return if the command may be run.

    Raises:
        CliError: It may not, or the table doesn't know the command.
    """
    rule = OPERATIONS.get(args.operation)
    if rule is None:
        raise CliError(f"nobody may run '{args.operation}': it is in no row of the table")
    if rule.local:
        return
    roles = _roles(args)
    if roles is None:
        if Role.ADMIN not in rule.roles:
            raise CliError("this is for accounts alone", "give one with --as")
        return
    if not permits(roles, args.operation, factor=True):
        raise CliError(
            f"account {args.acting_as} may not do that", f"it needs {_any_of(rule.roles)}"
        )
    if rule.factor:
        _prove(args)


def may(args: argparse.Namespace, operation: str) -> bool:
    """Whether whoever gives a command may do another thing, too; the system's user may."""
    roles = _roles(args)
    return roles is None or permits(roles, operation, factor=True)


def _prove(args: argparse.Namespace) -> None:
    """Ask for a code, each time: commands have no session that could remember one.

    Raises:
        CliError: The account has no second factor, or the code is wrong or one too many.
    """
    from gateway.cli.acting import asked_code, factors_of, site_database  # noqa: PLC0415 - slow
    from transports.ports import TooManyAttemptsError  # noqa: PLC0415 - likewise

    name = str(args.acting_as).strip()
    with site_database(args) as database:
        factors = factors_of(args, database)
        if not factors.state(name).confirmed:
            raise CliError(
                f"this needs a second factor, and account {name} has none",
                "lazaretto account totp enrol",
            )
        try:
            proven = factors.check(name, asked_code(name))
        except TooManyAttemptsError as error:
            raise CliError(
                f"too many wrong codes; the next is heard in {error.seconds:.0f} s",
                "see lazaretto account locks",
            ) from None
    if not proven:
        raise CliError("that code is wrong, or was used before", "type the next one")


def _roles(args: argparse.Namespace) -> frozenset[Role] | None:
    """Of the account that acts; None if none does."""
    from gateway.directory_types import is_account_id  # noqa: PLC0415 - slow, and seldom needed

    name = str(args.acting_as).strip()
    if not is_account_id(name):
        return None
    from gateway.directory_queries import DirectoryReader  # noqa: PLC0415 - likewise

    database = open_site(args).database()
    try:
        account = DirectoryReader(database).account(name)
    finally:
        database.close()
    if account is not None and not account.enabled:
        raise CliError(f"account {name} is disabled", "lazaretto account enable")
    if account is None:
        # A slip of the pen must not act with more rights than the account that was meant.
        raise CliError(
            f"no account is called '{name}'",
            "see lazaretto account list; --as 'Full Name' only says whom the log names",
        )
    return account.roles


def _any_of(roles: frozenset[Role]) -> str:
    return "role " + " or ".join(sorted(roles))
