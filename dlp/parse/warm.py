"""Loads what the readers' libraries would load later, for a process that will confine itself.

Behind the fence only the interpreter's own libraries can still be opened, and no thread or child be
started: plug-ins, dictionaries and the model of the OCR have to be there before.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Final

from PIL import Image

from dlp import ocr

_LATE: Final = (
    "dlp.parse.dicom",
    "dlp.parse.image",
    "dlp.parse.pdf",
    "numpy",
    "pydicom._dicom_dict",
    "pydicom._private_dict",
    "pydicom.charset",
    "pydicom.pixels.decoders",
    "pypdf._crypt_providers",
    "pypdf._text_extraction",
    "pypdf.generic._image_xobject",
)


def warm(tessdata: Iterable[str] = ()) -> str:
    """Import every late import and load the OCR engine. Starts no thread.

    Args:
        tessdata: Directories of Tesseract's language data, beside the usual ones.

    Returns:
        Why text in images won't be read, "" if it will: for the log and for ``doctor``.
    """
    for name in _LATE:
        importlib.import_module(name)
    Image.init()
    return ocr.warm(tessdata)
