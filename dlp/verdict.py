"""The verdict: a report and a contract to an action, with reasons that the sender may read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from config.contracts import Action, Contract
from dlp.model import Carrier, Category, Finding, Label, Report

_ORDER: Final = (Action.RELEASE, Action.REDACT, Action.HOLD, Action.REFUSE)
_MOST_REASONS: Final = 20
"""Reasons listed in full; the rest are counted."""
_WORDS: Final = {
    Category.SSN: "Social Security number",
    Category.MEDICARE_ID: "Medicare id",
    Category.IP_ADDRESS: "IP address",
    Category.URL: "URL",
    Category.EMAIL: "e-mail address",
    Category.OTHER_ID: "identifier",
    Category.MEMBER_ID: "member id",
    Category.DEVICE_ID: "device id",
    Category.VEHICLE_ID: "vehicle id",
}
_CARRIERS: Final = {
    Carrier.IDENTIFIER_FIELD: "in an identifier field",
    Carrier.CODED: "in a coded field",
    Carrier.FREE_TEXT: "in free text",
    Carrier.NAME: "in a name",
}
_NO_REDACTION: Final = "held because it can't be redacted and stay valid"
_REDACTABLE: Final = (
    "text/plain", "x12/", "hl7v2", "fhir/json", "fhir/ndjson", "json", "ndjson", "ccda",
    "delimited/", "fhir/xml", "ncpdp/script",
)  # fmt: skip
"""Formats that stay valid, and whose readers say where every value's bytes are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a file.

    Attributes:
        action: The strictest of what its parts call for.
        reasons: Category and place of each, free of values and of member names.
    """

    action: Action
    reasons: tuple[str, ...] = ()


def decide(report: Report, contract: Contract) -> Verdict:
    """The strictest action that anything in the report calls for.

    The same report and contract always give the same verdict. More findings never make it milder.
    """
    called = [
        *_uninspectable(report, contract),
        *_unexpected(report, contract),
        *_protected(report, contract),
    ]
    action = max((action for action, _ in called), key=_ORDER.index, default=Action.RELEASE)
    reasons = [reason for called_for, reason in called if called_for is not Action.RELEASE]
    if action is Action.REDACT and not _can_be_redacted(report, contract):
        action, reasons = Action.HOLD, [*reasons, _NO_REDACTION]
    return Verdict(action, _short(reasons))


def _uninspectable(report: Report, contract: Contract) -> Iterator[tuple[Action, str]]:
    for trouble in report.uninspectable:
        place = f" at {trouble.where}" if trouble.where else ""
        reason = f"{trouble.obstacle}: {trouble.detail}{place}"
        yield contract.on(trouble.obstacle), _inside(trouble.member_place, reason)


def _unexpected(report: Report, contract: Contract) -> Iterator[tuple[Action, str]]:
    deciding = [f for f in report.findings if _decides(f, contract)]
    listed = sum(1 for finding in report.findings if not finding.expected)
    counted = sum(count for (_, expected), count in report.counts.items() if not expected)
    for finding in deciding:
        yield contract.unexpected, _inside(finding.member_place, describe(finding))
    # Findings that decide are listed before doubtful ones, so with none of them listed and some
    # finding listed there is none. With nothing listed nobody knows, and the file waits.
    if counted > listed and (deciding or not listed):
        yield contract.unexpected, f"{counted - listed} more findings that are not listed"


def _protected(report: Report, contract: Contract) -> Iterator[tuple[Action, str]]:
    for label, count in sorted(report.label_counts.items()):
        action = _on_label(label, report, contract)
        place = next((f for f in report.findings if label in f.labels), None)
        where = f", first at {place.where}" if place else ""
        words = label.replace("_", " ")
        plural = "s" * (count != 1)
        reason = f"{count} code{plural} of a protected class ({words}){where}"
        yield action, _inside(place.member_place if place else "", reason)


def _on_label(label: Label, report: Report, contract: Contract) -> Action:
    """The action on a protected class: the strictest of those for the states of its people."""
    policy = contract.protected
    if isinstance(policy, Action):
        return policy
    actions = [policy.on(label.value, state) for state in report.states or {""}]
    return max(actions, key=_ORDER.index)


def is_redactable(fmt: str) -> bool:
    """Whether a format can be redacted and stay valid."""
    return fmt.startswith(_REDACTABLE)


def _can_be_redacted(report: Report, contract: Contract) -> bool:
    """Whether nothing listed stands in the way; what isn't listed is seen when it is done.

    A code of a protected class can't be taken out of its field: the claim would say another thing.
    """
    protected = [action for action, _ in _protected(report, contract)]
    return (
        is_redactable(report.format)
        and Action.REDACT not in protected
        and all(_is_redactable(f) for f in report.findings if _decides(f, contract))
    )


def _is_redactable(finding: Finding) -> bool:
    return (
        not finding.member_place
        and finding.offset is not None
        and finding.carrier not in (Carrier.NAME, Carrier.CODED)
    )


def _decides(finding: Finding, contract: Contract) -> bool:
    return not finding.expected and finding.confidence >= contract.confidence


def called(finding: Finding) -> str:
    """A finding's category in words."""
    return _WORDS.get(finding.category) or finding.category.replace("_", " ")


def describe(finding: Finding) -> str:
    """What was found and where, free of values: "name in free text at line 3"."""
    return f"{called(finding)} {_CARRIERS[finding.carrier]} at {finding.where}"


def _inside(member_place: str, reason: str) -> str:
    return f"{member_place}: {reason}" if member_place else reason


def _short(reasons: Iterable[str]) -> tuple[str, ...]:
    """Each reason once, the first ones in full."""
    once = list(dict.fromkeys(reasons))
    if len(once) <= _MOST_REASONS:
        return tuple(once)
    last = once[-1:] if once[-1] == _NO_REDACTION else []
    rest = len(once) - _MOST_REASONS - len(last)
    return (*once[:_MOST_REASONS], f"… and {rest} more", *last)
