"""The edge process: speaks SFTP and HTTPS on sockets that the supervisor opened."""

from __future__ import annotations

import sys

from gateway.app.edge import start_edge
from gateway.child import child_main

if __name__ == "__main__":
    sys.exit(child_main("edge", start_edge))
