"""What stands in an element that takes something else is looked at, whatever it is shaped like."""

from __future__ import annotations

import pytest

from config.contracts import Action
from tests.dlp.test_inspect_files import claim
from tests.support.inspecting import Inspected

SSN, LABELLED, BORN = "236-45-8714", "SSN 236458714", "DOB 03/14/1962"
RECORD, PHONE = "MRN 00482913", "(312) 555-0188"
ISA = (
    "ISA*00*          *00*          *ZZ*A              *ZZ*B              "
    "*250314*1253*^*00501*000000905*0*T*:~"
)


def with_segment(segment: str) -> bytes:
    """A claim that releases, with one more segment before its note."""
    return claim("NOTHING TO SAY").replace(b"NTE*", f"{segment}~NTE*".encode(), 1)


@pytest.mark.parametrize(
    "segment",
    [
        "REF*6R*{}", "REF*G1*{}", "REF*EW*{}", "NM1*82*2*CLINIC*****XX*{}", "NM1*82*2*{}",
        "NM1*82*1*{}", "N3*{}", "N4*{}*NY*10001", "N4*ALBANY*NY*{}", "PER*IC*{}", "SV1*HC:{}",
        "HI*BK:{}", "PRV*PE*PXC*{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [SSN, LABELLED, BORN, "BORN 3-14-62"])
def test_a_value_that_says_it_is_another_is_found_in_every_slot(
    inspected: Inspected, segment: str, value: str
) -> None:
    assert inspected(with_segment(segment.format(value)), "claims")[1].action is Action.HOLD


@pytest.mark.parametrize(
    "segment",
    ["REF*6R*{}", "NM1*82*2*CLINIC*****XX*{}", "NM1*82*2*{}", "N3*{}", "N4*A*NY*{}", "PER*IC*{}"],
)
def test_a_record_number_is_found_where_none_can_stand(inspected: Inspected, segment: str) -> None:
    assert inspected(with_segment(segment.format(RECORD)), "claims")[1].action is Action.HOLD


@pytest.mark.parametrize("segment", ["REF*6R*{}", "REF*G1*{}", "NM1*82*2*CLINIC*****XX*{}"])
def test_a_telephone_number_is_no_identifier(inspected: Inspected, segment: str) -> None:
    assert inspected(with_segment(segment.format(PHONE)), "claims")[1].action is Action.HOLD


@pytest.mark.parametrize("segment", ["REF*6R*ELENI MBEKIWE", "REF*G2*VANTONGEREN"])
def test_a_name_is_found_where_a_providers_number_belongs(
    inspected: Inspected, segment: str
) -> None:
    assert inspected(with_segment(segment), "claims")[1].action is Action.HOLD


def test_a_name_is_found_where_an_acknowledgement_names_an_element(inspected: Inspected) -> None:
    data = (
        f"{ISA}GS*FA*A*B*20250314*1253*1*X*005010X231A1~ST*999*1*005010X231A1~"
        "AK1*HC*1*005010X222A1~AK2*837*0001*005010X222A1~IK3*NM1*8**8~CTX*{}~IK4*4*1036*1~"
        "IK5*R~AK9*R*1*1*0~SE*8*1~GE*1*1~IEA*1*000000905~"
    )
    named = data.format("ELENI MBEKIWE").encode()
    assert inspected(named, "acknowledgements")[1].action is Action.HOLD
    plain = data.format("SITUATIONAL TRIGGER").encode()
    assert inspected(plain, "acknowledgements")[1].action is Action.RELEASE


def test_somebody_who_is_not_said_to_be_an_organisation_is_a_person(inspected: Inspected) -> None:
    report, _ = inspected(with_segment("NM1***MBEKIWE*ELENI"), "no-phi")
    assert [f for f in report.findings if "NM1#1-04" in f.where and f.category == "name"]


@pytest.mark.parametrize(
    "segment",
    [
        "REF*EA*MRN 00482913", "REF*6R*LINE-000123", "REF*LU*CLINIC NORTH", "REF*2U*MEDICARE",
        "NM1*82*2*SMITH DENTAL GROUP*****XX*1234567893", "N4*OTTAWA*ON*K1A 0B1*CA",
        "N3*DOBSON 12",
        "N3*MED CTR 200", "N3*12 STOBER LANE", "N3*9 DOBSON ROAD*APT 14",
        "PRV*PE*PXC*207Q00000X",
    ],
)  # fmt: skip
def test_what_belongs_there_releases(inspected: Inspected, segment: str) -> None:
    assert inspected(with_segment(segment), "claims")[1].action is Action.RELEASE
