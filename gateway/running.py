"""What the running gateway says of itself, for the commands that talk to it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.site import Site

STATE_FILE: Final = "serve.json"
LOCK_FILE: Final = "lock"
_TRIES: Final = 10
_PAUSE: Final = 0.05


class AlreadyRunningError(Exception):
    """Another ``serve`` has the site."""


def lock(run: Path) -> int:
    """Take the site for this process, for as long as it lives.

    Raises:
        AlreadyRunningError: Another process has it.
    """
    descriptor = os.open(run / LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)  # a command that only looks holds it for a moment
        else:
            return descriptor
    os.close(descriptor)
    raise AlreadyRunningError(
        "this site is being served already; stop that 'lazaretto serve' first"
    )


def is_served(site: Site) -> bool:
    """Whether a ``serve`` has the site."""
    try:
        descriptor = os.open(site.paths.run / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def running_state(site: Site) -> Mapping[str, object] | None:
    """The running gateway's ``run/serve.json``, or None if none runs or isn't ready yet."""
    if not is_served(site):
        return None
    try:
        state = json.loads((site.paths.run / STATE_FILE).read_text())
        # A file that a killed gateway left says nothing, and stands till the next one removes it.
        os.kill(int(state["pid"]), 0)
    except PermissionError:
        return dict(state)  # it is another user's, and alive
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(state)
