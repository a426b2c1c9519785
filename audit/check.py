"""``make audit``: are there known advisories about what the lock files pin?

Asks pip-audit's advisory service, and always compares with ``floors.txt``. Exit status: 0 no advisory
is known, 1 one is, 2 the service couldn't be asked and ``floors.txt`` has no objection.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from audit.locks import ROOT, floors, outdated, pins

LOCKS: Final = ("requirements.txt", "requirements-model.txt", "requirements-dev.txt")
UNANSWERED: Final = 2
_SECONDS: Final = 300
_UNREACHABLE: Final = (
    "ConnectionError", "ServiceError", "Max retries", "NameResolution", "timed out", "HTTPError",
    "ConnectionResetError", "Couldn't connect", "ProxyError",
)  # fmt: skip


def main() -> int:
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
        print(
            "*** NOT AUDITED: the advisory service can't be reached. Run 'make audit' where it can."
        )
        return UNANSWERED
    return 0


def ask(lock: Path) -> str:
    """What the service says of a lock file: ``none``, ``known`` or ``unanswered``."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip",
        "--require-hashes", "--progress-spinner", "off",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "unanswered"
    print(f"{lock.name}: {done.stdout.strip() or done.stderr.strip()[-300:]}")
    if done.returncode == 0:
        return "none"
    lost = any(word in done.stderr for word in (*_UNREACHABLE, "No module named"))
    return "unanswered" if lost else "known"


if __name__ == "__main__":
    sys.exit(main())
