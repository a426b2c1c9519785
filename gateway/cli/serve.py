"""``lazaretto serve``: run the gateway till it is told to stop."""

from __future__ import annotations

import argparse

from gateway.cli.common import OK, CliError, Subparsers, open_site, site_arguments


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "serve",
        parents=[site_arguments()],
        help="run the gateway",
        description="Run the gateway: SFTP, HTTPS, health and metrics. SIGTERM or Ctrl-C stops it "
        "after uploads and steps under way have ended (a second one stops it at once); SIGHUP "
        "reloads the policy. What it listens on is logged and stands in run/serve.json.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve."""
    # Heavy imports, for this command alone.
    from gateway.app.serving import serve  # noqa: PLC0415
    from gateway.listening import ListenError  # noqa: PLC0415

    try:
        serve(open_site(args))
    except ListenError as error:
        raise CliError(str(error), error.fix) from error
    return OK
