"""``lazaretto key openpgp|ssh|log|tls``: the gateway's own keys, rotated with an overlap."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from gateway.cli.acting import acting_arguments
from gateway.cli.common import OK, USAGE, CliError, Subparsers, emit, open_site
from gateway.cli.key_record import on_the_log

if TYPE_CHECKING:
    from gateway.gateway_keys import GatewayKey
    from gateway.site import Site

_ABOUT: Final = MappingProxyType({
    "openpgp": "the key that signs what is sealed, and that partners encrypt for",
    "ssh": "the SSH host keys",
    "log": "the key that signs the log",
})  # fmt: skip
_ADVICE: Final[Mapping[tuple[str, str], str]] = MappingProxyType({
    ("openpgp", "rotate"): "give partners keys/openpgp.next.asc; both keys open what they send",
    ("openpgp", "switch"): "it signs from now on; retire the old one when nobody encrypts for it",
    ("openpgp", "retire"): "messages for the old key are not opened any more",
    ("ssh", "rotate"): "clients that take hostkeys-00@openssh.com learn them at their next login; "
    "give them to the others, then switch",
    ("ssh", "switch"): "they are used from now on; the old ones are still announced",
    ("ssh", "retire"): "the old ones are not announced any more",
    ("log", "rotate"): "both sign from now on; give auditors keys/log.pub anew, then switch",
    ("log", "switch"): "it is the first in keys/log.pub; the old one still signs beside it",
    ("log", "retire"): "keep keys/log.pub whole: older checkpoints need the old public key",
})  # fmt: skip
_STEPS: Final = MappingProxyType({
    "rotate": "make the next one",
    "switch": "put the next one in use, and keep the former one as old",
    "retire": "remove the old one",
})  # fmt: skip
_NOT_YET_OPENED: Final = (
    (
        "receiving",
        "are still being sent, or can be gone on with",
        "try again later; one that broke off is given up after uploads.abandon_after_hours",
    ),
    ("staged", "still wait to be opened", "try again in a while"),
)
"""In the order that a file goes through them, so that none slips by between two looks."""


def register(commands: Subparsers) -> None:
    """Add the commands."""
    for kind, about in _ABOUT.items():
        parser = commands.add_parser(kind, help=f"rotate {about}")
        steps = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
        for step, does in _STEPS.items():
            one = steps.add_parser(step, parents=[acting_arguments()], help=does)
            one.set_defaults(run=run_step, kind=kind, step=step)
    _register_tls(commands)


def _register_tls(commands: Subparsers) -> None:
    parser = commands.add_parser("tls", help="renew the HTTPS certificate without a restart")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    install = verbs.add_parser(
        "install",
        parents=[acting_arguments()],
        help="put a certificate and its key in use; without names, the renewed one",
    )
    install.add_argument("certificate", metavar="CERTIFICATE", type=Path, nargs="?")
    install.add_argument("key", metavar="KEY", type=Path, nargs="?")
    install.set_defaults(run=run_install)
    renew = verbs.add_parser(
        "renew",
        parents=[acting_arguments()],
        help="make the next self-signed certificate, for clients to trust before it is installed",
    )
    renew.set_defaults(run=run_renew)


def run_step(args: argparse.Namespace) -> int:
    """Take one step."""
    from gateway.staged_keys import alone  # noqa: PLC0415 - brings cryptography

    site = open_site(args)
    key = _key(site, args.kind)
    take = {"rotate": key.rotate, "switch": key.switch, "retire": key.retire}[args.step]
    with alone(site.paths.keys):
        if (args.kind, args.step) == ("openpgp", "retire"):
            _check_opened(site)
        with on_the_log(site, args, args.kind, args.step):
            known = take() or ""
    emit(
        args,
        {"key": args.kind, "step": args.step, "known_by": known},
        "\n".join(filter(None, (known, _ADVICE[args.kind, args.step]))),
    )
    return OK


def run_install(args: argparse.Namespace) -> int:
    """Put a pair in use."""
    from gateway.gateway_keys import Tls  # noqa: PLC0415 - brings cryptography
    from gateway.staged_keys import alone  # noqa: PLC0415 - likewise

    if (args.certificate is None) != (args.key is None):
        raise CliError("name both CERTIFICATE and KEY, or neither", code=USAGE)
    site = open_site(args)
    tls = Tls(site.paths)
    with alone(site.paths.keys), on_the_log(site, args, "tls", "install"):
        if args.certificate:
            known = tls.install(args.certificate.read_bytes(), args.key.read_bytes())
        else:
            known = tls.install_next()
    emit(args, {"key": "tls", "known_by": known}, f"{known}; new connections meet it at once")
    return OK


def run_renew(args: argparse.Namespace) -> int:
    """Make the next one."""
    from gateway.gateway_keys import Tls  # noqa: PLC0415 - likewise
    from gateway.staged_keys import alone, next_of  # noqa: PLC0415 - likewise

    site = open_site(args)
    with alone(site.paths.keys), on_the_log(site, args, "tls", "renew"):
        known = Tls(site.paths).renew()
    place = next_of(site.paths.tls_cert)
    text = f"{known}: {place}\nhave clients trust it, then: lazaretto key tls install"
    emit(args, {"key": "tls", "known_by": known, "certificate": place}, text)
    return OK


def _check_opened(site: Site) -> None:
    """See that nothing which was begun before the switch may still need the old key to be opened.

    Files being sent count, too: what was encrypted for the old key may be at its sender's yet.
    """
    from gateway.ledger.queries import SqlTransfers  # noqa: PLC0415 - likewise
    from gateway.lifecycle import State  # noqa: PLC0415 - likewise
    from gateway.staged_keys import old_of  # noqa: PLC0415 - likewise

    old = old_of(site.paths.openpgp_secret)
    if not old.exists():
        return
    # Linking and renaming set a file's change time: that of the switch.
    switched = old.stat().st_ctime
    with closing(site.database()) as database:
        for state, doing, fix in _NOT_YET_OPENED:
            oldest = SqlTransfers(database).in_state(State(state), 1)
            if oldest and oldest[0].created.timestamp() <= switched:
                raise CliError(f"files that were begun before the switch {doing}", fix)


def _key(site: Site, kind: str) -> GatewayKey:
    from gateway import gateway_keys  # noqa: PLC0415 - likewise

    kinds: dict[str, type[gateway_keys.OpenPgp | gateway_keys.SshHost | gateway_keys.Log]] = {
        "openpgp": gateway_keys.OpenPgp, "ssh": gateway_keys.SshHost, "log": gateway_keys.Log,
    }  # fmt: skip
    return kinds[kind](site.paths)
