"""Signing in: by password, passkey and identity provider; and what a second factor opens."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from config.operations import Role
from gateway.console.guard import FLOW_COOKIE
from gateway.console.passkey_store import MOST_PER_ACCOUNT
from gateway.directory_types import DirectoryError
from tests.support.authenticator import PRESENT, Authenticator
from tests.support.console_bench import (
    PASSWORD,
    ConsoleBench,
    Person,
    Reply,
    password_proof,
    with_provider,
)
from tests.support.provider_process import ProviderProcess

CALLBACK = "/v1/session/oidc/callback"


# -- by password


@pytest.mark.parametrize(
    ("account", "password"),
    [("auditor", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("auditor\x00", PASSWORD)],
)
async def test_a_wrong_password_and_an_unknown_account_are_told_apart_by_nothing(
    bench: ConsoleBench, account: str, password: str
) -> None:
    reply = await bench.person().sign_in(account, password)
    assert reply.status in {400, 401}
    if reply.status == 401:
        assert reply.data["detail"] == "that didn't prove who you are"
    assert not reply.cookies


async def test_a_disabled_account_stays_out(bench: ConsoleBench) -> None:
    bench.directory.enable_account("auditor", "system", enabled=False)
    assert (await bench.person().sign_in("auditor")).status == 401


@pytest.mark.parametrize("account", ["sender", "receiver"])
async def test_a_partners_account_has_no_business_here(bench: ConsoleBench, account: str) -> None:
    reply = await bench.person().sign_in(account)
    assert (reply.status, reply.slug) == (403, "forbidden")
    assert not reply.cookies


async def test_guessing_is_slowed_down_whatever_is_guessed(bench: ConsoleBench) -> None:
    thief = bench.person()
    for _ in range(80):
        reply = await thief.post("/v1/session/passkey", {"id": "none"})
        if reply.status == 429:
            break
    assert reply.slug == "too-many-attempts"
    assert int(reply.headers["Retry-After"]) >= 1
    assert (await thief.sign_in("auditor")).status == 429
    bench.clock.ahead = timedelta(hours=2)
    assert (await thief.sign_in("auditor")).status == 200


async def test_a_password_that_finds_no_room_is_to_come_again_later(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.identity.MAX_WAITING", 0)
    reply = await bench.person().sign_in("auditor")
    assert (reply.status, reply.slug) == (503, "busy")
    assert int(reply.headers["Retry-After"]) >= 1
    assert not bench.refused


async def test_an_account_comes_in_from_its_networks_alone(bench: ConsoleBench) -> None:
    device = bench.device("approver")
    bench.directory.limit_account("approver", ["192.0.2.0/24"], "system")
    assert (await bench.person().sign_in("approver")).status == 401
    assert (await bench.person().passkey(device)).status == 401


async def test_an_auditor_without_a_second_factor_reads(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    assert (await anna.get("/v1/holds")).status == 200


@pytest.mark.parametrize("role", ["approver", "admin"])
async def test_who_can_release_or_administer_does_nothing_by_password_alone(
    bench: ConsoleBench, role: str
) -> None:
    anna = await bench.signed_in(role)
    assert (await anna.get("/v1/session")).data["second_factor"]["waiting"] is True
    for path in ("/v1/holds", "/v1/transfers", "/v1/audit/head"):
        reply = await anna.get(path)
        assert (reply.status, reply.slug) == (403, "second-factor")


async def test_a_password_alone_brings_no_second_factor_along(bench: ConsoleBench) -> None:
    """Whoever stole an approver's password must not be able to register a passkey of their own."""
    thief = await bench.signed_in("approver")
    reply = await thief.post("/v1/passkeys/options")
    assert (reply.status, reply.slug) == (403, "second-factor")
    reply = await thief.post("/v1/passkeys", {"credential": {}, "name": "mine"})
    assert (reply.status, reply.slug) == (403, "second-factor")


