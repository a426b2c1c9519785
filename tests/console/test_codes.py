"""Second factors by code in the console."""

from __future__ import annotations

import pytest

from config.operations import Role
from tests.support.authenticator import Authenticator
from tests.support.code_app import App, enrolled, prove
from tests.support.console_bench import ConsoleBench


async def test_a_password_and_a_code_let_an_approver_work(bench: ConsoleBench) -> None:
    app, held = enrolled(bench, "approver"), bench.held()
    anna = await bench.signed_in("approver")
    assert (await anna.get("/v1/holds")).slug == "second-factor"
    assert await prove(anna, app.code()) == 200
    reason = {"reason": "checked with the sender"}
    assert (await anna.post(f"/v1/holds/{held}/release", reason)).status == 200


async def test_a_code_counts_once_and_for_its_owner(bench: ConsoleBench) -> None:
    app = enrolled(bench, "approver")
    enrolled(bench, "admin")
    anna, thief = await bench.signed_in("approver"), await bench.signed_in("admin")
    code = app.code()
    assert await prove(thief, code) == 401
    assert await prove(anna, code) == 200
    assert await prove(anna, code) == 401
    assert ("totp", "admin") in bench.refused


async def test_codes_are_not_guessed(bench: ConsoleBench) -> None:
    enrolled(bench, "approver")
    thief = await bench.signed_in("approver")
    found = [await prove(thief, f"{number:06}") for number in range(12)]
    assert found[0] == 401
    assert found[-1] == 429
    assert (await thief.get("/v1/holds")).status == 403


async def test_without_an_enrolment_no_code_fits(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("approver")
    bench.codes.enrol("approver", "Lazaretto", "system")
    for code in ("", "000000", "x" * 64):
        assert await prove(anna, code) in {400, 401}
    assert await prove(anna, "x" * 65) == 400


async def test_a_person_enrols_renews_and_gives_up_a_factor(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    reply = await anna.post("/v1/totp")
    assert reply.status == 201
    app = App(bench, reply.data["uri"])
    assert (await anna.get("/v1/totp")).data == {"confirmed": False, "recovery_codes": 0}
    assert (await anna.post("/v1/totp/confirm", {"code": "123"})).slug == "factor-refused"
    before = dict(anna.cookies)
    done = await anna.post("/v1/totp/confirm", {"code": app.code()})
    assert (done.status, anna.cookies == before) == (200, False)
    assert done.data["second_factor"]["fresh"] is True
    first = done.data["recovery_codes"][0]
    assert (await anna.get("/v1/totp")).data["confirmed"] is True

    there = await bench.signed_in("auditor")
    assert (await there.get("/v1/holds")).slug == "second-factor"
    assert await prove(there, first) == 200
    assert await prove(await bench.signed_in("auditor"), first) == 401, "a recovery code, once"
    renewed = (await there.post("/v1/totp/recovery")).data["recovery_codes"]
    assert not set(renewed) & set(done.data["recovery_codes"])
    assert (await there.ask("DELETE", "/v1/totp")).status == 204
    assert (await bench.signed_in("auditor")).csrf
    assert (await (await bench.signed_in("auditor")).get("/v1/holds")).status == 200


@pytest.mark.parametrize("role", [Role.APPROVER, Role.ADMIN])
async def test_a_stolen_password_enrols_no_factor(bench: ConsoleBench, role: Role) -> None:
    thief = await bench.signed_in(role)
    for method, path in (("POST", ""), ("POST", "/confirm"), ("POST", "/recovery"), ("DELETE", "")):
        reply = await thief.ask(method, f"/v1/totp{path}", {"code": "1"})
        assert (reply.status, reply.slug) == (403, "second-factor")


async def test_a_code_lets_a_person_add_a_passkey(bench: ConsoleBench) -> None:
    app, device = enrolled(bench, "approver"), Authenticator()
    anna = await bench.signed_in("approver")
    await prove(anna, app.code())
    options = (await anna.post("/v1/passkeys/options")).data["publicKey"]
    made = device.create(options, bench.party.origin)
    assert (await anna.post("/v1/passkeys", {"credential": made, "name": "key"})).status == 201
    (kept,) = [one for one in bench.reader.credentials() if str(one.kind) == "passkey"]
    assert (kept.account, kept.comment) == ("approver", "key")
    bench.directory.remove_credential("approver", kept.fingerprint, "person:admin")
    assert not bench.passkeys.of("approver")
