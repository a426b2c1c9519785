"""Recall and false alarms of detection in open text, and its speed.

Reads the public corpora beside the repository: presidio-research (labelled sentences, not medical)
and MTS-Dialog (clinical notes, de-identified, so what is found there is mostly a false alarm; its
dates, ages and doctors' names are real text). Prints tables with 95 % Wilson intervals.

    python bench/detect_text.py [--examples]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.detect.reading import Reading
from dlp.model import Carrier, Category, Match, Passage

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "text"
DECIDES = 0.5
WANTED: dict[str, set[Category]] = {
    "PERSON": {Category.NAME},
    "STREET_ADDRESS": {Category.ADDRESS},
    "CREDIT_CARD": {Category.PAYMENT_CARD},
    "DATE_TIME": {
        Category.OTHER_DATE, Category.SERVICE_DATE, Category.BIRTH_DATE, Category.DEATH_DATE,
    },
    "PHONE_NUMBER": {Category.PHONE, Category.FAX},
    "EMAIL_ADDRESS": {Category.EMAIL},
    "ZIP_CODE": {Category.ADDRESS},
    "DOMAIN_NAME": {Category.URL},
    "IBAN_CODE": {Category.BANK_ACCOUNT},
    "US_SSN": {Category.SSN},
    "IP_ADDRESS": {Category.IP_ADDRESS},
    "US_DRIVER_LICENSE": {Category.LICENSE_NUMBER},
}  # fmt: skip


def wilson(hits: int, total: int) -> str:
    if not total:
        return "-"
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    spread = z * ((share * (1 - share) / total + z * z / (4 * total**2)) ** 0.5)
    spread /= 1 + z * z / total
    return f"{hits:5d}/{total:<5d} {share:6.1%} [{middle - spread:.1%}, {middle + spread:.1%}]"


def found(detectors: Detectors, text: str, identities: Identities) -> list[Match]:
    return detectors.find(Passage(text, "bench", Carrier.FREE_TEXT), identities)


def overlaps(match: Match, span: dict[str, Any]) -> bool:
    return bool(match.start < span["end_position"] and span["start_position"] < match.end)


class Tally:
    """Hits, misses and false alarms over labelled sentences."""

    def __init__(self) -> None:
        self.any_hits: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.raised: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.missed: dict[str, list[str]] = defaultdict(list)
        self.wrong: list[str] = []
        self.clean = self.clean_alarmed = 0

    def add(self, row: dict[str, Any], matches: list[Match]) -> None:
        """Count one sentence."""
        text, spans = row["full_text"], row["spans"]
        for span in spans:
            self._span(text, span, matches)
        decided = [m for m in matches if m.confidence >= DECIDES]
        for m in decided:
            self.raised[m.category.value] += 1
            if not any(overlaps(m, s) for s in spans):
                self.alarms[m.category.value] += 1
                self.wrong.append(f"{m.category.value} {m.detector} {text[m.start : m.end]!r}")
            elif not any(
                overlaps(m, s) and m.category in WANTED.get(s["entity_type"], ()) for s in spans
            ):
                self.other[m.category.value] += 1
                self.wrong.append(f"other {m.category.value} {text[m.start : m.end]!r}")
        if not spans:
            self.clean += 1
            self.clean_alarmed += bool(decided)

    def _span(self, text: str, span: dict[str, Any], matches: list[Match]) -> None:
        kind = span["entity_type"]
        if kind not in WANTED:
            return
        right = [m for m in matches if overlaps(m, span) and m.category in WANTED[kind]]
        hit = any(m.confidence >= DECIDES for m in right)
        self.totals[kind] += 1
        self.any_hits[kind] += bool(right)
        self.hits[kind] += hit
        if not hit:
            self.missed[kind].append(f"{span['entity_value']!r} in {text[:90]!r}")


def labelled(detectors: Detectors, *, examples: bool) -> None:
    rows: list[dict[str, Any]] = json.loads(
        (CORPUS / "presidio-research" / "synth_dataset_v2.json").read_text("utf-8")
    )
    tally = Tally()
    for row in rows:
        tally.add(row, found(detectors, row["full_text"], Identities()))
    print("presidio-research: recall by type, confidence >= 0.5 (and at any confidence)")
    for kind in sorted(tally.totals):
        hits = wilson(tally.hits[kind], tally.totals[kind])
        print(f"  {kind:18s} {hits}   any {tally.any_hits[kind]}")
    print("presidio-research: matches on no labelled span, of all matches of the category")
    for category in sorted(tally.raised):
        print(
            f"  {category:18s} {wilson(tally.alarms[category], tally.raised[category])}"
            f"   on a span of another type {tally.other[category]}"
        )
    print(f"  sentences without PII alarmed: {wilson(tally.clean_alarmed, tally.clean)}")
    if examples:
        for kind, lines in tally.missed.items():
            print(
                "MISSED", kind, *random.Random(1).sample(lines, min(12, len(lines))), sep="\n    "
            )
        print("WRONG", *tally.wrong[:60], sep="\n    ")


def notes(detectors: Detectors, *, examples: bool) -> None:
    texts: list[str] = []
    for path in sorted((CORPUS / "mts-dialog").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            texts += [row["section_text"] for row in csv.DictReader(file)]
    alarmed: Counter[str] = Counter()
    seen: dict[str, list[str]] = defaultdict(list)
    undated = 0
    for text in texts:
        matches = [m for m in found(detectors, text, Identities()) if m.confidence >= DECIDES]
        alarmed.update({m.category.value for m in matches})
        undated += any(m.category is not Category.SERVICE_DATE for m in matches)
        for m in matches:
            seen[m.category.value].append(
                f"{text[max(0, m.start - 30) : m.start]!r} >{text[m.start : m.end]!r}<"
            )
    print(f"mts-dialog: {len(texts)} notes, {sum(map(len, texts)) // 1000} KB; notes with a match")
    for category in sorted(alarmed):
        print(f"  {category:18s} {wilson(alarmed[category], len(texts))}")
    print(f"  other than a service date {wilson(undated, len(texts))}")
    if examples:
        for category, lines in seen.items():
            print("FOUND", category, *lines[:25], sep="\n    ")
    speed(texts)


def speed(texts: list[str]) -> None:
    # Anew: what the name model has said of a sentence is remembered.
    detectors = Detectors(Rules())
    size = sum(len(t.encode()) for t in texts) / 1000
    started = time.perf_counter()
    for text in texts:
        found(detectors, text, Identities())
    through = time.perf_counter() - started
    started = time.perf_counter()
    for text in texts:
        reading = Reading(text)
        for find in detectors.analyzer.finders:
            list(find(reading))
    again = time.perf_counter() - started
    print(f"speed, one core: {size / through:.0f} KB/s through Presidio with resolution")
    print(f"                 {size / again:.0f} KB/s on sentences met before, without Presidio")
    short = [s for t in texts for s in t.split(". ")][:4000]
    size = sum(len(t.encode()) for t in short) / 1000
    started = time.perf_counter()
    for text in short:
        found(detectors, text, Identities())
    print(f"                 {size / (time.perf_counter() - started):.0f} KB/s on single sentences")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", action="store_true", help="show misses and false alarms")
    options = parser.parse_args()
    if not CORPUS.is_dir():
        sys.exit(f"no corpus at {CORPUS}")
    detectors = Detectors(Rules())
    labelled(detectors, examples=options.examples)
    notes(detectors, examples=options.examples)


if __name__ == "__main__":
    main()
