"""The report a sender finds in ``/returned``: what happened to one submission, and what to do."""

from __future__ import annotations

from transports.ports import Submission

_ADVICE = {
    "held": (
        "The file is kept and was not delivered. An analyst of the gateway decides on it;\n"
        "you need not send it again unless you are asked to. To have it pass without a\n"
        "decision, remove what the reasons name and submit the corrected file."
    ),
    "refused": (
        "The file was not delivered and will not be. Remove what the reasons name and\n"
        "submit the corrected file; it is inspected as a new submission."
    ),
}
_OTHERWISE = "Ask the operator of the gateway, naming the transfer above."


def report(submission: Submission) -> bytes:
    """The text of one report, UTF-8. It goes to the sender alone, so it names the file."""
    lines = [
        f"Transfer:  {submission.transfer}",
        f"File:      {submission.name}",
        f"Route:     {submission.route}",
        f"Size:      {submission.size} bytes",
        f"SHA-256:   {submission.sha256 or 'not known'}",
        f"State:     {submission.state}",
        f"Verdict:   {submission.verdict or 'none yet'}",
        f"Since:     {submission.modified.strftime('%Y-%m-%d %H:%M:%S')} UTC",
        "",
        "Reasons:",
        *([f"  - {reason}" for reason in submission.reasons] or ["  - none given"]),
        "",
        "What to do:",
        *(f"  {line}" for line in _ADVICE.get(submission.state, _OTHERWISE).split("\n")),
        "",
    ]
    return "\n".join(lines).encode()
