"""A scanner that a file captures if its name asks for it; what it tried stands in the notes.

Run with a key file to try for; after it come the words that every scanner gets.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Report, Source
from gateway.scan_process import main
from tests.support.attempts import everything


def captured(
    secret: Path, target: int, source: Source, name: str, contract: Contract, rules: Rules,
    budget: Budget, detectors: Detectors,
) -> Report:  # fmt: skip
    tried = everything(secret, target) if name.startswith("captured") else {}
    report = inspect(source, name, contract, rules, budget, detectors=detectors)
    return replace(report, notes=(*report.notes, json.dumps(tried))) if tried else report


if __name__ == "__main__":
    secret, *rest = sys.argv[1:]
    sys.exit(main(rest, partial(captured, Path(secret), int(rest[1]))))
