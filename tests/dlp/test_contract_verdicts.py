"""Contracts and verdicts: the strictest wins, every refusal teaches, more is never milder."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contracts import Action, Contract, Expectation, ObstacleName
from dlp.budget import Budget
from dlp.export import from_wire, scan_json, stored, to_wire
from dlp.model import Carrier, Category, Finding, Label, Obstacle, Report, Uninspectable
from dlp.verdict import Verdict, decide
from tests.support.inspecting import Inspected

ORDER = [Action.RELEASE, Action.REDACT, Action.HOLD, Action.REFUSE]

_findings = st.builds(
    Finding,
    category=st.sampled_from(Category),
    expected=st.booleans(),
    confidence=st.floats(0, 1),
    detector=st.just("field"),
    carrier=st.sampled_from(Carrier),
    where=st.sampled_from(["row 1", "837P ST#1 NTE#1-02"]),
    member=st.sampled_from(["", "jane doe.txt!x"]),
    member_place=st.sampled_from(["", "entry 1!entry 2"]),
    offset=st.none() | st.integers(0, 2**40),
    length=st.none() | st.integers(0, 2**20),
    masked=st.just("J*** D**"),
    digest=st.just("ab" * 32),
    labels=st.lists(st.sampled_from(Label), max_size=2, unique=True).map(tuple),
)
_troubles = st.builds(
    Uninspectable,
    obstacle=st.sampled_from(Obstacle),
    detail=st.just("why"),
    where=st.sampled_from(["", "line 3"]),
    member=st.sampled_from(["", "jane doe.txt"]),
    member_place=st.sampled_from(["", "entry 1"]),
)


def _report(findings: list[Finding], troubles: list[Uninspectable], extra: int) -> Report:
    counts: dict[tuple[Category, bool], int] = {}
    labels: dict[Label, int] = {}
    for finding in findings:
        key = (finding.category, finding.expected)
        counts[key] = counts.get(key, 0) + 1
        for label in finding.labels:
            labels[label] = labels.get(label, 0) + 1
    if extra:
        counts[Category.NAME, True] = counts.get((Category.NAME, True), 0) + extra
    return Report(
        "x12/837P", 9, "00" * 32, tuple(findings), counts, labels, tuple(troubles),
        {"": "x12/837P"}, ("a note",), 0.25,
    )  # fmt: skip


_reports = st.builds(
    _report, st.lists(_findings, max_size=4), st.lists(_troubles, max_size=2), st.integers(0, 3)
)
_contracts = st.builds(
    Contract,
    contract=st.just("any"),
    formats=st.just(("*",)),
    unexpected=st.sampled_from(Action),
    protected=st.sampled_from(Action)
    | st.dictionaries(st.sampled_from([str(label) for label in Label]), st.sampled_from(Action)),
    uninspectable=st.sampled_from([Action.HOLD, Action.REFUSE]),
    confidence=st.floats(0, 1),
)


@given(report=_reports, contract=_contracts, more=_findings, trouble=_troubles)
def test_more_found_is_never_milder(
    report: Report, contract: Contract, more: Finding, trouble: Uninspectable
) -> None:
    before = ORDER.index(decide(report, contract).action)
    worse = _report([*report.findings, more], [*report.uninspectable, trouble], 0)
    assert ORDER.index(decide(worse, contract).action) >= before


@given(report=_reports, contract=_contracts)
def test_nothing_but_a_release_comes_without_a_reason(report: Report, contract: Contract) -> None:
    verdict = decide(report, contract)
    assert (verdict.action is Action.RELEASE) == (not verdict.reasons)


@given(report=_reports, contract=_contracts)
def test_reasons_name_no_member_and_show_no_value(report: Report, contract: Contract) -> None:
    said = " ".join(decide(report, contract).reasons)
    assert "jane" not in said
    assert "J***" not in said


@given(report=_reports)
def test_a_report_travels_whole(report: Report) -> None:
    assert from_wire(json.loads(json.dumps(to_wire(report)))) == report


@given(report=_reports)
def test_a_stored_report_has_no_name_no_mask_and_no_float(report: Report) -> None:
    text = json.dumps(stored(report))
    assert "jane" not in text
    assert "J***" not in text
    assert all(not isinstance(leaf, float) for leaf in _leaves(stored(report)))


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@pytest.mark.parametrize("data", [{}, {"format": "JOHN SMITH"}, {"findings": 3}])
def test_what_is_no_report_is_refused_unquoted(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^not a report$"):
        from_wire(data)


FINDING = Finding(
    Category.NAME, False, 0.9, "same-file-identity", Carrier.FREE_TEXT, "NTE#1-02",
    member="jane.837", member_place="entry 1", masked="J*** D**",
)  # fmt: skip


def _contract(**settings: object) -> Contract:
    return Contract.model_validate({"contract": "c", "formats": ["*"], **settings})


def test_what_is_in_a_container_is_held_instead_of_redacted_and_says_why() -> None:
    verdict = decide(_report([FINDING], [], 0), _contract(unexpected="redact"))
    assert verdict.action is Action.HOLD
    assert verdict.reasons == (
        "entry 1: name in free text at NTE#1-02",
        "held because it can't be redacted and stay valid",
    )


@pytest.mark.parametrize(
    ("fmt", "carrier", "offset", "action"),
    [
        ("text/plain", Carrier.FREE_TEXT, 7, Action.REDACT),
        ("x12/837P", Carrier.IDENTIFIER_FIELD, 7, Action.REDACT),
        ("x12/837P", Carrier.CODED, 7, Action.HOLD),
        ("text/plain", Carrier.NAME, None, Action.HOLD),
        ("text/plain", Carrier.FREE_TEXT, None, Action.HOLD),
        ("application/pdf", Carrier.FREE_TEXT, 7, Action.HOLD),
    ],
)
def test_only_what_stays_valid_is_redacted(
    fmt: str, carrier: Carrier, offset: int | None, action: Action
) -> None:
    found = replace(FINDING, member="", member_place="", carrier=carrier, offset=offset, length=4)
    report = replace(_report([found], [], 0), format=fmt)
    assert decide(report, _contract(unexpected="redact")).action is action


def test_findings_below_the_contract_s_confidence_decide_nothing() -> None:
    report = _report([FINDING], [], 0)
    assert decide(report, _contract(confidence=0.95)).action is Action.RELEASE
    assert decide(report, _contract(confidence=0.9)).action is Action.HOLD


def test_many_reasons_are_told_in_short() -> None:
    many = [replace(FINDING, where=f"NTE#{i}-02") for i in range(57)]
    reasons = decide(_report(many, [], 0), _contract()).reasons
    assert len(reasons) == 21
    assert reasons[-1] == "… and 37 more"


def test_protected_classes_have_their_own_actions() -> None:
    coded = replace(FINDING, expected=True, labels=(Label.HIV,))
    report = _report([coded], [], 0)
    assert decide(report, _contract(protected="release")).action is Action.RELEASE
    assert decide(report, _contract(protected={"hiv": "refuse"})).action is Action.REFUSE
    assert decide(report, _contract(protected={"genetic": "refuse"})).action is Action.RELEASE


HIV_BY_STATE = {"default": "release", "but": {"hiv": "hold"},
                "by_state": {"CA": {"hiv": "refuse"}, "TX": {"hiv": "release"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("states", "action"),
    [
        ((), Action.HOLD), (("NY",), Action.HOLD), (("CA",), Action.REFUSE),
        (("TX",), Action.RELEASE), (("TX", "NY"), Action.HOLD), (("TX", "CA"), Action.REFUSE),
    ],
)  # fmt: skip
def test_a_state_has_actions_of_its_own_and_the_strictest_holds(
    states: tuple[str, ...], action: Action
) -> None:
    coded = replace(FINDING, expected=True, labels=(Label.HIV,))
    report = replace(_report([coded], [], 0), states=frozenset(states))
    assert decide(report, _contract(protected=HIV_BY_STATE)).action is action


@pytest.mark.parametrize(
    ("protected", "said"),
    [
        ({"by_state": {"XX": {"hiv": "hold"}}}, "XX: not the postal code of a state"),
        ({"hivv": "hold"}, "hivv"),
        ({"default": "hold", "bt": {}}, "bt"),
    ],
)
def test_a_protected_policy_that_is_none_is_told_by_its_key(
    protected: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        _contract(protected=protected)


def test_unlisted_findings_decide_too() -> None:
    report = replace(_report([], [], 0), counts={(Category.SSN, False): 3})
    assert decide(report, _contract()).action is Action.HOLD


@pytest.mark.parametrize(
    ("expectation", "released"),
    [
        ({"categories": ["ssn"], "in": "free-text"}, True),
        ({"categories": ["ssn"], "in": "anywhere"}, True),
        ({"categories": ["ssn"], "in": "free-text", "at": ["line 1"]}, True),
        ({"categories": ["ssn"], "in": "free-text", "at": ["line 2*"]}, False),
        ({"categories": ["ssn"], "in": "free-text", "formats": ["text/*"]}, True),
        ({"categories": ["ssn"], "in": "free-text", "formats": ["x12/*"]}, False),
        ({"categories": ["ssn"]}, False),
        ({"categories": ["name"], "in": "anywhere"}, False),
    ],
)
def test_expectations_hold_for_category_carrier_place_and_format(
    inspected: Inspected, expectation: dict[str, object], released: bool
) -> None:
    contract = _contract(expect=[Expectation.model_validate(expectation)])
    _, verdict = inspected(b"SSN 219-09-8765\n", contract)
    assert (verdict.action is Action.RELEASE) is released


SHIPPED = {
    "claims", "remittance", "eligibility", "claim-status", "prior-auth", "enrollment", "premium",
    "acknowledgements", "pharmacy", "clinical-hl7", "clinical-fhir", "clinical-ccda", "roster",
    "totals", "no-phi",
}  # fmt: skip


def test_every_contract_ships_and_holds_what_it_doesn_t_expect(
    contracts: dict[str, Contract],
) -> None:
    assert set(contracts) == SHIPPED
    for contract in contracts.values():
        assert contract.unexpected is Action.HOLD
        assert contract.uninspectable is Action.HOLD
        assert contract.description


def test_no_shipped_contract_expects_anything_in_names(contracts: dict[str, Contract]) -> None:
    for contract in contracts.values():
        places = {"identifier-fields", "coded-fields", "free-text"}
        assert all(e.in_ in places for e in contract.expect)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_no_shipped_contract_lets_an_ssn_in_free_text_pass(
    contracts: dict[str, Contract], name: str
) -> None:
    free = [e for e in contracts[name].expect if e.in_ == "free-text"]
    assert not any({"ssn", "payment_card", "bank_account"} & set(e.categories) for e in free)


def test_the_scan_object_is_the_documented_one() -> None:
    report = _report([FINDING], [], 0)
    assert scan_json("a.837", report, Verdict(Action.HOLD, ("why",))) == {
        "file": "a.837",
        "bytes": 9,
        "sha256": "00" * 32,
        "format": "x12/837P",
        "verdict": "hold",
        "reasons": ["why"],
        "findings": [
            {
                "category": "name",
                "labels": [],
                "expected": False,
                "confidence": 0.9,
                "detector": "same-file-identity",
                "member": "jane.837",
                "where": "NTE#1-02",
                "offset": None,
                "length": None,
                "masked": "J*** D**",
            }
        ],
        "seconds": 0.25,
    }


def test_doubtful_findings_never_crowd_out_one_that_decides(inspected: Inspected) -> None:
    doubtful = "".join(f"on 2024-01-{i % 28 + 1:02d} we wrote\n\n" for i in range(40))
    budget = Budget(findings=5)
    data = (doubtful + "SSN 219-09-8765\n").encode()
    report, verdict = inspected(data, "no-phi", budget=budget)
    assert len(report.findings) == 5
    assert "Social Security number in free text at line 81" in verdict.reasons
    report, verdict = inspected(doubtful.encode(), "no-phi", budget=budget)
    assert sum(report.counts.values()) == 40
    assert verdict.action is Action.RELEASE


@pytest.mark.parametrize(
    ("obstacle", "action"),
    [
        (Obstacle.NOT_READ, Action.RELEASE),
        (Obstacle.ENCRYPTED, Action.REFUSE),
        (Obstacle.MALFORMED, Action.HOLD),
    ],
)
def test_some_obstacles_may_have_an_action_of_their_own(obstacle: Obstacle, action: Action) -> None:
    own = {"default": "hold", "but": {"not-read": "release", "encrypted": "refuse"}}
    verdict = decide(_report([], [Uninspectable(obstacle, "why")], 0), _contract(uninspectable=own))
    assert verdict.action is action


@pytest.mark.parametrize("own", [{"encrypted": "release"}, {"bomb": "redact"}, {"nothing": "hold"}])
def test_what_nobody_has_read_is_never_released(own: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="uninspectable"):
        _contract(uninspectable={"but": own})


def test_every_obstacle_has_a_name_that_a_contract_can_use() -> None:
    assert set(get_args(ObstacleName)) == {str(obstacle) for obstacle in Obstacle}
