"""``lazaretto rules``: check the rules of a site."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.faults import ConfigError
from config.policy import RULES, load_rules
from gateway.cli.common import NOT_OK, OK, Subparsers, emit, open_site, site_arguments
from gateway.cli.policy import faults_json, faults_text


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("rules", help="check the rules")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check", parents=[site_arguments()], help=f"list every fault of {RULES}"
    )
    check.add_argument("--policy", type=Path, metavar="DIR", help="of this policy, of no site")
    check.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> int:
    """List every fault."""
    root = args.policy or open_site(args).paths.policy
    try:
        rules = load_rules(root)
    except ConfigError as error:
        emit(args, {"ok": False, "faults": faults_json(error.faults)}, faults_text(error.faults))
        return NOT_OK
    patterns, words = len(rules.patterns), len(rules.not_phi)
    codes = sum(len(prefixes) for prefixes in rules.protected_codes.values())
    data = {"ok": True, "faults": [], "patterns": patterns, "not_phi": words, "codes": codes}
    emit(args, data, f"ok: {patterns} patterns, {words} names that aren't PHI, {codes} codes")
    return OK
