"""Redaction: what must not be there is gone, the file is still valid and releases by itself."""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
from datetime import date
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.carriers import FORMATS
from bench.quality.people import somebody
from bench.quality.run import CONTRACT
from config.contracts import Action, Contract, Rules
from config.contracts import Redaction as Style
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.detect.fields import check_field
from dlp.inspect import inspect
from dlp.model import Carrier, Category, Match, Passage
from dlp.pseudonym import is_pseudonym, is_redacted, pseudonym
from dlp.redact import Edit, Redacted, Redaction
from dlp.redact.edits import merged
from dlp.redact.run import redact
from dlp.redact.style import masked, replacement
from dlp.redact.taken import joined
from dlp.verdict import decide
from tests.dlp.test_inspect_files import claim
from tests.support.inspecting import Inspected

STYLES = get_args(Style)
KEY = b"k" * 32
NOTE = "CALLED M VANTONGEREN AT 312 555 0188 ABOUT THE BILL"
TEXT = (
    "Patient: Mariska Vantongeren, born 01/02/1980, SSN 536-22-8714.\r\n"
    "Mail to m.vantongeren@example.org or call (312) 555-0188.\r\n"
)
ROSTER = "site,reference,amount\r\n" + "".join(
    f'A1,"{536 - i:03d}-{22 + i}-{8714 - 37 * i}",{i}.50\r\n' for i in range(30)
)
NOTHING = Contract.model_validate(
    {
        "contract": "nothing", "formats": ["*"],
        "expect": [{"categories": ["diagnosis", "procedure", "service_date", "other_date",
                                   "other_id"], "in": "anywhere"}],
    }
)  # fmt: skip


def redacting(contract: Contract, style: str) -> Contract:
    return contract.model_copy(update={"unexpected": Action.REDACT, "redaction": style})


class Redacting:
    """Redacts bytes under a shipped contract and says what came of it."""

    def __init__(self, contracts: dict[str, Contract], detectors: Detectors) -> None:
        self._contracts, self._detectors = contracts, detectors

    def __call__(self, data: bytes, contract: str, style: str = "mask") -> tuple[Redaction, bytes]:
        chosen = redacting(self._contracts[contract], style)
        found = redact(
            io.BytesIO(data), "file", chosen, Rules(), Budget(), key=KEY,
            detectors=self._detectors,
        )  # fmt: skip
        assert found.verdict(chosen).action is Action.RELEASE, found.verdict(chosen).reasons
        return found, Redacted(io.BytesIO(data), found.edits).read()


@pytest.fixture
def redacted(contracts: dict[str, Contract], detectors: Detectors) -> Redacting:
    return Redacting(contracts, detectors)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("data", "contract", "gone"),
    [
        (claim(NOTE), "claims", [b" M VANTONGEREN", b"0188"]),
        (TEXT.encode(), "no-phi", [b"Vantongeren", b"1980", b"8714", b"example.org", b"0188"]),
        (TEXT.encode("utf-16"), "no-phi", ["Vantongeren".encode("utf-16-le"), b"8\x007\x001"]),
        (ROSTER.encode(), "no-phi", [b"8714", b"536"]),
    ],
    ids=["x12", "text", "utf-16", "csv"],
)
def test_what_is_left_releases_by_itself(
    redacted: Redacting, inspected: Inspected, data: bytes, contract: str, gone: list[bytes],
    style: str,
) -> None:  # fmt: skip
    assert all(value in data for value in gone)
    _, left = redacted(data, contract, style)
    assert not [value for value in gone if value in left]
    assert inspected(left, contract)[1].action is Action.RELEASE


@pytest.mark.parametrize("style", STYLES)
def test_a_redacted_claim_keeps_its_segments_elements_and_counts(
    redacted: Redacting, style: str
) -> None:
    data = claim(NOTE)
    _, left = redacted(data, "claims", style)
    before = [segment.split(b"*") for segment in data.split(b"~")]
    after = [segment.split(b"*") for segment in left.split(b"~")]
    assert [len(segment) for segment in after] == [len(segment) for segment in before]
    assert [s for s in after if s[0] != b"NTE"] == [s for s in before if s[0] != b"NTE"]
    assert b"VANTONGEREN*MARISKA" in left


