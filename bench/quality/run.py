"""Recall and false holds, by category, form and format, with intervals; beside Presidio.

Run: ``python -m bench.quality.run [--tune] [--each N] [--presidio DIR]
[--plot FILE]``. A plant counts as found
when the file is unexpectedly found to hold its category. What surrounds plants is what the clean
twins are made of, and those count as falsely held if anything at all is found in them.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
from collections import defaultdict
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from bench.quality.carriers import FORMATS, Format
from bench.quality.forms import FORMS, Form
from bench.quality.peer import Presidio
from bench.quality.people import somebody
from bench.quality.plot import EDGES, Bin, svg
from bench.quality.templates import CLEAN, TEST, TUNE
from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Category, Finding, Report

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "text"
CONTRACT = Contract.model_validate(
    {
        "contract": "quality",
        "formats": ["*"],
        "expect": [
            {"categories": [str(category) for category in Category], "in": "identifier-fields"},
            {
                "categories": ["service_date", "diagnosis", "procedure", "medication"],
                "in": "coded-fields",
            },
            {"categories": ["other_date", "service_date"], "in": "anywhere"},
        ],
    }
)
_DATES = frozenset({Category.BIRTH_DATE, Category.SERVICE_DATE, Category.OTHER_DATE})
_ALIKE = {
    Category.PHONE: {Category.PHONE, Category.FAX},
    # A CDA header says whose an id is and rarely what: the patient's other numbers pass for an MRN.
    Category.MEMBER_ID: {Category.MEMBER_ID, Category.OTHER_ID, Category.MEDICAL_RECORD_NUMBER},
    Category.MEDICARE_ID: {Category.MEDICARE_ID, Category.MEMBER_ID},
    Category.BANK_ACCOUNT: {Category.BANK_ACCOUNT, Category.ACCOUNT_NUMBER},
}


class Rate(NamedTuple):
    """Hits of trials."""

    hits: int
    trials: int

    def __str__(self) -> str:
        """As a percentage with its Wilson 95 % interval."""
        if not self.trials:
            return "-"
        low, high = wilson(self.hits, self.trials)
        return f"{self.hits}/{self.trials} = {self.hits / self.trials:.1%} ({low:.1%}-{high:.1%})"


def wilson(hits: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927)."""
    share = hits / trials
    middle = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)


class Counts:
    """Hits and trials under any number of keys."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, hit: bool, *keys: tuple[str, ...]) -> None:
        """Count one trial under each key."""
        for key in keys:
            self._counts[key][0] += hit
            self._counts[key][1] += 1

    def table(self, size: int) -> list[tuple[tuple[str, ...], Rate]]:
        """The rates under keys of one length."""
        return [(key, Rate(*c)) for key, c in self._counts.items() if len(key) == size]


class Bench:
    """One run."""

    def __init__(self, seed: int, peer: Presidio | None, *, tune: bool) -> None:
        self._rng = random.Random(seed)
        self._templates = TUNE if tune else TEST
        self._peer = peer
        self._detectors = Detectors(Rules())
        self.recall, self.clean, self.misses = Counts(), Counts(), Counts()
        self.peer_raw, self.peer_parsed = Counts(), Counts()
        self.confidence: list[tuple[float, bool]] = []

    def plant(self, form: Form, carrier: Format) -> None:
        """One file with one value where it has no business."""
        who, other = somebody(self._rng), somebody(self._rng)
        in_fields = who if form.needs else other
        value = form.write(who, self._rng)
        choices = self._templates.get(form.category) or self._templates[None]
        note = self._note(self._rng.choice(choices).format(value), carrier)
        data = carrier.make(in_fields, note)
        report = self._inspect(carrier, data)
        if self._peer:
            both = ((form.group,), (form.group, "", carrier.name))
            if carrier.is_text:
                raw = self._peer.finds(data.decode("utf-8", "replace"), form.category)
                self.peer_raw.add(raw, *both)
            self.peer_parsed.add(self._peer.finds(note, form.category), *both)
        hit = any(f.category in wanted(form.category) for f in deciding(report))
        keys = ((form.group,), (form.group, form.name), (form.group, "", carrier.name))
        self.recall.add(hit, *keys)
        if not hit:
            self.misses.add(True, (form.group, form.name, f"{carrier.name}: {value}"))
        for finding in report.findings:
            if not finding.expected:
                right = finding.category in wanted(form.category)
                self.confidence.append((finding.confidence, right))

    def twin(self, carrier: Format) -> None:
        """One file without anything to find."""
        note = self._note(self._rng.choice(CLEAN), carrier)
        data = carrier.make(somebody(self._rng), note)
        report = self._inspect(carrier, data)
        if self._peer:
            if carrier.is_text:
                raw = self._peer.alarms(data.decode("utf-8", "replace"))
                self.peer_raw.add(raw, ("clean held",))
            self.peer_parsed.add(self._peer.alarms(note), ("clean held",))
        held = bool(deciding(report) or report.uninspectable)
        self.clean.add(held, ("all",), ("format", carrier.name))
        for finding in deciding(report):
            self.misses.add(True, ("false hold", carrier.name, f"{finding.category} {note[:50]}"))
            self.confidence.append((finding.confidence, False))
        for trouble in report.uninspectable:
            self.misses.add(True, ("false hold", carrier.name, trouble.detail))

    def real(self, note: str) -> None:
        """A real note of nobody, dates aside: what is found in it is wrong."""
        report = inspect(
            io.BytesIO(note.encode()), "a.txt", CONTRACT, Rules(), Budget(),
            detectors=self._detectors,
        )  # fmt: skip
        held = False
        for finding in report.findings:
            if not finding.expected and finding.category not in _DATES:
                self.confidence.append((finding.confidence, False))
                if finding.confidence >= CONTRACT.confidence:
                    held = True
                    said = note.encode()[finding.offset or 0 :][: finding.length].decode()
                    self.misses.add(True, ("false hold", "public note", said))
        self.clean.add(held, ("public notes",))

    def _note(self, sentence: str, carrier: Format) -> str:
        filler = self._rng.choice(CLEAN[:3])
        note = f"{sentence} {filler}"
        return note.upper() if carrier.upper else note

    def _inspect(self, carrier: Format, data: bytes) -> Report:
        return inspect(
            io.BytesIO(data), carrier.file, CONTRACT, Rules(), Budget(), detectors=self._detectors
        )


def carries(carrier: Format, form: Form) -> bool:
    """Whether the carrier's own fields hold what a form is of."""
    return carrier.has_fields and form.category not in carrier.lacks


