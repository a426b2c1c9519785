"""Text in pixels: Tesseract in this process, without files, children or threads of its own.

The engine and its language model are loaded by :func:`warm`, before a process confines itself;
forks use what their parent loaded. Where the library or the model is missing, :func:`available`
says so and readers report each image as unread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
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
_WORD: Final = 3
_TEXT_LINE: Final = 2
"""``RIL_WORD`` and ``RIL_TEXTLINE`` of Tesseract's publictypes.h."""


class Line(NamedTuple):
    """One line of text.

    Attributes:
        text: Its words with single spaces.
        box: Left, top, right, bottom in pixels of the image as given.
    """

    text: str
    box: tuple[int, int, int, int]


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
    """The lines of text in an image, in reading order.

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
    engine = _State.engine
    try:
        width, height = grey.size
        engine.SetImageBytes(grey.tobytes(), width, height, 1, width)
        engine.SetSourceResolution(max(70, int(300 * scale)))
        if not engine.Recognize(timeout=int(seconds * 1000)):
            raise NotReadableError(
                Obstacle.NOT_READ, f"text in an image was not read within {seconds:g} seconds"
            )
        found = _lines(engine.GetIterator(), scale)
    finally:
        engine.Clear()
        # What it learnt from one file's letters is not the next one's to see.
        engine.ClearAdaptiveClassifier()
    meter.check_time()
    return found


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


def _lines(words: Any, scale: float) -> list[Line]:  # noqa: ANN401 - tesserocr has no types
    """Words from Tesseract's iterator, joined where it says that a line ends."""
    found: list[Line] = []
    parts: list[str] = []
    boxes: list[tuple[int, int, int, int]] = []
    while words is not None:
        if not words.Empty(_WORD):
            if words.Confidence(_WORD) >= _LEAST_CONFIDENCE:
                parts.append(words.GetUTF8Text(_WORD).strip())
                boxes.append(words.BoundingBox(_WORD))
            if parts and words.IsAtFinalElement(_TEXT_LINE, _WORD):
                found.append(_line(parts, boxes, scale))
                parts, boxes = [], []
        if not words.Next(_WORD):
            break
    return [*found, _line(parts, boxes, scale)] if parts else found


def _line(parts: list[str], boxes: list[tuple[int, int, int, int]], scale: float) -> Line:
    left, top, right, bottom = zip(*boxes, strict=True)
    box = (min(left), min(top), max(right), max(bottom))
    return Line(" ".join(filter(None, parts)), tuple(int(edge / scale) for edge in box))  # type: ignore[arg-type]  # four of them
