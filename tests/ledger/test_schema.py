"""The published schema says of events what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # it ships none
import pytest

from gateway.ledger.export import exported
from gateway.ledger.vocabulary import RecordKind
from gateway.lifecycle import EventKind

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "event.schema.json").read_text()
)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_it_knows_every_kind_and_no_other() -> None:
    about, record = SCHEMA["oneOf"]
    assert set(about["properties"]["kind"]["enum"]) == set(EventKind)
    assert set(record["properties"]["kind"]["enum"]) == set(RecordKind)


def test_every_event_fits_it(bench: Bench) -> None:
    bench.delivered(1)
    bench.ledger.record("policy.loaded", "system", {"policy": "ab" * 32})
    lines = [json.loads(line)["event"] for line in exported(bench.database)]
    assert len(lines) == 7
    for event in lines:
        jsonschema.validate(event, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"seq": 0}, {"prev": "x"}, {"time": "today"}, {"actor": "me"}, {"more": 1},
     {"kind": "transfer.lost"}, {"kind": "policy.loaded"}, {"transfer": None}],
)  # fmt: skip
def test_what_is_no_event_does_not(bench: Bench, change: dict[str, Any]) -> None:
    bench.begin(1)
    (line,) = exported(bench.database)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(line)["event"] | change, SCHEMA)
