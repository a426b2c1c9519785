"""Fields that are lines of one text are read as that text: OBX after OBX, NTE after NTE."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import get_args

import pytest

from config.contracts import Action, CategoryName, Contract, Rules
from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.detect.engine import Detectors
from dlp.model import Category, Finding, Passage
from dlp.parse import hl7v2
from dlp.parse.lines import LONGEST, Lines, LinesPlace
from dlp.redact import Redacted
from dlp.redact.run import redact
from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p
from tests.support.inspecting import Inspected

HEAD = "MSH|^~\\&|EPIC|N|HUB|P|20260101||ORU^R01|M1|P|2.5.1\rPID|1||4471^^^N^MR\r"
REPORT = (
    "Findings were discussed on the telephone with the patient Marisol",
    "Quintero who called back, and who gave her number again, SSN",
    "236458714 as she said.",
)
NOTHING = Contract.model_validate(
    {
        "contract": "nothing-in-text", "formats": ["*"],
        "expect": [{"categories": get_args(CategoryName), "in": "identifier-fields"},
                   {"categories": ["service_date", "diagnosis", "procedure"],
                    "in": "coded-fields"}],
    }
)  # fmt: skip


def observed(*lines: str) -> str:
    return "".join(f"OBX|{n}|TX|1^Report^L||{line}||||||F\r" for n, line in enumerate(lines, 1))


def noted(*lines: str) -> str:
    return "".join(f"NTE|{n}|L|{line}\r" for n, line in enumerate(lines, 1))


def message(body: str) -> bytes:
    return f"{HEAD}OBR|1|A1|F1|71020^CHEST^C4\r{body}".encode()


def claim(segments: str) -> bytes:
    """A claim with more segments behind its first one."""
    data = claims_837p([Claim(next(iter(people(1, 1))))])
    return data.replace(b"HI*", f"{segments}HI*".encode(), 1)


def unexpected(inspected: Inspected, data: bytes) -> list[Finding]:
    report, _ = inspected(data, NOTHING)
    return [f for f in report.findings if not f.expected and f.confidence >= NOTHING.confidence]


@pytest.mark.parametrize(
    "data",
    [
        message(observed("SSN:", "236458714")),
        message(observed("Clear.", "PT SSN IS", "236458714", "No effusion.")),
        message(noted("SSN", "236458714")),
        message(observed("SSN:~236458714")),
        message(observed("SSN^236458714")),
        message("OBX|1|TX|||SSN\rNTE|1|L|see below\rOBX|2|TX|||236458714\r"),
        message("ZNT|1|SSN\rZNT|2|236458714\r"),
        claim("NTE*ADD*SSN~NTE*ADD*236458714~"),
        claim("NTE*ADD*SSN*236458714~"),
        claim("K3*SSN~\nK3*236458714~"),
        claim("REF*G1*13579*SSN*236458714~"),
    ],
)
def test_a_label_and_its_number_are_read_together(inspected: Inspected, data: bytes) -> None:
    assert [f.category for f in unexpected(inspected, data)] == [Category.SSN]


@pytest.mark.parametrize(
    "data",
    [
        message(observed(*REPORT)),
        message(noted(*REPORT)),
        claim("".join(f"NTE*ADD*{line}~" for line in REPORT)),
    ],
)
def test_a_name_over_two_lines_is_one_finding(inspected: Inspected, data: bytes) -> None:
    found = unexpected(inspected, data)
    assert [f.category for f in found] == [Category.NAME, Category.SSN]


def test_each_finding_has_the_place_of_its_own_line(inspected: Inspected) -> None:
    data = message(observed(*REPORT))
    [_, ssn] = unexpected(inspected, data)
    assert ssn.offset is not None
    assert ssn.length is not None
    assert (ssn.where, data[ssn.offset :][: ssn.length]) == ("OBX#3-5", b"236458714")


@pytest.mark.parametrize(
    "name", ["Quintero^Marisol", "QUINTERO^MARISOL^^^MRS", "Mbekiwe^Eleni", "7^Smith^John^A"]
)
@pytest.mark.parametrize("body", ["ZPD|1|{}\r", "OBX|1|ST|1^Note^L||{}\r"])
def test_a_name_in_components_is_a_name(inspected: Inspected, body: str, name: str) -> None:
    found = unexpected(inspected, message(body.format(name)))
    assert [f.category for f in found] == [Category.NAME]


@pytest.mark.parametrize(
    "body", ["PV1|1|I|4W^412^B^NORTH\r", "ZPD|1|Y^Yes^HL70136|ROUTINE^Routine^L\r"]
)
def test_codes_and_locations_are_nobody(inspected: Inspected, body: str) -> None:
    assert not unexpected(inspected, message(body))


def test_a_field_at_fault_is_counted_once(inspected: Inspected) -> None:
    found = unexpected(inspected, claim("NTE*ADD*CALLED BACK*SSN 236-45-8714~"))
    assert [f.category for f in found] == [Category.SSN]


@pytest.mark.parametrize("style", ["mask", "remove", "pseudonym"])
@pytest.mark.parametrize("separator", ["OBX|2|TX|1^Report^L||", "NTE*ADD*"])
def test_redaction_leaves_what_separates_the_lines(
    detectors: Detectors, style: str, separator: str
) -> None:
    x12 = separator.startswith("NTE")
    data = claim("".join(f"NTE*ADD*{line}~" for line in REPORT)) if x12 else (
        message(observed(*REPORT))
    )  # fmt: skip
    chosen = NOTHING.model_copy(update={"unexpected": Action.REDACT, "redaction": style})
    rules = Rules()
    found = redact(
        io.BytesIO(data), "file", chosen, rules, Budget(), key=b"k" * 32, detectors=detectors
    )
    out = Redacted(io.BytesIO(data), found.edits).read()
    assert found.verdict(chosen).action is Action.RELEASE
    assert separator.encode() in out
    assert not any(word in out for word in (b"Marisol", b"Quintero", b"236458714"))


def test_a_name_in_components_is_redacted_around_its_separator(detectors: Detectors) -> None:
    data = message("ZPD|1|Mbekiwe^Eleni|Y\r")
    chosen = NOTHING.model_copy(update={"unexpected": Action.REDACT})
    found = redact(
        io.BytesIO(data), "file", chosen, Rules(), Budget(), key=b"k" * 32, detectors=detectors
    )
    assert b"ZPD|1|XXXXXXX^XXXXX|Y\r" in Redacted(io.BytesIO(data), found.edits).read()


def passages(data: bytes) -> list[Passage]:
    items = hl7v2.parse(Content(io.BytesIO(data), "", "hl7v2"), Meter(Budget()))
    return [item for item in items if isinstance(item, Passage)]


def test_a_long_report_is_read_in_pieces() -> None:
    data = message(observed(*[f"Line {number} says nothing at all." for number in range(2_000)]))
    texts = [p.text for p in passages(data) if isinstance(p.where, LinesPlace)]
    assert len(texts) > 1
    assert max(map(len, texts)) <= LONGEST


def test_the_last_line_of_a_piece_begins_the_next() -> None:
    lines, given = Lines(), []
    for number in range(500):
        text = f"line {number:03d} with words"
        given += [p.text for p in lines.add(passages(message(noted(text)))[-1])]
    assert all(one.splitlines()[-1] == other.splitlines()[0] for one, other in pairwise(given))


def test_a_report_released_by_itself_is_released_in_lines(inspected: Inspected) -> None:
    lines = ("CHEST, TWO VIEWS.", "Heart size is normal.", "Lungs are clear.", "IMPRESSION:",
             "1. No acute disease.")  # fmt: skip
    _, verdict = inspected(message(observed(*lines)), NOTHING)
    assert (verdict.action, verdict.reasons) == (Action.RELEASE, ())


def test_lines_that_are_equal_come_alone() -> None:
    texts = [p.text for p in passages(message(noted("Paid in full.", "Paid in full.", "Closed.")))]
    assert texts[-2:] == ["Paid in full.", "Paid in full.\nClosed."]