# -- by passkey


async def enrol(person: Person, device: Authenticator, name: str = "phone") -> Reply:
    options = (await person.post("/v1/passkeys/options")).data["publicKey"]
    made = device.create(options, person.bench.party.origin)
    return await person.post("/v1/passkeys", {"credential": made, "name": name})


async def test_a_passkey_is_registered_used_listed_and_removed(bench: ConsoleBench) -> None:
    anna, device = await bench.signed_in("auditor"), Authenticator()
    reply = await enrol(anna, device)
    assert reply.status == 201
    (listed,) = (await anna.get("/v1/passkeys")).data["passkeys"]
    assert (listed["fingerprint"], listed["name"], listed["used"]) == (
        reply.data["fingerprint"],
        "phone",
        None,
    )
    there = bench.person()
    assert (await there.passkey(device)).status == 200
    assert (await there.get("/v1/session")).data["second_factor"]["fresh"] is True
    (listed,) = (await there.get("/v1/passkeys")).data["passkeys"]
    assert listed["used"]
    gone = await there.ask("DELETE", f"/v1/passkeys/{listed['fingerprint']}")
    assert gone.status == 204
    assert (await bench.person().passkey(device)).status == 401
    kinds = [
        (one["kind"], one["actor"]) for one in bench.log() if one["facts"].get("kind") == "passkey"
    ]
    assert kinds == [
        ("credential.added", "person:auditor"),
        ("credential.removed", "person:auditor"),
    ]


async def test_once_there_is_a_passkey_the_password_alone_is_not_enough(
    bench: ConsoleBench,
) -> None:
    device = bench.device("auditor")
    anna = await bench.signed_in("auditor")
    assert (await anna.get("/v1/holds")).slug == "second-factor"
    assert (await anna.post("/v1/passkeys/options")).slug == "second-factor"
    (kept,) = bench.passkeys.of("auditor")
    assert (await anna.ask("DELETE", f"/v1/passkeys/{kept.fingerprint}")).slug == "second-factor"
    assert (await anna.passkey(device, "/v1/session/factor/passkey")).status == 200
    assert (await anna.get("/v1/holds")).status == 200


async def test_another_persons_passkey_is_no_second_factor(bench: ConsoleBench) -> None:
    bench.device("approver")
    thief = await bench.signed_in("approver")
    reply = await thief.passkey(bench.device("analyst"), "/v1/session/factor/passkey")
    assert reply.status == 401
    assert (await thief.get("/v1/holds")).status == 403


async def test_a_passkey_without_verification_of_its_user_is_none(bench: ConsoleBench) -> None:
    device, anna = bench.device("approver"), bench.person()
    options = (await anna.post("/v1/session/passkey/options")).data["publicKey"]
    answer = device.get(options, bench.party.origin, flags=PRESENT)
    assert (await anna.post("/v1/session/passkey", answer)).status == 401


async def test_an_answer_is_taken_once(bench: ConsoleBench) -> None:
    device, anna = bench.device("approver"), bench.person()
    options = (await anna.post("/v1/session/passkey/options")).data["publicKey"]
    flow = anna.cookies[FLOW_COOKIE]
    answer = device.get(options, bench.party.origin)
    assert (await anna.post("/v1/session/passkey", answer)).status == 200
    thief = bench.person()
    thief.cookies = {FLOW_COOKIE: flow}
    assert (await thief.post("/v1/session/passkey", answer)).status == 401


async def test_a_cloned_passkey_is_found_and_counted(bench: ConsoleBench) -> None:
    device = bench.device("approver")
    twin = device.clone()
    assert (await bench.person().passkey(device)).status == 200
    assert (await bench.person().passkey(twin)).status == 401
    assert bench.refused[-1] == ("passkey", "approver")


