"""Text in pixels: Tesseract in this process, without files, children or threads of its own.

The engine and its language model are loaded by :func:`warm`, before a process confines itself;
forks use what their parent loaded. Where the library or the model is missing, :func:`available`
says so and readers report each image as unread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from PIL import Image

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle

SECONDS: Final = 20.0
"""Wall-clock time for one image; one that takes longer is reported as unread."""
LONGEST: Final = 4_000
"""Pixels of a side; a larger image is scaled down, 4,000 being a page at 340 dots an inch."""
SMALLEST: Final = 8
"""Pixels of a side; no letter can be read that is lower."""
_LANGUAGE: Final = "eng"
_PLACES: Final = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
)
_LEAST_CONFIDENCE: Final = 30.0
"""Percent; below it Tesseract makes words of smudges."""
_SURE: Final = 60.0
"""Percent; letters that stand on their head pass for others below it, and seldom above."""
_SURE_LETTERS: Final = 3
"""Of a word; upside down, ``no`` is a sure ``ou``."""
_WORD: Final = 3
_TEXT_LINE: Final = 2
"""``RIL_WORD`` and ``RIL_TEXTLINE`` of Tesseract's publictypes.h."""

_Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


class Line(NamedTuple):
    """One line of text.

    Attributes:
        text: Its words with single spaces.
        box: Left, top, right, bottom in pixels of the image as given.
    """

    text: str
    box: tuple[int, int, int, int]


class _Word(NamedTuple):
    """One word, its box in pixels of the picture that was read."""

    text: str
    confidence: float
    box: _Box
    last: bool
    """Of its line."""

    @property
    def sure(self) -> bool:
        return self.confidence >= _SURE and len(self.text) >= _SURE_LETTERS


class _State:
    engine: Any = None
    reason: str = "the OCR engine isn't loaded"
    tried: bool = False


def warm(directories: Iterable[str] = ()) -> str:
    """Load the engine once; later calls cost nothing.

    Args:
        directories: Where ``eng.traineddata`` may be, tried before ``TESSDATA_PREFIX`` and the
            places of Linux distributions.

    Returns:
        As :func:`available`.
    """
    if _State.tried:
        return _State.reason
    _State.tried = True
    # Read when OpenMP starts; a thread would keep the process from confining itself.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    _State.engine, _State.reason = _load([*directories, *_configured(), *_PLACES])
    return _State.reason


def available() -> str:
    """Why text in images can't be read, "" if it can. Loads the engine at the first call."""
    return warm()


def read(image: Image.Image, meter: Meter, *, seconds: float = SECONDS) -> list[Line]:
    """The lines of text in an image, in reading order, whichever way up they stand.

    Tesseract's layout analysis reads lines that run to the right and lines that run down. Where
    that leaves anything unsure, the picture is turned on its head and read again for lines that
    run up or stand upside down, such as a label in the margin of an upright page.

    Args:
        image: Of any mode.
        meter: Checked for time, before and after.
        seconds: Wall-clock time to spend.

    Raises:
        NotReadableError: ``not-read`` without an engine or when the time is up; ``timeout`` when
            the whole inspection's is.
    """
    if reason := available():
        raise NotReadableError(Obstacle.NOT_READ, f"text in images was not read: {reason}")
    meter.check_time()
    grey, scale = _prepared(image)
    deadline = time.monotonic() + seconds
    upright = _recognized(grey, scale, deadline)
    if _all_sure(upright):
        found = list(_lines(upright, _LEAST_CONFIDENCE))
    else:
        turned = _recognized(grey.transpose(Image.Transpose.ROTATE_180), scale, deadline)
        found = _merged(upright, [_back(word, grey.size) for word in turned])
    meter.check_time()
    return [_line(line, scale) for line in found]


def worth_reading(image: Image.Image) -> bool:
    """Whether an image may hold text: it is large enough and not of one colour."""
    if min(image.size) < SMALLEST:
        return False
    low, high = image.convert("L").getextrema()
    return bool(low != high) or "A" in image.getbands()


def _configured() -> list[str]:
    prefix = os.environ.get("TESSDATA_PREFIX", "")
    return [prefix, str(Path(prefix) / "tessdata")] if prefix else []


