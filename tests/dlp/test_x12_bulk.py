"""The bulk path's one law: with it and without it, a file gives the same report."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlp.batch import Kind
from dlp.budget import Budget, Meter
from dlp.content import Content, Site
from dlp.detect.fields import FILLERS, check_field
from dlp.model import Carrier, Category, NotReadableError, Passage, Subject
from dlp.parse import x12
from dlp.parse.x12 import framing
from dlp.parse.x12.bulk import Stretch, shipped, where
from dlp.vocabulary import Vocabulary
from tests.support.claims import claim_file

FOLDER = Path(__file__).parents[1] / "vectors" / "x12"
BODIES = {path.stem: path.read_bytes().partition(b"\n---\n")[2] for path in FOLDER.glob("*.vec")}
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "x12"
SAMPLES = sorted(path for path in CORPUS.glob("*/*") if path.name != "LICENSE")
CODED = frozenset({Category.DIAGNOSIS, Category.PROCEDURE, Category.MEDICATION})


class Seen(NamedTuple):
    """What an inspection makes of a reader's items."""

    counts: Counter[Kind]
    fields: list[tuple[object, ...]]
    open: list[tuple[object, ...]]
    error: str


def flat(passage: Passage) -> tuple[object, ...]:
    place = passage.where() if callable(passage.where) else passage.where
    return (passage.offset, place, *passage[:1], *passage[2:])


def kind_of(passage: Passage) -> Kind | None:
    """As :mod:`dlp.look` takes a finding by its position."""
    if passage.category is None or passage.subject is Subject.PROVIDER:
        return None
    if passage.carrier is Carrier.IDENTIFIER_FIELD:
        match = check_field(passage)
        if match is None:
            return None
        labels = shipped().labels(passage.part, passage.text) if match.category in CODED else ()
        return Kind(passage.carrier, match.category, labels)
    return None if passage.fault else Kind(passage.carrier, passage.category)


def is_open(passage: Passage) -> bool:
    """As :mod:`dlp.look` decides whether a text is read."""
    if passage.carrier is Carrier.FREE_TEXT or passage.fault or len(passage.text) > 64:
        return True
    return passage.category is Category.NAME and any(c.isdigit() or c == "@" for c in passage.text)


