"""Tables by the block give the report that they give cell by cell, and cost a fraction of it."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contracts import Contract, Rules
from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Carrier, Category, NotReadableError, Passage, Report
from dlp.parse import delimited
from dlp.parse.delimited import parser
from dlp.parse.delimited.parser import parse_by_blocks
from dlp.vocabulary import Vocabulary

_LAST = ("OKONKWO", "Lindqvist", "GARCIA", "Abernathy", "DE LA CRUZ", "O'NEIL", "BAKER")
_FIRST = ("MARGUERITE", "Piotr", "ANA", "Chidi", "JANE")
_ODD = (
    "UNKNOWN", "n/a", "000000000", "XXX", "see note, call 312-555-0142", "-", "", '""', "a\tb",
    '"quoted"', '"said ""no"""', "Zo\u00eb", "  ", "123-45-6789", "219-09-9999", "ZQBCDFGHJKLM",
    "4111111111111111", "someone@example.org", "=1+1", "19000101", "not available", "N.A.",
    "9" * 50,
    '"open', "\x0b", "a\rb", "Paid", "x" * 300,
)  # fmt: skip
_SAMPLE = 60
_CONTRACT = Contract.model_validate(
    {
        "contract": "roster",
        "formats": ["delimited/*"],
        "expect": [{"categories": ["member_id", "name"], "in": "identifier-fields"}],
    }
)


def _person(random_: random.Random) -> list[str]:
    pick = random_.randrange
    return [
        f"W{pick(10**8, 10**9)}",
        random_.choice(_LAST),
        random_.choice(_FIRST),
        f"{pick(1930, 2015)}-{pick(1, 13):02d}-{pick(1, 29):02d}",
        f"{pick(100, 665)}-{pick(10, 99)}-{pick(1000, 9999)}",
        f"(312) 555-{pick(1000, 9999)}",
        f"{pick(1, 9999)} MAIN STREET",
        f"606{pick(10, 99)}",
        random_.choice(("E11.9", "F10.20", "I10")),
        f"{pick(1, 99_999) / 100:.2f}",
        random_.choice(("Paid", "Denied", "Pending review")),
    ]


_TITLES = "member_id,last_name,first_name,dob,ssn,phone,address,zip,dx,paid,status"


def _table(rows: list[list[str]], end: str = "\n", mark: str = ",") -> bytes:
    lines = [_TITLES.replace(",", mark), *(mark.join(row) for row in rows)]
    return (end.join(lines) + end).encode()


def _people(count: int, seed: int = 1) -> list[list[str]]:
    random_ = random.Random(seed)
    return [_person(random_) for _ in range(count)]


