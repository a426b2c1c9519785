"""What an inspection makes of whole files."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.contracts import Contract, Rules
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.model import Category, Obstacle, Report
from tests.support.inspecting import Inspected

CLAIM = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *240101*1200*^*00501"
    "*000000001*0*P*:~GS*HC*SENDER*RECEIVER*20240101*1200*1*X*005010X222A1~"
    "ST*837*0001*005010X222A1~BHT*0019*00*0123*20240101*1200*CH~"
    "NM1*41*2*BILLING FIRM*****46*123~PER*IC*DESK*TE*3125550100~NM1*40*2*PAYER*****46*456~"
    "HL*1**20*1~NM1*85*2*NORTHSIDE CLINIC*****XX*1234567893~N3*1 MAIN ST~N4*CHICAGO*IL*60601~"
    "REF*EI*123456789~HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*VANTONGEREN*MARISKA****MI*W1234567~"
    "N3*42 ELM ST~N4*CHICAGO*IL*60601~DMG*D8*19800102*F~NM1*PR*2*PAYER*****PI*456~"
    "CLM*A1*100***11:B:1*Y*A*Y*Y~{note}HI*ABK:J0190~LX*1~SV1*HC:99213*100*UN*1***1~"
    "DTP*472*D8*20240101~SE*{count}*0001~GE*1*1~IEA*1*000000001~"
)


def claim(note: str = "") -> bytes:
    segment = f"NTE*ADD*{note}~" if note else ""
    return CLAIM.format(note=segment, count=23 + bool(note)).encode()


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def obstacles(report: Report) -> list[Obstacle]:
    return [trouble.obstacle for trouble in report.uninspectable]


def test_a_clean_claim_is_released(inspected: Inspected) -> None:
    report, verdict = inspected(claim(), "claims")
    assert (report.format, verdict.action, verdict.reasons) == ("x12/837P", "release", ())


def test_the_patient_named_in_a_note_holds_the_claim(inspected: Inspected) -> None:
    data = claim("CALLED M VANTONGEREN TWICE")
    _, verdict = inspected(data, "claims")
    assert verdict.action == "hold"
    assert verdict.reasons == ("name in free text at 837P ST#1 CLM#1 NTE#1-02",)


def test_a_finding_points_at_its_bytes(inspected: Inspected) -> None:
    data = claim("CALLED MARISKA VANTONGEREN TWICE")
    report, _ = inspected(data, "claims")
    [found] = [finding for finding in report.findings if not finding.expected]
    assert found.offset is not None
    assert found.length is not None
    assert data[found.offset : found.offset + found.length] == b"MARISKA VANTONGEREN"


def test_findings_and_reasons_hold_no_value(inspected: Inspected) -> None:
    report, verdict = inspected(claim("MARISKA VANTONGEREN SSN 219-09-8765"), "claims")
    said = repr(report).upper() + repr(verdict).upper()
    assert "VANTONGEREN" not in said
    assert "8765" not in said


def test_one_value_has_one_digest_wherever_it_stands(inspected: Inspected) -> None:
    report, _ = inspected(claim("ID W1234567"), "claims")
    digests = {f.digest for f in report.findings if f.category is Category.MEMBER_ID}
    assert len(digests) == 1
    assert all(len(digest) == 64 for digest in digests)


def test_people_of_one_member_are_found_in_the_note_of_another(inspected: Inspected) -> None:
    data = zipped(**{"a.837": claim(), "b.837": claim("SEEN WITH VANTONGEREN")})
    _, verdict = inspected(data, "claims")
    assert verdict.reasons == ("entry 2: name in free text at 837P ST#1 CLM#1 NTE#1-02",)


def test_a_member_may_come_before_the_one_that_names_its_people(inspected: Inspected) -> None:
    data = zipped(**{"a.837": claim("SEEN WITH VANTONGEREN"), "b.837": claim()})
    assert inspected(data, "claims")[1].action == "hold"


def test_the_patient_in_the_file_s_name_holds_it(inspected: Inspected) -> None:
    _, verdict = inspected(claim(), "claims", name="vantongeren_mariska.837")
    assert verdict.reasons == ("name in a name at file name",)


def test_the_patient_in_a_member_s_name_holds_it_without_being_told(inspected: Inspected) -> None:
    _, verdict = inspected(zipped(**{"mariska vantongeren.837": claim()}), "claims")
    assert verdict.action == "hold"
    assert "vantongeren" not in " ".join(verdict.reasons).lower()
    assert "entry 1" in verdict.reasons[0]


def test_text_beyond_what_is_kept_is_read_again(inspected: Inspected) -> None:
    data = claim("CALLED M VANTONGEREN TWICE")
    kept, _ = inspected(data, "claims")
    again, _ = inspected(data, "claims", budget=Budget(text_bytes=0))
    assert [f.where for f in again.findings] == [f.where for f in kept.findings]
    assert again.counts == kept.counts


def test_listing_stops_and_counting_goes_on(inspected: Inspected) -> None:
    text = "".join(f"SSN 219-09-{1000 + i}\n\n" for i in range(50)).encode()
    report, verdict = inspected(text, "no-phi", budget=Budget(findings=5))
    assert len(report.findings) == 5
    assert report.counts[Category.SSN, False] == 50
    assert verdict.action == "hold"


def test_size_and_digest_are_those_of_the_file(inspected: Inspected) -> None:
    data = claim()
    report, _ = inspected(data, "claims")
    assert (report.size, report.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("data", "obstacle"),
    [
        (b"", Obstacle.EMPTY),
        (b"\xff\xfe" + '{"a": 1}'.encode("utf-16-le"), Obstacle.UNSUPPORTED_TYPE),
        (b"PAR1\x15\x04\x15\x10PAR1", Obstacle.UNSUPPORTED_TYPE),
        (b"SQLite format 3\x00" + bytes(84), Obstacle.UNSUPPORTED_TYPE),
        (b"Rar!\x1a\x07\x01\x00" + bytes(40), Obstacle.UNSUPPORTED_TYPE),
        (b"\x7fELF\x02\x01\x01" + bytes(57), Obstacle.UNSUPPORTED_TYPE),
        (b"begin 644 a.txt\n#4U-.\n`\nend\n", Obstacle.UNSUPPORTED_TYPE),
        (b"-----BEGIN PGP MESSAGE-----\n\nabc\n", Obstacle.ENCRYPTED),
        (bytes.fromhex("c15e03") + b"\x00" * 40, Obstacle.ENCRYPTED),
        (b"text with a \x00 in it\n" * 9, Obstacle.UNKNOWN_TYPE),
        ("JOHN SMITH 19800102 CLAIM 4711\x25".encode("cp037") * 9, Obstacle.UNKNOWN_TYPE),
        (b"ST*837*0001~BHT*0019~", Obstacle.MALFORMED),
    ],
)
def test_what_is_not_read_has_a_named_verdict_and_is_held(
    inspected: Inspected, data: bytes, obstacle: Obstacle
) -> None:
    report, verdict = inspected(data, "no-phi")
    assert obstacles(report) == [obstacle]
    assert verdict.action == "hold"


def test_a_control_character_late_in_a_text_is_no_text(inspected: Inspected) -> None:
    report, _ = inspected(b"plain words\n" * 20_000 + b"\x01\n")
    assert obstacles(report) == [Obstacle.UNKNOWN_TYPE]


def test_a_format_outside_the_contract_is_held(inspected: Inspected) -> None:
    report, verdict = inspected(b"a,b\n1,2\n3,4\n", "claims")
    assert obstacles(report) == [Obstacle.NOT_IN_CONTRACT]
    assert verdict.action == "hold"


def test_another_set_behind_an_accepted_one_is_held(inspected: Inspected) -> None:
    other = claim().replace(b"ST*837*0001*005010X222A1", b"ST*835*0001").replace(b"*HC*", b"*HP*")
    report, _ = inspected(claim() + other, "claims")
    assert Obstacle.NOT_IN_CONTRACT in obstacles(report)


@pytest.mark.parametrize(
    ("budget", "obstacle"),
    [
        (Budget(bytes=100), Obstacle.TOO_LARGE),
        (Budget(seconds=-1), Obstacle.TIMEOUT),
    ],
)
def test_a_spent_budget_is_a_named_verdict(
    inspected: Inspected, budget: Budget, obstacle: Obstacle
) -> None:
    report, verdict = inspected(b"words\n" * 1000, budget=budget)
    assert obstacles(report)[0] is obstacle
    assert verdict.action == "hold"


def test_a_parser_that_crashes_is_held_and_quotes_nothing(
    inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("JOHN SMITH")

    monkeypatch.setattr("dlp.parse.text.parse", crash)
    report, verdict = inspected(b"words\nand words\n")
    assert obstacles(report) == [Obstacle.CRASH]
    assert "SMITH" not in repr(report) + repr(verdict)


def test_memory_run_out_is_a_named_verdict(
    inspected: Inspected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starve(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("dlp.parse.text.parse", starve)
    assert obstacles(inspected(b"words\nand words\n")[0]) == [Obstacle.OUT_OF_MEMORY]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(str.encode),
        st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail),
        st.binary(max_size=60).map(lambda tail: gzip.compress(b"some words, " + tail)[:-3] + tail),
        st.tuples(st.integers(0, 400), st.binary(max_size=9)).map(
            lambda cut: zipped(a=claim())[: cut[0]] + cut[1] + zipped(a=claim())[cut[0] :]
        ),
    )
)
def test_any_bytes_give_a_report(
    detectors: Detectors, contracts: dict[str, Contract], data: bytes
) -> None:
    report = inspect(
        io.BytesIO(data), "any", contracts["no-phi"], Rules(), Budget(seconds=20),
        detectors=detectors,
    )  # fmt: skip
    assert report.size == len(data)
    assert Obstacle.CRASH not in obstacles(report)


def test_public_x12_files_are_released_unless_known_to_be_faulty(
    inspected: Inspected, corpus: Path
) -> None:
    held = set()
    for path in sorted((corpus / "x12").glob("*/*.*")):
        if path.name.startswith("LICENSE"):
            continue
        data = path.read_bytes()
        contract = next((c for mark, c in _CONTRACTS if mark in path.name), "claims")
        report, verdict = inspected(data, contract, name=path.name)
        assert Obstacle.CRASH not in obstacles(report)
        if verdict.action != "release":
            held.add(path.name)
    assert held == {
        "837_5010__x12_bad_first_line.txt",  # an ISA of the wrong length
        "837_5010__x12_bad_segment_identifier.txt",  # names in segments that don't exist
        "837_5010__x12_no_isa_line.txt",
        "837_005010X223A3__ppo-repriced-claim.837i",  # a wrong separator: a date in a code
        "837_005010X223A3__two-claims-single-provider.837i",  # a mental health diagnosis
        "example_4010_810__sample.txt",  # an invoice
        "example_5010_835__sample1.txt",  # sentences in REF02
        "example_stp_820__sample.txt",  # an ISA of the wrong length
    }


_CONTRACTS = [
    ("277", "claim-status"),
    ("276", "claim-status"),
    ("270", "eligibility"),
    ("271", "eligibility"),
    ("_999", "acknowledgements"),
    ("835", "remittance"),
    ("834", "enrollment"),
    ("820", "premium"),
]


def test_a_sentence_in_a_code_s_place_is_held(inspected: Inspected) -> None:
    data = claim().replace(b"SBR*P*18*******CI~", b"SBR*P*18*******PLEASE CALL BACK~")
    report, verdict = inspected(data, "claims")
    assert obstacles(report) == [Obstacle.MALFORMED]
    assert verdict.reasons[0].startswith("malformed: text in a coded element at 837P ST#1")


def test_a_slip_in_a_code_is_noted_and_released(inspected: Inspected) -> None:
    data = claim().replace(b"CLM*A1*100*", b"CLM*A1*1OO*")
    report, verdict = inspected(data, "claims")
    assert verdict.reasons == ()
    assert "text in a numeric element: 1" in report.notes


def test_the_patient_in_a_code_s_place_is_found(inspected: Inspected) -> None:
    data = claim().replace(b"SBR*P*18*******CI~", b"SBR*P*18*******VANTONGEREN~")
    report, verdict = inspected(data, "claims")
    assert verdict.action == "hold"
    assert [f.category for f in report.findings if not f.expected] == [Category.NAME]


@pytest.mark.parametrize(
    ("folder", "contract"),
    [("hl7v2", "clinical-hl7"), ("fhir", "clinical-fhir"), ("ccda", "clinical-ccda")],
)
def test_public_clinical_files_are_read_and_held_for_real_reasons_alone(
    inspected: Inspected, corpus: Path, folder: str, contract: str
) -> None:
    """An SSN or an account number in its own field is one; so is text in an image without OCR."""
    real = {Category.SSN, Category.BANK_ACCOUNT}
    files = wrong = 0
    for path in sorted((corpus / folder).rglob("*.*")):
        if path.name.startswith("LICENSE"):
            continue
        report, _ = inspected(path.read_bytes(), contract, name="file")
        assert Obstacle.CRASH not in obstacles(report)
        found = {f.category for f in report.findings if not f.expected and f.confidence >= 0.5}
        files += 1
        wrong += bool(found - real)
    assert files
    assert wrong <= 0.01 * files


def test_public_documents_are_read_and_none_breaks_a_reader(
    inspected: Inspected, corpus: Path
) -> None:
    formats = set()
    for path in sorted((corpus / "office").rglob("*.*")):
        if not path.name.startswith("LICENSE"):
            report, _ = inspected(path.read_bytes(), "no-phi", name="file")
            assert Obstacle.CRASH not in obstacles(report)
            formats.add(report.format)
    assert {"application/pdf", "dicom"} < formats


@pytest.mark.parametrize(
    ("label", "named", "obstacle"),
    [
        ("MESSAGE", "openpgp", Obstacle.ENCRYPTED),
        ("PRIVATE KEY BLOCK", "openpgp/secret-key", Obstacle.UNSUPPORTED_TYPE),
    ],
)
def test_armored_openpgp_is_held_under_the_name_of_what_it_is(
    inspected: Inspected, label: str, named: str, obstacle: Obstacle
) -> None:
    report, verdict = inspected(f"-----BEGIN PGP {label}-----\n\nabc\n".encode(), "no-phi")
    assert (report.format, obstacles(report), verdict.action) == (named, [obstacle], "hold")
