"""Which reader reads which format: the one table that knows them all.

A reader's module is imported when its format is first met: ``--help`` and a text file needn't wait
for the libraries of PDF and DICOM. A process that will confine itself calls :func:`warm` before.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item, Reader

_READERS: Final[dict[str, str]] = {
    "text/plain": "dlp.parse.text:parse",
    "x12/*": "dlp.readers:_x12",
    "delimited/*": "dlp.parse.delimited:parse",
    "application/pdf": "dlp.parse.pdf:parse",
    "dicom": "dlp.parse.dicom:parse",
    "image/png": "dlp.parse.image:parse",
    "image/jpeg": "dlp.parse.image:parse",
    "image/gif": "dlp.parse.image:parse",
    "image/tiff": "dlp.parse.image:parse",
    "image/bmp": "dlp.parse.image:parse",
    "image/webp": "dlp.parse.image:parse",
    "fhir/json": "dlp.parse.fhir:parse",
    "fhir/ndjson": "dlp.parse.fhir:parse",
    "json": "dlp.parse.jsondoc:parse",
    "ndjson": "dlp.parse.jsondoc:parse",
    "ccda": "dlp.parse.ccda:parse",
    "xml": "dlp.parse.xmldoc:parse",
    "fhir/xml": "dlp.parse.fhir:parse_xml",
    "html": "dlp.parse.htmldoc:parse",
    "ncpdp/telecom": "dlp.parse.ncpdp:parse",
    "ncpdp/script": "dlp.parse.ncpdp:parse_script",
    "hl7v2": "dlp.parse.hl7v2:parse",
    "message/rfc822": "dlp.parse.eml:parse",
    "archive/zip": "dlp.unpack.reader:read",
    "archive/gzip": "dlp.unpack.reader:read",
    "archive/bzip2": "dlp.unpack.reader:read",
    "archive/xz": "dlp.unpack.reader:read",
    "archive/zstd": "dlp.unpack.reader:read",
    "archive/tar": "dlp.unpack.reader:read",
    "archive/7z": "dlp.unpack.reader:read",
    "office/docx": "dlp.parse.office:parse",
    "office/xlsx": "dlp.parse.office:parse",
    "office/pptx": "dlp.parse.office:parse",
    "office/doc": "dlp.parse.ole:parse",
    "office/xls": "dlp.parse.ole:parse",
    "office/ppt": "dlp.parse.ole:parse",
    "office/ole": "dlp.parse.ole:parse",
    "office/encrypted": "dlp.parse.ole:parse",
    "outlook/msg": "dlp.parse.ole:parse",
    "rtf": "dlp.parse.rtf:parse",
    "vcard": "dlp.parse.vcard:parse",
    "smime/signed": "dlp.parse.cms:parse",
    "openpgp/signature": "dlp.parse.openpgp:parse",
    "openpgp/certificate": "dlp.parse.openpgp:parse",
    "openpgp/signed-text": "dlp.parse.openpgp:parse",
}
"""Format, or a family of them, to ``module:function``."""


def can_read(fmt: str) -> bool:
    """Whether a format is read here, and not only named."""
    return _place(fmt) in _READERS


def formats() -> tuple[str, ...]:
    """Every format that is read, and families of them as ``x12/*``."""
    return tuple(_READERS)


def reader(fmt: str) -> Reader:
    """What reads a format that :func:`can_read` knows.

    Raises:
        KeyError: For any other.
    """
    module, _, function = _READERS[_place(fmt)].partition(":")
    found: Reader = getattr(importlib.import_module(module), function)
    return found


def is_container(fmt: str) -> bool:
    """Whether a format has members and nothing of its own to drain."""
    return fmt.startswith("archive/")


def warm(tessdata: Iterable[str] = ()) -> str:
    """Import every reader and what they import late, for a process that will confine itself.

    Args:
        tessdata: Directories of Tesseract's language data, beside the usual ones.

    Returns:
        Why text in images won't be read, "" if it will.
    """
    for place in _READERS.values():
        importlib.import_module(place.partition(":")[0])
    late: Callable[[Iterable[str]], str] = importlib.import_module("dlp.parse.warm").warm
    return late(tessdata)


def _place(fmt: str) -> str:
    return fmt if fmt in _READERS else f"{fmt.partition('/')[0]}/*"


def _x12(content: Content, meter: Meter) -> Iterator[Item]:
    from dlp.parse import x12  # noqa: PLC0415 - when first met

    return x12.side_by_side(x12.parse(content, meter, met=content.met))
