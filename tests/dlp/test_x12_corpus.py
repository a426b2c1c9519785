"""The parser on public sample files: which are read, which are named unreadable, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp.model import NotReadableError, Obstacle, Passage
from dlp.parse import x12
from tests.support.x12_passages import slow_passages

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "x12"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.name != "LICENSE")
UNREADABLE = {
    # The name says so, or (moov's 820) the header's elements lost their padding.
    "837_5010__x12_bad_first_line.txt": Obstacle.MALFORMED,
    "837_5010__x12_no_isa_line.txt": Obstacle.MALFORMED,
    "example_stp_820__sample.txt": Obstacle.MALFORMED,
    "example_4010_810__sample.txt": Obstacle.UNSUPPORTED_TYPE,
}
FORMATS = {
    "837_004010X096A1": "837I", "837_004010X098A1": "837P", "837_005010X222A2": "837P",
    "837_005010X223A3": "837I", "demo.837i": "837I", "demo.837": "837P", "277CA": "277CA",
    "example_5010_837d": "837D", "999": "999",
}  # fmt: skip

pytestmark = pytest.mark.skipif(not FILES, reason="the public sample files are not here")


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def sample(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def read(path: Path) -> tuple[list[Passage], NotReadableError | None]:
    passages: list[Passage] = []
    try:
        passages.extend(slow_passages(path.read_bytes()))
    except NotReadableError as error:
        return passages, error
    return passages, None


def test_each_file_ends_as_it_should(sample: Path) -> None:
    error = read(sample)[1]
    assert (error.obstacle if error else None) == UNREADABLE.get(sample.name)


def test_each_file_is_named(sample: Path) -> None:
    wanted = next((name for key, name in FORMATS.items() if key in sample.name), "")
    found = x12.identify(sample.read_bytes()[:4096])
    if sample.name != "837_5010__x12_no_isa_line.txt":
        assert found is not None
        assert found.startswith(f"x12/{wanted}")


def test_places_are_exact(sample: Path) -> None:
    data = sample.read_bytes()
    for passage in read(sample)[0]:
        assert passage.offset is not None
        assert passage.length is not None
        raw = data[passage.offset : passage.offset + passage.length]
        assert raw.decode() == passage.text or "segment not in" in passage.fault


def test_most_valid_files_hold_no_fault() -> None:
    # The others write one separator and use another, or print words where their numbers belong.
    samples = [path for path in FILES if path.parent.name == "linuxforhealth"]
    clean = [path for path in samples if not any(one.fault for one in read(path)[0])]
    assert len(clean) >= 57
