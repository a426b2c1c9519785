"""Each vector in tests/vectors/x12 is a file that says what it expects of the parser.

A vector is a sentence, then ``format:``, ``error: OBSTACLE @ PLACE``, ``faults: N``,
``absent: PLACE`` and any number of
``has: PLACE | CARRIER | CATEGORY or - | SUBJECT | PART | TEXT | FAULT``, then ``---`` and the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp.model import NotReadableError, Passage
from dlp.parse import x12
from tests.support.x12_passages import slow_passages

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "x12").glob("*.vec"))


class Vector:
    def __init__(self, path: Path) -> None:
        head, _, body = path.read_bytes().partition(b"\n---\n")
        self.body = body
        self.passages: list[Passage] = []
        self.error: NotReadableError | None = None
        self.wanted: dict[str, list[str]] = {}
        for line in head.decode().splitlines()[1:]:
            key, _, value = line.partition(": ")
            self.wanted.setdefault(key, []).append(value)
        try:
            self.passages.extend(slow_passages(body))
        except NotReadableError as error:
            self.error = error

    def want(self, key: str) -> str:
        return self.wanted.get(key, [""])[0]


@pytest.fixture(params=VECTORS, ids=lambda path: path.stem)
def vector(request: pytest.FixtureRequest) -> Vector:
    return Vector(request.param)


def shown(passage: Passage) -> str:
    where = passage.where() if callable(passage.where) else passage.where
    return " | ".join(
        [
            where,
            passage.carrier,
            passage.category or "-",
            passage.subject,
            passage.part,
            passage.text.strip(),
            passage.fault,
        ]
    ).replace("  ", " ")


def test_there_are_vectors() -> None:
    assert len(VECTORS) > 30


def test_its_head_names_the_format(vector: Vector) -> None:
    assert (x12.identify(vector.body) or "-") == vector.want("format")


def test_it_ends_as_the_vector_says(vector: Vector) -> None:
    error = vector.error
    assert (f"{error.obstacle} @ {error.where}" if error else "") == vector.want("error")


def test_the_passages_are_those_the_vector_names(vector: Vector) -> None:
    made = {shown(passage) for passage in vector.passages}
    wanted = set()
    for line in vector.wanted.get("has", []):
        cells = [cell.strip() for cell in line.split("|")]
        wanted.add(" | ".join([*cells, *[""] * (7 - len(cells))]).replace("  ", " "))
    assert wanted - made == set()


def test_nothing_else_is_a_fault(vector: Vector) -> None:
    faults = [shown(passage) for passage in vector.passages if passage.fault]
    if vector.want("faults"):
        assert len(faults) == int(vector.want("faults")), faults


def test_what_should_not_come_does_not(vector: Vector) -> None:
    places = {shown(passage).split(" | ")[0] for passage in vector.passages}
    assert places.isdisjoint(vector.wanted.get("absent", []))


def test_each_place_names_one_passage(vector: Vector) -> None:
    places = [shown(passage).split(" | ")[0] for passage in vector.passages]
    assert len(places) == len(set(places))


def test_each_passage_has_its_bytes_at_its_offset(vector: Vector) -> None:
    for passage in vector.passages:
        assert passage.offset is not None
        assert passage.length is not None
        raw = vector.body[passage.offset : passage.offset + passage.length].decode()
        if passage.fault == "segment not in this transaction's guide":
            assert raw.replace("*", " ").replace(":", " ") == passage.text
        else:
            assert raw == passage.text
