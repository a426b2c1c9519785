"""Names, paths, write order and HTTP's small grammars, by their laws."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports import tree
from transports.https_conditions import Span, claimed_sha256, etag_listed, requested_span
from transports.https_problems import ProblemError
from transports.names import BadNameError, is_temporary, normalise
from transports.ports import Parcel, Problem, TransportError
from transports.sequence import PIECE_BYTES, Room, Sequencer


@given(st.text(max_size=300))
def test_a_name_is_refused_or_normal_for_good(name: str) -> None:
    try:
        normal = normalise(name)
    except BadNameError as refusal:
        assert len(name) < 12 or name not in refusal.detail  # noqa: PT017 - either outcome is right
        return
    assert normalise(normal) == normal == unicodedata.normalize("NFC", name)
    assert 0 < len(normal.encode()) <= 255
    assert not set(normal) & set("/\\\0")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "a\\b", "a\0", "a\x1f", "a\x7f", "a\x85", " a", "a ", "a\u202e",
     "a\u2066", "a\u2028", "\ud800", "x" * 256, "é" * 128, "x" * 10_000],
)  # fmt: skip
def test_unfit_names_are_refused(name: str) -> None:
    with pytest.raises(BadNameError) as caught:
        normalise(name)
    assert caught.value.problem is Problem.BAD_NAME


@pytest.mark.parametrize("name", ["a.837", "Müller.csv", "患者.txt", "a b.zip", "x" * 255, "..."])
def test_fit_names_are_kept(name: str) -> None:
    assert normalise(name) == name


def test_two_spellings_of_one_name_become_one() -> None:
    assert normalise("Mu\u0308ller") == normalise("M\u00fcller") == "M\u00fcller"


@pytest.mark.parametrize(
    ("name", "temporary"),
    [("a.part", True), ("a.FilePart", True), ("a.tmp", True), (".a", True), ("a.837", False),
     ("part", False), ("a.part.837", False)],
)  # fmt: skip
def test_temporary_names_are_those_clients_use(name: str, temporary: bool) -> None:
    assert is_temporary(name) is temporary


@given(st.binary(max_size=80))
def test_any_path_is_resolved_or_refused(path: bytes) -> None:
    try:
        tree.resolve(path)
    except TransportError as refusal:
        assert refusal.problem in {Problem.BAD_NAME, Problem.NOT_FOUND}  # noqa: PT017 - the law


@given(st.lists(st.sampled_from(["..", ".", "", "outbox", "claims", "a.837"]), max_size=12))
def test_a_canonical_path_names_the_same_and_is_canonical(steps: list[str]) -> None:
    canonical = tree.canonical("/".join(steps).encode())
    assert tree.canonical(canonical) == canonical
    assert b".." not in canonical
    assert canonical.startswith(b"/")


@pytest.mark.parametrize(
    ("path", "node"),
    [
        (b"", tree.Root()),
        (b"/", tree.Root()),
        (b"../../..", tree.Root()),
        (b"/outbox/", tree.Outbox()),
        (b"outbox/claims", tree.RouteDir("claims")),
        (b"/outbox/claims/../totals/a", tree.OutboxFile("totals", "a")),
        (b"/inbox", tree.Inbox()),
        (b"/inbox/x.pgp", tree.InboxFile("x.pgp")),
        (b"/receipts", tree.Receipts()),
        (b"/returned/t.txt", tree.ReturnedFile("t.txt")),
    ],
)
def test_paths_mean_what_the_design_says(path: bytes, node: tree.Node) -> None:
    assert tree.resolve(path) == node


def test_two_parcels_of_one_listed_name_are_both_listed() -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    parcels = [Parcel(f"t_{n}", "r", "s", "a.pgp", 1, "", when) for n in range(2)]
    assert tree.inbox_entries(parcels) == {"a.pgp": parcels[0], "a.pgp.t_1": parcels[1]}


@given(st.binary(max_size=200), st.data())
def test_writes_in_any_order_give_the_file(data: bytes, draw: st.DataObject) -> None:
    size = draw.draw(st.integers(10, 40))
    writes = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    sequencer = Sequencer(0)
    shuffled = draw.draw(st.permutations(writes))
    out = b"".join(b"".join(sequencer.accept(at, piece)) for at, piece in shuffled)
    assert out == data
    assert sequencer.buffered == 0


def test_what_is_too_far_ahead_is_refused() -> None:
    sequencer = Sequencer(0, room=Room(10 + PIECE_BYTES))
    sequencer.accept(5, b"12345")
    with pytest.raises(TransportError, match="sequential"):
        sequencer.accept(20, b"123456")


def test_rewriting_is_refused() -> None:
    sequencer = Sequencer(0)
    sequencer.accept(0, b"12345")
    with pytest.raises(TransportError, match="sequential"):
        sequencer.accept(3, b"x")


def test_appending_takes_true_offsets_and_offsets_from_nought() -> None:
    sequencer = Sequencer(100, append=True)
    assert sequencer.accept(100, b"a") == [b"a"]
    assert sequencer.accept(0, b"bc") == [b"bc"]
    assert sequencer.accept(2, b"d") == [b"d"]
    assert sequencer.accept(104, b"e") == [b"e"]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 40))
def test_a_range_lies_inside_the_file(first: int, last: int, size: int) -> None:
    try:
        span = requested_span(f"bytes={first}-{last}", size)
    except ProblemError as refusal:
        assert first >= size
        assert refusal.status == 416  # noqa: PT017 - the law
        return
    if last < first:
        assert span is None
    else:
        assert span == Span(first, min(last + 1, size))


@pytest.mark.parametrize("header", [None, "", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b"])
def test_what_is_no_single_range_means_the_whole(header: str | None) -> None:
    assert requested_span(header, 10) is None


@given(st.text(max_size=60))
def test_any_digest_header_is_read_or_refused(header: str) -> None:
    try:
        digest = claimed_sha256(header)
    except ProblemError as refusal:
        assert refusal.status == 400  # noqa: PT017 - the law
    else:
        assert digest is None or len(digest) == 32


def test_other_digest_algorithms_are_passed_over() -> None:
    assert claimed_sha256("sha-512=:YWJj:") is None


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', "*"])
def test_if_none_match_names_a_tag(header: str) -> None:
    assert etag_listed(header, '"a"')
