"""Reports as SARIF 2.1.0 (OASIS), for those who keep files in repositories.

A SARIF log is kept and uploaded, so it holds no value and no mask: what, where, and why it matters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from dlp.model import Finding, Report, Uninspectable
from dlp.verdict import Verdict, describe

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LINE: Final = re.compile(r"(?:line|row) (\d+)\b")
_BY_LINE: Final = ("text/plain", "delimited/")


def sarif_log(
    scanned: Iterable[tuple[str, Report, Verdict]], contract: str, confidence: float, version: str
) -> dict[str, Any]:
    """One SARIF log with one run over all files.

    Args:
        scanned: File name as given, report and verdict of each.
        contract: Under which they were inspected.
        confidence: The contract's; findings below it are notes.
        version: Of this product.
    """
    files = list(scanned)
    results = [result for name, report, _ in files for result in _results(name, report, confidence)]
    rules = sorted({str(result["ruleId"]) for result in results})
    for result in results:
        result["ruleIndex"] = rules.index(result["ruleId"])
    driver = {
        "name": "Lazaretto",
        "version": version,
        "rules": [_rule(identifier) for identifier in rules],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "artifacts": [_artifact(name, report, verdict) for name, report, verdict in files],
                "columnKind": "unicodeCodePoints",
                "properties": {"contract": contract},
                "results": results,
            }
        ],
    }


def _rule(identifier: str) -> dict[str, Any]:
    kind, _, what = identifier.partition("/")
    words = what.replace("_", " ").replace("-", " ")
    text = (
        f"{words} where the contract doesn't call for it"
        if kind == "phi"
        else f"a part that could not be inspected: {words}"
    )
    return {"id": identifier, "shortDescription": {"text": text}}


def _artifact(name: str, report: Report, verdict: Verdict) -> dict[str, Any]:
    return {
        "location": {"uri": _uri(name)},
        "length": report.size,
        "hashes": {"sha-256": report.sha256},
        "properties": {
            "format": report.format,
            "verdict": str(verdict.action),
            "reasons": list(verdict.reasons),
        },
    }


def _results(name: str, report: Report, confidence: float) -> Iterator[dict[str, Any]]:
    for finding in report.findings:
        if not finding.expected:
            yield _finding(name, report, finding, decides=finding.confidence >= confidence)
    for trouble in report.uninspectable:
        yield _trouble(name, trouble)


def _finding(name: str, report: Report, finding: Finding, *, decides: bool) -> dict[str, Any]:
    where = (finding.member_place, finding.where)
    result = _result(f"phi/{finding.category}", name, where, describe(finding))
    result["level"] = "error" if decides else "note"
    result["rank"] = round(finding.confidence * 100, 1)
    result["properties"] = {"detector": finding.detector, "carrier": str(finding.carrier)}
    if finding.labels:
        result["properties"]["labels"] = [str(label) for label in finding.labels]
    region = {} if finding.member_place else _region(report, finding)
    if region:
        result["locations"][0]["physicalLocation"]["region"] = region
    return result


def _trouble(name: str, trouble: Uninspectable) -> dict[str, Any]:
    where = (trouble.member_place, trouble.where)
    text = f"{trouble.obstacle}: {trouble.detail}"
    return {**_result(f"uninspectable/{trouble.obstacle}", name, where, text), "level": "error"}


def _result(rule: str, name: str, where: tuple[str, str], text: str) -> dict[str, Any]:
    place = "!".join(part for part in where if part)
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(name)}}}
    if place:
        location["logicalLocations"] = [{"fullyQualifiedName": place}]
    # Of the place and never of the value: the digest of a name can be looked up.
    print_of = hashlib.sha256(f"{rule}\0{place}".encode()).hexdigest()
    return {
        "ruleId": rule,
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"ruleAndPlace/v1": print_of},
    }


def _region(report: Report, finding: Finding) -> dict[str, int]:
    region = {}
    line = _LINE.match(finding.where) if report.format.startswith(_BY_LINE) else None
    if line:
        region["startLine"] = int(line[1])
    if finding.offset is not None and finding.length is not None:
        region |= {"byteOffset": finding.offset, "byteLength": finding.length}
    return region


def _uri(name: str) -> str:
    """A relative reference, or a file URI for an absolute path (RFC 3986, RFC 8089)."""
    path = PurePath(name)
    encoded = quote(path.as_posix(), errors="surrogateescape")
    return f"file://{encoded}" if path.is_absolute() else encoded
