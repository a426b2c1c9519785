"""``make audit``: are there known advisories about what the lock files pin?

Asks pip-audit's advisory service, and always compares with ``floors.txt``. Exit status: 0 no
advisory is known, 1 one is, 2 the service couldn't be asked and ``floors.txt`` has no objection
(with ``--offline-ok``: 0, and the same line to say so).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audit.locks import ROOT, floors, outdated, pins

LOCKS: Final = ("requirements.txt", "requirements-model.txt", "requirements-dev.txt")
UNANSWERED: Final = 2
_SECONDS: Final = 300


def main(words: Sequence[str] = ()) -> int:
    """Check every lock file."""
    locked = {pin.name: pin for lock in LOCKS for pin in pins(ROOT / lock)}
    faults = outdated(locked)
    for fault in faults:
        print(fault)
    applied = sum(floor.name in locked for floor in floors())
    print(f"audit/floors.txt: {applied} packages compared, {len(faults)} below")
    answers = [ask(ROOT / lock) for lock in LOCKS]
    if faults or "known" in answers:
        return 1
    if "unanswered" in answers:
        print("*** NOT AUDITED: the advisory service doesn't answer for all of it here.")
        return 0 if "--offline-ok" in words else UNANSWERED
    return 0


def ask(lock: Path) -> str:
    """What the service says of a lock file: ``none``, ``known`` or ``unanswered``."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip",
        "--require-hashes", "--progress-spinner", "off", "--format", "json",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print(f"{lock.name}: no answer")
        return "unanswered"
    return verdict(lock.name, found)


def verdict(lock: str, found: Sequence[Mapping[str, Any]]) -> str:
    """What pip-audit's answer comes to; it passes over packages that its service doesn't know."""
    unknown = sum("skip_reason" in package for package in found)
    vulnerable = [package for package in found if package.get("vulns")]
    for package in vulnerable:
        ids = " ".join(known["id"] for known in package["vulns"])
        print(f"{package['name']} {package['version']}: {ids}")
    print(f"{lock}: {len(found)} packages, {len(vulnerable)} with advisories, {unknown} not known")
    if vulnerable:
        return "known"
    return "unanswered" if unknown or not found else "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