async def test_two_uses_at_one_count_are_one_use(bench: ConsoleBench) -> None:
    bench.device("approver")
    (kept,) = bench.passkeys.of("approver")
    assert bench.passkeys.used(kept.passkey, 1)
    assert not bench.passkeys.used(kept.passkey, 1)


async def test_a_disabled_accounts_passkey_opens_nothing(bench: ConsoleBench) -> None:
    device = bench.device("approver")
    bench.directory.enable_account("approver", "system", enabled=False)
    assert (await bench.person().passkey(device)).status == 401


async def test_options_for_signing_in_tell_of_nobody(bench: ConsoleBench) -> None:
    bench.device("approver")
    options = (await bench.person().post("/v1/session/passkey/options")).data["publicKey"]
    assert options["allowCredentials"] == []


async def test_a_passkey_is_registered_once_and_so_many_times(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    device = Authenticator()
    assert (await enrol(anna, device)).status == 201
    anna = await bench.proven("auditor")
    assert (await enrol(anna, device)).slug == "passkey-refused"
    assert (await enrol(anna, Authenticator(), "a\x07b")).slug == "passkey-refused"
    for _ in range(MOST_PER_ACCOUNT - 2):
        bench.device("auditor")
    with pytest.raises(DirectoryError):
        bench.device("auditor")


async def test_without_options_there_is_nothing_to_answer(bench: ConsoleBench) -> None:
    anna = await bench.proven("approver")
    assert (await anna.post("/v1/passkeys", {"credential": {}})).slug == "no-challenge"
    assert (await anna.post("/v1/session/factor/passkey")).slug == "no-challenge"
    assert (await bench.person().post("/v1/session/passkey")).status == 401


async def test_a_new_passkey_needs_a_sign_in_of_just_now(bench: ConsoleBench) -> None:
    anna = await bench.signed_in("auditor")
    bench.clock.ahead = timedelta(minutes=10)
    await anna.get("/v1/session")
    bench.clock.ahead = timedelta(minutes=20)
    assert (await anna.post("/v1/passkeys/options")).slug == "sign-in-again"


# -- by the identity provider


@pytest.fixture
async def there(
    tmp_path: Path, books: Path, provider: ProviderProcess
) -> AsyncIterator[ConsoleBench]:
    """A console with an identity provider."""
    shutil.copy(books, tmp_path)
    factors, groups = {"amr": ["mfa"]}, {"claim": "groups", "roles": {"approver": "lz-approvers"}}
    settings = with_provider(provider.issuer, second_factor=factors, groups=groups)
    console = ConsoleBench(tmp_path, settings)
    await console.start()
    yield console
    await console.close()


async def through(person: Person, provider: ProviderProcess, query: str = "") -> Reply:
    """To the provider and back."""
    sent = await person.get("/v1/session/oidc" + query)
    assert sent.status == 303, sent.data
    answer = provider.sign_in(sent.headers["Location"])
    return await person.get(f"{CALLBACK}?{urlencode(answer)}")


async def test_a_person_comes_by_the_provider(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("auditor", "subject-of-anna")
    anna = there.person()
    reply = await through(anna, provider)
    assert (reply.status, reply.data["account"]) == (200, "auditor")
    assert reply.data["second_factor"]["proven"] is None
    assert FLOW_COOKIE not in anna.cookies
    assert (await anna.get("/v1/holds")).status == 200


async def test_a_browser_is_led_on_to_the_page(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("auditor", "subject-of-anna")
    anna = there.person()
    sent = await anna.get("/v1/session/oidc")
    answer = urlencode(provider.sign_in(sent.headers["Location"]))
    reply = await anna.ask("GET", f"{CALLBACK}?{answer}", Accept="text/html,*/*;q=0.8")
    assert (reply.status, reply.headers["Location"]) == (303, "/")
    assert FLOW_COOKIE not in anna.cookies
    assert (await anna.get("/v1/session")).data["account"] == "auditor"


async def test_mail_and_name_bind_nobody(there: ConsoleBench, provider: ProviderProcess) -> None:
    """Providers let people change those; ``sub`` they don't."""
    there.bind("auditor", "subject-of-anna")
    claims = {"email": "auditor", "preferred_username": "auditor", "email_verified": True}
    provider.behave("well", user="somebody-else", claims=claims)
    reply = await through(there.person(), provider)
    assert (reply.status, reply.slug) == (403, "no-account")
    assert "--oidc-subject somebody-else" in reply.data["detail"]


async def test_a_subject_is_bound_to_one_account(there: ConsoleBench) -> None:
    there.bind("auditor", "subject-of-anna")
    with pytest.raises(DirectoryError):
        there.bind("admin", "subject-of-anna")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 403),
        ({"amr": ["pwd"]}, 403),
        ({"amr": ["mfa"], "auth_time": None}, 403),
        ({"amr": ["mfa"], "groups": ["lz-approvers"]}, 200),
    ],
)
async def test_the_provider_gives_a_second_factor_only_as_settings_say(
    there: ConsoleBench, provider: ProviderProcess, claims: dict[str, object], status: int
) -> None:
    there.bind("approver", "subject-of-anna")
    provider.behave("well", claims={"groups": ["lz-approvers"], **claims})
    anna = there.person()
    assert (await through(anna, provider)).status == 200
    assert (await anna.get("/v1/holds")).status == status


