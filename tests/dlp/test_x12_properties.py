"""Laws of the X12 parser: any bytes parse or are named unreadable, and nothing goes unseen."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Carrier, NotReadableError, Obstacle, Passage
from dlp.parse import x12
from dlp.parse.x12 import framing
from tests.support.x12_passages import slow_passages

FOLDER = Path(__file__).parents[1] / "vectors" / "x12"
BODIES = {path.stem: path.read_bytes().partition(b"\n---\n")[2] for path in FOLDER.glob("*.vec")}
GOOD = sorted(name for name in BODIES if not name.startswith(("bad-", "mixed-", "275-encoded")))
CLAIM = BODIES["837p-roles"]
ISA = CLAIM[:106]
PROSE = b"HIS SISTER JANE DOE CALLED FROM 12 ELM STREET ABOUT THE HIV TEST"


def read(data: bytes) -> tuple[list[Passage], NotReadableError | None]:
    passages: list[Passage] = []
    try:
        passages.extend(slow_passages(data))
    except NotReadableError as error:
        return passages, error
    return passages, None


def place(passage: Passage) -> str:
    return passage.where() if callable(passage.where) else passage.where


def flat(passages: list[Passage]) -> list[tuple[object, ...]]:
    return [(place(passage), *passage[:1], *passage[2:]) for passage in passages]


def check_places(data: bytes, passages: list[Passage]) -> None:
    for passage in passages:
        assert passage.offset is not None
        assert passage.length is not None
        raw = data[passage.offset : passage.offset + passage.length]
        assert len(raw) == passage.length
        assert place(passage).isprintable()
        if not passage.fault.startswith("segment not in"):
            try:
                assert raw.decode() == passage.text
            except UnicodeDecodeError:
                assert raw.decode("latin-1") == passage.text


@given(tail=st.binary(max_size=400))
@example(b"GS*HC*A*B*20250101*0800*1*X*005010X222A1~ST*837*1~BIN*99999999999999*")
@example(b"\x00" * 300)
@settings(max_examples=150, deadline=None)
def test_any_bytes_after_a_header_parse_or_are_named_unreadable(tail: bytes) -> None:
    check_places(ISA + tail, read(ISA + tail)[0])


@given(data=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_parse_or_are_named_unreadable(data: bytes) -> None:
    x12.identify(data)
    check_places(data, read(data)[0])


EDIT = st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=8))


@given(name=st.sampled_from(sorted(BODIES)), edits=st.lists(EDIT, min_size=1, max_size=6))
@settings(max_examples=250, deadline=None)
def test_a_damaged_file_parses_or_is_named_unreadable(
    name: str, edits: list[tuple[float, int, bytes]]
) -> None:
    data = BODIES[name]
    for share, dropped, added in edits:
        at = int(share * len(data))
        data = data[:at] + added + data[at + dropped :]
    x12.identify(data)
    check_places(data, read(data)[0])


def test_a_file_cut_at_any_byte_before_its_trailer_is_malformed() -> None:
    data = BODIES["835-remittance"]
    for end in range(1, data.rindex(b"IEA*") + 4):
        error = read(data[:end])[1]
        assert error is not None, end
        assert error.obstacle is Obstacle.MALFORMED, end


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_the_size_of_reads_makes_no_difference(
    name: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = flat(read(BODIES[name])[0])
    monkeypatch.setattr(framing, "CHUNK", chunk)
    assert flat(read(BODIES[name])[0]) == whole


MARKS = st.permutations(list("|!;<>+_\x1d\x1e\x1f")).map(lambda marks: "".join(marks[:3]))


@given(marks=MARKS, ending=st.sampled_from(["~", "\n", "\r", "\r\n", "~\r\n", "\x1c"]))
@settings(max_examples=60, deadline=None)
def test_the_separators_make_no_difference(marks: str, ending: str) -> None:
    text = CLAIM.decode().replace("~\n", "~")
    changed = text.translate(str.maketrans("*:^", marks)).replace("~", ending)
    passages, error = read(changed.encode())
    assert error is None
    assert [row[:2] for row in flat(passages)] == [row[:2] for row in flat(read(CLAIM)[0])]


def typed_places() -> list[tuple[int, int]]:
    """(start, end) of every element that follows the header and isn't a segment's name."""
    found = []
    at = 106
    for segment in CLAIM[106:].split(b"~"):
        start = at
        for order, element in enumerate(segment.split(b"*")):
            if order and not segment.lstrip().startswith((b"ST", b"SE", b"GS", b"GE", b"IEA")):
                found.append((start, start + len(element)))
            start += len(element) + 1
        at += len(segment) + 1
    return found


@pytest.mark.parametrize(("start", "end"), typed_places())
def test_prose_in_any_element_of_a_claim_is_seen(start: int, end: int) -> None:
    passages, error = read(CLAIM[:start] + PROSE + CLAIM[end:])
    assert error is None
    seen = [passage for passage in passages if passage.text == PROSE.decode()]
    assert len(seen) == 1
    assert seen[0].category is None
    assert seen[0].carrier in (Carrier.CODED, Carrier.FREE_TEXT)


def test_text_that_is_not_utf_8_is_read_as_latin_1() -> None:
    data = CLAIM.replace(b"MORGANA*J", "MORGAÑA*J".encode("latin-1"))
    assert "MORGAÑA" in {passage.text for passage in read(data)[0]}


def test_an_unknown_segment_shows_no_name_of_its_own() -> None:
    data = CLAIM.replace(b"LX*1~", b"QUILLFEATHER*1~LX*1~", 1)
    passages = read(data)[0]
    assert not any("QUILLFEATHER" in place(passage) for passage in passages)


def test_a_segment_without_end_is_malformed() -> None:
    data = CLAIM[:-20] + b"X" * (framing.LONGEST_SEGMENT + framing.CHUNK)
    error = read(data)[1]
    assert error is not None
    assert "terminator is missing" in error.detail


def test_the_budget_of_bytes_is_kept() -> None:
    with pytest.raises(NotReadableError) as caught:
        list(x12.parse(Content(io.BytesIO(CLAIM), "", "x12"), Meter(Budget(bytes=500))))
    assert caught.value.obstacle is Obstacle.TOO_LARGE


class Endless:
    """A claim file that is made while it is read."""

    def __init__(self, repeats: int) -> None:
        start, end = CLAIM.index(b"HL*2"), CLAIM.index(b"SE*")
        self._parts = [CLAIM[:start], *[CLAIM[start:end]] * repeats, CLAIM[end:]]
        self._at = 0
        self.size = sum(map(len, self._parts))

    def read(self, size: int = -1, /) -> bytes:
        self._at += 1
        return self._parts[self._at - 1] if self._at <= len(self._parts) else b""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at


def test_memory_does_not_grow_with_the_file() -> None:
    source = Endless(2_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in x12.parse(Content(source, "", "x12"), Meter(Budget())))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count > 20_000
    assert peak < 24 * 2**20


def test_a_caller_who_judges_formats_gets_them_all() -> None:
    met: set[str] = set()
    list(x12.parse(Content(io.BytesIO(BODIES["mixed-sets"]), "", "x12"), Meter(Budget()), met=met))
    assert met == {"x12/837P", "x12/835"}


@pytest.mark.parametrize("head", [b"ISA, my sister, called", b"", b"ISA", b"MSH|^~\\&|A", b"a,b\n"])
def test_other_files_are_not_taken_for_x12(head: bytes) -> None:
    assert x12.identify(head) is None


@pytest.mark.parametrize(
    "body",
    [
        b"\n" * 400_000,
        b"NTE*ADD" + b"*x" * 200_000 + b"~",
        b"HI" + b"*BK:1" * 100_000 + b"~",
        b"HI*ABK" + b":1" * 200_000 + b"~",
        b"CTX*" + b"A:1^" * 100_000 + b"~",
        b"NTE*ADD*" + b" " * 500_000 + b"~",
    ],
    ids=["line ends", "elements", "composites", "components", "repetitions", "blanks"],
)
@pytest.mark.timeout(20)
def test_hostile_repetition_costs_linear_time(body: bytes) -> None:
    start = CLAIM.index(b"HL*2")
    for mark in (b"~", b"\n"):
        read((CLAIM[:start] + body).replace(b"~", mark))


def test_binary_data_far_behind_padding_is_not_read_as_segments() -> None:
    data = BODIES["275-text-attachment"].replace(b"\nBIN", b"\n" * 100 + b"BIN")
    error = read(data)[1]
    assert error is not None
    assert error.obstacle is Obstacle.MALFORMED


def test_an_interchange_of_acknowledgements_alone_is_met_as_such() -> None:
    met: set[str] = set()
    list(x12.parse(Content(io.BytesIO(BODIES["ta1-alone"]), "", "x12"), Meter(Budget()), met=met))
    assert met == {"x12/TA1"}
