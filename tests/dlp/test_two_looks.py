"""The two looks: fields by the batch, findings in the file's order, members inside documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contracts import Contract
from dlp import readers
from dlp.budget import Budget, Meter
from dlp.content import Content, Item
from dlp.listing import Listing, Place
from dlp.model import Carrier, Category, Finding, Obstacle, Passage, Report, Uninspectable
from dlp.unpack.entry import Entry
from dlp.vocabulary import Vocabulary
from tests.support.inspecting import Inspected

NAMES = ["Greta Kesselring", "Tomasz Okonkwo", "Priya Raghunathan", "Wendell Blackwood",
         "Aiko Takahashi", "Nadia Haddad", "Oswaldo Quintanilla", "Bronwen Llewellyn",
         "Kwame Mensah", "Svetlana Volkova"]  # fmt: skip
FILE = "".join(
    f"{name}::{'called ' + NAMES[(i * 7) % 10] if i % 3 == 0 else ''}\n"
    for i, name in enumerate(NAMES)
).encode()


def reading(patch: pytest.MonkeyPatch, function: str) -> None:
    patch.setitem(readers._READERS, "text/plain", f"tests.support.bulk_reader:{function}")


def contract(**settings: object) -> Contract:
    expect = [{"categories": ["name"], "in": "identifier-fields"}]
    given = {"contract": "c", "formats": ["*"], "expect": expect}
    return Contract.model_validate(given | settings)


def comparable(report: Report) -> Report:
    return replace(report, seconds=0.0)


@pytest.mark.parametrize(
    "budget",
    [
        Budget(),
        Budget(text_bytes=0),
        Budget(findings=3),
        Budget(findings=3, text_bytes=700),
    ],
    ids=["roomy", "text read twice", "few listed", "both"],
)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"expect": []},
        {"expect": [{"categories": ["name"], "at": ["line 1*"]}]},
    ],
    ids=["expected", "unexpected", "by place"],
)
def test_a_batch_gives_the_report_that_its_fields_would(
    monkeypatch: pytest.MonkeyPatch,
    inspected: Inspected,
    budget: Budget,
    settings: dict[str, object],
) -> None:
    reports = []
    for function in ("slowly", "in_bulk"):
        reading(monkeypatch, function)
        report, _ = inspected(FILE, contract(**settings), "f", budget)
        reports.append(comparable(report))
    assert reports[0].format == "text/plain"
    assert reports[0] == reports[1]
    assert reports[0].counts[Category.NAME, False] >= 4
    detectors = {f.detector for f in reports[0].findings if "note" in f.where}
    assert detectors <= {"same-file-identity"}


def test_whom_a_note_does_not_name_is_not_learned(
    monkeypatch: pytest.MonkeyPatch, inspected: Inspected
) -> None:
    reading(monkeypatch, "in_bulk")
    report, _ = inspected(b"Greta Kesselring::\nTomasz Okonkwo::paid in full\n", contract(), "f")
    assert [f for f in report.findings if not f.expected] == []


_PLACES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-1, 20), st.integers(0, 9)), max_size=40
)


@given(_PLACES, st.integers(0, 12))
def test_a_listing_keeps_the_first_in_the_order_of_the_file(
    places: list[tuple[int, int, int]], limit: int
) -> None:
    listing = Listing(limit)
    made = [Place(member, offset, order, 0, "") for member, offset, order in places]
    for place in made:
        listing.add(place, lambda: Finding(Category.NAME, False, 1.0, "", Carrier.NAME, ""))
    assert [place for place, _ in listing.first(limit)] == sorted(made)[:limit]


def test_a_listing_makes_nothing_that_it_does_not_keep() -> None:
    listing = Listing(1)
    listing.add(
        Place(0, 1, 0, 0, ""), lambda: Finding(Category.NAME, False, 1, "", Carrier.NAME, "")
    )

    def fail() -> Finding:
        raise AssertionError

    assert not listing.add(Place(0, 2, 0, 0, ""), fail)


def test_a_vocabulary_knows_what_its_text_may_mean() -> None:
    words = Vocabulary(
        ["Ms. Keselring, born 3/4/56, id W12-345 678, mail A.B@x.org, 12 Oak Street"]
    )

    def may(category: Category, text: str) -> bool:
        return words.may_mean(Passage(text, "x", Carrier.IDENTIFIER_FIELD, category))

    assert may(Category.NAME, "KESSELRING")
    assert may(Category.BIRTH_DATE, "19560304")
    assert may(Category.MEMBER_ID, "W12345678")
    assert may(Category.EMAIL, "a.b@x.org")
    assert may(Category.ADDRESS, "99 OAK ST")
    assert not may(Category.NAME, "Okonkwo")
    assert not may(Category.MEMBER_ID, "W99999999")
    assert not may(Category.BIRTH_DATE, "19560305")


class Documents:
    """A document that holds others, and a fault."""

    def __init__(self, *inner: bytes) -> None:
        self._inner = inner

    def __call__(self, content: Content, meter: Meter) -> Iterator[Item]:
        yield Passage("seen", "body", Carrier.FREE_TEXT)
        yield Uninspectable(Obstacle.ACTIVE_CONTENT, "a macro")
        for ordinal, data in enumerate(self._inner, 1):
            yield Entry(ordinal, f"n{ordinal}", io.BytesIO(data), kind="attachment")


def documents(patch: pytest.MonkeyPatch, *inner: bytes) -> None:
    patch.setattr(
        "dlp.walk.reader",
        lambda fmt: Documents(*inner) if fmt == "x12/270" else readers.reader(fmt),
    )


ISA = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *240101*1200*^*00501*000000001*0*P*:~GS*HS*A*B*20240101*1200*1*X*005010X279A1~ST*270*0001~"  # noqa: E501


def test_what_a_document_holds_is_inspected_with_its_place(
    monkeypatch: pytest.MonkeyPatch, inspected: Inspected
) -> None:
    documents(monkeypatch, b"nothing\n", b"SSN 536-22-8714\n")
    report, _ = inspected(ISA, contract(expect=[]))
    [found] = report.findings
    assert (found.member, found.member_place) == ("n2", "attachment 2")
    assert report.formats["attachment 2"] == "text/plain"
    assert Obstacle.ACTIVE_CONTENT in {trouble.obstacle for trouble in report.uninspectable}


def test_a_contract_says_which_formats_a_document_may_hold(
    monkeypatch: pytest.MonkeyPatch, inspected: Inspected
) -> None:
    documents(monkeypatch, b"nothing\n")
    for attachments, held in ((["*"], False), (["application/pdf"], True)):
        chosen = contract(formats=["x12/270"], attachments=attachments)
        report, _ = inspected(ISA, chosen)
        refused = {t.obstacle for t in report.uninspectable} >= {Obstacle.NOT_IN_CONTRACT}
        assert refused is held


def test_documents_in_documents_count_against_the_depth_and_the_members(
    monkeypatch: pytest.MonkeyPatch, inspected: Inspected
) -> None:
    documents(monkeypatch, ISA)
    report, _ = inspected(ISA, contract(), budget=Budget(depth=3))
    assert Obstacle.TOO_DEEP in {trouble.obstacle for trouble in report.uninspectable}
    documents(monkeypatch, *[b"nothing\n"] * 30)
    report, _ = inspected(ISA, contract(), budget=Budget(entries=20))
    assert Obstacle.TOO_MANY_ENTRIES in {trouble.obstacle for trouble in report.uninspectable}


def test_a_reader_that_fails_stops_its_member_alone_and_quotes_nothing(
    monkeypatch: pytest.MonkeyPatch, inspected: Inspected
) -> None:
    def broken(content: Content, meter: Meter) -> Iterator[Item]:
        yield Passage("SSN 536-22-8714", "body", Carrier.FREE_TEXT)
        raise RuntimeError("SSN 536-22-8714")

    monkeypatch.setattr(
        "dlp.walk.reader", lambda fmt: broken if fmt == "x12/270" else readers.reader(fmt)
    )
    report, verdict = inspected(ISA, contract(expect=[]))
    assert [f.category for f in report.findings] == [Category.SSN]
    assert Obstacle.CRASH in {trouble.obstacle for trouble in report.uninspectable}
    assert "536" not in str(report.uninspectable)
    assert verdict.action == "hold"
