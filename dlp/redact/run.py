"""Redaction: look, take out what must not be there, look again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.contracts import Action, Contract, Rules
from dlp.budget import Budget
from dlp.detect import Detectors
from dlp.inspect import inspect
from dlp.model import Report, Source
from dlp.redact.collect import Edits
from dlp.redact.edits import Edit, Redacted, merged
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


def redact(
    source: Source,
    name: str,
    contract: Contract,
    rules: Rules,
    budget: Budget,
    *,
    key: bytes,
    detectors: Detectors | None = None,
) -> Redaction:
    """Find what to take out of a file, and inspect the file that would result.

    Args:
        source: The file, seekable.
        name: Its name.
        contract: What belongs where, and how to redact.
        rules: What the site knows besides.
        budget: What each of the two inspections may spend.
        key: Of the pseudonyms, 32 bytes or more; of this flow alone.
        detectors: Made from ``rules``.

    Raises:
        DlpError: A rule isn't usable.
        OSError: The source can't be read.
    """
    detectors = detectors or Detectors(rules)
    wanted = Edits(contract.redaction, key)
    report = inspect(
        source, name, contract, rules, budget, detectors=detectors, unexpected=wanted.add
    )
    edits = merged(wanted.against(source)) if not wanted.blocked else ()
    if wanted.blocked:
        return Redaction(report, blocked=wanted.blocked)
    if not edits:
        return Redaction(report)
    redacted = Redacted(source, edits)
    after = inspect(redacted, name, contract, rules, budget, detectors=detectors)
    return Redaction(report, edits, after)
