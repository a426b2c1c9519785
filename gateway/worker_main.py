"""The worker process: inspects, seals and delivers."""

from __future__ import annotations

import sys

from gateway.app.worker import start_worker
from gateway.child import child_main

if __name__ == "__main__":
    sys.exit(child_main("worker", start_worker))
