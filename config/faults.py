"""What is wrong with a configuration, where, and how to mend it; always all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend.

    Attributes:
        file: The file, as its reader would name it.
        line: Line, from 1; 0 when the fault is of the whole file.
        path: Dotted path of the key inside the file, "" for the whole.
        problem: What is wrong. Never holds the value, which may be a secret or a name.
        fix: What to do.
    """

    file: str
    line: int
    path: str
    problem: str
    fix: str

    def __str__(self) -> str:
        """``file:line: path: problem; fix``."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.path}: {self.problem}" if self.path else self.problem
        return f"{where}: {what}; {self.fix}" if self.fix else f"{where}: {what}"


class ConfigError(Exception):
    """A configuration that can't be used.

    Attributes:
        faults: Every one of them, in the order of the files.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))
