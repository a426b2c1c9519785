"""OCR: text in pixels where an engine is, a named obstacle where none is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image, ImageDraw, ImageFont

from dlp import ocr
from dlp.budget import Budget, Meter
from dlp.model import NotReadableError, Obstacle

_WORD, _LINE = 3, 2


class _Word(NamedTuple):
    text: str
    confidence: float
    box: tuple[int, int, int, int]
    last: bool


class _Words:
    """As Tesseract's iterator walks: one word at a time."""

    def __init__(self, words: list[_Word]) -> None:
        self._words, self._at = words, 0

    def Empty(self, level: int) -> bool:  # noqa: N802 - Tesseract's name
        assert level == _WORD
        return not self._words

    def Confidence(self, level: int) -> float:  # noqa: N802 - Tesseract's name
        return self._words[self._at].confidence

    def GetUTF8Text(self, level: int) -> str:  # noqa: N802 - Tesseract's name
        return self._words[self._at].text

    def BoundingBox(self, level: int) -> tuple[int, int, int, int]:  # noqa: N802 - Tesseract's name
        return self._words[self._at].box

    def IsAtFinalElement(self, level: int, element: int) -> bool:  # noqa: N802 - Tesseract's name
        assert (level, element) == (_LINE, _WORD)
        return self._words[self._at].last

    def Next(self, level: int) -> bool:  # noqa: N802 - Tesseract's name
        self._at += 1
        return self._at < len(self._words)


class _Engine:
    """An engine that sees what it is told: as the picture is given, then on its head."""

    def __init__(
        self, words: list[_Word], turned: list[_Word] | None = None, *, in_time: bool = True
    ) -> None:
        self._readings, self._in_time = [words, turned or []], in_time
        self.size = (0, 0)
        self.forgot = 0

    def SetImageBytes(  # noqa: N802 - Tesseract's name
        self, data: bytes, width: int, height: int, pixel: int, line: int
    ) -> None:
        assert len(data) == width * height * pixel
        assert line == width
        self.size = (width, height)

    def SetSourceResolution(self, dots: int) -> None:  # noqa: N802 - Tesseract's name
        assert dots >= 70

    def Recognize(self, timeout: int) -> bool:  # noqa: N802 - Tesseract's name
        return self._in_time

    def GetIterator(self) -> _Words:  # noqa: N802 - Tesseract's name
        return _Words(self._readings.pop(0))

    def Clear(self) -> None:  # noqa: N802 - Tesseract's name
        self.forgot += 1

    def ClearAdaptiveClassifier(self) -> None:  # noqa: N802 - Tesseract's name
        self.forgot += 1


def _use(monkeypatch: pytest.MonkeyPatch, engine: _Engine) -> _Engine:
    monkeypatch.setattr(ocr._State, "engine", engine)
    monkeypatch.setattr(ocr._State, "reason", "")
    monkeypatch.setattr(ocr._State, "tried", True)
    return engine


_TWO_LINES = [
    _Word("Zora", 95.0, (10, 10, 40, 20), last=False),
    _Word("Quillfeather", 91.0, (45, 9, 90, 21), last=True),
    _Word("~~", 4.0, (0, 30, 5, 35), last=False),
    _Word("MRN", 88.0, (10, 40, 30, 50), last=True),
]


def _read(image: Image.Image) -> list[ocr.Line]:
    return ocr.read(image, Meter(Budget()))


def test_words_become_lines_with_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, _Engine(_TWO_LINES))
    assert _read(Image.new("RGB", (100, 60))) == [
        ocr.Line("Zora Quillfeather", (10, 9, 90, 21)),
        ocr.Line("MRN", (10, 40, 30, 50)),
    ]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "I;16", "F"])
def test_every_mode_of_pixels_can_be_read(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    engine = _use(monkeypatch, _Engine(_TWO_LINES))
    _read(Image.new(mode, (100, 60)))
    assert engine.size == (100, 60)


def test_a_large_image_is_scaled_down(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _use(monkeypatch, _Engine([]))
    _read(Image.new("L", (ocr.LONGEST * 2, 100)))
    assert engine.size == (ocr.LONGEST, 50)


_GARBLED = [
    _Word("NSS", 97.0, (10, 10, 40, 20), last=False),
    _Word("JOqUuieW", 20.0, (45, 10, 90, 20), last=True),
]


def test_a_picture_on_its_head_is_read_the_right_way_up(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = [
        _Word("Member", 90.0, (10, 40, 55, 50), last=False),
        _Word("SSN", 98.0, (60, 40, 90, 50), last=True),
    ]
    _use(monkeypatch, _Engine(_GARBLED, turned))
    assert _read(Image.new("RGB", (100, 60))) == [ocr.Line("Member SSN", (10, 10, 90, 20))]


def test_what_stands_on_its_head_beside_upright_text_is_read_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turned = [_Word("Orla", 90.0, (60, 25, 90, 35), last=True), *_GARBLED]
    _use(monkeypatch, _Engine(_TWO_LINES, turned))
    assert _read(Image.new("RGB", (100, 60)))[2:] == [
        ocr.Line("Orla", (10, 25, 40, 35)),
        ocr.Line("NSS", (60, 40, 90, 50)),
    ]


def test_text_that_is_sure_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _use(monkeypatch, _Engine(_TWO_LINES[:2]))
    _read(Image.new("RGB", (100, 60)))
    assert engine.forgot == 2


def test_time_up_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, _Engine([], in_time=False))
    with pytest.raises(NotReadableError) as caught:
        _read(Image.new("L", (100, 60)))
    assert caught.value.obstacle is Obstacle.NOT_READ


def test_one_file_leaves_nothing_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _use(monkeypatch, _Engine([], in_time=False))
    with pytest.raises(NotReadableError):
        _read(Image.new("L", (100, 60)))
    assert engine.forgot == 2


def test_without_language_data_the_reason_says_what_to_install() -> None:
    engine, reason = ocr._load(["/nonexistent"])
    assert engine is None
    assert "tesseract-ocr-eng" in reason


def test_a_broken_model_is_a_reason(tmp_path: Path) -> None:
    pytest.importorskip("tesserocr")
    (tmp_path / "eng.traineddata").write_bytes(b"no model")
    assert "can't load" in ocr._load([str(tmp_path)])[1]


@pytest.mark.parametrize(("color", "size"), [("white", (90, 90)), ("red", (4, 90))])
def test_what_can_hold_no_letter_is_left(color: str, size: tuple[int, int]) -> None:
    assert not ocr.worth_reading(Image.new("RGB", size, color))


def _rendered(text: str) -> Image.Image:
    if reason := ocr.available():
        pytest.skip(reason)
    image = Image.new("L", (900, 120), 255)
    ImageDraw.Draw(image).text((20, 30), text, fill=0, font=ImageFont.load_default(48))
    return image


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_rendered_line_is_read_whichever_way_up(degrees: int) -> None:
    image = _rendered("Patient Zora Quillfeather").rotate(degrees, expand=True, fillcolor=255)
    assert "Quillfeather" in " ".join(line.text for line in _read(image))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_label_in_a_margin_is_read_whichever_way_up(degrees: int) -> None:
    page = Image.new("L", (1100, 1000), 255)
    line = _rendered("Reports no chest pain")
    for row in range(5):
        page.paste(line, (0, 130 * row))
    label = _rendered("Zora Quillfeather").rotate(degrees, expand=True, fillcolor=255)
    page.paste(label, (100, 800) if degrees == 180 else (950, 50))
    text = " ".join(line.text for line in _read(page))
    assert "Quillfeather" in text
    assert text.count("chest") == 5
