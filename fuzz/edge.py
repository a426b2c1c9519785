"""Fuzz what the edge makes of a client's bytes: names, policies, SFTP requests, HTTP heads.

Run: ``python -m fuzz.edge WHAT [seconds | runs=N]``. What breaks it is written to ``crash-*``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["transports", "config", "gateway.ssh_certificates"]):
    from fuzz.edge_targets import TARGETS


def limit(wish: str) -> str:
    """LibFuzzer's option for a number of seconds, or of runs (``runs=N``)."""
    if wish.startswith("runs="):
        return f"-runs={int(wish.removeprefix('runs='))}"
    return f"-max_total_time={int(wish)}"


def main() -> None:
    """Fuzz until the time is up or something breaks."""
    target = TARGETS[sys.argv[1]]
    wish = sys.argv[2] if len(sys.argv) > 2 else "60"
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(target.seeds()):
            (Path(seeds) / f"seed-{number}").write_bytes(seed)
        atheris.Setup(
            [sys.argv[0], seeds, limit(wish), "-max_len=8192", "-timeout=20", "-seed=1",
             "-rss_limit_mb=2048", "-print_final_stats=1"],
            target.run,
        )  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
