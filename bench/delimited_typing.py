"""How often tables about nobody are held, and tables of persons under misleading headers are not.

Run: ``python bench/delimited_typing.py [tables]``. Prints both rates with Wilson's 95 % intervals,
by kind of table. Held means: a finding that decides, under the shipped contract ``totals``.
"""

# ruff: noqa: ARG005 - every kind of cell is made from the same two things

from __future__ import annotations

import io
import random
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from math import sqrt

from config.contracts import Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.verdict import decide

Cells = Callable[[random.Random, int], str]
_LAST = [
    "Okonkwo",
    "Lindqvist",
    "Abernathy",
    "Garcia",
    "Kowalski",
    "Nguyen",
    "Haverford",
    "Castellano",
    "Brightwell",
]
_FIRST = [
    "Margaret",
    "Piotr",
    "Anita",
    "Charles",
    "Jane",
    "Robert",
    "Maria",
    "David",
    "Susan",
    "James",
    "Linda",
    "Karen",
]


def _date(r: random.Random, low: int, high: int) -> str:
    return f"{r.randrange(low, high)}-{r.randrange(1, 13):02d}-{r.randrange(1, 29):02d}"


def _ssn(r: random.Random) -> str:
    return f"{r.randrange(100, 665)}{r.randrange(1, 99):02d}{r.randrange(1, 9999):04d}"


def _dashed(number: str) -> str:
    return f"{number[:3]}-{number[3:5]}-{number[5:]}"


INNOCENT: dict[str, tuple[str, Cells]] = {
    "invoices": ("invoice,", lambda r, i: str(204_118_003 + 37 * i)),
    "unheaded counters": ("reference,", lambda r, i: str(310_000_000 + i * r.randrange(1, 4))),
    "timestamps": ("created", lambda r, i: f"{_date(r, 2024, 2026)}T{i % 24:02d}:15:00Z"),
    "parts": ("part", lambda r, i: f"{r.choice('ABK')}{r.randrange(100, 999)}-{i:04d}"),
    "amounts": ("paid", lambda r, i: f"{r.randrange(1, 10**7) / 100:.2f}"),
    "diagnoses": ("icd", lambda r, i: f"{r.choice('EIJM')}{r.randrange(10, 99)}.{i % 9}"),
    "zip and people": ("zip", lambda r, i: f"{r.randrange(10_000, 99_999)}"),
    "hashes": ("key", lambda r, i: f"{r.getrandbits(128):032x}"),
    "order numbers": ("order_id", lambda r, i: f"{r.randrange(10**9, 10**10)}"),
    "trace numbers": ("trace", lambda r, i: f"{r.randrange(10**14, 10**15)}"),
    "check numbers": ("check", lambda r, i: f"{104_477 + i}"),
    "NPIs": ("npi", lambda r, i: f"1{r.randrange(10**8, 10**9)}"),
    "NDCs": ("ndc", lambda r, i: f"{r.randrange(10**10, 10**11)}"),
    "percentages": ("rate", lambda r, i: f"{r.randrange(0, 1000) / 10:.1f}%"),
    "versions": ("version", lambda r, i: f"{i % 9}.{r.randrange(99)}.{r.randrange(999)}"),
    "taxonomy codes": ("taxonomy", lambda r, i: f"{r.randrange(100, 400)}{r.choice('QRX')}00000X"),
    "UUIDs": ("id", lambda r, i: str(uuid.UUID(int=r.getrandbits(128), version=4))),
    "states": ("state", lambda r, i: r.choice(("IL", "WI", "OH", "TX", "CA"))),
    "departments": ("department", lambda r, i: r.choice(("Billing", "Radiology", "Front Desk"))),
    "drugs": ("drug", lambda r, i: r.choice(("Lisinopril 10 mg", "Metformin", "Xarelto 20 mg"))),
    "claim counts": ("claims", lambda r, i: str(r.randrange(1, 4_000))),
    "random invoices": ("invoice_no", lambda r, i: _ssn(r)),
}
PERSONAL: dict[str, tuple[str, Cells]] = {
    "ssn, dashed": ("reference", lambda r, i: _dashed(_ssn(r))),
    "ssn, bare": ("reference", lambda r, i: _ssn(r)),
    "mbi": ("code", lambda r, i: f"{r.randrange(1, 9)}EG4TE5MK{r.randrange(10, 99)}"),
    "names": ("label", lambda r, i: f"{r.choice(_LAST)}, {r.choice(_FIRST)}"),
    "mail": ("", lambda r, i: f"{r.choice(_FIRST).lower()}{i}@example.org"),
    "phones": ("x", lambda r, i: f"(312) 555-{r.randrange(1000, 9999)}"),
    "births": ("d1", lambda r, i: _date(r, 1931, 2012)),
    "streets": ("", lambda r, i: f"{r.randrange(1, 9999)} {r.choice(_LAST)} Street"),
}


def table(kind: tuple[str, Cells], r: random.Random) -> bytes:
    """One table of this kind, with columns of numbers around."""
    title, cell = kind
    lines = [f"site,{title.rstrip(',')},n"] if title else []
    lines += [f"A{i % 7},{_quoted(cell(r, i))},{r.randrange(99)}" for i in range(120)]
    return ("\r\n".join(lines) + "\r\n").encode()


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z = 1.96
    share, spread = hits / count, 1 + z * z / count
    middle = (share + z * z / (2 * count)) / spread
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / spread
    return middle - half, middle + half


def rate(name: str, kinds: dict[str, tuple[str, Cells]], count: int, detectors: Detectors) -> None:
    """Print how many tables are held, by kind."""
    contract = shipped_policy().contracts["totals"]
    r, held, made = random.Random(5), Counter[str](), Counter[str]()
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        source = io.BytesIO(table(kinds[kind], r))
        report = inspect(source, "t.csv", contract, Rules(), Budget(), detectors=detectors)
        made[kind] += 1
        held[kind] += decide(report, contract).action != "release"
    low, high = wilson(held.total(), count)
    print(f"{name}: {held.total()}/{count} held, 95 % interval {low:.3f} to {high:.3f}")
    for kind, total in made.items():
        print(f"  {kind:18} {held[kind]}/{total}")


def main() -> None:
    """Both sorts of tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    detectors = Detectors(Rules())
    rate("about nobody", INNOCENT, count, detectors)
    rate("about persons", PERSONAL, count, detectors)


if __name__ == "__main__":
    main()
