"""Whoever changes an account's factors stays; whoever else was signed in to it is out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.support.authenticator import Authenticator
from tests.support.code_app import App, prove
from tests.support.console_bench import ConsoleBench, Person


async def begin(anna: Person) -> App:
    return App(anna.bench, (await anna.post("/v1/totp")).data["uri"])


async def confirm(anna: Person) -> None:
    app = await begin(anna)
    assert (await anna.post("/v1/totp/confirm", {"code": app.code()})).status == 200


async def renew(anna: Person) -> None:
    assert (await anna.post("/v1/totp/recovery")).status == 200


async def give_up(anna: Person) -> None:
    assert (await anna.ask("DELETE", "/v1/totp")).status == 204


async def add_passkey(anna: Person) -> None:
    options = (await anna.post("/v1/passkeys/options")).data["publicKey"]
    made = Authenticator().create(options, anna.bench.party.origin)
    assert (await anna.post("/v1/passkeys", {"credential": made, "name": "key"})).status == 201


async def both(anna: Person) -> None:
    await confirm(anna)
    await add_passkey(anna)


async def remove_passkey(anna: Person) -> None:
    (kept,) = anna.bench.passkeys.of("auditor")
    assert (await anna.ask("DELETE", f"/v1/passkeys/{kept.fingerprint}")).status == 204


Change = Callable[[Person], Awaitable[None]]
CHANGES: dict[str, tuple[Change | None, Change]] = {
    "an app is confirmed": (None, confirm),
    "recovery codes are renewed": (confirm, renew),
    "an app is given up": (confirm, give_up),
    "a passkey is added": (None, add_passkey),
    "a passkey is removed": (both, remove_passkey),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_other_sessions_of_the_account_end_when(bench: ConsoleBench, what: str) -> None:
    first, change = CHANGES[what]
    here = await bench.signed_in("auditor")
    if first:
        await first(here)
    there, colleague = await bench.signed_in("auditor"), await bench.signed_in("analyst")
    await change(here)
    found = [(await one.get("/v1/session")).status for one in (here, there, colleague)]
    assert found == [200, 401, 200]


async def test_an_app_that_is_only_begun_ends_nothing(bench: ConsoleBench) -> None:
    here, there = await bench.signed_in("auditor"), await bench.signed_in("auditor")
    await begin(here)
    assert (await there.get("/v1/session")).status == 200


async def test_an_administrator_who_takes_a_lost_device_away_ends_all_sessions(
    bench: ConsoleBench,
) -> None:
    anna = await bench.signed_in("auditor")
    app = await begin(anna)
    await anna.post("/v1/totp/confirm", {"code": app.code()})
    finder = await bench.signed_in("auditor")
    assert await prove(finder, app.code()) == 200
    bench.codes.reset("auditor", "person:admin")
    assert [(await one.get("/v1/session")).status for one in (anna, finder)] == [401, 401]