def real_notes() -> list[str]:
    """The clinical notes of the public corpus ``mts-dialog``, where it is present; see there."""
    notes = []
    for path in sorted((CORPUS / "mts-dialog").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            notes += [row["section_text"] for row in csv.DictReader(stream)]
    return notes


def wanted(category: Category) -> set[Category]:
    return _ALIKE.get(category, {category})


def deciding(report: Report) -> list[Finding]:
    """The unexpected findings that hold a file."""
    return [f for f in report.findings if not f.expected and f.confidence >= CONTRACT.confidence]


def show(title: str, rows: list[tuple[tuple[str, ...], Rate]]) -> None:
    print(f"\n{title}")
    for key, rate in rows:
        print(f"  {' / '.join(part for part in key if part):60} {rate}")


def calibration(pairs: list[tuple[float, bool]]) -> list[Bin]:
    """Print confidence against the share that is right; the same for a plot."""
    print("\nConfidence against the share that is right")
    bins = []
    for low, high in pairwise(EDGES):
        here = [(sure, right) for sure, right in pairs if low <= sure < high]
        rate = Rate(sum(right for _, right in here), len(here))
        bar = "#" * round(40 * rate.hits / rate.trials) if here else ""
        print(f"  {low:.2f}-{min(high, 1):.2f}  {bar:40} {rate}")
        if here:
            mean = sum(sure for sure, _ in here) / len(here)
            share = rate.hits / rate.trials
            bins.append(Bin(mean, share, *wilson(rate.hits, rate.trials), rate.trials))
    return bins


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--only", default="", help="formats whose name has this")
    parser.add_argument("--presidio", default="", help="a spaCy model's directory")
    parser.add_argument("--plot", type=Path, help="where to write the calibration as SVG")
    args = parser.parse_args()
    peer = Presidio(args.presidio) if args.presidio else None
    bench = Bench(args.seed, peer, tune=args.tune)
    for carrier in (f for f in FORMATS if args.only.lower() in f.name.lower()):
        for form in (f for f in FORMS if not f.needs or carries(carrier, f)):
            for _ in range(args.each):
                bench.plant(form, carrier)
        for _ in range(args.each * 5):
            bench.twin(carrier)
    for note in [] if args.only else real_notes():
        bench.real(note)
    show("Recall by group", bench.recall.table(1))
    show("Recall by form", bench.recall.table(2))
    show("Recall by group and format", bench.recall.table(3))
    show("Clean twins held", bench.clean.table(1) + bench.clean.table(2))
    show("Presidio over a text file's bytes, as it comes", bench.peer_raw.table(1))
    show("The same by format", bench.peer_raw.table(3))
    show("Presidio over parsed passages", bench.peer_parsed.table(1))
    bins = calibration(bench.confidence)
    if args.plot:
        args.plot.write_text(svg(bins, CONTRACT.confidence), "utf-8")
    print("\nMisses and false holds")
    for key, rate in bench.misses.table(3):
        print(f"  {' / '.join(key)} ({rate.hits})")


if __name__ == "__main__":
    main()
