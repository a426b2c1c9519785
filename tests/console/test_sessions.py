"""Sessions: what a cookie is worth, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.console.guard import SESSION_COOKIE
from gateway.console.sessions import MOST_PER_ACCOUNT, csrf_of
from gateway.store.tables import sessions
from tests.support.console_bench import ConsoleBench, password_proof


async def test_a_session_is_shown_to_whoever_has_its_cookie(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    shown = (await anna.get("/v1/session")).data
    assert (shown["account"], shown["roles"], shown["method"]) == (
        "auditor",
        ["auditor"],
        "password",
    )
    assert (await bench.person().get("/v1/session")).status == 401


async def test_the_cookie_is_for_this_host_tls_and_no_script(bench: ConsoleBench) -> None:
    reply = await bench.person().sign_in("auditor")
    (morsel,) = reply.cookies.values()
    assert morsel.key.startswith("__Host-")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")
    assert (morsel["path"], morsel["domain"]) == ("/", "")
    assert len(morsel.value) >= 43, "256 bits"


async def test_the_database_holds_no_cookie(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    with bench.database.read() as connection:
        (row,) = connection.execute(select(sessions)).all()
    assert anna.cookies[SESSION_COOKIE] not in str(row)
    assert csrf_of(anna.cookies[SESSION_COOKIE]) == anna.csrf not in str(row)


async def test_signing_in_again_makes_the_former_cookie_worthless(bench: ConsoleBench) -> None:
    """Session fixation: whoever planted a cookie has nothing once its bearer signs in."""
    anna = await bench.signed_in("auditor")
    planted = dict(anna.cookies)
    await anna.sign_in("auditor")
    assert anna.cookies != planted
    thief = bench.person()
    thief.cookies = planted
    assert (await thief.get("/v1/session")).status == 401


async def test_a_proven_second_factor_changes_the_cookie(bench: ConsoleBench) -> None:
    device = bench.device("auditor")
    anna = await bench.signed_in("auditor")
    before = dict(anna.cookies)
    assert (await anna.passkey(device, "/v1/session/factor/passkey")).status == 200
    assert anna.cookies != before
    thief = bench.person()
    thief.cookies = before
    assert (await thief.get("/v1/session")).status == 401


@pytest.mark.parametrize("value", ["", "x", "a" * 5000, "\N{SNOWMAN}", "..%2f"])
async def test_a_made_up_cookie_is_nobody(bench: ConsoleBench, value: str) -> None:
    thief = bench.person()
    thief.cookies = {SESSION_COOKIE: value}
    assert (await thief.get("/v1/session")).status in {400, 401}


async def test_an_idle_session_ends(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    bench.clock.ahead = timedelta(minutes=14)
    assert (await anna.get("/v1/session")).status == 200
    bench.clock.ahead += timedelta(minutes=14)
    assert (await anna.get("/v1/session")).status == 200, "it was used meanwhile"
    bench.clock.ahead += timedelta(minutes=16)
    assert (await anna.get("/v1/session")).status == 401


async def test_a_busy_session_ends_too(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    for _ in range(71):
        bench.clock.ahead += timedelta(minutes=10)
        assert (await anna.get("/v1/session")).status == 200
    bench.clock.ahead += timedelta(minutes=10)
    assert (await anna.get("/v1/session")).status == 401, "twelve hours"


@pytest.mark.parametrize("how", ["disabled", "credential removed", "password changed", "ended"])
async def test_what_is_revoked_ends_at_the_next_request(bench: ConsoleBench, how: str) -> None:
    anna = await bench.signed_in("auditor")
    if how == "disabled":
        bench.directory.enable_account("auditor", "system", enabled=False)
    elif how == "credential removed":
        bench.directory.remove_credential("auditor", "password", "system")
    elif how == "password changed":
        bench.directory.add_credential("auditor", password_proof(), "system")
    else:
        bench.sessions.end("auditor")
    assert (await anna.get("/v1/session")).status == 401


async def test_a_cookie_is_worth_nothing_outside_the_accounts_networks(
    bench: ConsoleBench,
) -> None:
    bench.directory.limit_account("auditor", ["127.0.0.0/8"], "person:admin")
    anna = await bench.signed_in("auditor")
    assert (await anna.get("/v1/session")).status == 200
    bench.directory.limit_account("auditor", ["192.0.2.0/24"], "person:admin")
    thief = await anna.get("/v1/session")
    assert (thief.status, thief.slug) == (401, "sign-in"), "and no word of why"
    bench.directory.limit_account("auditor", [], "person:admin")
    assert (await anna.get("/v1/session")).status == 200, "it wasn't ended for its owner"
    assert ("session", "auditor") in bench.refused


async def test_a_cookie_carried_elsewhere_keeps_no_session_from_ending(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    bench.directory.limit_account("auditor", ["192.0.2.0/24"], "person:admin")
    bench.clock.ahead = timedelta(minutes=14)
    await anna.get("/v1/session")
    bench.directory.limit_account("auditor", [], "person:admin")
    bench.clock.ahead += timedelta(minutes=2)
    assert (await anna.get("/v1/session")).status == 401


async def test_a_passkey_taken_away_ends_what_it_opened(bench: ConsoleBench) -> None:
    anna = await bench.proven("approver")
    (kept,) = bench.passkeys.of("approver")
    bench.passkeys.remove("approver", kept.fingerprint, "admin")
    assert (await anna.get("/v1/session")).status == 401


async def test_signing_out_ends_the_session_and_drops_the_cookie(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    before = dict(anna.cookies)
    assert (await anna.ask("DELETE", "/v1/session")).status == 204
    assert anna.cookies == {}
    anna.cookies = before
    assert (await anna.get("/v1/session")).status == 401


async def test_a_person_sees_and_ends_their_own_sessions_only(bench: ConsoleBench) -> None:
    here, there = await bench.signed_in("auditor"), await bench.signed_in("auditor")
    other = await bench.signed_in("analyst")
    listed = (await here.get("/v1/sessions")).data["sessions"]
    assert sorted(one["present"] for one in listed) == [False, True]
    (far,) = [one["session"] for one in listed if not one["present"]]
    assert (await other.ask("DELETE", f"/v1/sessions/{far}")).status == 404
    assert (await here.ask("DELETE", "/v1/sessions/%25")).status == 404
    # SQLite's LIKE would find it in capitals, and PostgreSQL fall over a NUL.
    for odd in (f"{far}%00", far[:8].upper() if far[:8] != far[:8].upper() else "A" * 8, far[:7]):
        assert (await here.ask("DELETE", f"/v1/sessions/{odd}")).status == 404
    assert (await here.ask("DELETE", f"/v1/sessions/{far}")).status == 204
    assert (await there.get("/v1/session")).status == 401
    assert (await here.get("/v1/session")).status == 200


async def test_an_account_has_so_many_sessions_and_no_more(bench: ConsoleBench) -> None:
    first = await bench.signed_in("auditor")
    for _ in range(MOST_PER_ACCOUNT):
        await bench.signed_in("auditor")
    assert (await first.get("/v1/session")).status == 401
    assert len(bench.sessions.of("auditor")) == MOST_PER_ACCOUNT


async def test_ended_sessions_are_swept_away(bench: ConsoleBench) -> None:
    await bench.signed_in("auditor")
    bench.clock.ahead = timedelta(hours=13)
    await bench.person().sign_in("analyst")
    with bench.database.read() as connection:
        assert connection.execute(select(sessions.c.account)).scalars().all() == ["analyst"]
