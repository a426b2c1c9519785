"""Redaction: look, take out what must not be there, look again."""

from __future__ import annotations

from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Source
from dlp.redact.collect import Edits
from dlp.redact.edits import Redacted, merged
from dlp.redact.outcome import Redaction


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
