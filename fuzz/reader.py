"""Fuzz one reader: any bytes give items or ``NotReadableError``, in time and memory.

Run: ``python -m fuzz.reader FORMAT [seconds]``. What breaks a reader is written to ``crash-*``.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dlp"]):
    from dlp.budget import Budget, Meter
    from dlp.content import Content
    from dlp.model import NotReadableError
    from dlp.readers import reader
    from dlp.unpack.entry import Entry
    from fuzz.seeds import SEEDS

    # Readers import their modules when first asked: unseen by the fuzzer if that were later.
    with contextlib.suppress(NotReadableError):
        seed = Content(io.BytesIO(SEEDS[sys.argv[1]]()), "a", sys.argv[1])
        list(reader(sys.argv[1])(seed, Meter(Budget())))

_BUDGET = Budget(bytes=2**24, seconds=10.0, entries=200)


def read(fmt: str, data: bytes) -> None:
    """Read everything that a reader gives, places and members included."""
    meter = Meter(_BUDGET)
    try:
        for item in reader(fmt)(Content(io.BytesIO(data), "a", fmt), meter):
            if isinstance(item, Entry) and item.source is not None:
                item.source.read(4096)
            where = getattr(item, "where", "")
            if callable(where):
                where()
    except NotReadableError:
        return


def main() -> None:
    """Fuzz until the time is up or something breaks."""
    fmt, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    with tempfile.TemporaryDirectory() as seeds:
        (Path(seeds) / "seed").write_bytes(SEEDS[fmt]())
        atheris.Setup(
            [sys.argv[0], seeds, f"-max_total_time={seconds}", "-max_len=65536", "-timeout=20",
             "-rss_limit_mb=2048", "-print_final_stats=1"],
            lambda data: read(fmt, data),
        )  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
