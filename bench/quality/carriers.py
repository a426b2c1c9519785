"""The carriers: files of every format with a person in their own fields, if any, and one note."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bench.quality import documents, records
from bench.quality.people import Somebody
from dlp.model import Category

Make = Callable[[Somebody, str], bytes]


class Format(NamedTuple):
    """A carrier.

    Attributes:
        name: For the table.
        file: A file name that says nothing.
        make: The file's bytes, from the person in its fields and the text of its note.
        has_fields: Whether it holds the person, so that same-file identities can be looked for.
        upper: Whether notes are written in capitals, as billing systems do.
        is_text: Whether a tool that reads text can read it as it comes.
        lacks: What its fields have no place for.
    """

    name: str
    file: str
    make: Make
    has_fields: bool = True
    upper: bool = False
    is_text: bool = True
    lacks: frozenset[Category] = frozenset()


FORMATS: tuple[Format, ...] = (
    Format("X12 837P", "a.837", records.x12_837, upper=True),
    Format("X12 278", "a.278", records.x12_278, upper=True, lacks=frozenset({Category.PHONE})),
    Format("HL7 v2", "a.hl7", records.hl7v2),
    Format("FHIR JSON", "a.json", records.fhir),
    Format("FHIR NDJSON", "a.ndjson", records.fhir_lines),
    Format("FHIR XML", "a.xml", records.fhir_xml),
    Format("C-CDA", "a.xml", records.ccda),
    Format("NCPDP D.0", "a.dat", records.ncpdp, upper=True),
    Format("NCPDP SCRIPT", "a.xml", records.script),
    Format("CSV", "a.csv", records.roster),
    Format("DICOM", "a.dcm", documents.dicom, is_text=False),
    Format("ZIP of tar.gz of CSV", "a.zip", documents.packed, is_text=False),
    Format("7z of xz of CSV", "a.7z", documents.seven_zip, is_text=False),
    Format("bz2 of tar of Zstandard of CSV", "a.bz2", documents.tar_bz2, is_text=False),
    Format("plain text", "a.txt", documents.text, has_fields=False),
    Format("HTML", "a.html", documents.html, has_fields=False),
    Format("RTF", "a.rtf", documents.rtf, has_fields=False),
    Format("e-mail", "a.eml", documents.mail, has_fields=False),
    Format("Outlook MSG", "a.msg", documents.message, has_fields=False, is_text=False),
    Format("DOCX", "a.docx", documents.docx, has_fields=False, is_text=False),
    Format("XLSX, hidden sheet", "a.xlsx", documents.xlsx, has_fields=False, is_text=False),
    Format("PPTX, hidden slide", "a.pptx", documents.pptx, has_fields=False, is_text=False),
    Format("PDF", "a.pdf", documents.pdf, has_fields=False, is_text=False),
    Format("Base64 in text", "b.txt", documents.encoded, has_fields=False),
    Format("PNG (OCR)", "a.png", documents.picture, has_fields=False, is_text=False),
)
