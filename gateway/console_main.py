"""The console process: people's sign-in and JSON API, on a socket that the supervisor opened."""

from __future__ import annotations

import sys

from gateway.child import child_main
from gateway.console.composition import start_console

if __name__ == "__main__":
    sys.exit(child_main("console", start_console))
