"""Encoded text: what stands in other letters is read, and ordinary words are left alone."""

from __future__ import annotations

import base64
import gzip
import html
import quopri
import random
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlp.budget import Budget
from dlp.encoded import encoded
from dlp.model import Category, Obstacle, Report
from tests.support.inspecting import Inspected

SECRET = "Patient Greta Kesselring, SSN 536-22-8714"
RANDOM = random.Random(5).randbytes(400)


def _escaped(text: str, form: str) -> str:
    return "".join(form.format(ord(character)) for character in text)


def _wrapped(text: str) -> str:
    return base64.encodebytes((text * 5).encode()).decode()


FORMS: list[tuple[str, Callable[[str], str]]] = [
    ("base64", lambda text: base64.b64encode(text.encode()).decode()),
    (
        "base64",
        lambda text: base64.urlsafe_b64encode((text + " \u00bf\u00bf>>??").encode()).decode(),
    ),
    ("base64", _wrapped),
    ("base64", lambda text: base64.b64encode(text.encode("utf-16-le")).decode()),
    ("base64", lambda text: f"data:text/plain;base64,{base64.b64encode(text.encode()).decode()}"),
    ("hex", lambda text: text.encode().hex()),
    ("hex", lambda text: "0x" + text.encode().hex().upper()),
    ("hex", lambda text: text.encode().hex(" ")),
    ("hex", lambda text: text.encode().hex(":").upper()),
    ("base32", lambda text: base64.b32encode(text.encode()).decode()),
    ("base32", lambda text: base64.b32encode(text.encode()).decode().rstrip("=")),
    ("percent", lambda text: _escaped(text, "%{:02x}")),
    ("percent", urllib.parse.quote),
    ("entity", lambda text: _escaped(text, "&#{};")),
    ("entity", lambda text: _escaped(text, "&#x{:X};")),
    ("escape", lambda text: _escaped(text, "\\x{:02x}")),
    ("escape", lambda text: _escaped(text, "\\u{:04x}")),
    ("quoted-printable", lambda text: _escaped(text, "={:02X}")),
    (
        "quoted-printable",
        lambda text: quopri.encodestring(text.encode() * 4, quotetabs=True).decode(),
    ),
]


@pytest.mark.parametrize(("scheme", "write"), FORMS)
def test_every_form_is_undone(scheme: str, write: Callable[[str], str]) -> None:
    text = f"see below: {write(SECRET)} - thanks"
    given = b"".join(p.data or b"" for p in encoded(text) if p.scheme == scheme)
    assert b"536-22-8714" in given.replace(b"\0", b"")


@pytest.mark.parametrize("shift", range(4))
def test_base64_is_undone_wherever_it_was_cut(shift: int) -> None:
    text = base64.b64encode(SECRET.encode()).decode()[shift:]
    assert any(b"536-22-8714" in (piece.data or b"") for piece in encoded(text))


def test_the_place_is_that_of_the_encoded_characters() -> None:
    run = base64.b64encode(SECRET.encode()).decode()
    [piece] = encoded(f"see {run} there")
    assert (piece.start, piece.end) == (4, 4 + len(run))


@pytest.mark.parametrize(
    "text",
    [
        "electroencephalographically speaking, hepaticocholangiogastrostomy",
        "550e8400-e29b-41d4-a716-446655440000",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "d41d8cd98f00b204e9800998ecf8427e 20260101123045000012345678",
        "x=20, y=30 and 50% of 100%",
        "C:\\users\\xavier\\notes",
        "https://portal.example.org/claims/search-results/by_member/2026/index-page",
        "============================================================",
        "PRIOR-AUTHORIZATION-REQUEST-FOR-OUTPATIENT-SERVICES",
        "AT&T; R&D",
    ],
)
def test_ordinary_words_ids_and_digests_are_not_encoded(text: str) -> None:
    assert list(encoded(text)) == []


def test_a_file_in_base64_is_given_whole() -> None:
    packed = gzip.compress(SECRET.encode())
    [piece] = encoded("attached: " + base64.b64encode(packed).decode())
    assert piece.data == packed


def test_a_long_run_of_nothing_known_is_named() -> None:
    [piece] = encoded(base64.b64encode(RANDOM).decode())
    assert piece.data is None


def test_a_short_run_of_nothing_known_is_an_id() -> None:
    assert list(encoded(base64.b64encode(RANDOM[:60]).decode())) == []


