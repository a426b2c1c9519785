"""What a 275 attaches is a document of one patient's care, and no list of people."""

from __future__ import annotations

import base64
import random

import pytest

from tests.support.inspecting import Inspected

HEAD = (
    "ISA*00*          *00*          *ZZ*A              *ZZ*B              "
    "*250314*1253*^*00501*000000905*0*T*:~GS*{0}*A*B*20250314*1253*1*X*{1}~ST*{2}*1*{1}~"
    "NM1*QC*1*OKONKWO*ADAEZE****MI*12345678901~{3}SE*4*1~GE*1*1~IEA*1*000000905~"
)
NOTE = (
    "Patient: Adaeze Okonkwo  DOB: 05/01/1943\nSeen 11/28/2025 for pain. Plan: MRI of the knee.\n"
)


def attached(document: str) -> bytes:
    body = f"LX*1~BIN*{len(document)}*{document}~"
    return HEAD.format("PI", "006020X314", "275", body).encode()


def numbers(count: int) -> str:
    draw = random.Random(4)
    return "".join(
        f"{draw.randint(100, 665)}{draw.randint(10, 99)}{draw.randint(1000, 9999)}\n"
        for _ in range(count)
    )


def test_a_note_that_names_the_patient_is_released(inspected: Inspected) -> None:
    _, verdict = inspected(attached(NOTE), "prior-auth")
    assert (verdict.action, verdict.reasons) == ("release", ())


@pytest.mark.parametrize(
    "document",
    [
        NOTE + "SSN 236-45-8714\n",
        NOTE + "Visa 4111 1111 1111 1111\n",
        "ssn\n236458714\n412339087\n",
        "id,ssn\n1,236458714\n2,412339087\n3,517284410\n",
        "name,dob,mrn\nMarisol Quintero,03/14/1961,H0048291\nJohn Smith,07/02/1974,H0048293\n",
        numbers(60),
    ],
)
def test_what_supports_no_service_is_held(inspected: Inspected, document: str) -> None:
    _, verdict = inspected(attached(document), "prior-auth")
    assert verdict.action == "hold"
    assert verdict.reasons[0].startswith("attachment 1: ")


def test_a_note_encoded_in_a_message_is_judged_as_the_message(inspected: Inspected) -> None:
    body = f"MSG*{base64.b64encode(NOTE.encode()).decode()}~"
    _, verdict = inspected(HEAD.format("HI", "005010X217", "278", body).encode(), "prior-auth")
    assert verdict.action == "hold"