def _load(directories: list[str]) -> tuple[Any, str]:
    try:
        import tesserocr  # noqa: PLC0415 - optional: not built for every system
    except ImportError:
        return None, "the package tesserocr isn't installed"
    for directory in directories:
        if (Path(directory) / f"{_LANGUAGE}.traineddata").is_file():
            try:
                engine = tesserocr.PyTessBaseAPI(
                    path=directory, lang=_LANGUAGE, psm=tesserocr.PSM.AUTO
                )
            except RuntimeError:
                return None, f"Tesseract can't load {_LANGUAGE}.traineddata"
            return engine, ""
    return None, (
        f"Tesseract's language data {_LANGUAGE}.traineddata isn't installed "
        "(Debian: tesseract-ocr-eng), or TESSDATA_PREFIX doesn't name its directory"
    )


def _prepared(image: Image.Image) -> tuple[Image.Image, float]:
    """Grey, on white where it was transparent, at most :data:`LONGEST` pixels a side."""
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _stretched(image)
    grey = image.convert("L")
    scale = min(1.0, LONGEST / max(grey.size))
    if scale < 1.0:
        size = (max(1, int(grey.width * scale)), max(1, int(grey.height * scale)))
        grey = grey.resize(size, Image.Resampling.BILINEAR)
    return grey, scale


def _stretched(image: Image.Image) -> Image.Image:
    """Sixteen bits and more to eight: Pillow would clip them to white."""
    import numpy as np  # noqa: PLC0415 - for few images

    values = np.nan_to_num(np.asarray(image).astype("float64"))
    low, high = float(values.min()), float(values.max())
    return Image.fromarray(((values - low) * (255.0 / max(high - low, 1e-9))).astype("uint8"))


def _recognized(grey: Image.Image, scale: float, deadline: float) -> list[_Word]:
    engine = _State.engine
    width, height = grey.size
    try:
        engine.SetImageBytes(grey.tobytes(), width, height, 1, width)
        engine.SetSourceResolution(max(70, int(300 * scale)))
        # Tesseract takes 0 for no limit.
        if not engine.Recognize(timeout=max(1, int((deadline - time.monotonic()) * 1000))):
            raise NotReadableError(Obstacle.NOT_READ, "text in an image was not read in time")
        return list(_words(engine.GetIterator()))
    finally:
        engine.Clear()
        # What it learnt from one file's letters is not the next one's to see.
        engine.ClearAdaptiveClassifier()


def _words(walk: Any) -> Iterator[_Word]:  # noqa: ANN401 - tesserocr has no types
    while walk is not None:
        if not walk.Empty(_WORD):
            last = bool(walk.IsAtFinalElement(_TEXT_LINE, _WORD))
            text = walk.GetUTF8Text(_WORD).strip()
            yield _Word(text, walk.Confidence(_WORD), walk.BoundingBox(_WORD), last)
        if not walk.Next(_WORD):
            return


def _all_sure(words: list[_Word]) -> bool:
    return bool(words) and all(word.confidence >= _SURE for word in words if len(word.text) > 1)


def _merged(upright: list[_Word], turned: list[_Word]) -> list[list[_Word]]:
    """The reading that is surer, and of the other what the first isn't sure of."""
    main, other = sorted((upright, turned), key=_sure_letters, reverse=True)
    taken = [word for word in main if word.sure]
    rest = [word for word in other if not any(_covers(known, word) for known in taken)]
    sure = [line for line in _lines(rest, _SURE) if any(word.sure for word in line)]
    return [*_lines(main, _LEAST_CONFIDENCE), *sure]


def _sure_letters(words: list[_Word]) -> int:
    return sum(len(word.text) for word in words if word.sure)


def _covers(known: _Word, word: _Word) -> bool:
    (left, top, right, bottom), box = known.box, word.box
    meet = left < box[2] and box[0] < right and top < box[3] and box[1] < bottom
    return meet and known.confidence >= word.confidence


def _back(word: _Word, size: tuple[int, int]) -> _Word:
    """A word of the picture on its head, where it stands in the picture as it was."""
    (width, height), (left, top, right, bottom) = size, word.box
    return word._replace(box=(width - right, height - bottom, width - left, height - top))


def _lines(words: list[_Word], least: float) -> Iterator[list[_Word]]:
    """The words of at least a confidence, line by line."""
    parts: list[_Word] = []
    for word in words:
        if word.text and word.confidence >= least:
            parts.append(word)
        if word.last and parts:
            yield parts
            parts = []
    if parts:
        yield parts


def _line(words: list[_Word], scale: float) -> Line:
    left, top, right, bottom = zip(*(word.box for word in words), strict=True)
    box = (min(left), min(top), max(right), max(bottom))
    return Line(" ".join(word.text for word in words), tuple(int(edge / scale) for edge in box))  # type: ignore[arg-type]  # four of them
