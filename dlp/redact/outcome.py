"""What redaction comes to, and whether that may pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.contracts import Action, Contract
from dlp.model import Report
from dlp.redact.edits import Edit
from dlp.verdict import Verdict, decide

_NOT_CLEAN: Final = "held since it would not release when redacted"


@dataclass(frozen=True, slots=True)
class Redaction:
    """What redaction comes to.

    Attributes:
        report: Of the file as it came.
        edits: What to replace in it; none if it can't be redacted.
        after: Of the file with the edits made; None if there are none to make.
        blocked: Why it can't be redacted; "" if it can.
    """

    report: Report
    edits: tuple[Edit, ...] = ()
    after: Report | None = None
    blocked: str = ""

    def verdict(self, contract: Contract) -> Verdict:
        """Release if the file with its edits made releases by itself, else hold and why."""
        before = decide(self.report, contract)
        if before.action not in (Action.REDACT, Action.RELEASE):
            return before
        if self.blocked:
            return Verdict(Action.HOLD, (*before.reasons, f"not redacted: {self.blocked}"))
        again = decide(self.after or self.report, contract)
        if again.action is Action.RELEASE:
            return Verdict(Action.RELEASE, before.reasons)
        return Verdict(Action.HOLD, (_NOT_CLEAN, *again.reasons))
