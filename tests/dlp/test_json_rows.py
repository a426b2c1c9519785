"""JSON whose values are named by something that stands apart, or are written in parts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.contracts import Action
from dlp.model import Category
from tests.support.inspecting import Inspected

COLUMNS: list[Any] = ["status", "ssn", "amount"]
ROWS: list[list[Any]] = [["open", "536228714", 10.5], ["paid", "536228719", 11.5]]


def _found(inspected: Inspected, value: object) -> set[Category]:
    report, _ = inspected(json.dumps(value).encode(), name="x.json")
    return {finding.category for finding in report.findings if finding.confidence > 0.5}


@pytest.mark.parametrize(
    "made",
    [
        {"columns": COLUMNS, "rows": ROWS},
        {"columns": COLUMNS, "index": [0, 1], "data": ROWS},
        {"data": ROWS, "columns": COLUMNS},
        {"report": {"rows": ROWS, "headers": COLUMNS}},
        {"columns": [{"name": name, "type": "text"} for name in COLUMNS], "rows": ROWS},
        {"schema": {"fields": [{"name": name} for name in COLUMNS]},
         "rows": [{"f": [{"v": cell} for cell in row]} for row in ROWS]},
        {"Rows": [{"Data": [{"VarCharValue": str(cell)} for cell in row]}
                  for row in [COLUMNS, *ROWS]]},
        [COLUMNS, *ROWS],
        [[[name, cell] for name, cell in zip(COLUMNS, row, strict=True)] for row in ROWS],
        {"ssn": {"0": "536228714", "1": "536228719"}},
        {"Item": {"ssn": {"S": "536228714"}}},
        [{"op": "replace", "path": "/patient/ssn", "value": "536228714"}],
        {"ssn": ["536", "22", "8714"]},
    ],
    ids=["columns", "split", "data first", "nested", "objects", "wrapped", "first row wrapped",
         "first row", "pairs", "frame", "typed", "patch", "parts"],
)  # fmt: skip
def test_a_bare_ssn_is_told_by_a_title_that_stands_apart(
    inspected: Inspected, made: object
) -> None:
    assert _found(inspected, made) == {Category.SSN}


@pytest.mark.parametrize(
    "made",
    [
        {"birthDate": {"year": 1961, "month": 3, "day": 4}},
        {"dob": {"y": "1961", "m": "03", "d": "04"}},
        {"born": [1961, 3, 4]},
        {"birthYear": 1961, "birthMonth": 3, "birthDay": 4},
        {"dob_year": 1961, "dob_month": 3, "dob_day": 4},
        {"dob": {"$date": {"$numberLong": "-278640000000"}}},
        {"dob": "/Date(-278640000000)/"},
        {"dob": 22344},
        {"PID": {"PID.7": "19610304"}},
    ],
)
def test_a_birth_date_is_told_however_it_is_written(inspected: Inspected, made: object) -> None:
    assert _found(inspected, made) == {Category.BIRTH_DATE}


@pytest.mark.parametrize(
    "made",
    [
        {"ss": "536228714"}, {"soc_sec": "536228714"}, {"SSNumber": 536228714},
        {"socSec": "536228714"}, {"med_rec_no": "00482913"}, {"mr_no": "00482913"},
        {"facilityMrn": "00482913"}, {"memId": "XQZ482913077"}, {"PAT_ID": "00482913"},
        {"mothersMaidenName": "Quintero"}, {"pt_fnm": "Marisol"}, {"f_name": "Marisol"},
        {"first": "Marisol", "last": "Quintero"}, {"hm_ph": "6145550142"},
        {"patient": {"name": {"text": "Quintero"}}}, {"DOBString": "1961-03-04"},
        {"PID": {"PID.5": {"PID.5.1": "QUINTERO"}}},
    ],
    ids=str,
)  # fmt: skip
def test_abbreviated_keys_tell_what_their_values_are(inspected: Inspected, made: object) -> None:
    assert _found(inspected, {"record": made})


@pytest.mark.parametrize(
    "made",
    [
        {"columns": ["payer", "claims", "paid"], "rows": [["Acme Health", 120, 48213.5]]},
        {"released": {"year": 2026, "month": 11, "day": 30}},
        {"first": "page:1", "last": "page:9"},
        {"required": ["ssn", "dob", "name"], "range": [1961, 3, 4]},
        {"ss": "active", "ph": 7.35},
        {"first": "First name", "last": "Last name"},
    ],
    ids=["totals", "release", "pages", "schema", "readings", "wording"],
)
def test_what_only_looks_alike_is_nobodys(inspected: Inspected, made: object) -> None:
    _, verdict = inspected(json.dumps(made).encode(), name="x.json")
    assert verdict.action is Action.RELEASE
