"""What the lock files pin, and the oldest versions that may be pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
RUNTIME: Final = ("requirements.txt", "requirements-model.txt")
_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.ASCII)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")


class Pin(NamedTuple):
    """A package as it is locked.

    Attributes:
        name: Normalized (PEP 503).
        version: Exactly.
        hashes: SHA-256 of its files, in hex.
    """

    name: str
    version: str
    hashes: tuple[str, ...]


class Floor(NamedTuple):
    """The oldest version of a package that may be pinned, and why."""

    name: str
    version: str
    advisories: tuple[str, ...]


def normal(name: str) -> str:
    """A package's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path: Path) -> Iterator[Pin]:
    """Every package that a lock file pins."""
    logical = path.read_text().replace("\\\n", " ")
    for line in logical.splitlines():
        if found := _PIN.match(line):
            yield Pin(normal(found[1]), found[2], tuple(_HASH.findall(line)))


def floors() -> Iterator[Floor]:
    """What ``floors.txt`` says."""
    for line in (ROOT / "audit" / "floors.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version, *advisories = line.split()
            yield Floor(normal(name), version, tuple(advisories))


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare by; what follows them doesn't count."""
    found = _NUMBERS.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()


def outdated(locked: dict[str, Pin]) -> list[str]:
    """A sentence for each package that is locked below its floor."""
    return [
        f"{floor.name} {locked[floor.name].version} is locked; {floor.version} mends "
        f"{' '.join(floor.advisories)}"
        for floor in floors()
        if floor.name in locked and release(locked[floor.name].version) < release(floor.version)
    ]
