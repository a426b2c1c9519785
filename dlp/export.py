"""Reports as JSON: to show, to store, and to hand from the scanner's process to its parent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from dlp.model import Carrier, Category, Finding, Label, Obstacle, Report, Uninspectable
from dlp.redact import Edit, Redaction
from dlp.verdict import Verdict


def scan_json(file: str, report: Report, verdict: Verdict) -> dict[str, Any]:
    """The object that ``lazaretto scan --json`` prints (DESIGN section 6). Holds masked values.

    Args:
        file: The file's name as the caller gave it.
        report: The inspection's.
        verdict: The contract's.
    """
    return {
        "file": file,
        "bytes": report.size,
        "sha256": report.sha256,
        "format": report.format,
        "verdict": str(verdict.action),
        "reasons": list(verdict.reasons),
        "findings": [_shown(finding) for finding in report.findings],
        "seconds": round(report.seconds, 3),
    }


def _shown(finding: Finding) -> dict[str, Any]:
    return {
        "category": str(finding.category),
        "labels": [str(label) for label in finding.labels],
        "expected": finding.expected,
        "confidence": round(finding.confidence, 2),
        "detector": finding.detector,
        "member": finding.member,
        "where": finding.where,
        "offset": finding.offset,
        "length": finding.length,
        "masked": finding.masked,
    }


def stored(report: Report) -> dict[str, Any]:
    """What the ledger keeps of a report: no value, no mask, no member's name, no float.

    Confidence is in whole percent and the duration in milliseconds, so that the canonical JSON of
    a record is the same everywhere.
    """
    return {
        "format": report.format,
        "bytes": report.size,
        "sha256": report.sha256,
        "findings": [_kept(finding) for finding in report.findings],
        "counts": _counts(report),
        "labels": {str(label): count for label, count in sorted(report.label_counts.items())},
        "uninspectable": [
            {
                "obstacle": str(trouble.obstacle),
                "detail": trouble.detail,
                "where": trouble.where,
                "member": trouble.member_place,
            }
            for trouble in report.uninspectable
        ],
        "formats": dict(report.formats),
        "notes": list(report.notes),
        "states": sorted(report.states),
        "milliseconds": round(report.seconds * 1000),
    }


def _kept(finding: Finding) -> dict[str, Any]:
    return {
        "category": str(finding.category),
        "labels": [str(label) for label in finding.labels],
        "expected": finding.expected,
        "confidence": round(finding.confidence * 100),
        "detector": finding.detector,
        "carrier": str(finding.carrier),
        "member": finding.member_place,
        "where": finding.where,
        "offset": finding.offset,
        "length": finding.length,
        "digest": finding.digest,
    }


def _counts(report: Report) -> list[dict[str, Any]]:
    ordered = sorted(report.counts.items())
    return [
        {"category": str(category), "expected": expected, "count": count}
        for (category, expected), count in ordered
    ]


def to_wire(report: Report) -> dict[str, Any]:
    """A report as plain JSON values, nothing lost; :func:`from_wire` turns it back."""
    return {
        **asdict(report),
        "findings": [asdict(finding) for finding in report.findings],
        "counts": _counts(report),
        "label_counts": {str(label): count for label, count in report.label_counts.items()},
        "uninspectable": [asdict(trouble) for trouble in report.uninspectable],
        "states": sorted(report.states),
        "interchanges": sorted(report.interchanges),
        "notes": list(report.notes),
    }


def from_wire(data: Mapping[str, Any]) -> Report:
    """The report that :func:`to_wire` wrote.

    Raises:
        ValueError: It is none; the message holds nothing of it.
    """
    try:
        return Report(
            format=str(data["format"]),
            size=int(data["size"]),
            sha256=str(data["sha256"]),
            findings=tuple(_finding(item) for item in data["findings"]),
            counts={
                (Category(item["category"]), bool(item["expected"])): int(item["count"])
                for item in data["counts"]
            },
            states=frozenset(map(str, data["states"])),
            interchanges=frozenset(map(str, data["interchanges"])),
            label_counts={Label(k): int(v) for k, v in data["label_counts"].items()},
            uninspectable=tuple(
                Uninspectable(**{**item, "obstacle": Obstacle(item["obstacle"])})
                for item in data["uninspectable"]
            ),
            formats={str(k): str(v) for k, v in data["formats"].items()},
            notes=tuple(map(str, data["notes"])),
            seconds=float(data["seconds"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError("not a report") from None


def redaction_to_wire(redaction: Redaction) -> dict[str, Any]:
    """A redaction as plain JSON values; :func:`redaction_from_wire` turns it back."""
    return {
        "report": to_wire(redaction.report),
        "edits": [[e.offset, e.length, base64.b64encode(e.new).decode()] for e in redaction.edits],
        "after": to_wire(redaction.after) if redaction.after else None,
        "blocked": redaction.blocked,
    }


def redaction_from_wire(data: Mapping[str, Any]) -> Redaction:
    """The redaction that :func:`redaction_to_wire` wrote.

    Raises:
        ValueError: It is none; the message holds nothing of it.
    """
    try:
        return Redaction(
            from_wire(data["report"]),
            tuple(
                Edit(int(offset), int(length), base64.b64decode(new, validate=True))
                for offset, length, new in data["edits"]
            ),
            from_wire(data["after"]) if data["after"] is not None else None,
            str(data["blocked"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        raise ValueError("not a redaction") from None


def _finding(item: Mapping[str, Any]) -> Finding:
    labels: Iterable[str] = item["labels"]
    return Finding(
        **{
            **item,
            "category": Category(item["category"]),
            "carrier": Carrier(item["carrier"]),
            "labels": tuple(Label(label) for label in labels),
        }
    )