@pytest.fixture(scope="module", autouse=True)
def small_sample() -> Iterator[None]:
    """Blocks begin behind the rows that type the columns: fewer of those, the same to compare."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "_SAMPLE_ROWS", _SAMPLE)
        yield


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    return Detectors(Rules(), model=lambda: None)


def _report(data: bytes, name: str, detectors: Detectors) -> Report:
    return inspect(
        io.BytesIO(data), name, _CONTRACT, Rules(), Budget(findings=5_000), detectors=detectors
    )


def _both(
    data: bytes, detectors: Detectors, patch: pytest.MonkeyPatch, block: int, name: str = "a.csv"
) -> tuple[Report, Report]:
    with patch.context() as patched:
        patched.setattr(delimited, "parse", lambda c, m: parse_by_blocks(c, m, block))
        quick = _report(data, name, detectors)
        patched.setattr(delimited, "parse", delimited.parse_slowly)
        slow = _report(data, name, detectors)
    return quick, slow


def _same(quick: Report, slow: Report) -> None:
    assert quick.counts == slow.counts
    assert quick.label_counts == slow.label_counts
    assert quick.findings == slow.findings
    assert quick.uninspectable == slow.uninspectable


@pytest.mark.parametrize("block", [256, 5_000, 2**20])
@pytest.mark.parametrize(("end", "mark"), [("\n", ","), ("\r\n", "|"), ("\r\n", "\t"), ("\n", ";")])
def test_a_regular_table_gives_one_report(
    detectors: Detectors, monkeypatch: pytest.MonkeyPatch, end: str, mark: str, block: int
) -> None:
    _same(*_both(_table(_people(260), end, mark), detectors, monkeypatch, block))


@pytest.mark.parametrize("odd", _ODD)
def test_an_odd_cell_gives_one_report(
    detectors: Detectors, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    rows = _people(140)
    for column in range(len(rows[0])):
        rows[80 + column * 5][column] = odd
    _same(*_both(_table(rows), detectors, monkeypatch, 4_000))


def test_quotes_around_every_cell_give_one_report(
    detectors: Detectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[f'"{cell}"' for cell in row] for row in _people(260)]
    _same(*_both(_table(rows), detectors, monkeypatch, 4_000))


@pytest.mark.parametrize("first", ['""', '"W1234567"', ""])
def test_a_filler_behind_a_quoted_cell_gives_one_report(
    detectors: Detectors, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    rows = _people(120)
    for row in (60, 75, 90, 91):
        rows[row][:2] = [first, "UNKNOWN"]
    _same(*_both(_table(rows), detectors, monkeypatch, 4_000))


def test_names_that_the_site_lists_give_one_report(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(not_phi=("Ana De La Cruz", "Piotr Lindqvist"))
    detectors = Detectors(rules, model=lambda: None)
    quick, slow = _both(_table(_people(200)), detectors, monkeypatch, 4_000)
    _same(quick, slow)
    unlisted = _report(_table(_people(200)), "a.csv", Detectors(Rules(), model=lambda: None))
    assert quick.counts[Category.NAME, True] < unlisted.counts[Category.NAME, True]


def test_full_names_give_one_report(detectors: Detectors, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[f"{row[2]} {row[1]}", *row[:1], *row[3:]] for row in _people(200)]
    titles = _TITLES.replace("member_id,last_name,first_name", "patient_name,member_id")
    data = _table(rows).replace(_TITLES.encode(), titles.encode())
    quick, slow = _both(data, detectors, monkeypatch, 4_000)
    _same(quick, slow)
    assert quick.counts[Category.NAME, True] == len(rows)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_tables_give_one_stream(data: st.DataObject) -> None:
    rows = _people(120)
    for _ in range(data.draw(st.integers(0, 6))):
        row = data.draw(st.integers(60, 119))
        rows[row][data.draw(st.integers(0, 10))] = data.draw(st.sampled_from(_ODD))
    table = bytearray(_table(rows))
    if data.draw(st.booleans()):
        place = data.draw(st.integers(5_000, len(table) - 1))
        table[place : place + 1] = data.draw(st.binary(max_size=3))
    assert _fields(bytes(table), quick=True) == _fields(bytes(table), quick=False)


def _fields(data: bytes, *, quick: bool) -> object:
    """Every finding's place and text by position and every open text, or the named obstacle."""
    from dlp.detect.fields import check_field  # noqa: PLC0415 - beside its only use

    out: set[tuple[object, ...]] = set()
    content, meter = Content(io.BytesIO(data), "a.csv", "delimited/csv"), Meter(Budget())
    items = (
        parse_by_blocks(content, meter, 3_000) if quick else delimited.parse_slowly(content, meter)
    )
    try:
        for item in items:
            if isinstance(item, Passage):
                if item.carrier is Carrier.IDENTIFIER_FIELD and check_field(item) is None:
                    continue
                out.add(tuple(item))
            else:
                listed = chain.from_iterable(item.first(kind, 10**6) for kind in item.counts)
                fields = [tuple(field) for field in listed]
                assert len(fields) == sum(item.counts.values())
                out.update(fields)
    except NotReadableError as error:
        return error.obstacle
    return out


@pytest.mark.parametrize(
    "text",
    [
        "Okonkwo called", "okonkow called", "smith", "123 Main St", "606 55", "(312) 555-0142 x2",
        "born 03/04/1961", "Lindqwist", "nothing", "Marguerit", "abernathi", "dela cruz 19610304",
    ],
)  # fmt: skip
def test_rows_that_open_text_speaks_of_are_learned(text: str) -> None:
    rows = [*_people(900), ["W555", "Smith", "Jo", "1961-03-04", "219-09-8765", "(312) 555-0142",
                            "123 MAIN ST", "60655", "I10", "1.00", "Paid"]]  # fmt: skip
    vocabulary = Vocabulary([text])
    items = parse_by_blocks(
        Content(io.BytesIO(_table(rows)), "", "delimited/csv"), Meter(Budget()), 2**20
    )
    batches = [item for item in items if not isinstance(item, Passage)]
    for batch in batches:
        learned = {field.offset for field in batch.likely(vocabulary)}
        fields = chain.from_iterable(batch.first(kind, 10**6) for kind in batch.counts)
        assert {f.offset for f in fields if vocabulary.may_mean(f)} <= learned


def test_a_million_regular_cells_are_a_few_batches() -> None:
    data = _table(_people(4_000))
    items = list(delimited.parse(Content(io.BytesIO(data), "", "delimited/csv"), Meter(Budget())))
    batches = [item for item in items if not isinstance(item, Passage)]
    counted = sum(sum(batch.counts.values()) for batch in batches)
    assert len(batches) < 20
    assert counted > 15_000


def test_every_byte_is_charged_once() -> None:
    data = _table(_people(3_000))
    meter = Meter(Budget())
    for _ in delimited.parse(Content(io.BytesIO(data), "", "delimited/csv"), meter):
        pass
    assert meter.spent_bytes == len(data)


def test_a_note_of_a_patient_deep_in_the_table_is_found(
    detectors: Detectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _people(2_000)
    rows[1_500][1:3] = ["Wojciechowski", "Bronislava"]
    rows[1_900][10] = "spoke with Bronislava Wojciechowsky"
    quick, slow = _both(_table(rows), detectors, monkeypatch, 2**18)
    assert quick.counts == slow.counts
