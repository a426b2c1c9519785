"""``lazaretto scan``: inspect files and say what a contract makes of them, without a site."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.contracts import Action, Contract
from config.faults import ConfigError
from config.policy import Policy, load_policy, shipped_directory
from config.wording import did_you_mean
from gateway.cli.common import NOT_OK, OK, USAGE, CliError, Subparsers
from gateway.version import running

if TYPE_CHECKING:
    from dlp.model import Report
    from dlp.verdict import Verdict


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
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object a file")
    output.add_argument(
        "--sarif", action="store_true", help="print one SARIF 2.1.0 log, without any value or shape"
    )
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
    scanned = _scan(args.files, contract, policy)
    actions: set[Action] = set()
    if args.sarif:
        results = list(scanned)
        actions.update(verdict.action for _, _, verdict in results)
        _print_sarif(results, contract)
    else:
        for file, report, verdict in scanned:
            actions.add(verdict.action)
            _print(file, report, verdict, contract, as_json=args.json)
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
    from dlp.detect.engine import Detectors  # noqa: PLC0415 - likewise
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


def _print(
    file: str, report: Report, verdict: Verdict, contract: Contract, *, as_json: bool
) -> None:
    # Only now is the package loaded that both need.
    from dlp.export import scan_json  # noqa: PLC0415 - see above
    from gateway.cli.scan_shown import show  # noqa: PLC0415 - likewise

    if as_json:
        _print_object(scan_json(file, report, verdict))
    else:
        show(file, report, verdict, contract.confidence)


def _print_sarif(results: list[tuple[str, Report, Verdict]], contract: Contract) -> None:
    from dlp.sarif import sarif_log  # noqa: PLC0415 - as in _print

    _print_object(sarif_log(results, contract.contract, contract.confidence, running()))


def _print_object(data: dict[str, Any]) -> None:
    line = json.dumps(data, ensure_ascii=False)
    # A name that isn't UTF-8 holds surrogates, which can't be written out.
    sys.stdout.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    sys.stdout.flush()
