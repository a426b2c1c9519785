"""What ``lazaretto scan`` shows a person: the verdict, why, and where, in the order it matters."""

from __future__ import annotations

from typing import Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from config.contracts import Action
from dlp.model import Finding, Report, Uninspectable
from dlp.verdict import Verdict, called, describe

_COLOURS: Final = {
    Action.RELEASE: "green",
    Action.REDACT: "yellow",
    Action.HOLD: "yellow",
    Action.REFUSE: "red",
}
_MOST_ROWS: Final = 50
"""Findings shown a file; ``--json`` gives the rest."""


def show(file: str, report: Report, verdict: Verdict, confidence: float) -> None:
    """Print one file's report.

    Args:
        file: As the caller named it.
        report: The inspection's.
        verdict: The contract's.
        confidence: The contract's: findings below it decide nothing and are shown faintly.
    """
    console = Console(highlight=False)
    unexpected = [finding for finding in report.findings if not finding.expected]
    deciding = [f for f in unexpected if f.confidence >= confidence]
    doubtful = [f for f in unexpected if f.confidence < confidence]
    console.print(_head(file, report, verdict))
    parts = [_troubles(report), _found(deciding, ""), _found(doubtful, "dim")]
    described = {describe(finding) for finding in deciding}
    others = [reason for reason in verdict.reasons if not _is_shown(reason, report, described)]
    for reason in others:
        console.print(Text(f"  {reason}"))
    console.print(Group(*(Padding(part, (0, 0, 0, 2)) for part in parts if part.row_count)), end="")
    for note in report.notes:
        console.print(Text(f"  note: {note}", "dim"))
    shown = min(len(deciding), _MOST_ROWS) + min(len(doubtful), _MOST_ROWS)
    console.print(Text(f"  {_summary(report, shown)}\n", "dim"))


def _head(file: str, report: Report, verdict: Verdict) -> Text:
    head = Text()
    head.append(f"{verdict.action.upper():8}", f"bold {_COLOURS[verdict.action]}")
    head.append(file, "bold")
    head.append(f"  {report.format}, {report.size:,} bytes, {report.seconds:.2f} s", "dim")
    return head


def _is_shown(reason: str, report: Report, described: set[str]) -> bool:
    """Whether a reason says again what a row of the tables says."""
    troubles = (f"{t.obstacle}: {t.detail}" for t in report.uninspectable)
    return any(what in reason for what in described) or any(what in reason for what in troubles)


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)


def _troubles(report: Report) -> Table:
    table = _table()
    for trouble in report.uninspectable[:_MOST_ROWS]:
        table.add_row(Text(str(trouble.obstacle), "bold red"), Text(_place(trouble)),
                      Text(trouble.detail))  # fmt: skip
    return table


def _found(findings: list[Finding], style: str) -> Table:
    table = _table()
    for finding in findings[:_MOST_ROWS]:
        labels = f" ({', '.join(finding.labels)})" if finding.labels else ""
        table.add_row(
            Text(called(finding) + labels, style or "bold"),
            Text(f"{_place(finding)}, {finding.carrier.replace('-', ' ')}", style),
            Text(finding.masked, style or "cyan"),
            Text(f"{finding.detector}, {finding.confidence:.0%}", "dim"),
        )
    return table


def _place(found: Finding | Uninspectable) -> str:
    return f"{found.member}: {found.where}" if found.member and found.where else (
        found.where or found.member
    )  # fmt: skip


def _summary(report: Report, shown: int) -> str:
    """How much was found in all, in one line."""
    expected = sum(count for (_, expected), count in report.counts.items() if expected)
    rest = sum(report.counts.values()) - expected - shown
    more = f", and {rest} unexpected not listed" if rest > 0 else ""
    return f"{expected} identifiers where the contract expects them{more}"
