"""Documents around one note, and containers around files."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from email.message import EmailMessage
from xml.sax.saxutils import escape

import py7zr
import zstandard
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from bench.quality.people import Somebody
from bench.quality.records import roster
from tests.support.ole_files import compound


def text(_: Somebody, note: str) -> bytes:
    return f"Billing note\n\n{note}\n\nEnd of note.\n".encode()


def html(_: Somebody, note: str) -> bytes:
    return f"<!DOCTYPE html><html><body><h1>Note</h1><p>{escape(note)}</p></body></html>".encode()


def rtf(_: Somebody, note: str) -> bytes:
    safe = note.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    fonts = "".join(f"{{\\f{number} {font};}}" for number, font in enumerate(_RTF_FONTS))
    styles = "".join(f"{{\\s{number} {style};}}" for number, style in enumerate(_STYLES))
    head = (
        f"{{\\fonttbl{fonts}}}{{\\stylesheet{styles}}}{{\\info{{\\author Ilse Vantongeren}}}}"
        "{\\*\\xmlnstbl{\\xmlns1 http://schemas.microsoft.com/office/word/2003/wordml}}"
    )
    body = f"{{\\rtf1\\ansi\\deff0{head}\\f0 Note\\par {safe}\\par}}"
    return body.encode("ascii", "replace")


_RTF_FONTS = ("Arial", "MV Boli", "Cordia New", "Estrangelo Edessa", "Times New Roman CE")


def mail(_: Somebody, note: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "desk@clinic.example", "claims@payer.example"
    message["Subject"] = "Question about a batch"
    message.set_content(f"Hello,\n\n{note}\n")
    message.add_attachment("nothing to see\n", filename="a.txt")
    return message.as_bytes()


def docx(_: Somebody, note: str) -> bytes:
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    half = len(note) // 2
    runs = "".join(
        f'<w:r><w:t xml:space="preserve">{escape(part)}</w:t></w:r>'
        for part in (note[:half], note[half:])
    )
    return _package("word/document.xml", "wordprocessingml.document.main",
                    f'<w:document xmlns:w="{main}"><w:body><w:p>{runs}</w:p></w:body></w:document>',
                    {})  # fmt: skip


def xlsx(_: Somebody, note: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    rows = "".join(
        f'<row r="{i}"><c r="A{i}"><v>{i * 37}</v></c><c r="B{i}" t="inlineStr"><is><t>'
        f"{escape(note) if i == 4 else 'paid in full'}</t></is></c></row>"
        for i in range(1, 9)
    )
    return _package(
        "xl/workbook.xml", "spreadsheetml.sheet.main",
        f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>'
        '<sheet name="Totals" sheetId="1" state="hidden" r:id="rId1"/></sheets></workbook>',
        {"xl/worksheets/sheet1.xml":
            f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
         "xl/_rels/workbook.xml.rels":
            f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{rels}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>'},
    )  # fmt: skip


_FONTS = ("Calibri", "Angsana New", "MV Boli", "Microsoft Yi Baiti", "Estrangelo Edessa",
          "Mongolian Baiti", "Plantagenet Cherokee", "Times New Roman",
          "\uff2d\uff33 \uff30\u30b4\u30b7\u30c3\u30af")  # fmt: skip
_STYLES = ("Normal", "heading 1", "toc 1", "toc 9", "Quote Char", "Light Shading Accent 1")


def _dress(folder: str) -> dict[str, str]:
    """What every application adds: its theme's fonts, its styles, who wrote it and when."""
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/main"
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    fonts = "".join(f'<a:font script="Jpan" typeface="{font}"/>' for font in _FONTS)
    styles = "".join(f'<w:lsdException w:name="{style}"/>' for style in _STYLES)
    members = {
        f"{folder}/theme/theme1.xml": f'<a:theme xmlns:a="{drawing}" name="Office Theme">'
        f"<a:fontScheme name='Office'><a:majorFont>{fonts}</a:majorFont></a:fontScheme></a:theme>",
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{core}" xmlns:dc="http://purl.org/dc/'
        'elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"><dc:creator>Ilse Vantongeren'
        "</dc:creator><dcterms:created>2026-03-14T09:30:00Z</dcterms:created></cp:coreProperties>",
    }
    if folder == "word":
        members["word/styles.xml"] = (
            f'<w:styles xmlns:w="{word}"><w:latentStyles>{styles}</w:latentStyles></w:styles>'
        )
    return members


