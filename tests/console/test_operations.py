"""The operations of the command line, in the console."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.decisions import Decisions
from gateway.ledger.note import Signer
from gateway.ledger.sequencer import Sequencer
from tests.support.console_bench import ConsoleBench

REASON = {"reason": "checked with the sender; the note is theirs"}


async def test_a_held_file_is_released_by_an_approver_and_the_log_names_them(
    bench: ConsoleBench,
) -> None:
    held = bench.held()
    anna = await bench.proven("approver")
    (listed,) = (await anna.get("/v1/holds")).data["holds"]
    assert (listed["transfer"], listed["reasons"]) == (held, ["name in free text at NTE#1"])
    assert (await anna.get(f"/v1/holds/{held}")).data["report"] is None
    reply = await anna.post(f"/v1/holds/{held}/release", REASON)
    assert (reply.status, reply.data["state"]) == (200, "cleared")
    assert (await anna.get("/v1/holds")).data["holds"] == []
    told = [(one["kind"], one["actor"]) for one in bench.log()][-2:]
    assert told == [("hold.viewed", "person:approver"), ("hold.released", "person:approver")]


async def test_a_held_file_is_refused_by_an_analyst(bench: ConsoleBench) -> None:
    held = bench.held()
    ben = await bench.signed_in("analyst")
    assert (await ben.post(f"/v1/holds/{held}/release", REASON)).slug == "forbidden"
    reply = await ben.post(f"/v1/holds/{held}/refuse", REASON)
    assert (reply.status, reply.data["state"]) == (200, "refused")


async def test_a_release_needs_a_second_factor_of_just_now(bench: ConsoleBench) -> None:
    held = bench.held()
    device, anna = bench.device("approver"), bench.person()
    await anna.passkey(device)
    bench.clock.ahead = timedelta(minutes=14)
    await anna.get("/v1/session")
    bench.clock.ahead = timedelta(minutes=16)
    assert (await anna.get("/v1/holds")).status == 200
    assert (await anna.post(f"/v1/holds/{held}/release", REASON)).slug == "second-factor-again"
    assert (await anna.passkey(device, "/v1/session/factor/passkey")).status == 200
    assert (await anna.post(f"/v1/holds/{held}/release", REASON)).status == 200


@pytest.mark.parametrize("word", ["release", "refuse"])
async def test_what_is_decided_is_decided(bench: ConsoleBench, word: str) -> None:
    held = bench.held()
    anna = await bench.proven("approver")
    assert (await anna.post(f"/v1/holds/{held}/{word}", REASON)).status == 200
    assert (await anna.post(f"/v1/holds/{held}/{word}", REASON)).slug == "not-decided"


@pytest.mark.parametrize("reason", [None, "", 7, "x" * 401])
async def test_a_decision_needs_a_reason(bench: ConsoleBench, reason: object) -> None:
    held = bench.held()
    anna = await bench.proven("approver")
    assert (await anna.post(f"/v1/holds/{held}/release", {"reason": reason})).status == 400
    assert len((await anna.get("/v1/holds")).data["holds"]) == 1


async def test_a_reason_that_seems_to_hold_phi_is_refused(bench: ConsoleBench) -> None:
    held = bench.held()
    decisions: Decisions = bench.books.decisions
    decisions._check_text = lambda _text: "name"
    anna = await bench.proven("approver")
    reply = await anna.post(f"/v1/holds/{held}/release", {"reason": "for Anna Doe"})
    assert (reply.status, reply.slug) == (409, "not-decided")
    assert "Doe" not in reply.data["detail"]


async def test_who_decides_is_the_session_and_not_the_request(bench: ConsoleBench) -> None:
    held = bench.held()
    anna = await bench.proven("approver")
    await anna.post(f"/v1/holds/{held}/release", {**REASON, "who": "admin", "as": "admin"})
    assert bench.log()[-1]["actor"] == "person:approver"


async def test_transfers_are_listed_by_state_and_shown(bench: ConsoleBench) -> None:
    held = bench.held()
    anna = await bench.signed_in("auditor")
    listed = (await anna.get("/v1/transfers?state=held&limit=1")).data["transfers"]
    assert [one["transfer"] for one in listed] == [held]
    assert (await anna.get("/v1/transfers?state=collected")).data["transfers"] == []
    shown = (await anna.get(f"/v1/transfers/{held}")).data
    assert shown["state"] == "held"
    assert not {"data_key", "name", "blob", "name_digest"} & shown.keys()
    told = (await anna.get(f"/v1/transfers/{held}/events")).data["events"]
    assert [one["kind"] for one in told][:2] == ["transfer.begun", "transfer.staged"]


async def test_findings_are_looked_at_on_the_log_by_either_address(bench: ConsoleBench) -> None:
    held = bench.held()
    auditor, operator = await bench.signed_in("auditor"), await bench.signed_in("operator")
    assert "report" in (await auditor.get(f"/v1/transfers/{held}")).data
    await operator.get(f"/v1/transfers/{held}")
    viewed = [one["actor"] for one in bench.log() if one["kind"] == "hold.viewed"]
    assert viewed == ["person:auditor"]


async def test_who_runs_the_gateway_sees_no_findings(bench: ConsoleBench) -> None:
    held = bench.held()
    carl = await bench.signed_in("operator")
    assert (await carl.get(f"/v1/holds/{held}")).status == 403
    assert "report" not in (await carl.get(f"/v1/transfers/{held}")).data


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", "limit=x", "limit=%D9%A1", "state=odd",
        "limit=000000001999999999", "limit=" + "0" * 8 + "1" * 5000,
    ],
)  # fmt: skip
async def test_a_question_out_of_bounds_is_refused(bench: ConsoleBench, query: str) -> None:
    anna = await bench.signed_in("auditor")
    assert (await anna.get(f"/v1/transfers?{query}")).status == 400


@pytest.mark.parametrize("name", ["t_none", "..%2F..", "%00", "a" * 500])
async def test_an_unknown_transfer_is_not_found(bench: ConsoleBench, name: str) -> None:
    anna = await bench.proven("approver")
    for path in (f"/v1/holds/{name}", f"/v1/transfers/{name}", f"/v1/transfers/{name}/events"):
        assert (await anna.get(path)).status == 404
    assert (await anna.post(f"/v1/holds/{name}/release", REASON)).status == 404


async def test_a_legal_hold_is_set_and_lifted(bench: ConsoleBench) -> None:
    held = bench.held()
    anna = await bench.proven("approver")
    reply = await anna.post(f"/v1/transfers/{held}/legal-hold", REASON)
    assert (reply.status, reply.data["legal_hold"]) == (200, True)
    assert (await anna.post(f"/v1/transfers/{held}/legal-hold", REASON)).status == 409
    reply = await anna.post(f"/v1/transfers/{held}/legal-release", REASON)
    assert reply.data["legal_hold"] is False


async def test_the_logs_head_is_shown_to_be_kept_elsewhere(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    assert (await anna.get("/v1/audit/head")).status == 404
    signer = Signer("log.example/console", Ed25519PrivateKey.generate())
    Sequencer(bench.database, signer, "test").step()
    note = (await anna.get("/v1/audit/head")).data["checkpoint"]
    assert note.startswith("log.example/console\n")


async def test_a_database_that_is_gone_is_said_to_be(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    with bench.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions RENAME TO gone")
    reply = await anna.get("/v1/holds")
    assert (reply.status, reply.slug) == (503, "unavailable")
