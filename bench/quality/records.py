"""Files of records: a person in the file's own fields, and one note."""

from __future__ import annotations

import csv
import io
import json
from xml.sax.saxutils import escape, quoteattr

from bench.quality.people import Somebody


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


def x12_278(who: Somebody, note: str) -> bytes:
    note = "".join(" " if c in "*~:^" else c for c in note)
    body = [
        "ST*278*0001*005010X217", "BHT*0007*13*0123*20260101*1200", "HL*1**20*1",
        "NM1*X3*2*PAYER*****PI*456", "HL*2*1*21*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893",
        "HL*3*2*22*1",
        f"NM1*IL*1*{who.last.upper()}*{who.first.upper()}*{who.middle}***MI*{who.member_id}",
        f"N3*{who.street.upper()}", f"N4*{who.city.upper()}*{who.state}*{who.zip}",
        f"DMG*D8*{who.birth:%Y%m%d}*F", "HL*4*3*EV*1",
        "UM*HS*I*1*11:B", "HI*ABK:J0190", f"MSG*{note}",
    ]  # fmt: skip
    body.append(f"SE*{len(body) + 1}*0001")
    head = (f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*260101*1200*^*00501"
            "*000000001*0*P*:~GS*HI*SENDER*RECEIVER*20260101*1200*1*X*005010X217~")  # fmt: skip
    return f"{head}{'~'.join(body)}~GE*1*1~IEA*1*000000001~".encode()


def fhir_lines(who: Somebody, note: str) -> bytes:
    entries = json.loads(fhir(who, note))["entry"]
    return "".join(json.dumps(entry["resource"]) + "\n" for entry in entries).encode()


def fhir_xml(who: Somebody, note: str) -> bytes:
    return f"""<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>
<entry><resource><Patient><id value="p1"/>
<identifier><type><coding><code value="MR"/></coding></type><value value="{who.mrn}"/>
</identifier><identifier><type><coding><code value="MB"/></coding></type>
<value value="{who.member_id}"/></identifier><name><family value="{escape(who.last)}"/>
<given value="{who.first}"/><given value="{who.middle}"/></name>
<telecom><system value="phone"/><value value="{who.phone}"/></telecom>
<birthDate value="{who.birth.isoformat()}"/><address><line value="{escape(who.street)}"/>
<city value="{who.city}"/><state value="{who.state}"/><postalCode value="{who.zip}"/></address>
</Patient></resource></entry><entry><resource><Observation><id value="o1"/><status value="final"/>
<code><coding><system value="http://loinc.org"/><code value="2345-7"/></coding></code>
<subject><reference value="Patient/p1"/></subject><note><text value={quoteattr(note)}/></note>
</Observation></resource></entry></Bundle>""".encode()


def ncpdp(who: Somebody, note: str) -> bytes:
    fields = (
        f"AM01\x1cC4{who.birth:%Y%m%d}\x1cC52\x1cCA{who.first.upper()}\x1cCB{who.last.upper()}"
        f"\x1cCM{who.street.upper()}\x1cCN{who.city.upper()}\x1cCO{who.state}\x1cCP{who.zip}"
        f"\x1cCQ{who.phone}\x1e\x1cAM04\x1cC2{who.member_id}\x1d\x1e\x1cAM07\x1cEM1"
        f"\x1cD2007712345\x1cE103\x1cD700002323401\x1e\x1cAM20\x1cFQ{note}"
    )
    return f"610066D0B1PBMTEST   1011245319599     20260101          \x1e\x1c{fields}".encode()


def script(who: Somebody, note: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Message DatatypesVersion="20170715" TransactionDomain="SCRIPT" TransactionVersion="20170715"
 xmlns="http://www.ncpdp.org/schema/SCRIPT"><Header><To Qualifier="P">1629900</To>
<From Qualifier="D">6661295</From><MessageID>M100200300</MessageID>
<SentTime>2026-01-01T12:00:00Z</SentTime></Header><Body><NewRx><BenefitsCoordination>
<CardholderID>{who.member_id}</CardholderID></BenefitsCoordination><Patient><HumanPatient>
<Identification><FileID>{who.mrn}</FileID></Identification><Name><LastName>{escape(who.last)}</LastName><FirstName>{who.first}</FirstName>
<MiddleName>{who.middle}</MiddleName></Name><Gender>F</Gender>
<DateOfBirth><Date>{who.birth.isoformat()}</Date></DateOfBirth>
<Address><AddressLine1>{escape(who.street)}</AddressLine1><City>{who.city}</City>
<StateProvince>{who.state}</StateProvince><PostalCode>{who.zip}</PostalCode></Address>
<CommunicationNumbers><PrimaryTelephone><Number>{who.phone}</Number></PrimaryTelephone>
</CommunicationNumbers></HumanPatient></Patient><Prescriber><NonVeterinarian><Identification>
<NPI>1245319599</NPI></Identification><Name><LastName>Whitfield</LastName><FirstName>Ann</FirstName>
</Name></NonVeterinarian></Prescriber><MedicationPrescribed>
<DrugDescription>Lisinopril 10 mg tablet</DrugDescription><DrugCoded><ProductCode>
<Code>00093723401</Code><Qualifier>ND</Qualifier></ProductCode></DrugCoded><WrittenDate>
<Date>2026-01-01</Date></WrittenDate><Diagnosis><Primary><Code>I10</Code><Qualifier>ABF</Qualifier>
</Primary></Diagnosis><Note>{escape(note)}</Note></MedicationPrescribed></NewRx></Body></Message>
""".encode()