@pytest.mark.parametrize("style", STYLES)
def test_a_redacted_table_keeps_its_rows_cells_and_quotes(redacted: Redacting, style: str) -> None:
    _, left = redacted(ROSTER.encode(), "no-phi", style)
    before = list(csv.reader(io.StringIO(ROSTER)))
    after = list(csv.reader(io.StringIO(left.decode())))
    assert [[row[0], row[2]] for row in after] == [[row[0], row[2]] for row in before]
    assert left.count(b'"') == ROSTER.count('"')


@pytest.mark.parametrize("rows", [30, 3_000])
@pytest.mark.parametrize("style", STYLES)
def test_a_value_that_a_column_repeats_is_taken_out_of_every_row(
    redacted: Redacting, style: str, rows: int
) -> None:
    states = ("OPEN", "SSN 536-22-8714", "CLOSED")
    table = "id,status,amount\n" + "".join(f"{i},{states[i % 3]},{i}.50\n" for i in range(rows))
    found, left = redacted(table.encode(), "totals", style)
    assert len(found.edits) == rows // 3
    assert b"8714" not in left
    assert left.count(b"\n") == rows + 1


def test_the_same_value_gets_the_same_pseudonym_and_another_key_another(
    redacted: Redacting,
) -> None:
    _, left = redacted(b"Call (312) 555-0188 or 312.555.0188 or (312) 555-0177.\n", "no-phi",
                       "pseudonym")  # fmt: skip
    words = [word for word in left.decode().rstrip(".\n").split() if is_pseudonym(word)]
    assert words[0] == words[1] != words[2]
    assert pseudonym(KEY, Category.NAME, "jo") != pseudonym(b"l" * 32, Category.NAME, "jo")


def test_a_date_in_its_own_field_stays_a_date(redacted: Redacting) -> None:
    table = "name,dob\n" + "".join(f"A{i},19{50 + i}-0{1 + i % 9}-17\n" for i in range(20))
    _, left = redacted(table.encode(), "no-phi")
    assert set(left.decode().split("\n")[1:-1]) == {f"A{i},1900-01-01" for i in range(20)}


def test_a_file_without_phi_has_nothing_to_redact(redacted: Redacting) -> None:
    found, left = redacted(b"month,claims\n2026-01,40\n", "totals")
    assert (found.edits, found.after) == ((), None)
    assert left == b"month,claims\n2026-01,40\n"


def test_a_name_in_the_files_own_name_blocks(
    contracts: dict[str, Contract], detectors: Detectors
) -> None:
    contract = redacting(contracts["no-phi"], "mask")
    found = redact(
        io.BytesIO(b"x\n"), "ssn 536-22-8714.txt", contract, Rules(), Budget(), key=KEY,
        detectors=detectors,
    )  # fmt: skip
    assert found.verdict(contract).action is Action.HOLD


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("19800102", "19000101"),
        ("1980-01-02", "1900-01-01"),
        ("1/2/1980", "1/1/1900"),
        ("198001021530", "190001010000"),
        ("1980-01-02T15:30:00Z", "1900-01-01T01:01:01Z"),
        ("19800102-19800103", "19000101-19000101"),
        ("198001", "190001"),
        ("1980", "1900"),
        ("02-Mar-1980", "01-Jan-1900"),
        ("JULY 2, 1980", "JANUARY 1, 1900"),
        ("3/14/62", "X/XX/XX"),
        ("unknown", "XXXXXXX"),
    ],
)
def test_dates_become_the_first_of_january_1900_in_their_own_form(text: str, left: str) -> None:
    passage = Passage(text, "PID#1-7", Carrier.IDENTIFIER_FIELD, Category.BIRTH_DATE)
    match = Match(Category.BIRTH_DATE, 0, len(text), 0.99, "field")
    assert replacement("remove", KEY, "x12/834", passage, match) == left


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "form", ["%m/%d/%Y", "%m/%d/%y", "%d-%b-%Y", "%B %d, %Y", "%Y-%m-%d %H:%M:%S", "%Y%m%d"]
)
@pytest.mark.parametrize("rows", [20, 2_000])
def test_a_column_of_dates_in_any_form_is_redacted(
    redacted: Redacting, form: str, rows: int, style: str
) -> None:
    days = [date(1940 + i % 60, 1 + i % 12, 2 + i % 26).strftime(form) for i in range(rows)]
    table = "member,dob\n" + "".join(f'A{i},"{day}"\n' for i, day in enumerate(days))
    _, left = redacted(table.encode(), "no-phi", style)
    written = {row[1] for row in csv.reader(io.StringIO(left.decode()))} - {"dob"}
    assert written.isdisjoint(days)
    assert len(written) <= 4  # the shapes of months and days


