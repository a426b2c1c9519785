"""How the cost of hostile texts grows: the processor time of eight times the text, as a ratio.

A linear reader prints about 8, a quadratic one about 64. Ends with an error where a ratio at the
best of three tries is over ``LIMIT``. Run: ``python bench/growth.py [--only NAME]``. The tests run
the same texts once and only ask that they end (``tests/dlp/test_growth.py``), since how long
anything takes on a busy machine is no test.
"""

from __future__ import annotations

import argparse
import functools
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from config.contracts import Rules
from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.encoded import encoded
from dlp.model import Carrier, Category, Passage
from dlp.parse import text as plain_text
from dlp.parse.vcard import parse

TIMES = 8
LIMIT = 24.0


class Case(NamedTuple):
    """A hostile text and its reader.

    Attributes:
        unit: What the text repeats.
        size: Characters of the long text; the short one has an eighth of them.
        read: Reads a text to its end.
    """

    unit: str
    size: int
    read: Callable[[str], None]


def _decode(text: str) -> None:
    for _ in encoded(text):
        pass


def _card(text: str) -> None:
    source = io.BytesIO(b"BEGIN:VCARD\r\n" + text.encode())
    for _ in parse(Content(source, "", "x/y"), Meter(Budget())):
        pass


def _text(text: str) -> None:
    for _ in plain_text.parse(
        Content(io.BytesIO(text.encode()), "", "text/plain"), Meter(Budget())
    ):
        pass


@functools.cache
def _known() -> Identities:
    identities = Identities()
    for part, text in (("last", "SMITHERS"), ("first", "JOHN")):
        field = Passage(text, "f", Carrier.IDENTIFIER_FIELD, Category.NAME, record=1, part=part)
        identities.learn(field)
    return identities


@functools.cache
def _detectors() -> Detectors:
    return Detectors(Rules())


def _find(text: str) -> None:
    _detectors().find(Passage(text, "here", Carrier.FREE_TEXT), _known())


def _find_staff(text: str) -> None:
    _detectors().find(Passage(text, "here", Carrier.FREE_TEXT), _known(), around="")


_TOLD_APART = "".join(f"Okaf{chr(97 + i % 26)}{chr(97 + i // 26)}r " for i in range(676))

CASES = {
    **{
        f"encoded: {unit[:12]!r}": Case(unit, 800_000, _decode)
        for unit in (
            "A", "%41", "&#65; ", "A" * 30 + "\n", "a%20", "=\n", "&", "\\x", "base64,",
            "QUJD" * 10 + " ",
        )
    },
    **{
        f"vCard: {unit[:12]!r}": Case(unit, 4_000_000, _card)
        for unit in ('N;"', "QUOTED-PRINTABLE", ";a=", "a.")
    },
    **{
        f"text: {unit[:24]!r}": Case(unit, 800_000, _text)
        for unit in (
            "insert into t (a) values ('", "select '", "create table a (", "a|", "536228714 ",
            "ssn  ", "| ssn | dob |\n", "0536228714  1.00\n", "copy a (ssn) from stdin;\n",
        )
    },
    **{
        f"detectors: {unit[:16]!r}": Case(unit, 400_000, _find)
        for unit in (
            "1", "@", "([{", "1-", ":", "JOHN SMITHERS, ", "01/02/1980 ", "MRN MRN: ", "a.a@",
            "123 N Main ", "Smiterz ", "a", "PO BOX ", "http://", "Okafor ", "J. ", "Smith, ",
            "12 Oak ", "five ", "a dot b at ", "San Jose ", "MBI 1EG4-", "Kekoa Kealoha ",
            "Ab.pdf", "Ab_Cd.pdf ", "T. Bell ", "5500217 is her ", "SSN 4l8-", "2950 S ",
            "Born the ",
            "xqzjkvw" * 12 + " ", " \n", _TOLD_APART,
            "x" * 60 + " call 614\n447-0182\n", "1" * 60 + "\n",
        )
    },
    **{
        f"staff: {unit[:24]!r}": Case(unit, 400_000, _find_staff)
        for unit in (
            "Vera Holmquist, CFO\n", "Vera Holmquist, CFO\n614-447-0182\n", "Present: Vera Holm, ",
            "Senior Vice Vera Holm ", "From: Vera Holm ",
        )
    },
}  # fmt: skip


def text(case: Case, size: int) -> str:
    """As many characters of the case's text."""
    return (case.unit * (size // len(case.unit) + 1))[:size]


def _seconds(case: Case, size: int) -> float:
    whole = text(case, size)
    started = time.process_time()
    case.read(whole)
    return time.process_time() - started


def ratio(case: Case) -> tuple[float, float]:
    """Seconds of the long text, and that as a multiple of the short one's; the best of three."""
    _seconds(case, case.size // TIMES)
    tries = [(_seconds(case, case.size), _seconds(case, case.size // TIMES)) for _ in range(3)]
    # Two thousandths of a second are the noise of what costs next to nothing.
    return min(((long, long / (short + 0.002)) for long, short in tries), key=lambda one: one[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    over = []
    print(f"{'text':34} {'characters':>10} {'s':>7} {'ratio':>6}")
    for name in (each for each in CASES if asked.only in each):
        seconds, times = ratio(CASES[name])
        print(f"{name:34} {CASES[name].size:10,} {seconds:7.2f} {times:6.1f}", flush=True)
        over += [name] * (times > LIMIT)
    if over:
        sys.exit(f"more than {LIMIT:.0f} times the time for {TIMES} times the text: {over}")


if __name__ == "__main__":
    main()
