"""``lazaretto account``: who may log in, and how they prove themselves."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from config.operations import Role
from gateway.cli import account_totp
from gateway.cli.account_locks import run_locks, run_unlock
from gateway.cli.acting import (
    acting_arguments,
    actor,
    chosen_networks,
    expiry,
    network_arguments,
    now,
    site_database,
)
from gateway.cli.common import (
    OK,
    USAGE,
    CliError,
    Subparsers,
    emit,
    open_site,
    site_arguments,
    table,
)
from gateway.client_certificates import certificate_pin, key_pin
from gateway.directory import Directory
from gateway.directory_credentials import (
    new_token,
    oidc_subject,
    password,
    ssh_keys,
    ssh_principal,
)
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import NewCredential

_MAX_KEY_FILE: Final = 65_536


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "account", help="accounts, their credentials, second factors and locks"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", parents=[acting_arguments()], help="add an account")
    add.add_argument("account", metavar="USER", help="the user name")
    add.add_argument(
        "--partner", default="", metavar="ID", help="for whom it logs in (default: for the site)"
    )
    add.add_argument("--send", action="store_true", help="the same as --role sender")
    add.add_argument("--receive", action="store_true", help="the same as --role receiver")
    _role_argument(add)
    _proof_arguments(add)
    add.set_defaults(run=run_add)
    change = commands.add_parser(
        "set", parents=[acting_arguments()], help="change what an account may do"
    )
    change.add_argument("account", metavar="USER")
    _role_argument(change)
    network_arguments(change)
    change.set_defaults(run=run_set)
    locks = commands.add_parser(
        "locks", parents=[site_arguments()], help="who isn't heard now, after failed logins"
    )
    locks.set_defaults(run=run_locks)
    unlock = commands.add_parser(
        "unlock", parents=[acting_arguments()], help="forget failed logins, and hear it again"
    )
    unlock.add_argument("account", metavar="USER", nargs="?", default="")
    unlock.add_argument("--address", default="", help="of an address instead of an account")
    unlock.set_defaults(run=run_unlock)
    account_totp.register(commands)
    more = commands.add_parser(
        "credential",
        parents=[acting_arguments()],
        help="give an account another credential, or take one away",
    )
    more.add_argument("account", metavar="USER")
    _proof_arguments(more)
    more.add_argument(
        "--remove",
        metavar="FINGERPRINT",
        action="append",
        default=[],
        help="take this credential away ('account list' shows it; the password's is 'password')",
    )
    more.set_defaults(run=run_credential)
    listing = commands.add_parser("list", parents=[site_arguments()], help="with credentials")
    listing.set_defaults(run=run_list)
    for word, enabled in (("disable", False), ("enable", True)):
        switch = commands.add_parser(word, parents=[acting_arguments()], help=f"{word} an account")
        switch.add_argument("account", metavar="USER")
        switch.set_defaults(run=run_switch, enabled=enabled, word=word)


def _role_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role",
        metavar="ROLE",
        type=Role,
        choices=list(Role),
        action="append",
        default=[],
        help=f"what it is for; may be given again: {', '.join(Role)}",
    )


def _proof_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ssh-key",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a public key, OpenSSH's or PuTTY's form; may be given again",
    )
    parser.add_argument(
        "--password",
        action="store_true",
        help="ask for a password, or read one line of standard input where that is no terminal",
    )
    parser.add_argument(
        "--ssh-principal",
        metavar="NAME",
        action="append",
        default=[],
        help="a name in OpenSSH certificates of the partner's CAs that stands for this account "
        "besides its own; may be given again",
    )
    parser.add_argument(
        "--client-cert",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="pin a TLS client certificate (PEM); may be given again",
    )
    parser.add_argument(
        "--client-key-of",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="pin the public key of a TLS client certificate: its renewals fit too",
    )
    parser.add_argument(
        "--oidc-subject",
        metavar="SUB",
        action="append",
        default=[],
        help="let whom the identity provider calls that sign in to the console",
    )
    parser.add_argument("--token", action="store_true", help="make an API token, shown once")
    parser.add_argument(
        "--token-expires", metavar="DAYS", type=int, help="the token's life (default: token_days)"
    )
    parser.add_argument(
        "--token-role",
        metavar="ROLE",
        type=Role,
        choices=list(Role),
        action="append",
        default=[],
        help="the token has this role of the account's alone; may be given again (default: all)",
    )


def run_add(args: argparse.Namespace) -> int:
    """Add one, with its credentials, all or nothing."""
    wanted = ((Role.SENDER, args.send), (Role.RECEIVER, args.receive))
    roles = {role for role, given in wanted if given} | set(args.role)
    if not roles:
        raise CliError(
            "it isn't said what the account may do", "give --send, --receive or --role", USAGE
        )
    proofs, token = _proofs(args)
    with site_database(args) as database:
        Directory(database).add_account(args.account, args.partner, roles, actor(args), proofs)
    lines = [f"added account {args.account} of {args.partner or 'the site'}"]
    if not proofs:
        lines.append(_how_to_log_in(args))
    _report(args, proofs, token, lines)
    return OK


def _how_to_log_in(args: argparse.Namespace) -> str:
    credential = f"lazaretto account credential {args.account}"
    if not args.partner:  # one of the site's people, who have the console
        return f"nobody can sign in as it yet: {credential} --password, or --oidc-subject SUB"
    return f"it needs a key, unless the partner's SSH CA certifies it: {credential} --ssh-key FILE"


def run_set(args: argparse.Namespace) -> int:
    """Change its roles, or where it may log in from."""
    networks = chosen_networks(args)
    if not args.role and networks is None:
        raise CliError("nothing to do", "give --role, --network or --any-network", USAGE)
    with site_database(args) as database:
        directory = Directory(database)
        if args.role:
            directory.set_roles(args.account, args.role, actor(args))
        if networks is not None:
            directory.limit_account(args.account, networks, actor(args))
    data: dict[str, object] = {"account": args.account}
    lines = [f"changed account {args.account}"]
    if args.role:
        data["roles"] = sorted(set(args.role))
        lines.append(f"  it is {' and '.join(sorted(set(args.role)))}")
    if networks is not None:
        data["networks"] = networks
        lines.append(f"  it may log in from {' or '.join(networks) or 'anywhere'}")
    emit(args, data, "\n".join(lines))
    return OK


def run_credential(args: argparse.Namespace) -> int:
    """Add and remove credentials; new ones first, so that nobody locks themselves out."""
    proofs, token = _proofs(args)
    if not proofs and not args.remove:
        raise CliError("nothing to do", "give a credential to add, or --remove", USAGE)
    with site_database(args) as database:
        directory = Directory(database)
        for proof in proofs:
            directory.add_credential(args.account, proof, actor(args))
        for fingerprint in args.remove:
            directory.remove_credential(args.account, fingerprint, actor(args))
    _report(args, proofs, token, [f"changed account {args.account}"])
    return OK


def run_switch(args: argparse.Namespace) -> int:
    """Let it log in, or not."""
    with site_database(args) as database:
        Directory(database).enable_account(args.account, actor(args), enabled=args.enabled)
    data = {"account": args.account, "enabled": args.enabled}
    emit(args, data, f"{args.word}d account {args.account}")
    return OK


def run_list(args: argparse.Namespace) -> int:
    """List all with their credentials."""
    with site_database(args) as database:
        reader = DirectoryReader(database)
        accounts, credentials = reader.accounts(), reader.credentials()
        factored = reader.with_factor()
    present = now()
    data = []
    rows = []
    for a in accounts:
        own = [c for c in credentials if c.account == a.id]
        state = "yes" if a.enabled else "no"
        factor = "yes" if a.id in factored else "no"
        head = (a.id, a.partner or "(the site)", " and ".join(sorted(a.roles)), state, factor)
        shown = [(c.kind, c.fingerprint, c.comment, expiry(c.expires, present)) for c in own]
        shown = shown or [("none", "-", "", "-")]  # type: ignore[list-item]  # a word for no kind
        rows += [
            (*(head if n == 0 else ("",) * len(head)), *cells) for n, cells in enumerate(shown)
        ]
        data.append(
            {
                "id": a.id,
                "partner": a.partner,
                "roles": sorted(a.roles),
                "networks": list(a.networks),
                "enabled": a.enabled,
                "second_factor": a.id in factored,
                "credentials": [
                    {
                        "kind": c.kind,
                        "fingerprint": c.fingerprint,
                        "comment": c.comment,
                        "roles": sorted(c.roles),
                        "added": c.added,
                        "expires": c.expires,
                    }
                    for c in own
                ],
            }
        )
    headings = (
        "user",
        "partner",
        "roles",
        "enabled",
        "2nd factor",
        "credential",
        "fingerprint",
        "comment",
        "expires",
    )
    text = table(headings, rows) if rows else "no accounts yet; lazaretto account add"
    emit(args, data, text)
    return OK


def _proofs(args: argparse.Namespace) -> tuple[list[NewCredential], str]:
    """The credentials that the arguments ask for, and the token to be shown, if any."""
    found = [key for path in args.ssh_key for key in ssh_keys(_read(path), str(path))]
    found += [ssh_principal(name) for name in args.ssh_principal]
    found += [certificate_pin(_read(path), str(path)) for path in args.client_cert]
    found += [key_pin(_read(path), str(path)) for path in args.client_key_of]
    if args.oidc_subject:
        issuer = open_site(args).settings.console.oidc.issuer
        found += [oidc_subject(issuer, subject) for subject in args.oidc_subject]
    token = ""
    if not args.token and (args.token_expires is not None or args.token_role):
        raise CliError("--token-expires and --token-role go with --token", code=USAGE)
    if args.token:
        token, proof = new_token(_token_life(args), frozenset(args.token_role))
        found.append(proof)
    if args.password:
        found.append(password(_ask_password()))
    return found, token


def _token_life(args: argparse.Namespace) -> timedelta:
    longest = open_site(args).settings.limits.token_days
    days = longest if args.token_expires is None else args.token_expires
    if not 1 <= days <= longest:
        raise CliError(
            f"a token lives 1 day to {longest} days",
            "settings limit it by limits.token_days",
            USAGE,
        )
    return timedelta(days=days)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(_MAX_KEY_FILE + 1)
    if len(raw) > _MAX_KEY_FILE:
        raise CliError(f"{path} is too large to be a key file", code=USAGE)
    return raw.decode("utf-8", "replace")


def _ask_password() -> str:
    """Never from the command line: other users of the machine could read it there."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise CliError("the two passwords differ", "try again", USAGE)
    return first


def _report(
    args: argparse.Namespace, proofs: Sequence[NewCredential], token: str, lines: list[str]
) -> None:
    lines += [f"  {p.kind} {p.fingerprint} {p.comment}".rstrip() for p in proofs]
    lines += [f"  {fingerprint} removed" for fingerprint in getattr(args, "remove", [])]
    data: dict[str, object] = {
        "account": args.account,
        "credentials": [{"kind": p.kind, "fingerprint": p.fingerprint} for p in proofs],
    }
    if token:
        data["token"] = token
        lines.append(f"token, shown this once and kept nowhere: {token}")
    emit(args, data, "\n".join(lines))
