"""``lazaretto policy``: check the policy, show it, have the running gateway take it up."""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from config.faults import ConfigError, Fault
from config.policy import Policy, load_policy, shipped_policy
from gateway.accepted import archived
from gateway.cli.common import (
    NOT_OK,
    OK,
    USAGE,
    CliError,
    Subparsers,
    emit,
    open_site,
    site_arguments,
    table,
)
from gateway.running import running_state

RELOAD_SECONDS: Final = 40.0
_Look = Callable[[], Mapping[str, object] | None]


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("policy", help="check, show or reload the policy")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check", parents=[site_arguments()], help="list every fault, with file, line and fix"
    )
    check.add_argument("--policy", type=Path, metavar="DIR", help="this policy, of no site")
    check.set_defaults(run=run_check)
    show = commands.add_parser("show", parents=[site_arguments()], help="routes and contracts")
    show.add_argument("--policy", type=Path, metavar="DIR", help="this policy, of no site")
    show.add_argument(
        "--digest", metavar="HEX", help="one that was in force, as 'transfer show' names it"
    )
    show.add_argument("--defaults", action="store_true", help="the policy that is shipped")
    show.set_defaults(run=run_show)
    reload = commands.add_parser(
        "reload",
        parents=[site_arguments()],
        help="have the running gateway take it up",
        description="Check the policy whole and have the running gateway take it up. With any "
        "fault, nothing changes and the policy in force stays.",
    )
    reload.set_defaults(run=run_reload)


def run_check(args: argparse.Namespace) -> int:
    """List every fault."""
    try:
        policy = _named(args)
    except ConfigError as error:
        emit(args, {"ok": False, "faults": faults_json(error.faults)}, faults_text(error.faults))
        return NOT_OK
    data = {
        "ok": True,
        "faults": [],
        "digest": policy.digest,
        "routes": len(policy.routes),
        "contracts": len(policy.contracts),
    }
    text = f"ok: {len(policy.routes)} routes, {len(policy.contracts)} contracts\n{policy.digest}"
    emit(args, data, text)
    return OK


def run_show(args: argparse.Namespace) -> int:
    """Routes and contracts."""
    policy = _shown(args)
    data = {
        "digest": policy.digest,
        "routes": {
            name: route.model_dump(mode="json", by_alias=True)
            for name, route in policy.routes.items()
        },
        "contracts": {
            name: contract.model_dump(mode="json", by_alias=True)
            for name, contract in policy.contracts.items()
        },
        "rules": policy.rules.model_dump(mode="json", exclude={"digest_key"}),
    }
    emit(args, data, _describe(policy))
    return OK


def run_reload(args: argparse.Namespace) -> int:
    """Check, signal, and wait for the answer.

    Raises:
        CliError: The gateway doesn't run, refuses, or doesn't answer.
    """
    site = open_site(args)
    checked = site.load_policy()
    before = running_state(site)
    if before is None:
        raise CliError("the gateway doesn't run", "it reads the policy when it starts")
    os.kill(int(str(before["pid"])), signal.SIGHUP)
    after = _await_reload(lambda: running_state(site), before)
    if after.get("refused"):
        raise CliError("the gateway refused the policy; the one in force stays", "see its log")
    changed = after["policy"] != before["policy"]
    text = f"in force: {after['policy']}" + ("" if changed else " (unchanged)")
    emit(args, {"digest": after["policy"], "changed": changed, "checked": checked.digest}, text)
    return OK


def faults_json(faults: tuple[Fault, ...]) -> list[dict[str, object]]:
    """Faults for ``--json``."""
    return [
        {"file": f.file, "line": f.line, "path": f.path, "problem": f.problem, "fix": f.fix}
        for f in faults
    ]


def faults_text(faults: tuple[Fault, ...]) -> str:
    """Faults for people, one a line."""
    count = len(faults)
    return "\n".join([*(str(fault) for fault in faults), f"{count} fault{'s' * (count != 1)}"])


def _shown(args: argparse.Namespace) -> Policy:
    if args.defaults:
        return shipped_policy()
    return _archived(args) if args.digest else _named(args)


def _archived(args: argparse.Namespace) -> Policy:
    kept = open_site(args).paths.policies
    digest = str(args.digest).lower()
    found = [path for path in kept.glob("*") if path.name.startswith(digest)]
    if len(found) != 1 or not digest.isalnum():
        count = "no policy" if not found else "more than one policy"
        raise CliError(f"{count} of that digest was ever in force here", "give more digits", USAGE)
    return archived(found[0])


def _named(args: argparse.Namespace) -> Policy:
    return load_policy(args.policy) if args.policy else open_site(args).load_policy()


def _describe(policy: Policy) -> str:
    routes = table(
        ["route", "from", "to", "contract", "name"],
        [
            [name, ",".join(route.senders), route.to, route.contract, route.original_name]
            for name, route in policy.routes.items()
        ],
    )
    contracts = table(
        ["contract", "formats", "unexpected", "about"],
        [
            [name, " ".join(contract.formats), contract.unexpected, contract.description]
            for name, contract in policy.contracts.items()
        ],
    )
    return f"{routes}\n\n{contracts}\n\ndigest {policy.digest}"


def _await_reload(look: _Look, before: Mapping[str, object]) -> Mapping[str, object]:
    end = time.monotonic() + RELOAD_SECONDS
    while time.monotonic() < end:
        state = look()
        if state is None:
            raise CliError("the gateway stopped meanwhile", "see its log")
        if state["reloads"] != before["reloads"]:
            return state
        time.sleep(0.05)
    raise CliError("the gateway did not answer", "see its log")