@pytest.mark.parametrize(
    "text", ["1900-01-01T01:01:01Z", "01-Jan-1900", "1900-01", "190001010000", "X/1900"]
)
def test_no_date_is_nobodys(text: str) -> None:
    assert (
        check_field(Passage(text, "PID-7", Carrier.IDENTIFIER_FIELD, Category.BIRTH_DATE)) is None
    )


@pytest.mark.parametrize("text", ["1900-03-01", "01-Feb-1900", "1980-01-01", "01/01/80", "2000"])
def test_a_date_that_tells_of_a_day_is_somebodys(text: str) -> None:
    assert check_field(Passage(text, "PID-7", Carrier.IDENTIFIER_FIELD, Category.BIRTH_DATE))


def test_a_field_too_short_for_a_pseudonym_is_masked() -> None:
    passage = Passage("JO", "NM1#1-04", Carrier.IDENTIFIER_FIELD, Category.NAME)
    match = Match(Category.NAME, 0, 2, 0.99, "field")
    assert replacement("pseudonym", KEY, "x12/834", passage, match) == "XX"


@given(st.text())
def test_a_mask_shows_nothing_but_the_shape(text: str) -> None:
    left = masked(text)
    assert len(left) == len(text)
    assert set(filter(str.isalnum, left)) <= {"X"}
    assert is_redacted(left) == any(map(str.isalnum, left))


LONG = "CALLED ELENI MBEKIWE 3125550188 SSN 236458714 MRN 00482913 PAID IN FULL TODAY AT 3"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("note", [LONG[:80], "ELENI MBEKIWE 236-45-8714", "JO 236458714 SSN"])
def test_a_redacted_note_has_something_in_it_and_fits_its_element(
    redacted: Redacting, note: str, style: str
) -> None:
    _, left = redacted(claim(note), "claims", style)
    [written] = [s.split(b"*")[2] for s in left.split(b"~") if s.startswith(b"NTE")]
    assert b"8714" not in written
    assert 0 < len(written.strip()) <= 80


@pytest.mark.parametrize("style", STYLES)
def test_what_is_taken_out_of_an_isa_leaves_its_length(redacted: Redacting, style: str) -> None:
    data = claim().replace(b"*00*          *00*", b"*00*236458714 *00*", 1)
    _, left = redacted(data, "claims", style)
    assert left[:106] == data[:106].replace(b"236458714", b"XXXXXXXXX")


def test_a_segment_of_a_partners_own_keeps_its_name_and_separators(redacted: Redacting) -> None:
    data = claim("NOTHING").replace(b"NTE*ADD*NOTHING", b"ZZZ*MBEKIWE*ELENI*236-45-8714", 1)
    _, left = redacted(data, "claims")
    assert b"~ZZZ*XXXXXXX*XXXXX*XXX-XX-XXXX~" in left


