"""A DICOM file to items: preamble, file meta, data set, and the data sets nested in it."""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pydicom
from pydicom import config as pydicom_config
from pydicom.filereader import read_dataset, read_partial

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.dicom import elements, pixels
from dlp.parse.image.strings import passages, text_of
from dlp.streams import CHUNK, read_exactly, size_of
from dlp.unpack.entry import Entry

MOST_BYTES: Final = 512 * 2**20
"""A larger file is too large: pydicom holds its elements in memory."""
_DEEPEST: Final = 32
_MOST_ELEMENTS: Final = 500_000
_PREAMBLE: Final = 128
_HEAD, _HEAD_LONG = 8, 12
"""Bytes before an element's value (PS3.5, 7.1)."""
_PIXELS: Final = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})
_SAMPLES: Final = frozenset(
    {"WaveformData", "AudioSampleData", "RedPaletteColorLookupTableData",
     "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData", "LUTData",
     "SpectroscopyData", "ICCProfile"}
)  # fmt: skip
_DOCUMENT: Final = "EncapsulatedDocument"
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"

# It logs and warns with the values of a file in its messages.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE


class _Watched(io.BytesIO):
    """A file in memory that knows where a read was cut by its end: pydicom passes over that.

    Attributes:
        cut: The place of the first such read, -1 for none.
    """

    cut = -1

    def read(self, size: int | None = -1, /) -> bytes:
        """As :meth:`io.BytesIO.read`."""
        before = self.tell()
        data = super().read(size)
        wanted = size or 0
        # Nothing where the next element's head of eight bytes would be: that is the end.
        if len(data) < wanted and (data or wanted > _HEAD) and self.cut < 0:
            self.cut = before
        return data


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every element of a file of at most :data:`MOST_BYTES`.

    Raises:
        NotReadableError: It is too large, damaged, or a bomb (deflated data sets).
    """
    size = size_of(content.source)
    if size > MOST_BYTES:
        raise NotReadableError(
            Obstacle.TOO_LARGE, f"a DICOM file of more than {MOST_BYTES // 2**20} MiB"
        )
    meter.take(size)
    data = read_exactly(content.source, 0, size)
    yield from _preamble(data[:_PREAMBLE])
    source = _Watched(data)
    meta, dataset = _opened(source, data, meter)
    if source.cut >= 0:
        yield from passages(text_of(data[max(source.cut - _HEAD_LONG, 0) :]), "after the data set")
        yield Uninspectable(
            Obstacle.MALFORMED, "cut short, or followed by bytes that are no element"
        )
    walk = _Walk(meter)
    yield from walk.dataset(meta, "", 0)
    yield from walk.dataset(dataset, "", 0)


def _preamble(data: bytes) -> Iterator[Item]:
    """Applications may use it, TIFF does; else it is where a second format would start."""
    if not data.strip(b"\0"):
        return
    yield from passages(text_of(data), "preamble")
    if not data.startswith((b"II*\0", b"MM\0*")):
        yield Uninspectable(Obstacle.MALFORMED, "the preamble isn't empty", "preamble")


def _opened(source: _Watched, data: bytes, meter: Meter) -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stream = io.BytesIO(data)
            head = read_partial(stream, stop_when=lambda *_: True)
            if str(head.file_meta.get("TransferSyntaxUID", "")) == _DEFLATED:
                return head.file_meta, _inflated(data, stream.tell(), meter)
            whole = pydicom.dcmread(source)
            return whole.file_meta, whole
    except (NotReadableError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - pydicom raises of every kind on hostile bytes
        raise NotReadableError(Obstacle.MALFORMED, "a DICOM file that can't be read") from None


def _inflated(data: bytes, start: int, meter: Meter) -> Any:  # noqa: ANN401
    """A deflated data set (PS3.5, A.5), unpacked under the budget."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    parts, total, rest = [], 0, data[_deflate_start(data, start) :]
    while rest and not unpacker.eof:
        piece = unpacker.decompress(rest, CHUNK)
        rest = unpacker.unconsumed_tail
        total += len(piece)
        meter.take(len(piece))
        meter.check_ratio(len(data), total)
        if total > MOST_BYTES:
            raise NotReadableError(Obstacle.TOO_LARGE, "a deflated data set is too large")
        parts.append(piece)
        if not piece:
            break
    return read_dataset(io.BytesIO(b"".join(parts)), is_implicit_VR=False, is_little_endian=True)


def _deflate_start(data: bytes, fallback: int) -> int:
    """After the file meta information, whose first element (0002,0000) holds its length."""
    if data[132:140] == b"\x02\x00\x00\x00UL\x04\x00":
        return 144 + int.from_bytes(data[140:144], "little")
    return fallback


class _Walk:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._count = 0
        self._records = 0

    def dataset(self, dataset: Any, prefix: str, depth: int) -> Iterator[Item]:  # noqa: ANN401
        """All elements of one data set, and of those in its sequences."""
        if depth > _DEEPEST:
            raise NotReadableError(Obstacle.TOO_DEEP, f"sequences nested deeper than {_DEEPEST}")
        self._records += 1
        record = self._records
        for tag in sorted(dataset.keys()):
            self._count += 1
            if self._count > _MOST_ELEMENTS:
                raise NotReadableError(Obstacle.TOO_LARGE, f"over {_MOST_ELEMENTS} elements")
            self._meter.check_time()
            yield from self._element(dataset, tag, prefix, depth, record)

    def _element(
        self, dataset: Any, tag: Any, prefix: str, depth: int, record: int  # noqa: ANN401
    ) -> Iterator[Item]:  # fmt: skip
        keyword = pydicom.datadict.keyword_for_tag(tag)
        where = prefix + (keyword or f"({tag >> 16:04X},{tag & 0xFFFF:04X})")
        element = self._decoded(dataset, tag)
        if element is None:
            yield from self._undecoded(dataset, tag, where)
        elif element.VR == "SQ":
            for number, item in enumerate(element.value or ()):
                yield from self.dataset(item, f"{where}[{number}].", depth + 1)
        elif keyword in _PIXELS:
            yield from pixels.read(dataset, where, self._meter)
        elif 0x6000 <= tag >> 16 <= 0x60FF and tag & 0xFFFF == 0x3000:  # noqa: PLR2004 - overlays
            yield from pixels.overlay(dataset, tag >> 16, where, self._meter)
        elif keyword == _DOCUMENT and isinstance(element.value, bytes):
            yield Entry(1, "", io.BytesIO(element.value), kind="document")
        elif keyword not in _SAMPLES:
            yield from elements.texts(element, where, keyword, record)

    @staticmethod
    def _decoded(dataset: Any, tag: Any) -> Any:  # noqa: ANN401
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return dataset[tag]
        except Exception:  # noqa: BLE001 - as in _opened
            return None

    @staticmethod
    def _undecoded(dataset: Any, tag: Any, where: str) -> Iterator[Item]:  # noqa: ANN401
        # Asking for it by the public way would decode it, which has just failed.
        raw = getattr(dataset._dict.get(tag), "value", None)  # noqa: SLF001
        if isinstance(raw, bytes):
            yield from passages(text_of(raw), where)
        yield Uninspectable(Obstacle.MALFORMED, "an element that can't be decoded", where)
