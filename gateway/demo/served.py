"""The demo's gateway as a process: ``lazaretto serve``, started, waited for, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from gateway.running import running_state
from gateway.site import Site

_START: Final = 180.0
_STOP: Final = 45.0


class NotServedError(Exception):
    """The gateway didn't start or stop as it should."""


@asynccontextmanager
async def served(site: Path) -> AsyncIterator[dict[str, int]]:
    """Serve the site while the block runs; yields the port of each listener by name.

    Its log goes to ``serve.log`` beside the site.

    Raises:
        NotServedError: It didn't start, or didn't end with status 0 on SIGTERM.
    """
    words = [sys.executable, "-m", "gateway", "serve", "--site", str(site)]
    # A session of its own: Ctrl-C is for the demo, which then stops the gateway in order.
    with (site.parent / "serve.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield await ports_of(site, process)
    finally:
        status = await _stop(process)
    if status != 0:
        raise NotServedError(f"lazaretto serve ended with {status}")


async def ports_of(site: Path, process: asyncio.subprocess.Process) -> dict[str, int]:
    """The port of each listener, once the gateway that ``process`` is says that it is ready.

    Raises:
        NotServedError: It ended first.
        TimeoutError: It wasn't ready within a minute.
    """
    opened = Site.open(site)
    async with asyncio.timeout(_START):
        while process.returncode is None:
            state: Any = running_state(opened)
            if state:
                listen = state["listen"]
                return {name: int(at.rsplit(":", 1)[1]) for name, at in listen.items()}
            await asyncio.sleep(0.1)
    raise NotServedError(f"lazaretto serve ended with {process.returncode}; see serve.log")


async def _stop(process: asyncio.subprocess.Process) -> int:
    if process.returncode is None:
        os.kill(process.pid, signal.SIGTERM)
    try:
        return await asyncio.wait_for(process.wait(), _STOP)
    except TimeoutError:
        process.kill()
        return await process.wait()