@pytest.mark.parametrize("style", STYLES)
def test_elements_without_their_patient_have_their_least_length(
    redacted: Redacting, style: str
) -> None:
    data = claim().replace(b"HI*ABK:J0190~", b"").replace(b"SV1*HC:99213*", b"SV1**")
    _, left = redacted(data, "no-phi", style)
    segments = {s.split(b"*")[0]: s.split(b"*") for s in left.split(b"~")}
    [member] = [s.split(b"*") for s in left.split(b"~") if s.startswith(b"NM1*IL")]
    assert len(member[9]) >= 2
    assert [len(e) for e in segments[b"DMG"][1:3]] == [2, 8]
    [_, home] = [s.split(b"*") for s in left.split(b"~") if s.startswith(b"N4*")]
    assert (len(home[1]) >= 2, len(home[2]), len(home[3]) >= 3) == (True, 2, True)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "note", ["Eleni Mbekiwe\n4821 Maplewood Ave\nSpringfield, IL 62704", 'Eleni "Lena" Mbekiwe',
             "Eleni Mbekiwe 236-45-8714", "Eleni \\ 236-45-8714"],
)  # fmt: skip
def test_a_redacted_json_string_is_one_and_not_blank(
    detectors: Detectors, note: str, style: str
) -> None:
    resource = {"resourceType": "Observation", "status": "final", "note": [{"text": note}]}
    data, contract = json.dumps(resource).encode(), redacting(NOTHING, style)
    found = redact(
        io.BytesIO(data), "file", contract, Rules(), Budget(), key=KEY, detectors=detectors
    )
    assert found.verdict(contract).action is Action.RELEASE, found.verdict(contract).reasons
    left = json.loads(Redacted(io.BytesIO(data), found.edits).read())["note"][0]["text"]
    assert left.strip()
    assert not {"Eleni", "8714", "Maplewood"} & set(left.replace("-", " ").split())


@pytest.mark.parametrize("style", STYLES)
def test_a_quote_inside_a_quoted_cell_stays_doubled(redacted: Redacting, style: str) -> None:
    table = 'id,note\n1,ok\n2,"4821 ""Old"" Maplewood Ave, Springfield, IL 62704"\n3,ok\n'
    _, left = redacted(table.encode(), "no-phi", style)
    rows = list(csv.reader(io.StringIO(left.decode()), strict=True))
    assert [row[0] for row in rows] == ["id", "1", "2", "3"]
    assert "Maplewood" not in left.decode()


def test_findings_that_overlap_are_taken_out_together() -> None:
    one, two = (Match(Category.NAME, *span, 0.9, "x") for span in ((0, 9), (5, 20)))
    [piece] = joined([two, one])
    assert piece == (0, 20, two)


@pytest.mark.parametrize("style", STYLES)
def test_a_keyed_value_that_was_redacted_releases(redacted: Redacting, style: str) -> None:
    data = b'{"patient":{"ssn":"236-45-8714","name":"Eleni Mbekiwe"}}'
    _, left = redacted(data, "no-phi", style)
    assert b"Mbekiwe" not in left
    assert list(json.loads(left)["patient"]) == ["ssn", "name"]


_PLACES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12), st.binary(max_size=5)), max_size=12
)


@given(_PLACES)
def test_merged_edits_do_not_overlap_and_cover_every_byte(
    places: list[tuple[int, int, bytes]],
) -> None:
    edits = [Edit(*place) for place in places]
    out = merged(edits)
    assert all(a.end <= b.offset for a, b in itertools.pairwise(out))
    covered = {byte for e in edits for byte in range(e.offset, e.end)}
    assert covered <= {byte for e in out for byte in range(e.offset, e.end)}


@given(st.binary(min_size=72, max_size=90), _PLACES, st.lists(st.integers(0, 130), max_size=6),
       st.integers(1, 40))  # fmt: skip
def test_a_redacted_source_reads_as_the_edited_bytes_from_anywhere(
    data: bytes, places: list[tuple[int, int, bytes]], seeks: list[int], size: int
) -> None:
    edits = merged(Edit(*place) for place in places)
    expected, end = b"", 0
    for edit in edits:
        expected += data[end : edit.offset] + edit.new
        end = edit.end
    expected += data[end:]
    view = Redacted(io.BytesIO(data), edits)
    assert view.seek(0, 2) == len(expected)
    for place in [0, *seeks]:
        view.seek(place)
        assert b"".join(iter(lambda: view.read(size), b"")) == expected[place:]


@pytest.mark.parametrize("edits", [(Edit(5, 9, b""),), (Edit(3, 2, b""), Edit(4, 1, b""))])
def test_edits_that_do_not_fit_are_refused(edits: tuple[Edit, ...]) -> None:
    with pytest.raises(ValueError, match="overlap, or lie outside"):
        Redacted(io.BytesIO(b"0123456789"), edits)