async def test_a_second_factor_of_this_morning_does_not_release(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("approver", "subject-of-anna")
    early = {"groups": ["lz-approvers"], "amr": ["mfa"], "auth_time": int(time.time()) - 7200}
    provider.behave("well", claims=early)
    anna, held = there.person(), there.held()
    await through(anna, provider)
    assert (await anna.get("/v1/holds")).status == 200
    release = (f"/v1/holds/{held}/release", {"reason": "seen with the sender"})
    assert (await anna.post(*release)).slug == "second-factor-again"
    provider.behave("well", claims={"groups": ["lz-approvers"], "amr": ["mfa"]})
    assert (await through(anna, provider, "?afresh=1")).status == 200
    assert (await anna.post(*release)).status == 200


async def test_who_left_the_group_has_lost_the_role(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.directory.add_account("boss", "", {Role.APPROVER, Role.ANALYST}, "system")
    there.bind("boss", "subject-of-anna")
    provider.behave("well", claims={"groups": ["others"], "amr": ["mfa"]})
    anna = there.person()
    assert (await through(anna, provider)).data["roles"] == ["analyst"]
    there.bind("approver", "subject-of-ben")
    provider.behave("well", user="subject-of-ben", claims={"groups": "lz-approvers"})
    assert (await through(there.person(), provider)).status == 403


@pytest.mark.parametrize("role", [Role.APPROVER, Role.ADMIN])
async def test_who_left_the_group_gets_the_role_back_by_no_other_way_in(
    there: ConsoleBench, provider: ProviderProcess, role: Role
) -> None:
    there.directory.add_account("boss", "", {role, Role.ANALYST}, "system", [password_proof()])
    anna, device = there.person(), there.device("boss")
    tied = role is Role.APPROVER
    expected = ["analyst"] if tied else ["admin", "analyst"]
    assert (await anna.passkey(device)).data["roles"] == expected
    assert (await there.person().sign_in("boss")).data["roles"] == expected
    there.bind("boss", "subject-of-anna")
    provider.behave("well", claims={"groups": ["lz-approvers"], "amr": ["mfa"]})
    whole = ["analyst", "approver"] if tied else expected
    assert (await through(anna, provider)).data["roles"] == whole


async def test_a_session_without_a_powerful_role_brings_no_factor_for_it(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.directory.add_account("boss", "", {Role.APPROVER, Role.ANALYST}, "system")
    there.bind("boss", "subject-of-anna")
    provider.behave("well", claims={"groups": ["others"]})
    anna = there.person()
    assert (await through(anna, provider)).data["roles"] == ["analyst"]
    for path in ("/v1/passkeys/options", "/v1/totp"):
        assert (await anna.post(path)).slug == "second-factor"


async def test_a_group_gives_no_role_that_the_directory_does_not(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("analyst", "subject-of-anna")
    provider.behave("well", claims={"groups": ["lz-approvers"], "amr": ["mfa"]})
    assert (await through(there.person(), provider)).data["roles"] == ["analyst"]


async def test_an_answer_needs_the_browser_that_asked(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    """Login CSRF: a link with an attacker's answer in it signs nobody in as the attacker."""
    there.bind("auditor", "subject-of-anna")
    attacker, victim = there.person(), there.person()
    sent = await attacker.get("/v1/session/oidc")
    answer = urlencode(provider.sign_in(sent.headers["Location"]))
    assert (await victim.get(f"{CALLBACK}?{answer}")).status == 401
    await victim.get("/v1/session/oidc")
    assert (await victim.get(f"{CALLBACK}?{answer}")).slug == "oidc-state"


async def test_an_answer_is_good_once(there: ConsoleBench, provider: ProviderProcess) -> None:
    provider.behave("codes-twice")
    there.bind("auditor", "subject-of-anna")
    anna = there.person()
    sent = await anna.get("/v1/session/oidc")
    flow = dict(anna.cookies)
    answer = urlencode(provider.sign_in(sent.headers["Location"]))
    assert (await anna.get(f"{CALLBACK}?{answer}")).status == 200
    anna.cookies = flow
    assert (await anna.get(f"{CALLBACK}?{answer}")).status == 401


async def test_a_parameter_that_stands_twice_counts_as_none(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("auditor", "subject-of-anna")
    anna = there.person()
    sent = await anna.get("/v1/session/oidc")
    answer = urlencode(provider.sign_in(sent.headers["Location"]))
    assert (await anna.get(f"{CALLBACK}?{answer}&state=x")).slug == "oidc-state"


@pytest.mark.parametrize("mode", ["wrong-nonce", "alg-none", "mixed-up-issuer", "wrong-audience"])
async def test_a_hostile_provider_opens_no_session(
    there: ConsoleBench, provider: ProviderProcess, mode: str
) -> None:
    there.bind("auditor", "subject-of-anna")
    provider.behave(mode)
    reply = await through(there.person(), provider)
    assert reply.status == 401
    assert not any(morsel.value for morsel in reply.cookies.values())
    assert there.refused[-1] == ("oidc", "")


async def test_the_answer_may_come_from_the_providers_page(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("auditor", "subject-of-anna")
    anna = there.person()
    sent = await anna.get("/v1/session/oidc")
    assert sent.cookies[FLOW_COOKIE]["samesite"] == "Lax"
    assert urlsplit(sent.headers["Location"]).netloc == urlsplit(provider.issuer).netloc
    answer = urlencode(provider.sign_in(sent.headers["Location"]))
    reply = await anna.ask("GET", f"{CALLBACK}?{answer}", Sec_Fetch_Site="cross-site")
    assert reply.status == 200


async def test_a_binding_taken_away_ends_what_it_opened(
    there: ConsoleBench, provider: ProviderProcess
) -> None:
    there.bind("auditor", "subject-of-anna")
    anna = there.person()
    await through(anna, provider)
    (bound,) = [one for one in there.reader.credentials() if str(one.kind) == "oidc"]
    there.directory.remove_credential("auditor", bound.fingerprint, "system")
    assert (await anna.get("/v1/session")).status == 401
    assert "subject-of-anna" not in json.dumps(there.log())


async def test_a_site_without_a_provider_says_so(bench: ConsoleBench) -> None:
    assert (await bench.person().get("/v1/session/oidc")).status == 404
    assert (await bench.person().get(CALLBACK)).status == 404
