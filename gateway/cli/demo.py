"""``lazaretto demo``: the gateway's whole job on made-up files, in a temporary directory."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.common import NOT_OK, OK, Subparsers, json_argument

if TYPE_CHECKING:
    from gateway.demo.run import Result


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "demo",
        parents=[json_argument()],
        help="see the whole job done on made-up files",
        description="Make a site in a temporary directory, enrol a clinic, a billing firm and two "
        "payers, drop seven files, and check what becomes of each. Exit status 0 only if each "
        "outcome was the right one.",
    )
    parser.add_argument("--keep", action="store_true", help="keep the site up afterwards")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    with _root() as root:
        if args.keep:
            return asyncio.run(_keep(root))
        return asyncio.run(_once(root, as_json=args.json))


@contextmanager
def _root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lazaretto-demo-") as root:
        yield Path(root)


async def _once(root: Path, *, as_json: bool) -> int:
    from gateway.demo.run import run as run_demo  # noqa: PLC0415 - heavy, for this command alone
    from gateway.demo.world import make_world  # noqa: PLC0415 - likewise

    result = await run_demo(make_world(root))
    if as_json:
        _print_json(result)
    else:
        _print_table(result)
    if not result.right:
        sys.stderr.write((root / "serve.log").read_text()[-4000:])
    return OK if result.right else NOT_OK


def _print_table(result: Result) -> None:
    from rich.console import Console  # noqa: PLC0415 - for a terminal alone

    from gateway.demo.show import show  # noqa: PLC0415 - likewise

    show(result, Console())


def _print_json(result: Result) -> None:
    document = {
        "right": result.right,
        "seconds": round(result.seconds, 2),
        "verified": result.verified,
        "files": [
            {
                "file": outcome.case.name,
                "transfer": outcome.transfer,
                "state": outcome.state,
                "reasons": outcome.reasons,
                "seconds": round(outcome.seconds, 3),
                "wrong": outcome.wrong,
                "pulled": outcome.pulled,
            }
            for outcome in result.outcomes
        ],
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


async def _keep(root: Path) -> int:
    from gateway.demo.cases import cases  # noqa: PLC0415 - heavy, for this command alone
    from gateway.demo.served import served  # noqa: PLC0415 - likewise
    from gateway.demo.show import how_to_connect  # noqa: PLC0415 - likewise
    from gateway.demo.world import make_world  # noqa: PLC0415 - likewise

    world = make_world(root)
    for case in cases():
        (world.home / case.name).write_bytes(case.content)
    async with served(world.site) as ports:
        sys.stdout.write(how_to_connect(world, ports))
        sys.stdout.flush()
        await _until_told()
    return OK


async def _until_told() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()
