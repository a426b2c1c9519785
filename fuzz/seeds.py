"""What fuzzing starts from: valid files of every format, of our own making."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zlib
from collections.abc import Callable
from typing import Final

import zstandard

from bench.quality import documents, records
from bench.quality.carriers import Make
from bench.quality.people import somebody
from tests.support import word_files
from tests.support.ole_files import compound
from tests.support.smime_files import certificate, signed

_NOTE: Final = 'Spoke with "Aiko Volkova" & co about 1 < 2; DOB 3/4/1956, SSN 536-22-8714.'


def _of(make: Make) -> bytes:
    return make(somebody(random.Random(7)), _NOTE)


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("n\u00e4me" * 30)
        member.size = len(_NOTE)
        archive.addfile(member, io.BytesIO(_NOTE.encode()))
    return out.getvalue()


def _image(kind: str) -> bytes:
    from PIL import Image  # noqa: PLC0415 - some formats of many

    out = io.BytesIO()
    image = Image.new("L", (24, 16), 200)
    exif = Image.Exif()
    exif[0x010E] = _NOTE
    image.save(out, kind, exif=exif) if kind in ("JPEG", "TIFF", "WEBP") else image.save(out, kind)
    return out.getvalue()


def _ole(stream: str) -> bytes:
    return compound({stream: _NOTE.encode("utf-16-le"), "\x05SummaryInformation": _NOTE.encode()})


def _openpgp(kind: str) -> bytes:
    import pysequoia  # noqa: PLC0415 - one family of many

    key = pysequoia.Tsk.generate("Desk <desk@example.org>")
    if kind == "certificate":
        return str(key.extract_certificate()).encode()
    mode = pysequoia.SignatureMode
    how = mode.DETACHED if kind == "signature" else mode.CLEAR
    return bytes(pysequoia.sign(key.signer(), _NOTE.encode(), mode=how))


def _slides() -> bytes:
    text = word_files.record(0x0FA0, _NOTE.encode("utf-16-le"))
    stored = word_files.record(0x1011, bytes(4) + zlib.compress(b"%PDF-1.4"), instance=1)
    stream = word_files.record(0x03E8, text + stored, container=True)
    return compound({"PowerPoint Document": stream})


def _message() -> bytes:
    body = word_files.literal_lzfu(b"{\\rtf1 " + _NOTE.encode() + b"}")
    module = word_files.vba(b"Attribute VB_Name = 1")
    return compound({"__substg1.0_10090102": body, "Module1": module})


def _card() -> bytes:
    picture = b"PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=\r\n"
    folded = (
        b"NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:a=C3=A9=\r\n b\r\nDESCRIPTION:c\\n\r\n d\r\n"
    )
    name = b'N:Sample;Jane;;;\r\nATTENDEE;CN="Jane; Sample":mailto:jane@example.com\r\n'
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\n" + name + folded + picture + b"END:VCARD\r\n"


SEEDS: Final[dict[str, Callable[[], bytes]]] = {
    "text/plain": lambda: _of(documents.text),
    "x12/837P": lambda: _of(records.x12_837),
    "x12/278": lambda: _of(records.x12_278),
    "delimited/csv": lambda: _of(records.roster),
    "hl7v2": lambda: _of(records.hl7v2),
    "fhir/json": lambda: _of(records.fhir),
    "fhir/ndjson": lambda: _of(records.fhir_lines),
    "fhir/xml": lambda: _of(records.fhir_xml),
    "json": lambda: b'{"a": [1, 2.5e3, null, true, {"b": "\\u00e9"}], "name": "x"}',
    "ndjson": lambda: b'{"a": 1, "name": "x"}\n{"a": 2, "name": "y \\n z"}\n',
    "ccda": lambda: _of(records.ccda),
    "xml": lambda: b'<?xml version="1.0"?><!-- c --><a b="c">d<![CDATA[e]]><?p q?>&amp;</a>',
    "html": lambda: _of(documents.html),
    "rtf": lambda: _of(documents.rtf),
    "vcard": _card,
    "message/rfc822": lambda: _of(documents.mail),
    "office/docx": lambda: _of(documents.docx),
    "office/xlsx": lambda: _of(documents.xlsx),
    "office/pptx": lambda: _of(documents.pptx),
    "office/doc": lambda: word_files.word([(_NOTE[:20], False), (_NOTE[20:], True)]),
    "office/xls": lambda: _ole("Workbook"),
    "office/ppt": _slides,
    "office/ole": lambda: _ole("Contents"),
    "office/encrypted": lambda: _ole("EncryptedPackage"),
    "outlook/msg": _message,
    "application/pdf": lambda: _of(documents.pdf),
    "dicom": lambda: _of(documents.dicom),
    "image/png": lambda: _of(documents.picture),
    "image/jpeg": lambda: _image("JPEG"),
    "image/gif": lambda: _image("GIF"),
    "image/tiff": lambda: _image("TIFF"),
    "image/bmp": lambda: _image("BMP"),
    "image/webp": lambda: _image("WEBP"),
    "archive/zip": lambda: _of(documents.packed),
    "archive/gzip": lambda: gzip.compress(_NOTE.encode()),
    "archive/bzip2": lambda: bz2.compress(_NOTE.encode()),
    "archive/xz": lambda: lzma.compress(_NOTE.encode()),
    "archive/zstd": lambda: zstandard.compress(_NOTE.encode()),
    "archive/tar": _tar,
    "archive/7z": lambda: _of(documents.seven_zip),
    "smime/signed": lambda: signed(_NOTE.encode(), certificate("claims desk")),
    "openpgp/signature": lambda: _openpgp("signature"),
    "openpgp/certificate": lambda: _openpgp("certificate"),
    "openpgp/signed-text": lambda: _openpgp("signed-text"),
    "ncpdp/script": lambda: _of(records.script),
    "ncpdp/telecom": lambda: _of(records.ncpdp),
}
"""Format to a seed of it. A format that is read and has none here fails the test that counts."""

if __name__ == "__main__":
    print("\n".join(SEEDS))  # noqa: T201 - the list that ``make fuzz`` goes through
