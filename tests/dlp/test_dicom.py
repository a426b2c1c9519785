"""A DICOM file hides no text, and its fields say whose they are."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit

from dlp import ocr
from dlp.budget import Budget
from dlp.model import Category, NotReadableError, Obstacle, Passage, Subject
from dlp.parse.dicom import parse
from tests.support.reading import entries, obstacles, read, survives, texts

_CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "office" / "pydicom"
SECRET = "Zora Quillfeather"


def _file(
    dataset: Dataset, preamble: bytes = b"\0" * 128, syntax: UID = ExplicitVRLittleEndian
) -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    out = io.BytesIO()
    whole = FileDataset("", dataset, file_meta=meta, preamble=preamble)
    whole.save_as(out, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return out.getvalue()


def _with(**values: object) -> bytes:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return _file(dataset)


def _nested() -> bytes:
    inner = Dataset()
    inner.TextValue = SECRET
    return _with(ContentSequence=[inner])


def _private(vr: str, value: object) -> bytes:
    dataset = Dataset()
    block = dataset.private_block(0x0011, "MADE UP", create=True)
    block.add_new(1, vr, value)
    return _file(dataset)


SURFACES = {
    "comment": _with(PatientComments=SECRET),
    "nested text": _nested(),
    "private text": _private("LO", SECRET),
    "private bytes": _private("OB", b"\1\2" + SECRET.encode() + b"\3"),
    "private unknown": _private("UN", SECRET.encode() + b"\0"),
    "code string": _with(BodyPartExamined=SECRET.upper()[:16]),
    "number": _with(StudyDescription=SECRET),
    "padding": _file(Dataset(), SECRET.encode().ljust(128, b"\0")),
}


@pytest.mark.parametrize("surface", SURFACES)
def test_text_comes_out_of_every_surface(surface: str) -> None:
    assert SECRET[:16].lower() in texts(read(parse, SURFACES[surface])).lower()


def _fields(data: bytes) -> list[tuple[str, Category | None, Subject, str]]:
    return [
        (item.text, item.category, item.subject, item.part)
        for item in read(parse, data)
        if isinstance(item, Passage) and item.category is not None
    ]


def test_a_patients_name_comes_by_its_parts() -> None:
    assert _fields(_with(PatientName="Quillfeather^Zora^M")) == [
        ("Quillfeather", Category.NAME, Subject.PERSON, "last"),
        ("Zora", Category.NAME, Subject.PERSON, "first"),
        ("M", Category.NAME, Subject.PERSON, "middle"),
    ]


def test_a_physician_is_a_provider() -> None:
    assert _fields(_with(ReferringPhysicianName="Doe^Jan"))[0][2] is Subject.PROVIDER


@pytest.mark.parametrize(
    ("keyword", "value", "category"),
    [
        ("PatientID", "Q-1", Category.MEDICAL_RECORD_NUMBER),
        ("PatientBirthDate", "19560304", Category.BIRTH_DATE),
        ("StudyDate", "20240102", Category.SERVICE_DATE),
        ("DeviceSerialNumber", "S-1", Category.DEVICE_ID),
    ],
)
def test_a_field_is_what_its_tag_says(keyword: str, value: str, category: Category) -> None:
    assert [field[:2] for field in _fields(_with(**{keyword: value}))] == [(value, category)]


def test_a_sentence_in_a_name_has_a_fault() -> None:
    found = read(parse, _with(PatientName="see note: call 555 1234"))
    assert any(isinstance(item, Passage) and item.fault for item in found)


def test_an_age_over_89_is_said() -> None:
    assert "age 93 years" in texts(read(parse, _with(PatientAge="093Y")))


def test_an_encapsulated_document_is_an_entry() -> None:
    assert entries(read(parse, _with(EncapsulatedDocument=b"%PDF-1.7"))) == [b"%PDF-1.7"]


def test_a_foreign_preamble_is_malformed() -> None:
    data = _file(Dataset(), b"MZ".ljust(128, b"\x90"))
    assert Obstacle.MALFORMED in obstacles(read(parse, data))


@pytest.mark.skipif(not ocr.available(), reason="OCR reads the pixels here")
def test_unread_pixels_are_said_to_be_unread() -> None:
    data = _with(Rows=16, Columns=16, BitsAllocated=8, BitsStored=8, HighBit=7, SamplesPerPixel=1,
                 PixelRepresentation=0, PhotometricInterpretation="MONOCHROME2",
                 PixelData=np.arange(256, dtype="uint8").tobytes())  # fmt: skip
    assert obstacles(read(parse, data)) == {Obstacle.NOT_READ}


def _deflated(body: bytes) -> bytes:
    data = _with()
    start = 144 + int.from_bytes(data[140:144], "little")
    old = b"1.2.840.10008.1.2.1\0"
    new = b"1.2.840.10008.1.2.1.99"
    head = data[:start].replace(b"\x14\0" + old, b"\x16\0" + new)
    head = head[:140] + (len(head) - 144).to_bytes(4, "little") + head[144:]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return head + packer.compress(body) + packer.flush()


def test_a_deflated_data_set_is_read() -> None:
    plain = SURFACES["comment"]
    start = 144 + int.from_bytes(plain[140:144], "little")
    assert SECRET in texts(read(parse, _deflated(plain[start:])))


def test_a_deflated_bomb_is_told() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, _deflated(b"\0" * (16 * 2**20)))
    assert caught.value.obstacle is Obstacle.BOMB


def test_real_files_are_read() -> None:
    if not _CORPUS.is_dir():
        pytest.skip("no corpus beside the repository")
    found = [read(parse, path.read_bytes()) for path in sorted(_CORPUS.glob("*.dcm"))]
    assert found
    assert all(texts(items) for items in found)


@pytest.mark.parametrize("tail", [b"Zora", b"Zora Quillfeather", b"Zora Quillfeather, 1956-03-04"])
def test_bytes_after_the_data_set_are_read_and_told(tail: bytes) -> None:
    items = read(parse, _with(StudyDescription="plain") + tail)
    assert obstacles(items) == {Obstacle.MALFORMED}
    assert "Zora" in texts(items) or len(tail) < 6


def test_a_file_cut_short_is_malformed() -> None:
    assert Obstacle.MALFORMED in obstacles(read(parse, _with(StudyDescription="plain")[:-3]))


def test_a_whole_file_meets_no_obstacle() -> None:
    assert obstacles(read(parse, _with(StudyDescription="plain"))) == set()


def test_a_spent_time_stops_the_reader() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, SURFACES["comment"], Budget(seconds=0))
    assert caught.value.obstacle is Obstacle.TIMEOUT


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_items_or_one_error(data: bytes) -> None:
    assert survives(parse, b"\0" * 128 + b"DICM" + data)


@given(st.sampled_from(sorted(SURFACES)), st.integers(132, 900), st.binary(min_size=1, max_size=6))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_gives_items_or_one_error(surface: str, at: int, piece: bytes) -> None:
    data = SURFACES[surface]
    at = min(at, len(data) - 1)
    assert survives(parse, data[:at] + piece + data[at + len(piece) :])


@pytest.mark.parametrize("term", ["HELICAL MODE", "AXIAL MODE", "SPIN ECHO", "FAT SAT"])
def test_a_scanners_code_string_is_no_text(term: str) -> None:
    assert term not in texts(read(parse, _with(ScanOptions=term)))


@pytest.mark.parametrize("value", ["QUILLFEATHER Z", "236 45 6789"])
def test_a_code_string_that_may_be_somebodys_is_read(value: str) -> None:
    assert value in texts(read(parse, _with(ScanOptions=value)))


def test_bytes_behind_the_last_pixel_are_read() -> None:
    picture = {
        "Rows": 4, "Columns": 4, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7,
        "PixelRepresentation": 0, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
    }  # fmt: skip
    pixels = b"\0" * 16 + SECRET.encode() + b"\0"
    assert SECRET in texts(read(parse, _with(**picture, PixelData=pixels)))


def _jpeg(comment: str = "") -> bytes:
    out = io.BytesIO()
    Image.new("L", (64, 64), 128).save(out, "JPEG", comment=comment.encode())
    return out.getvalue()


def _compressed(*fragments: bytes) -> bytes:
    dataset = Dataset()
    dataset.Rows = dataset.Columns = 64
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 7, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = encapsulate(list(fragments))
    dataset["PixelData"].is_undefined_length = True
    return _file(dataset, syntax=JPEGBaseline8Bit)


@pytest.mark.parametrize("cut", [0, 100])
def test_a_comment_in_a_compressed_frame_is_read(cut: int) -> None:
    whole = _jpeg(SECRET)
    items = read(parse, _compressed(*filter(None, (whole[:cut], whole[cut:]))))
    assert SECRET in texts(items)


def test_a_compressed_frame_meets_no_obstacle() -> None:
    assert not obstacles(read(parse, _compressed(_jpeg())))


@pytest.mark.parametrize(("planes", "is_read"), [(1, True), (4, False)])
def test_bytes_behind_an_overlay_are_read_and_its_further_planes_are_not(
    planes: int, is_read: bool
) -> None:
    dataset = Dataset()
    dataset.add_new(0x60000010, "US", 8)
    dataset.add_new(0x60000011, "US", 8)
    dataset.add_new(0x60000015, "IS", str(planes))
    dataset.add_new(0x60003000, "OW", bytes(8) + SECRET.encode() + b"\0")
    assert (SECRET in texts(read(parse, _file(dataset)))) is is_read
