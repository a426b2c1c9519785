"""Kills a gateway at every point, brings it up again, and checks the books.

``python -m tests.faults.harness --points 150 --random 50``: so many deaths at named points, spread
over all of them, and so many at random moments. ``--points 0`` takes every point there is.
Prints one JSON object; exits with 1 if any promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import structlog

from gateway.migrations import upgrade
from gateway.store.database import open_database
from keys.kek import LocalKek
from tests.faults.books import Told, faults
from tests.faults.life import live
from tests.faults.points import Points, Trap, traps

PATIENCE: Final = 60.0
"""Seconds that one life may take."""


structlog.configure(processors=[], wrapper_class=structlog.make_filtering_bound_logger(50))


def make_template(root: Path) -> None:
    """A new site, to be copied for each case."""
    (root / "blobs").mkdir(parents=True)
    database = open_database(f"sqlite:///{root / 'ledger.db'}", create=True)
    upgrade(database)
    database.forget()
    database.close()
    LocalKek.generate(root / "kek.key")


def run_life(root: Path, told: Told, points: Points, *, after: float | None = None) -> str:
    """One life in a process of its own; how it ended: ``""``, ``killed`` or what went wrong.

    Args:
        root: The site.
        told: What clients were told; what they are told now is added.
        points: Where to die.
        after: Seconds after which to die, wherever it is.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_born(root, told, points, writing)
    os.close(writing)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, encoding="utf-8") as said:
        lines = said.read().splitlines(keepends=True)
    _, status = os.waitpid(child, 0)
    trouble = ""
    for line in lines:
        if not line.endswith("\n"):
            continue  # it died in the middle of the word
        if line.startswith("trouble "):
            trouble = line.strip()
        elif line.startswith("reached "):
            points.reached.update(json.loads(line.removeprefix("reached ")))
        else:
            told.hear(line)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"signal {status}"
    return trouble


def _be_born(root: Path, told: Told, points: Points, writing: int) -> None:
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    real_write = os.write

    def say(word: str) -> None:
        real_write(writing, f"{word}\n".encode())

    code = 0
    try:
        points.install()
        asyncio.run(live(root, set(told.acknowledged), say))
        say(f"reached {json.dumps(points.reached)}")
    except BaseException as error:  # noqa: BLE001 - said to the parent, whatever it is
        say(f"trouble {type(error).__name__}: {str(error)[:300]}")
        code = 1
    finally:
        os._exit(code)


def run_case(template: Path, folder: Path, trap: Trap | None, after: float | None) -> list[str]:
    """One death and what comes after it; what is wrong in the end."""
    root = folder / "case"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template, root)
    told = Told()
    ended = run_life(root, told, Points(trap), after=after)
    if ended not in {"", "killed"}:
        return [f"the life with the trap: {ended}"]
    if ended == "killed":
        ended = run_life(root, told, Points())
        if ended:
            return [f"the life after it: {ended}"]
    return faults(root, told)


def chosen(every: list[Trap], count: int, rng: random.Random) -> list[Trap]:
    """``count`` of them: each named point in each way once first, then at random; 0 for all."""
    if not count or count >= len(every):
        return every
    first: dict[tuple[str, str], Trap] = {}
    for trap in rng.sample(every, len(every)):
        first.setdefault((trap.point, trap.when), trap)
    taken = list(first.values())[:count]
    rest = [trap for trap in every if trap not in set(taken)]
    return taken + rng.sample(rest, count - len(taken))


def run(
    points: int, at_random: int, seed: int, progress: Callable[[str], None]
) -> dict[str, object]:
    """All cases; the summary."""
    rng = random.Random(seed)
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lz-faults-", dir=base) as name:
        folder = Path(name)
        template = folder / "template"
        make_template(template)
        listing = Points()
        # Pages that the collector never touches stay shared with every child.
        gc.freeze()
        shutil.copytree(template, folder / "case")
        started = time.monotonic()
        told = Told()
        ended = run_life(folder / "case", told, listing)
        length = time.monotonic() - started
        wrong = [ended] if ended else faults(folder / "case", told)
        broken = [f"without a death: {wrong}"] if wrong else []
        every = traps(listing.reached)
        traps_taken = chosen(every, points, rng)
        cases = _cases(traps_taken, at_random, length, rng)
        deaths: Counter[str] = Counter()
        for number, (trap, after) in enumerate(cases, 1):
            wrong = run_case(template, folder, trap, after)
            deaths["point" if trap else "random"] += 1
            if wrong:
                broken.append(f"{trap or f'after {after:.4f} s'}: {wrong}")
                progress(broken[-1])
            if number % 100 == 0:
                progress(f"{number} deaths, {len(broken)} with a fault")
        return {
            "named_points": len({trap.point for trap in every}),
            "ways_to_die": len(every),
            "at_points": deaths["point"],
            "at_random": deaths["random"],
            "seconds": round(time.monotonic() - started, 1),
            "broken": broken,
        }


def _cases(
    taken: Iterable[Trap], at_random: int, length: float, rng: random.Random
) -> Iterator[tuple[Trap | None, float | None]]:
    for trap in taken:
        yield trap, None
    for _ in range(at_random):
        yield None, rng.uniform(0, length)


def _progress(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=0, help="deaths at named points; 0: all")
    parser.add_argument("--random", type=int, default=0, help="deaths at random moments")
    parser.add_argument("--seed", type=int, default=20261123)
    args = parser.parse_args()
    summary = run(args.points, args.random, args.seed, _progress)
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return 1 if summary["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