def seen(data: bytes, *, slowly: bool = False) -> Seen:
    counts: Counter[Kind] = Counter()
    fields: list[tuple[object, ...]] = []
    texts: list[tuple[object, ...]] = []
    content, meter, met = Content(io.BytesIO(data), "", "x12"), Meter(Budget()), set[str]()
    error = ""
    try:
        parse = x12.parse_slowly if slowly else x12.parse
        for item in parse(content, meter, met=met):
            if isinstance(item, Passage):
                kind = kind_of(item)
                if kind:
                    counts[kind] += 1
                    fields.append(flat(item))
                if is_open(item):
                    texts.append(flat(item))
                continue
            if not isinstance(item, Stretch):
                texts.append((type(item).__name__,))
                continue
            counts.update(item.counts)
            for kind, count in item.counts.items():
                found = list(item.first(kind, count + 1))
                assert [kind_of(passage) for passage in found] == [kind] * count
                assert not any(map(is_open, found))
                fields += map(flat, found)
    except NotReadableError as caught:
        error = f"{caught} {caught.where}"
    return Seen(counts, sorted(fields, key=repr), texts, error + repr(sorted(met)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Stretches of any size, cut anywhere."""
    monkeypatch.setattr(where, "SMALLEST", 0)
    monkeypatch.setattr(where, "SHORTEST", 0)
    monkeypatch.setattr("dlp.parse.x12.reader.MOST_ODD", 1.0)
    return monkeypatch


def check(data: bytes) -> None:
    assert seen(data) == seen(data, slowly=True)


CLAIMS = claim_file(40, 7, notes=0.2)


def test_most_of_a_claim_file_is_taken_in_bulk() -> None:
    items = list(x12.parse(Content(io.BytesIO(CLAIMS), "", "x12"), Meter(Budget())))
    passages = sum(isinstance(item, Passage) for item in items)
    assert sum(sum(item.counts.values()) for item in items if isinstance(item, Stretch)) > 500
    assert passages < 120


@pytest.mark.parametrize("chunk", [61, 400, 5_000, 2**20])
@pytest.mark.parametrize("newline", ["", "\n", "\r\n"])
def test_claims_give_the_same_however_they_are_cut(
    small: pytest.MonkeyPatch, chunk: int, newline: str
) -> None:
    small.setattr(framing, "CHUNK", chunk)
    check(claim_file(12, 3, notes=0.3, newline=newline))


@pytest.mark.parametrize("name", sorted(BODIES))
@pytest.mark.parametrize("chunk", [80, 2**20])
def test_every_vector_gives_the_same(small: pytest.MonkeyPatch, name: str, chunk: int) -> None:
    small.setattr(framing, "CHUNK", chunk)
    check(BODIES[name])


@pytest.mark.skipif(not SAMPLES, reason="the public sample files are not here")
@pytest.mark.parametrize("chunk", [700, 2**20])
def test_public_samples_give_the_same(small: pytest.MonkeyPatch, chunk: int) -> None:
    small.setattr(framing, "CHUNK", chunk)
    for path in SAMPLES:
        data = path.read_bytes()
        assert seen(data) == seen(data, slowly=True), path.name


LINES = CLAIMS.split(b"~\n")
PIECES = [
    b"NTE*ADD*HELLO THERE", b"HL*9*1*20*1", b"HL*9*1*22*0", b"HL*9*1*23*0", b"HL*9", b"HL",
    b"NM1*QC*1*DOE*JANE", b"NM1*IL*2*DOE", b"NM1*74*1*ROE*RICK****34*123456789", b"NM1*IL",
    b"NM1*QQQQQQQQQ*1*DOE*JANE", b"NM1*82*1*WELBY*MARCUS", b"NM1*XY*3*SOME", b"LX*1", b"LX*2",
    b"CLM*A1*5", b"CLM*", b"SBR*S*18*GRP1*PLAN", b"SBR*P*18", b"ZZZ*WHAT", b"QUX*ABC", b"", b"\n",
    b"PER*IC*JANE DOE*TE*2125550100", b"N3*1 MAIN ST", b"N4*OTHER*NY*10001", b"N4*TOWN*NA*10001",
    b"REF*SY*123456789", b"REF*EA*000000", b"REF*G1*4111111111111111", b"REF*XX*HELLO",
    b"DMG*D8*19000101", b"DTP*472*RD8*20240101-20240105", b"DTP*472*D8*19000101", b"CAS*PR*1*5",
    b"HI*BK:25000", b"HI*ABK:B20*ABF:F1010", b"HI*BH:A1:D8:20240101", b"SVD*P1*5*HC:99213",
    b"SV2*0300*HC:85025*5*UN*1", b"SV3*AD:D0120*5", b"LIN**N4*12345678901", b"K3*NOTE TEXT",
    b"SV1*HC:99213:::::EXTRA WORDS*5*UN*1", b"SV1*HC:H0015*ABC*UN*1", b"SE*4*0001",
    b"ST*837*0002*005010X222A1", b"ST*835*0002", b"UM*HS", b"N2*MORE NAME",
    b"PAT*01****D8*20240101", b"NM1*IL*1*DE LA CRUZ*ANA MARIA", b"NM1*IL*1*NO NAME*SAME AS-ABOVE",
    b"NM1*QC*1*O'NEIL-SMITH*J P", b"NM1*IL*1*SHE CALLED US ABOUT A BILL*JANE",
    b"NM1*IL*1* ROE*RICK",
    b"NM1*IL*1*NOT'AVAILABLE*X-X-X", b"NM1*IL*1*ROE -*RICK", b"NM1*IL*1*A B C D E*F G H I J K",
]  # fmt: skip
FEW = claim_file(14, 7, notes=0.2).split(b"~\n")
"""To be edited over and over: so that six edits lie close together."""
EDIT = st.tuples(
    st.integers(4, len(FEW) - 8), st.sampled_from(["put", "swap", "drop", "bytes"]),
    st.sampled_from(PIECES), st.integers(0, 60), st.sampled_from(
        [b"", b"*", b":", b"^", b" ", b"NA", b"UNKNOWN", b"x", b"0", b"~", b"\r", b"-", b"@"]
        + [b"\xe9"]
        + [word.upper().encode() for word in sorted(FILLERS)[:8]]
    ),
)  # fmt: skip


def edited(edits: list[tuple[int, str, bytes, int, bytes]]) -> bytes:
    lines = list(FEW)
    for at, how, piece, place, added in edits:
        if how == "put":
            lines.insert(at, piece)
        elif how == "swap":
            lines[at] = piece
        elif how == "drop":
            del lines[at]
        else:
            lines[at] = lines[at][:place] + added + lines[at][place + 1 :]
    return b"~\n".join(lines)


@given(
    edits=st.lists(EDIT, min_size=1, max_size=6),
    chunk=st.sampled_from([150, 900, 4_000, 2**20]),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_claims_give_the_same(
    small: pytest.MonkeyPatch, edits: list[tuple[int, str, bytes, int, bytes]], chunk: int
) -> None:
    small.setattr(framing, "CHUNK", chunk)
    check(edited(edits))


def learned(data: bytes, vocabulary: Vocabulary, *, slowly: bool) -> set[tuple[object, ...]]:
    """Identifier fields that the vocabulary may speak of, whichever way they come."""
    parse = x12.parse_slowly if slowly else x12.parse
    found = set()
    for item in parse(Content(io.BytesIO(data), "", "x12"), Meter(Budget())):
        batch = item.likely(vocabulary) if isinstance(item, Stretch) else ()
        for passage in [item] if isinstance(item, Passage) else batch:
            if passage.category and passage.carrier is Carrier.IDENTIFIER_FIELD:
                # A record may have another number here: it joins a name's parts all the same.
                found.add(flat(passage._replace(record=0)))
    return found


TEXTS = [
    "SEEN {last} TODAY", "{first} {last} CALLED", "REF {id} IS WRONG", "BORN {day}",
    "account {account}", "SENT TO {street}", "nobody at all",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("person", [0, 11, 25])
def test_whoever_open_text_speaks_of_is_learned(text: str, person: int) -> None:
    def field(name: bytes, element: int) -> str:
        rows = [line.split(b"*") for line in LINES if line.startswith(name)]
        return rows[person][element].decode()

    day = field(b"DMG", 2)
    vocabulary = Vocabulary([
        text.format(
            last=field(b"NM1*IL", 3).title(), first=field(b"NM1*IL", 4), id=field(b"NM1*IL", 9),
            day=f"{day[4:6]}/{day[6:]}/{day[:4]}", street=field(b"N3", 1),
            account=field(b"CLM", 1).lower(),
        )
    ])  # fmt: skip
    wanted = set()
    for row in learned(CLAIMS, vocabulary, slowly=True):
        passage = Passage(*row[2:3], *row[1:2], *row[3:5])  # type: ignore[arg-type]  # as flat() put it
        by_value = passage.category not in (Category.NAME, Category.ADDRESS) and row[0] is not None
        if (by_value and passage.category not in CODED and row[5] is Subject.PERSON) or (
            passage.category is Category.NAME and len(str(row[2])) > 1 and row[10] != "suffix"
        ):
            wanted |= {row} if vocabulary.may_mean(passage) else set()
    assert wanted <= learned(CLAIMS, vocabulary, slowly=False)


def test_a_name_of_several_words_is_given_singly_where_the_site_lists_some() -> None:
    lines = [*LINES]
    lines[at_name()] = b"NM1*IL*1*DE LA CRUZ*ANA****MI*W123456789"
    data = b"~\n".join(lines)

    def names(site: Site) -> list[str]:
        content = Content(io.BytesIO(data), "", "x12", site=site)
        items = x12.parse(content, Meter(Budget()))
        return [item.text for item in items if isinstance(item, Passage) and "CRUZ" in item.text]

    assert names(Site()) == []
    assert names(Site(not_phi=lambda _name: False)) == ["DE LA CRUZ"]


def at_name() -> int:
    return next(at for at, line in enumerate(LINES) if at > 20 and line.startswith(b"NM1*IL"))


def test_a_file_is_read_again_for_its_batches_and_they_weigh_little() -> None:
    def weight(*, lasting: bool) -> int:
        content = Content(io.BytesIO(CLAIMS), "", "x12", lasting=lasting)
        items = [*x12.parse(content, Meter(Budget()))]
        return sum(item.weight for item in items if isinstance(item, Stretch))

    assert weight(lasting=True) < len(CLAIMS) / 2 < weight(lasting=False)


def test_an_address_is_learned_by_its_number_and_street() -> None:
    street = next(line for line in LINES[20:] if line.startswith(b"N3*")).split(b"*")[1].decode()
    vocabulary = Vocabulary([f"LIVES AT {street}"])
    texts = {row[2] for row in learned(CLAIMS, vocabulary, slowly=False)}
    assert street in texts
    assert len(texts) < 60
