"""Looks at what an analyst writes before it goes on the log, with the detectors for free text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

from config.contracts import Action, Contract, Rules

_CONTRACT: Final = Contract(
    contract="reason", formats=("*",), unexpected=Action.REFUSE, uninspectable=Action.REFUSE
)


def reason_check(rules: Rules) -> Callable[[str], str | None]:
    """A check of a sentence under the site's rules.

    It returns the categories that the sentence seems to hold, or None. The detectors, slow to
    load, are loaded at the first call.
    """

    def check(text: str) -> str | None:
        from dlp.budget import Budget  # noqa: PLC0415 - as the next
        from dlp.inspect import inspect  # noqa: PLC0415 - slow to load; listing holds needs none

        source = io.BytesIO(text.encode() + b"\n")
        report = inspect(source, "", _CONTRACT, rules, Budget(seconds=60))
        unsure = [f.category for f in report.findings if f.confidence >= _CONTRACT.confidence]
        if unsure:
            return ", ".join(sorted({str(category) for category in unsure}))
        # Fail closed: what the detectors couldn't read isn't known to be clean.
        return "something that can't be inspected" if report.uninspectable else None

    return check