CARRIERS = {
    carrier.name: carrier
    for carrier in FORMATS
    if carrier.name
    in (
        "X12 837P",
        "X12 278",
        "HL7 v2",
        "FHIR JSON",
        "FHIR NDJSON",
        "FHIR XML",
        "C-CDA",
        "NCPDP SCRIPT",
        "CSV",
        "plain text",
    )
}
WHO = somebody(random.Random(5))
SAID = (
    f"Spoke with {WHO.first} {WHO.last} & Aiko Volkova <spouse>, born {WHO.birth:%m/%d/%Y}, "
    f"SSN 536-22-8714, card {WHO.card}, mail {WHO.email}."
)
GONE = ("volkova", "8714", WHO.card, WHO.email.split("@")[0], f"{WHO.birth:%m/%d/%Y}")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_note_in_any_format_is_redacted_and_the_file_releases(
    detectors: Detectors, name: str, style: str
) -> None:
    data = CARRIERS[name].make(WHO, SAID)
    contract = redacting(CONTRACT, style)
    found = redact(
        io.BytesIO(data), "file", contract, Rules(), Budget(), key=KEY, detectors=detectors
    )
    assert found.verdict(contract).action is Action.RELEASE, found.verdict(contract).reasons
    left = Redacted(io.BytesIO(data), found.edits).read()
    assert not [value for value in GONE if value.lower().encode() in left.lower()]
    again = inspect(io.BytesIO(left), "file", CONTRACT, Rules(), Budget(), detectors=detectors)
    assert decide(again, CONTRACT).action is Action.RELEASE


@pytest.mark.parametrize("style", STYLES)
def test_a_resource_without_its_patient_is_still_fhir(detectors: Detectors, style: str) -> None:
    data = CARRIERS["FHIR JSON"].make(WHO, "nothing to see")
    contract = redacting(NOTHING, style)
    found = redact(
        io.BytesIO(data), "file", contract, Rules(), Budget(), key=KEY, detectors=detectors
    )
    assert found.verdict(contract).action is Action.RELEASE, found.verdict(contract).reasons
    before, after = (
        json.loads(d)["entry"][0]["resource"]
        for d in (data, Redacted(io.BytesIO(data), found.edits).read())
    )
    assert after.keys() == before.keys()
    assert after["birthDate"] == "1900-01-01"
    assert all(after["name"][0]["given"])
    assert WHO.last not in json.dumps(after)


@pytest.mark.parametrize("name", ["HL7 v2", "C-CDA"])
def test_a_document_without_its_patient_is_still_well_formed(
    detectors: Detectors, name: str
) -> None:
    data = CARRIERS[name].make(WHO, "nothing to see")
    contract = redacting(NOTHING, "mask")
    found = redact(
        io.BytesIO(data), "file", contract, Rules(), Budget(), key=KEY, detectors=detectors
    )
    assert found.verdict(contract).action is Action.RELEASE, found.verdict(contract).reasons
    left = Redacted(io.BytesIO(data), found.edits).read()
    assert WHO.last.encode() not in left
    if name == "C-CDA":
        assert [e.tag for e in ET.fromstring(left).iter()] == [
            e.tag for e in ET.fromstring(data).iter()
        ]
    else:
        assert [s.count(b"|") for s in left.split(b"\r")] == [
            s.count(b"|") for s in data.split(b"\r")
        ]


def test_a_name_of_which_half_is_bold_leaves_its_tags_behind(detectors: Detectors) -> None:
    data = (
        b"<ClinicalDocument><component><section><text><paragraph>Left word with <content>Ai"
        b"</content>ko Volkova today.</paragraph></text></section></component></ClinicalDocument>"
    )
    contract = redacting(NOTHING, "mask")
    found = redact(
        io.BytesIO(data), "file", contract, Rules(), Budget(), key=KEY, detectors=detectors
    )
    left = Redacted(io.BytesIO(data), found.edits).read()
    assert b"Volkova" not in left
    assert left.count(b"</content>") == 1
    ET.fromstring(left)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Please call X. Sokolov about the balance.", Action.HOLD),
        ("Spoke with XXXX XXXXXXX today.", Action.RELEASE),
        ("Spoke with XXXX Medicare today.", Action.RELEASE),
    ],
)
def test_an_initial_x_is_not_taken_for_what_redaction_writes(
    inspected: Inspected, text: str, action: Action
) -> None:
    assert inspected(f"{text}\n".encode(), "no-phi")[1].action is action
