"""A scanner on a kernel without Landlock."""

from __future__ import annotations

import sys

from gateway import landlock
from gateway.scan_process import main

if __name__ == "__main__":
    landlock.abi = lambda: 0
    sys.exit(main(sys.argv[1:]))
