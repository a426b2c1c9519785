"""What fuzzing starts from: valid files of every format, of our own making."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Callable
from typing import Final

from bench.quality import carriers
from bench.quality.people import somebody

_NOTE: Final = 'Spoke with "Aiko Volkova" & co about 1 < 2; DOB 3/4/1956, SSN 536-22-8714.'


def _of(make: carriers.Make) -> bytes:
    return make(somebody(random.Random(7)), _NOTE)


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("n\u00e4me" * 30)
        member.size = len(_NOTE)
        archive.addfile(member, io.BytesIO(_NOTE.encode()))
    return out.getvalue()


def _seven() -> bytes:
    import py7zr  # noqa: PLC0415 - one format of many

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writestr(_NOTE, "a.txt")
    return out.getvalue()


def _zstd() -> bytes:
    import zstandard  # noqa: PLC0415 - likewise

    return zstandard.compress(_NOTE.encode())


SEEDS: Final[dict[str, Callable[[], bytes]]] = {
    "text/plain": lambda: _of(carriers.text),
    "x12/837P": lambda: _of(carriers.x12_837),
    "delimited/csv": lambda: _of(carriers.roster),
    "hl7v2": lambda: _of(carriers.hl7v2),
    "fhir/json": lambda: _of(carriers.fhir),
    "json": lambda: b'{"a": [1, 2.5e3, null, true, {"b": "\\u00e9"}], "name": "x"}',
    "ccda": lambda: _of(carriers.ccda),
    "xml": lambda: b'<?xml version="1.0"?><!-- c --><a b="c">d<![CDATA[e]]><?p q?>&amp;</a>',
    "html": lambda: _of(carriers.html),
    "rtf": lambda: _of(carriers.rtf),
    "message/rfc822": lambda: _of(carriers.mail),
    "office/docx": lambda: _of(carriers.docx),
    "office/xlsx": lambda: _of(carriers.xlsx),
    "application/pdf": lambda: _of(carriers.pdf),
    "image/png": lambda: _of(carriers.picture),
    "archive/zip": lambda: _of(carriers.packed),
    "archive/gzip": lambda: gzip.compress(_NOTE.encode()),
    "archive/bzip2": lambda: bz2.compress(_NOTE.encode()),
    "archive/xz": lambda: lzma.compress(_NOTE.encode()),
    "archive/zstd": _zstd,
    "archive/tar": _tar,
    "archive/7z": _seven,
    "ncpdp/telecom": lambda: (
        b"610066D0B1PBMTEST   1011234567893     20260101          \x1e\x1cAM01\x1cC419560304"
        b"\x1cCAAIKO\x1cCBVOLKOVA\x1e\x1cAM04\x1cC2W12345678\x1d\x1e\x1cAM07\x1cEM1\x1cD21234567"
    ),
}
"""Format to a seed of it. A format that is read and has none here fails the test that counts."""

if __name__ == "__main__":
    print("\n".join(SEEDS))  # noqa: T201 - the list that ``make fuzz`` goes through