@given(st.text(alphabet=st.sampled_from("%&#x;=\\u{}0aAfF41 \n+/-_\u00e9"), max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_pieces_in_its_bounds(text: str) -> None:
    assert all(0 <= p.start < p.end <= len(text) for p in encoded(text))


@given(
    st.text(min_size=30, max_size=200, alphabet=st.characters(min_codepoint=32, max_codepoint=126))
)
@settings(deadline=None)
def test_any_text_in_base64_comes_back(text: str) -> None:
    run = base64.b64encode(text.encode()).decode()
    assert any(piece.data == text.encode() for piece in encoded(run))


def _found(report: Report) -> set[Category]:
    return {finding.category for finding in report.findings}


@pytest.mark.parametrize(("_scheme", "write"), FORMS)
def test_what_is_encoded_in_a_text_is_found(
    inspected: Inspected, _scheme: str, write: Callable[[str], str]
) -> None:
    report, verdict = inspected(f"see below: {write(SECRET)}\n".encode())
    assert (verdict.action, Category.SSN in _found(report)) == ("hold", True)


def test_encodings_inside_encodings_are_undone(inspected: Inspected) -> None:
    inner = base64.b64encode(html.escape(_escaped(SECRET, "%{:02x}")).encode()).decode()
    report, _ = inspected(f"note {inner.encode().hex()}\n".encode())
    assert Category.SSN in _found(report)


def test_encodings_nested_without_end_are_held(inspected: Inspected) -> None:
    text = SECRET
    for _ in range(6):
        text = base64.b64encode(text.encode()).decode()
    report, verdict = inspected(text.encode(), budget=Budget(depth=1))
    assert verdict.action == "hold"
    assert Obstacle.TOO_DEEP in {item.obstacle for item in report.uninspectable}


def test_a_packed_file_in_a_text_is_read(inspected: Inspected) -> None:
    run = base64.b64encode(gzip.compress(SECRET.encode())).decode()
    report, _ = inspected(f"attached {run}\n".encode())
    assert Category.SSN in _found(report)


def test_an_encoded_file_name_is_read(inspected: Inspected) -> None:
    report, _ = inspected(b"nothing here\n", name="SSN%20536%2D22%2D8714.txt")
    assert Category.SSN in _found(report)


def test_a_finding_in_encoded_text_says_where_it_stood(inspected: Inspected) -> None:
    run = base64.b64encode(SECRET.encode()).decode()
    report, _ = inspected(f"one\n\ntwo {run}\n".encode())
    [ssn] = [finding for finding in report.findings if finding.category is Category.SSN]
    assert (ssn.member, ssn.member_place) == ("line 3 (base64)", "encoded text 1")


def test_innocent_escapes_release(inspected: Inspected) -> None:
    _, verdict = inspected(b"R&amp;D in claims%20report.txt costs 50%\n")
    assert verdict.action == "release"


def test_unknown_encoded_data_is_held(inspected: Inspected) -> None:
    report, verdict = inspected(base64.b64encode(RANDOM))
    assert verdict.action == "hold"
    assert {item.obstacle for item in report.uninspectable} == {Obstacle.UNKNOWN_TYPE}


def test_a_word_on_the_line_after_padding_belongs_to_no_block() -> None:
    run = base64.b64encode(SECRET.encode() + b"..").decode()
    assert run.endswith("=")
    [piece] = encoded(f"{run}\nnothing to see\n")
    assert piece.data == SECRET.encode() + b".."


def test_digits_padded_like_a_boundary_crash_nothing(inspected: Inspected) -> None:
    report, _ = inspected(b"--===============8603878420160894881==\nnothing to see\n")
    assert Obstacle.CRASH not in {item.obstacle for item in report.uninspectable}


@pytest.mark.parametrize(
    "text",
    [
        "counts 12 34 56 78 90 11 22 33 44 55 by month",
        "fingerprint 5f:2a:1b:3c:1d:2e:4f:5a:9b:8c:08:dc:6d:cd:12:34",
        "SEE THE ATTACHMENTREQUIREDBYTHEPAYER",
        "A" * 40,
    ],
)
def test_columns_fingerprints_and_capitals_are_not_undone(text: str) -> None:
    assert not [piece for piece in encoded(text) if piece.data]
