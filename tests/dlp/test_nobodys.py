"""What is a provider's, a payer's or a program's and nobody's: names, addresses, numbers, URLs."""

from __future__ import annotations

import json

import pytest

from config.contracts import Action
from tests.support.inspecting import Inspected

HEAD = "Mercy Family Clinic\n100 Hospital Drive, Suite 200\nColumbus, OH 43215\n"
DIRECTORY = "NPI,Last Name,First Name,Specialty,Phone\n1245319599,Larsen,Beth,{},614-555-0111\n"
NOBODYS = {
    "letterhead.txt": HEAD + "Phone: (614) 555-0100  Fax: (614) 555-0101\n\nFees are enclosed.\n",
    "doctors.txt": "BETH LARSEN, M.D.\nFamily Medicine\n100 Hospital Dr\nTel 614-555-0111\n",
    "payer.txt": "Acme Health Plan\nProvider Relations\nP.O. Box 1200\nDayton, OH 45401\n",
    "provider.json": json.dumps({"provider": {"firstName": "Beth", "phone": "614-555-0111"}}),
    "facility.json": json.dumps({"facility": {"address": "100 Hospital Dr", "npi": "1"}}),
    "registry.json": json.dumps(
        {"basic": {"npi": "1245319599", "credential": "M.D.", "last_name": "LARSEN"}}
    ),
    "provider.xml": "<r><Provider><LastName>Larsen</LastName><Phone>614-555-0111</Phone>"
    "</Provider></r>",
    "directory.csv": DIRECTORY.format("Family Medicine"),
    "ledger.csv": "Account Number,Account Name,Debit,Credit\n1010,Cash,1.00,\n4010,Fees,,1.00\n",
    "payers.csv": 'Payer Name,Claims Address\nAetna,"PO Box 14079, Lexington, KY 40512"\n'
    'Cigna,"PO Box 30555, Salt Lake City, UT 84130"\n',
    "endpoint.json": json.dumps(
        {"resourceType": "Endpoint", "address": "https://fhir.acme.example/r4/endpoint"}
    ),
    "schema.json": json.dumps({"$schema": "http://json-schema.example/draft-07/schema#"}),
    "access.log": "10.1.2.3 connected to 192.168.7.20:5432\n",
    "exams.txt": "CT ABDOMEN PELVIS W CONTRAST\nMR LUMBAR SPINE W WO\nFLUORO BARIUM SWALLOW\n",
    "visit.txt": "see https://clinic.example/about-us\n",
    "deploy.yaml": "- name: Install packages\n  apt:\n    name: nginx\n",
    "table.sql": "CREATE TABLE t (\n  last_name varchar(60),\n  dob date\n);\n",
    "status.xml": '<Message xmlns="http://www.ncpdp.org/schema/SCRIPT"><Header><MessageID>1234567'
    "</MessageID><SentTime>2026-01-01T00:00:00Z</SentTime></Header><Body><Status/></Body>"
    "</Message>",
}
SOMEBODYS = {
    "after.txt": HEAD + "\nMarisol Quintero\n1482 Alder Creek Rd\nColumbus, OH 43215\n",
    "below.txt": HEAD + "To: Marisol Quintero\n1482 Alder Creek Rd\n",
    "home.txt": HEAD + "Patient's home 614-555-0142\n",
    "patient.json": json.dumps({"provider": {"patients": [{"phone": "614-555-0142"}]}}),
    "claims.csv": "NPI,Last Name,First Name,Specialty,DOS\n"
    "1245319599,Quintero,Marisol,Family Medicine,2026-11-02\n",
    "repeated.csv": DIRECTORY.format("x") + "1245319599,Quintero,Marisol,x,614-555-0142\n",
    "accounts.csv": "Account Number,Patient,Debit,Credit\n48291307,Quintero,1.00,\n",
    "path.txt": "see https://portal.example/patients/48291307\n",
    "query.txt": "see https://portal.example/find?last=quintero\n",
    "blog.txt": "see www.living-with-lupus-marisol.example/about-me\n",
    "man.txt": "MR BELL CALLED ABOUT CT ABDOMEN\n",
    "abroad.txt": "Mail returned from S\u00f8ndergade 52\n",
    "outside.log": "login from 73.118.204.11\n",
}


@pytest.mark.parametrize("name", NOBODYS)
def test_what_is_nobodys_is_released(inspected: Inspected, name: str) -> None:
    _, verdict = inspected(NOBODYS[name].encode(), name=name)
    assert verdict.action is Action.RELEASE, verdict.reasons


@pytest.mark.parametrize("name", SOMEBODYS)
def test_what_only_stands_near_it_is_somebodys(inspected: Inspected, name: str) -> None:
    _, verdict = inspected(SOMEBODYS[name].encode(), name=name)
    assert verdict.action is Action.HOLD


@pytest.mark.parametrize(
    "text",
    [
        "Last 4 of SSN: 8714\n", "ssn ***-**-8714\n", "SSN 5 3 6 2 2 8 7 1 4\n",
        "sent to +16145550142\n", "patient.birthDate=1961-03-04\n", "SSN 536/22/8714\n",
    ],
)  # fmt: skip
def test_what_is_written_in_an_uncommon_way_is_found(inspected: Inspected, text: str) -> None:
    _, verdict = inspected(text.encode(), name="n.txt")
    assert verdict.action is Action.HOLD
