"""``lazaretto doctor``: check a site, or ask the running gateway whether it is ready."""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from gateway.cli.common import NOT_OK, OK, CliError, Subparsers, emit, open_site, site_arguments
from gateway.running import running_state

if TYPE_CHECKING:
    from gateway.doctor import Diagnosis

_PROBE_SECONDS: Final = 5.0
_MARKS: Final = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        parents=[site_arguments()],
        help="check a site and say how to mend it",
        description="Check settings, policy, keys, database, store, ports and confinement. Exit "
        "status 0 if the gateway can work, 1 if something must be mended.",
    )
    parser.add_argument(
        "--ready", action="store_true", help="only ask the running gateway whether it is ready"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check everything, or ask."""
    return _ask(args) if args.ready else _examine(args)


def _examine(args: argparse.Namespace) -> int:
    # Brings nearly every library there is: for this command alone.
    from gateway.doctor import Level, examine  # noqa: PLC0415
    from gateway.doctor_checks import CHECKS  # noqa: PLC0415

    found = examine(args.site, CHECKS)
    failed = sum(item.level is Level.FAIL for item in found)
    warned = sum(item.level is Level.WARN for item in found)
    data = {
        "ok": not failed,
        "checks": [
            {"level": d.level, "subject": d.subject, "detail": d.detail, "fix": d.fix}
            for d in found
        ],
    }
    emit(args, data, _report(found) + f"\n{failed} to mend, {warned} to look at")
    return NOT_OK if failed else OK


def _report(found: Sequence[Diagnosis]) -> str:
    lines = []
    for item in found:
        lines.append(f"{_MARKS[item.level]}  {item.subject}: {item.detail}")
        if item.fix:
            lines.append(f"      -> {item.fix}")
    return "\n".join(lines)


def _ask(args: argparse.Namespace) -> int:
    state = running_state(open_site(args))
    listen = state.get("listen") if state else None
    if not isinstance(listen, Mapping):
        raise CliError("the gateway doesn't run, or isn't up yet", "lazaretto serve")
    body = _fetch(f"http://{listen['health']}/readyz")
    checks = body.get("checks")
    lines = [
        f"{name}: {check.get('detail') or 'ok'}"
        for name, check in (checks.items() if isinstance(checks, dict) else ())
    ]
    emit(args, body, "\n".join(lines))
    return OK if body.get("ready") else NOT_OK


def _fetch(url: str) -> Mapping[str, object]:
    try:
        with urllib.request.urlopen(url, timeout=_PROBE_SECONDS) as answer:  # noqa: S310  # our own
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error))
    except (OSError, ValueError):
        raise CliError(
            "the gateway does not answer on its health listener", "see its log"
        ) from None
