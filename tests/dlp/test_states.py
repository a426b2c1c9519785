"""A file's own fields say in which states its people live, in every format that has such fields."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bench.quality.carriers import FORMATS
from bench.quality.people import somebody
from config.contracts import Action, Contract
from config.states import NAMES, code_of
from tests.support.claims import claim_file
from tests.support.inspecting import Inspected

WHO = replace(somebody(random.Random(2)), state="VT", city="Barre", zip="05641")
TOLD = ("X12 837P", "X12 278", "HL7 v2", "FHIR JSON", "FHIR NDJSON", "FHIR XML", "C-CDA",
        "NCPDP D.0", "NCPDP SCRIPT")  # fmt: skip
ANY = Contract.model_validate({"contract": "any", "formats": ["*"]})
CARRIERS = {each.name: each for each in FORMATS}


@pytest.mark.parametrize("name", TOLD)
def test_the_patients_state_is_told_and_the_providers_is_not(
    inspected: Inspected, name: str
) -> None:
    carrier = CARRIERS[name]
    report, _ = inspected(carrier.make(WHO, "Called."), ANY, carrier.file)
    assert report.states == {"VT"}


def test_claims_in_bulk_tell_their_states(inspected: Inspected) -> None:
    report, _ = inspected(claim_file(300, 4, notes=0), ANY, "a.837")
    assert report.states == {"TX", "CA", "NY", "OH"}


@pytest.mark.parametrize("rows", [20, 700])
def test_a_column_of_states_is_told_but_not_a_providers(inspected: Inspected, rows: int) -> None:
    lines = ["last name,first name,dob,state,provider state"]
    lines += [
        f"Roe,Jane,1960-03-{1 + i % 28:02},{'NY' if i % 2 else 'Ohio'},CA" for i in range(rows)
    ]
    report, _ = inspected("\n".join(lines).encode(), ANY, "a.csv")
    assert report.states == {"NY", "OH"}


@pytest.mark.parametrize(
    ("written", "code"),
    [("ca", "CA"), (" New  York ", "NY"), ("NEW YORK", "NY"), ("ZZ", ""), ("", ""), ("Paris", "")],
)
def test_codes_and_names_are_known(written: str, code: str) -> None:
    assert code_of(written) == code


def test_every_name_means_its_code() -> None:
    assert {code_of(name) for name in NAMES.values()} == set(NAMES)


def test_a_contract_holds_a_class_in_one_state_alone(inspected: Inspected) -> None:
    contract = Contract.model_validate(
        {
            "contract": "a", "formats": ["*"], "unexpected": "release",
            "protected": {"default": "release", "by_state": {"VT": {"hiv": "hold"}}},
        }
    )  # fmt: skip
    claim = CARRIERS["X12 837P"].make(WHO, "Called.").replace(b"ABK:J0190", b"ABK:B20")
    assert inspected(claim, contract, "a.837")[1].action is Action.HOLD
    elsewhere = claim.replace(b"*VT*", b"*NH*")
    assert inspected(elsewhere, contract, "a.837")[1].action is Action.RELEASE
