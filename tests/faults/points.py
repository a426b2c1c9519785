"""Named crash points: every system call that changes something, and every commit.

Nothing in the product knows of them. A process that is to be killed wraps the calls of its own
``os`` module and SQLAlchemy's commit; a point is named by the function of ours that calls. A first
life without a trap lists the points; each later one dies at one of them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sqlalchemy.engine import default

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS: Final = ("open", "write", "fsync", "ftruncate", "unlink", "replace", "mkdir")
_OURS: Final = (f"{os.sep}gateway{os.sep}", f"{os.sep}keys{os.sep}", f"{os.sep}support{os.sep}")


@dataclass(frozen=True, slots=True)
class Trap:
    """Where to die.

    Attributes:
        point: Name.
        time: Which time it is reached, from 1.
        when: ``before`` the call, ``after`` it, or ``torn``: in the middle of a write.
    """

    point: str
    time: int
    when: str

    def __str__(self) -> str:
        return f"{self.point}#{self.time} {self.when}"


class Points:
    """Counts the points that are reached, and dies at the trap."""

    def __init__(self, trap: Trap | None = None) -> None:
        self.reached: Counter[str] = Counter()
        self._trap = trap

    def install(self) -> None:
        """Wrap the calls of this process, for the rest of its life."""
        for call in CALLS:
            setattr(os, call, self._wrapped(call, getattr(os, call)))
        commit = default.DefaultDialect.do_commit
        default.DefaultDialect.do_commit = self._wrapped("commit", commit)  # type: ignore[method-assign]  # that is the point

    def _wrapped(self, call: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the call takes
            if call == "open" and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            caller = _caller()
            # The end of a transaction that only read changes nothing.
            when = "" if caller.endswith("database.read") else self._reach(f"{caller}:{call}")
            if when == "before":
                die()
            if when == "torn":
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
                die()
            result = real(*args, **kwargs)
            if when == "after":
                die()
            return result

        return wrapped

    def _reach(self, point: str) -> str:
        self.reached[point] += 1
        trap = self._trap
        hit = trap and (trap.point, trap.time) == (point, self.reached[point])
        return trap.when if trap and hit else ""


def traps(reached: Counter[str]) -> list[Trap]:
    """Every way to die at the points of one life."""
    return [
        Trap(point, time, when)
        for point, times in sorted(reached.items())
        for time in range(1, times + 1)
        for when in ("before", "after", *(["torn"] if point.endswith(":write") else []))
    ]


def die() -> NoReturn:
    """As ``kill -9``: no handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def _caller() -> str:
    """The nearest function of ours on the stack that wants something of the store, and of whom."""
    frame, asked = sys._getframe(2), ""
    while frame.f_back:
        code, module = frame.f_code, str(frame.f_globals["__name__"])
        if module.startswith("gateway.store"):
            asked = f" > {module.removeprefix('gateway.store.')}.{code.co_name}"
        elif any(part in code.co_filename for part in _OURS):
            return f"{module.removeprefix('gateway.')}.{code.co_name}{asked}"
        frame = frame.f_back
    return f"elsewhere{asked}"
