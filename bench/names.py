"""Names and addresses of strangers in notes: recall by written form, false alarms, speed.

The rules were tuned on ``names_templates.py``; the tables are of ``names_held_out.py``, whose
sentences, people, streets and towns are others. A name counts as found when a finding that decides
(confidence of 0.5 or more) overlaps it, as whole when it covers each of its letters. 95 % Wilson
intervals. With ``--presidio FOLDER`` (a spaCy model such as en_core_web_sm installed there)
Presidio's own recognizers are run on the same texts in the same run.

    python bench/names.py [--tune] [--examples] [--presidio FOLDER]
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import names_held_out, names_templates
from bench.names_people import ADDRESS_FORMS, FORMS, address, person, written
from config.contracts import Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.model import Carrier, Category, Passage
from dlp.names import Strangers, load

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "text"
DECIDES = 0.5
ROUNDS = 24
Spans = list[tuple[int, int]]
Find = Callable[[list[str]], list[dict[str, Spans]]]


class Case(NamedTuple):
    """A text with one name or address in it."""

    text: str
    start: int
    end: int
    kind: str
    form: str
    style: str


def wilson(hits: int, total: int) -> str:
    if not total:
        return "-"
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    spread = z * ((share * (1 - share) / total + z * z / (4 * total**2)) ** 0.5)
    spread /= 1 + z * z / total
    return f"{hits:5d}/{total:<5d} {share:6.1%} [{middle - spread:.1%}, {middle + spread:.1%}]"


def cases(*, test: bool) -> Iterator[Case]:
    rng = random.Random(20 + test)
    source = names_held_out if test else names_templates
    for _ in range(ROUNDS):
        for genre, templates in source.NAMES.items():
            for template in templates:
                form = rng.choice(FORMS)
                before, name = written(rng, person(rng, test=test), form, test=test)
                yield _case(rng, template, "{N}", (before, name), ("name", form, genre))
        for template in source.ADDRESSES:
            for form in ADDRESS_FORMS:
                where = address(rng, form, test=test)
                yield _case(rng, template, "{A}", ("", where), ("address", form, "address"))


def _case(
    rng: random.Random, template: str, slot: str, value: tuple[str, str], what: tuple[str, str, str]
) -> Case:
    kind, form, genre = what
    head, tail = template.split(slot)
    start = len(head + value[0])
    text = head + value[0] + value[1] + tail
    styles = {"claim": ("upper",), "phone": ("mixed", "lower", "upper"), "address": ("mixed",)}
    style = rng.choice(styles.get(genre, ("mixed", "mixed", "mixed", "upper")))
    if genre == "address" and head.isupper():
        style = "upper"
    text = {"upper": text.upper(), "lower": text.lower()}.get(style, text)
    return Case(text, start, start + len(value[1]), kind, form, f"{genre} {style}")


def ours(detectors: Detectors) -> Find:
    def find(texts: list[str]) -> list[dict[str, Spans]]:
        passages = [Passage(text, "bench", Carrier.FREE_TEXT) for text in texts]
        out = []
        for matches in detectors.many(passages, Identities()):
            spans: dict[str, Spans] = {"name": [], "address": []}
            for m in matches:
                if m.confidence >= DECIDES and m.category in (Category.NAME, Category.ADDRESS):
                    spans[m.category.value].append((m.start, m.end))
            out.append(spans)
        return out

    return find


def presidio(folder: Path) -> Find:
    """Presidio as it comes, with a small spaCy model."""
    import spacy  # noqa: PLC0415 - only when asked for
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine  # noqa: PLC0415

    model = next(p for p in folder.glob("*/**/config.cfg")).parent
    entities = NerModelConfiguration(labels_to_ignore=["CARDINAL", "ORDINAL", "QUANTITY", "MONEY"])
    engine = SpacyNlpEngine(ner_model_configuration=entities)
    engine.nlp = {"en": spacy.load(model)}  # type: ignore[assignment] # presidio says None
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=engine, languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    kinds = {"PERSON": "name", "LOCATION": "address"}

    def find(texts: list[str]) -> list[dict[str, Spans]]:
        out = []
        for text in texts:
            spans: dict[str, Spans] = {"name": [], "address": []}
            for r in analyzer.analyze(text, "en"):
                if r.entity_type in kinds and r.score >= DECIDES:
                    spans[kinds[r.entity_type]].append((r.start, r.end))
            out.append(spans)
        return out

    return find


def covered(case: Case, spans: Spans) -> tuple[bool, bool]:
    """Whether it is touched, and whether every letter and digit of it is covered."""
    touched = any(s < case.end and case.start < e for s, e in spans)
    places = [i for i in range(case.start, case.end) if case.text[i].isalnum()]
    whole = all(any(s <= i < e for s, e in spans) for i in places)
    return touched, touched and whole


def recall(title: str, find: Find, rows: list[Case], *, examples: bool) -> None:
    hits: Counter[tuple[str, str]] = Counter()
    whole: Counter[tuple[str, str]] = Counter()
    totals: Counter[tuple[str, str]] = Counter()
    missed: list[str] = []
    extra = 0
    for case, spans in zip(rows, find([c.text for c in rows]), strict=True):
        touched, all_of_it = covered(case, spans[case.kind])
        extra += sum(not (s < case.end and case.start < e) for s, e in spans["name"])
        for key in ((case.kind, "all"), (case.kind, case.form), (case.kind, f"in {case.style}")):
            totals[key] += 1
            hits[key] += touched
            whole[key] += all_of_it
        if not touched:
            missed.append(f"{case.kind} {case.form} | {case.text!r}")
    print(f"{title}: found, and whole; {extra} names found where none is, {len(rows)} texts")
    for key in sorted(totals):
        share = whole[key] / totals[key]
        print(f"  {' '.join(key):26s} {wilson(hits[key], totals[key])}   whole {share:6.1%}")
    if examples:
        print("MISSED", *missed, sep="\n    ")


def alarms(title: str, find: Find, texts: list[str], *, examples: bool) -> None:
    found = find(texts)
    for kind in ("name", "address"):
        count = sum(bool(spans[kind]) for spans in found)
        print(f"  {title}: texts with a false {kind:8s} {wilson(count, len(texts))}")
    if examples:
        for text, spans in zip(texts, found, strict=True):
            for kind, places in spans.items():
                for s, e in places:
                    print(f"    {kind} >{text[s:e]}<")


def notes() -> list[str]:
    texts: list[str] = []
    for path in sorted((CORPUS / "mts-dialog").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            texts += [row["section_text"] for row in csv.DictReader(file)]
    return texts


def speed(title: str, find: Find, texts: list[str]) -> float:
    size = sum(len(t.encode()) for t in texts) / 1000
    # Processor time, which other programs on the machine don't lengthen.
    started = time.process_time()
    find(texts)
    rate = size / (time.process_time() - started)
    print(f"  {title}: {rate:.0f} KB/s")
    return rate


def sifting(rows: list[Case], texts: list[str], *, examples: bool) -> None:
    """What the filter spares, and what it costs."""
    model = load()
    if model is None:
        return
    counts = {}
    for sift in (True, False):
        detectors = Detectors(Rules(), model=lambda: model)
        detectors.strangers = Strangers(model, sift=sift)
        found = ours(detectors)([c.text for c in rows])
        marks = [covered(c, s[c.kind])[0] for c, s in zip(rows, found, strict=True)]
        counts[sift] = marks
        ours(detectors)(texts)
        share = detectors.strangers.read / max(1, detectors.strangers.seen)
        print(f"  filter {'on ' if sift else 'off'}: found {sum(marks)}; model read {share:.1%}")
    lost = [c for c, a, b in zip(rows, counts[True], counts[False], strict=True) if b and not a]
    print(f"  found without the filter alone: {len(lost)} of {len(rows)}")
    if examples:
        print(*(c.text for c in lost), sep="\n    ")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tune", action="store_true", help="the sentences that tuned, instead")
    parser.add_argument("--examples", action="store_true", help="show misses and false alarms")
    parser.add_argument("--presidio", type=Path, help="folder with a spaCy model")
    options = parser.parse_args()
    test, examples = not options.tune, options.examples
    rows = list(cases(test=test))
    negatives = list((names_held_out if test else names_templates).NEGATIVES)
    detectors = Detectors(Rules())
    print(*detectors.notes, sep="\n")
    texts = notes()
    finders = {"lazaretto": ours(detectors)}
    if options.presidio:
        finders["presidio"] = presidio(options.presidio)
    rates: dict[tuple[str, str], float] = {}
    for title, find in finders.items():
        rates[title, "notes"] = speed(f"{title} on clinical notes", find, texts) if texts else 0
        both = [f"{note} {row.text}" for note, row in zip(texts, rows, strict=False)]
        if both:
            rates[title, "both"] = speed(f"{title} on clinical notes that each name", find, both)
        rates[title, "names"] = speed(
            f"{title} on a sentence that names", find, [c.text for c in rows]
        )
        recall(title, find, rows, examples=examples and title == "lazaretto")
        alarms(f"{title}, hard negatives", find, negatives, examples=examples)
        alarms(f"{title}, mts-dialog", find, texts, examples=False)
    if options.presidio and texts:
        for key in ("notes", "both", "names"):
            ratio = rates["lazaretto", key] / rates["presidio", key]
            print(f"  speed ratio on {key}: {ratio:.1f}")
    sifting(rows, texts, examples=examples)


if __name__ == "__main__":
    main()
