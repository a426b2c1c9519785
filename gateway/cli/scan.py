"""``lazaretto scan``: inspect files and say what a contract makes of them, without a site."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.contracts import Action, Contract
from config.faults import ConfigError
from config.policy import Policy, load_policy, shipped_directory
from config.wording import did_you_mean
from gateway.cli.common import NOT_OK, OK, USAGE, CliError, Subparsers

if TYPE_CHECKING:
    from dlp.model import Report
    from dlp.verdict import Verdict

_COLOURS: Final = {
    Action.RELEASE: "green",
    Action.REDACT: "yellow",
    Action.HOLD: "yellow",
    Action.REFUSE: "red",
}
_MOST_ROWS: Final = 50
"""Findings shown a file; ``--json`` gives the rest."""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "scan",
        help="inspect files and say what a contract makes of them",
        description="Inspect files under a contract, as the gateway would. Works without a site.",
        epilog="Exit status: 0 every file would be released, 1 some would not, 2 the call was "
        "wrong. The output shows member names and masked values: it is for whoever has the file.",
    )
    parser.add_argument("--contract", required=True, metavar="NAME", help="what the files may hold")
    parser.add_argument(
        "--policy",
        type=Path,
        default=None,
        metavar="DIR",
        help="a policy directory, such as site/policy (default: the policy that was shipped)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a file")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scan the files; 0 if all would be released, 1 if not.

    Raises:
        CliError: With status 2, if the policy, the contract or a file can't be read.
    """
    policy = _policy(args.policy)
    contract = _contract(policy, args.contract)
    _check_files(args.files)
    actions = set()
    for file, report, verdict in _scan(args.files, contract, policy):
        actions.add(verdict.action)
        if args.json:
            _print_json(file, report, verdict)
        else:
            _print_table(file, report, verdict)
    return OK if actions == {Action.RELEASE} else NOT_OK


def _policy(directory: Path | None) -> Policy:
    if directory is not None and not directory.is_dir():
        raise CliError(f"no directory {directory}", "name a policy directory", USAGE)
    try:
        return load_policy(directory or shipped_directory())
    except ConfigError as error:
        raise CliError(f"the policy has faults:\n{error}", code=USAGE) from None


def _contract(policy: Policy, name: str) -> Contract:
    try:
        return policy.contracts[name]
    except KeyError:
        near = did_you_mean(name, policy.contracts)
        known = ", ".join(sorted(policy.contracts))
        fix = f"did you mean '{near}'?" if near else f"known are {known}"
        raise CliError(f"no contract '{name}'", fix, USAGE) from None


def _check_files(files: list[str]) -> None:
    """Refuse the call before any file is scanned, rather than in the middle.

    Raises:
        CliError: If one is missing, no file or not readable.
    """
    for file in files:
        try:
            if not Path(file).is_file():
                raise CliError(f"no file {file}", "name files; directories are not walked", USAGE)
            with Path(file).open("rb"):
                pass
        except OSError as error:
            raise CliError(f"{file}: {error.strerror}", "make it readable", USAGE) from None


def _scan(
    files: list[str], contract: Contract, policy: Policy
) -> Iterator[tuple[str, Report, Verdict]]:
    # Loaded here, since the detectors take a second that a wrong call need not wait for.
    from dlp.budget import Budget  # noqa: PLC0415 - see above
    from dlp.detect import Detectors  # noqa: PLC0415 - likewise
    from dlp.inspect import inspect  # noqa: PLC0415 - likewise
    from dlp.verdict import decide  # noqa: PLC0415 - likewise

    detectors = Detectors(policy.rules)
    for file in files:
        path = Path(file)
        with path.open("rb") as source:
            report = inspect(
                source, path.name, contract, policy.rules, Budget(), detectors=detectors
            )
        yield file, report, decide(report, contract)


def _print_json(file: str, report: Report, verdict: Verdict) -> None:
    from dlp.export import scan_json  # noqa: PLC0415 - only now is the package loaded

    line = json.dumps(scan_json(file, report, verdict), ensure_ascii=False)
    # A name that isn't UTF-8 holds surrogates, which can't be written out.
    sys.stdout.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    sys.stdout.flush()


def _print_table(file: str, report: Report, verdict: Verdict) -> None:
    from rich.console import Console  # noqa: PLC0415 - for people only
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    console = Console(highlight=False)
    head = Text(f"{file}  ", "bold")
    head.append(f"{report.format}, {report.size:,} bytes, {report.seconds:.2f} s  ", "dim")
    head.append(str(verdict.action), f"bold {_COLOURS[verdict.action]}")
    console.print(head)
    for reason in verdict.reasons:
        console.print(Text(f"  {reason}"))
    unexpected = [finding for finding in report.findings if not finding.expected]
    if unexpected:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
        for heading in ("found", "where", "shape", "by", "sure"):
            table.add_column(heading, style="none", header_style="dim")
        for finding in unexpected[:_MOST_ROWS]:
            place = f"{finding.member}: {finding.where}" if finding.member else finding.where
            sure = f"{finding.confidence:.0%}"
            cells = (str(finding.category), place, finding.masked, finding.detector, sure)
            table.add_row(*map(Text, cells))
        console.print(table)
    console.print(Text(f"  {_summary(report, min(len(unexpected), _MOST_ROWS))}\n", "dim"))


def _summary(report: Report, shown: int) -> str:
    """How much was found in all, in one line."""
    expected = sum(count for (_, expected), count in report.counts.items() if expected)
    rest = sum(report.counts.values()) - expected - shown
    more = f", and {rest} unexpected not listed" if rest > 0 else ""
    return f"{expected} identifiers where the contract expects them{more}"
