"""``lazaretto``: finds the command and imports that one alone, since some are slow to import."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

from config.faults import ConfigError
from gateway.cli.admission import admit, name_operations
from gateway.cli.common import DEBUG_VARIABLE, NOT_OK, USAGE, CliError
from gateway.site import SiteError
from gateway.version import running

COMMANDS: Final = {
    "init": "make a site",
    "serve": "run the gateway",
    "demo": "do the whole job once on made-up files, in a temporary site",
    "scan": "inspect files and say what a contract makes of them",
    "policy": "check, show or reload the policy",
    "rules": "check the rules",
    "partner": "who exchanges files, and their SSH CAs",
    "account": "accounts, their credentials, second factors and locks",
    "key": "partners' OpenPGP certificates; rotate the gateway's own keys",
    "transfer": "list and show transfers, and set legal holds",
    "hold": "decide on what was held",
    "audit": "verify and read the log",
    "backup": "back a site up, running or not; or verify a backup",
    "restore": "make a site of a backup",
    "doctor": "check a site and say how to mend it",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        args = _parser(arguments).parse_args(arguments)
        return perform(args)
    except BrokenPipeError:
        # Whoever read our output has gone (``| head``); there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last stop: one line instead of a traceback
        return _explain(error)


def perform(args: argparse.Namespace) -> int:
    """Run what was parsed, if whoever asks may."""
    admit(args)
    return int(args.run(args))


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lazaretto",
        description="Secure file-exchange gateway and DLP proxy for medical billing.",
        epilog="'lazaretto COMMAND --help' says more. Exit status: 0 well, 1 not well, "
        "2 the call was wrong.",
    )
    parser.add_argument("--version", action="version", version=f"lazaretto {running()}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    for name, summary in COMMANDS.items():
        if name == chosen:
            importlib.import_module(f"gateway.cli.{name}").register(subparsers)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    name_operations(parser)
    return parser


def _explain(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        from gateway.logs import places  # noqa: PLC0415 - slow to import, and seldom needed

        sys.stderr.write(places(error))
    else:
        sys.stderr.write(f"lazaretto: {_sentence(error)}\n")
    if isinstance(error, CliError):
        return error.code
    return USAGE if isinstance(error, SiteError) else NOT_OK


def _sentence(error: Exception) -> str:
    if isinstance(error, CliError | SiteError):
        return f"{error}; {error.fix}" if error.fix else str(error)
    if isinstance(error, ConfigError):
        count = len(error.faults)
        return f"{count} fault{'s' * (count != 1)} in the configuration:\n{error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if _ours(error):
        return str(error)
    # A stranger's message may quote data; its type and the way to see more do not.
    return f"internal error ({type(error).__name__}); set {DEBUG_VARIABLE}=1 to see where"


def _ours(error: Exception) -> bool:
    """Whether one of our own classes wrote the message: those hold no data."""
    return type(error).__module__.split(".")[0] in {
        "gateway",
        "keys",
        "transports",
        "dlp",
        "config",
    }
