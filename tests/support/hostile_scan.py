"""A scanner whose parser a hostile file has taken over: it does what the file's name says."""

from __future__ import annotations

import ctypes
import os
import sys
import time

from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Report, Source
from gateway.scan_process import main


def hostile(
    source: Source, name: str, contract: Contract, rules: Rules, budget: Budget,
    detectors: Detectors,
) -> Report:  # fmt: skip
    match name:
        case "hang":
            time.sleep(600)
        case "segfault":
            ctypes.string_at(0)
        case "raise":
            raise RuntimeError("SSN 536-22-8714")
        case "exit":
            os._exit(0)
        case "hog":
            hoard = [bytearray(2**28) for _ in range(64)]
            raise AssertionError(len(hoard))
        case _:
            pass
    return inspect(source, name, contract, rules, budget, detectors=detectors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], hostile))
