"""Files of every format with a person in their own fields, where there are such, and one note."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from typing import NamedTuple
from xml.sax.saxutils import escape

from bench.quality.people import Somebody

Make = Callable[[Somebody, str], bytes]


class Format(NamedTuple):
    """A carrier.

    Attributes:
        name: For the table.
        file: A file name that says nothing.
        make: The file's bytes, from the person in its fields and the text of its note.
        has_fields: Whether it holds the person, so that same-file identities can be looked for.
        upper: Whether notes are written in capitals, as billing systems do.
    """

    name: str
    file: str
    make: Make
    has_fields: bool = True
    upper: bool = False


def x12_837(who: Somebody, note: str) -> bytes:
    note = "".join(" " if c in "*~:^" else c for c in note)
    body = [
        "ST*837*0001*005010X222A1", "BHT*0019*00*0123*20260101*1200*CH",
        "NM1*41*2*BILLING FIRM*****46*123", "PER*IC*DESK*TE*3125550100",
        "NM1*40*2*PAYER*****46*456", "HL*1**20*1", "NM1*85*2*NORTHSIDE CLINIC*****XX*1234567893",
        "N3*1 MAIN ST", "N4*CHICAGO*IL*60601", "REF*EI*123456789", "HL*2*1*22*0",
        "SBR*P*18*******CI",
        f"NM1*IL*1*{who.last.upper()}*{who.first.upper()}*{who.middle}***MI*{who.member_id}",
        f"N3*{who.street.upper()}", f"N4*{who.city.upper()}*{who.state}*{who.zip}",
        f"DMG*D8*{who.birth:%Y%m%d}*F", f"PER*IC**TE*{who.phone}", "NM1*PR*2*PAYER*****PI*456",
        "CLM*A1*100***11:B:1*Y*A*Y*Y", f"NTE*ADD*{note}", "HI*ABK:J0190", "LX*1",
        "SV1*HC:99213*100*UN*1***1", "DTP*472*D8*20260101",
    ]  # fmt: skip
    body.append(f"SE*{len(body) + 1}*0001")
    head = (f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*260101*1200*^*00501"
            "*000000001*0*P*:~GS*HC*SENDER*RECEIVER*20260101*1200*1*X*005010X222A1~")  # fmt: skip
    return f"{head}{'~'.join(body)}~GE*1*1~IEA*1*000000001~".encode()


def hl7v2(who: Somebody, note: str) -> bytes:
    note = note.replace("\\", "\\E\\").replace("|", "\\F\\").replace("&", "\\T\\")
    note = note.replace("^", "\\S\\").replace("~", "\\R\\")
    pid = (
        f"PID|1||{who.mrn}^^^CLINIC^MR~{who.member_id}^^^PAYER^MB||{who.last}^{who.first}"
        f"^{who.middle}||{who.birth:%Y%m%d}|F|||{who.street}^^{who.city}^{who.state}^{who.zip}"
        f"||({who.phone[:3]}){who.phone[3:6]}-{who.phone[6:]}"
    )
    return "\r".join((
        "MSH|^~\\&|LAB|CLINIC|HUB|PAYER|20260101120000||ORU^R01|1|P|2.5.1",
        pid,
        "OBR|1|A1|B1|2345-7^Glucose^LN|||20260101", "OBX|1|NM|2345-7^Glucose^LN||95|mg/dL|||||F",
        f"NTE|1|L|{note}", "",
    )).encode()  # fmt: skip


def fhir(who: Somebody, note: str) -> bytes:
    patient = {
        "resourceType": "Patient", "id": "p1", "birthDate": who.birth.isoformat(),
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": who.mrn},
                       {"type": {"coding": [{"code": "MB"}]}, "value": who.member_id}],
        "name": [{"family": who.last, "given": [who.first, who.middle]}],
        "telecom": [{"system": "phone", "value": who.phone}],
        "address": [{"line": [who.street], "city": who.city, "state": who.state,
                     "postalCode": who.zip}],
    }  # fmt: skip
    seen = {
        "resourceType": "Observation", "id": "o1", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
        "subject": {"reference": "Patient/p1"}, "note": [{"text": note}],
    }  # fmt: skip
    entries = [{"resource": patient}, {"resource": seen}]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def ccda(who: Somebody, note: str) -> bytes:
    return f"""<?xml version="1.0"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="US"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><id root="1.2.3"/>
<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/><title>Summary</title>
<effectiveTime value="20260101"/><recordTarget><patientRole>
<id root="1.2.3.4" extension="{who.mrn}"/><id root="1.2.3.5" extension="{who.member_id}"/><addr><streetAddressLine>{escape(who.street)}</streetAddressLine>
<city>{who.city}</city><state>{who.state}</state><postalCode>{who.zip}</postalCode></addr>
<telecom value="tel:{who.phone}"/><patient><name><given>{who.first}</given>
<family>{escape(who.last)}</family></name><birthTime value="{who.birth:%Y%m%d}"/></patient>
</patientRole></recordTarget><component><structuredBody><component><section>
<code code="51848-0" codeSystem="2.16.840.1.113883.6.1"/><title>Assessment</title>
<text><paragraph>{escape(note)}</paragraph></text></section></component></structuredBody></component>
</ClinicalDocument>""".encode()  # noqa: E501


def roster(who: Somebody, note: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("last name", "first name", "dob", "member id", "phone", "street", "comment"))
    writer.writerow((who.last, who.first, who.birth.isoformat(), who.member_id, who.phone,
                     who.street, ""))  # fmt: skip
    for index in range(12):
        writer.writerow((f"Ztest{chr(97 + index)}o", "Quill", f"19{40 + index}-03-1{index % 10}",
                         f"Q{100200300 + 7919 * index}", f"414{2345678 + 991 * index}",
                         f"{100 + index} Elm Street", note if index == 5 else "none"))  # fmt: skip
    return out.getvalue().encode()


def text(_: Somebody, note: str) -> bytes:
    return f"Billing note\n\n{note}\n\nEnd of note.\n".encode()


def html(_: Somebody, note: str) -> bytes:
    return f"<!DOCTYPE html><html><body><h1>Note</h1><p>{escape(note)}</p></body></html>".encode()


def rtf(_: Somebody, note: str) -> bytes:
    safe = note.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    return ("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 Note\\par " + safe + "\\par}").encode(
        "ascii", "replace"
    )


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
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        data = roster(who, note)
        member = tarfile.TarInfo("a.csv")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return _zipped({"a.tar.gz": gzip.compress(inner.getvalue())})


FORMATS: tuple[Format, ...] = (
    Format("X12 837P", "a.837", x12_837, upper=True),
    Format("HL7 v2", "a.hl7", hl7v2),
    Format("FHIR JSON", "a.json", fhir),
    Format("C-CDA", "a.xml", ccda),
    Format("CSV", "a.csv", roster),
    Format("ZIP of tar.gz of CSV", "a.zip", packed),
    Format("plain text", "a.txt", text, has_fields=False),
    Format("HTML", "a.html", html, has_fields=False),
    Format("RTF", "a.rtf", rtf, has_fields=False),
    Format("e-mail", "a.eml", mail, has_fields=False),
    Format("DOCX", "a.docx", docx, has_fields=False),
    Format("XLSX, hidden sheet", "a.xlsx", xlsx, has_fields=False),
    Format("PDF", "a.pdf", pdf, has_fields=False),
    Format("Base64 in text", "b.txt", encoded, has_fields=False),
    Format("PNG (OCR)", "a.png", picture, has_fields=False),
)
