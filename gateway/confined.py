"""Starting a process that will confine itself: it gets our code and what is handed to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from gateway.sandbox import clean_environment


def spawn(
    command: Sequence[str], descriptors: Sequence[int], *words: str
) -> subprocess.Popen[bytes]:
    """Start ``command`` with the numbers of ``descriptors``, our process id and ``words``.

    Must be called on a thread that lives as long as the child should: the kernel kills the child
    when the *thread* that started it ends.

    Raises:
        OSError: No process can be started.
    """
    return subprocess.Popen(  # noqa: S603 - our own program and our own arguments
        [*command, *map(str, (*descriptors, os.getpid())), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # A traceback could quote what it worked on; faults come as answers instead.
        stderr=subprocess.DEVNULL,
        pass_fds=descriptors,
        env=clean_environment() | {"RUST_BACKTRACE": "0"},
    )
