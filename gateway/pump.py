"""Feeding a process through one pipe while draining another, on one thread."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterator
from typing import Final

_PIECE: Final = 2**20


class Pump:
    """Both pipes' ends on our side; it owns and closes them.

    Args:
        feed: Write end of the pipe that the process reads.
        drain: Read end of the pipe that it writes.
    """

    def __init__(self, feed: int, drain: int) -> None:
        self._feed = feed
        self._drain = drain
        self._left = memoryview(b"")
        self._whole = False

    def run(self, source: Iterator[bytes], take: Callable[[bytes], None], deadline: float) -> bool:
        """Feed and drain until both pipes are at their ends.

        The pipe to the process closes here only when the source is at its end or the process
        reads no more. After an exception it is open still, and the process to be killed first.

        Args:
            source: What to feed, in pieces that aren't empty.
            take: Gets each piece that comes out.
            deadline: By the monotonic clock.

        Returns:
            Whether all of the source went in.

        Raises:
            TimeoutError: The deadline has passed.
        """
        poller = select.poll()
        for descriptor, event in ((self._feed, select.POLLOUT), (self._drain, select.POLLIN)):
            os.set_blocking(descriptor, False)
            poller.register(descriptor, event)
        while self._feed >= 0 or self._drain >= 0:
            for descriptor in _ready(poller, deadline):
                step = self._take(take) if descriptor == self._drain else self._give(source)
                if not step:
                    poller.unregister(descriptor)
                    self._end(descriptor)
        return self._whole

    def close(self) -> None:
        """Close what is open."""
        for descriptor in (self._feed, self._drain):
            self._end(descriptor)

    def _take(self, take: Callable[[bytes], None]) -> bool:
        """Drain a piece; False at the end."""
        piece = os.read(self._drain, _PIECE)
        if piece:
            take(piece)
        return bool(piece)

    def _give(self, source: Iterator[bytes]) -> bool:
        """Feed what the pipe takes now; False when there is no more, or nobody to read it."""
        self._left = self._left or memoryview(next(source, b""))
        if not self._left:
            self._whole = True
            return False
        try:
            with contextlib.suppress(BlockingIOError):
                self._left = self._left[os.write(self._feed, self._left) :]
        except BrokenPipeError:
            return False
        return True

    def _end(self, descriptor: int) -> None:
        if descriptor < 0:
            return
        os.close(descriptor)
        if descriptor == self._feed:
            self._feed = -1
        else:
            self._drain = -1


def _ready(poller: select.poll, deadline: float) -> list[int]:
    seconds = deadline - time.monotonic()
    ready = poller.poll(max(seconds, 0) * 1000)
    if not ready or seconds < 0:
        raise TimeoutError
    return [descriptor for descriptor, _ in ready]