def _package(part: str, kind: str, content: str, others: dict[str, str]) -> bytes:
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    members = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="xml" '
        'ContentType="application/xml"/><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.'
        f'{kind}+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{office}" Target="{part}"/></Relationships>',
        part: content,
        **_dress(part.partition("/")[0]),
        **others,
    }
    return _zipped(
        {name: f'<?xml version="1.0"?>{text}'.encode() for name, text in members.items()}
    )


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def pdf(_: Somebody, note: str) -> bytes:
    safe = note.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    stream = f"BT /F1 10 Tf 40 700 Td (Note) Tj 0 -20 Td ({safe}) Tj ET".encode(
        "latin-1", "replace"
    )
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 900 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>"
    )
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page,
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def picture(_: Somebody, note: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - one carrier of many

    font = ImageFont.load_default(size=28)
    lines, line = [], ""
    for word in note.split():
        if len(line) + len(word) > 60:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    lines.append(line)
    image = Image.new("L", (1100, 60 + 48 * len(lines)), 255)
    for index, words in enumerate(lines):
        ImageDraw.Draw(image).text((30, 25 + 48 * index), words, fill=0, font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def encoded(_: Somebody, note: str) -> bytes:
    hidden = base64.b64encode(f"From the desk: {note}\n".encode()).decode()
    return f"Billing note\n\nattachment follows\n{hidden}\nend\n".encode()


def packed(who: Somebody, note: str) -> bytes:
    return _zipped({"a.tar.gz": gzip.compress(_tar(roster(who, note)))})


def _tar(data: bytes) -> bytes:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        member = tarfile.TarInfo("a.csv")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return inner.getvalue()


def seven_zip(who: Somebody, note: str) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writef(io.BytesIO(lzma.compress(roster(who, note))), "a.csv.xz")
    return out.getvalue()


def tar_bz2(who: Somebody, note: str) -> bytes:
    return bz2.compress(_tar(zstandard.compress(roster(who, note))))


def pptx(_: Somebody, note: str) -> bytes:
    main = "http://schemas.openxmlformats.org/presentationml/2006/main"
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    body = f"<a:p><a:r><a:t>{escape(note)}</a:t></a:r></a:p>"
    return _package(
        "ppt/presentation.xml", "presentationml.presentation.main",
        f'<p:presentation xmlns:p="{main}" xmlns:r="{rels}"><p:sldIdLst>'
        '<p:sldId id="256" r:id="rId1"/></p:sldIdLst></p:presentation>',
        {"ppt/slides/slide1.xml":
            f'<p:sld xmlns:p="{main}" xmlns:a="{drawing}" show="0"><p:cSld><p:spTree><p:sp>'
            f"<p:txBody>{body}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>",
         "ppt/_rels/presentation.xml.rels":
            f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{rels}/slide" '
            'Target="slides/slide1.xml"/></Relationships>'},
    )  # fmt: skip


def message(_: Somebody, note: str) -> bytes:
    return compound(
        {
            "__properties_version1.0": bytes(32),
            "__substg1.0_0037001F": "Question about a batch".encode("utf-16-le"),
            "__substg1.0_1000001F": f"Hello,\r\n\r\n{note}\r\n".encode("utf-16-le"),
        }
    )


def dicom(who: Somebody, note: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7")
    meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3.4"
    data.PatientName, data.PatientID = f"{who.last}^{who.first}^{who.middle}", who.member_id
    data.PatientBirthDate, data.PatientAddress = f"{who.birth:%Y%m%d}", who.street
    data.PatientTelephoneNumbers, data.Modality = who.phone, "OT"
    data.PatientComments = note
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()
