"""Sign-in by an OpenID provider: a real one on loopback, and what it may do wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from config.console import Groups, Oidc, SecondFactor
from gateway.console.oidc_client import KEYS_AGAIN, OidcClient
from gateway.console.oidc_flow import authorization_url, begin
from gateway.console.oidc_outside import HttpOutside
from gateway.console.oidc_provider import OidcError, Provider
from gateway.console.oidc_token import Identity
from gateway.ledger.clock import utc_now
from tests.support.provider_process import CLIENT, SECRET, ProviderProcess

BACK = "https://localhost:8444/v1/session/oidc/callback"


class Times:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


def client(
    provider: ProviderProcess,
    times: Times | None = None,
    *,
    seconds: float = 10.0,
    **settings: object,
) -> OidcClient:
    own = Oidc.model_validate({"issuer": provider.issuer, "client_id": CLIENT, **settings})
    outside = HttpOutside(frozenset({"127.0.0.1"}), seconds=seconds)
    return OidcClient(own, SECRET, outside, times or Times())


async def sign_in(oidc: OidcClient, provider: ProviderProcess) -> Identity:
    attempt, url = await oidc.begin(BACK)
    return await oidc.finish(attempt, provider.sign_in(url))


async def refusal(oidc: OidcClient, provider: ProviderProcess) -> OidcError:
    with pytest.raises(OidcError) as caught:
        await sign_in(oidc, provider)
    return caught.value


async def test_a_person_signs_in(provider: ProviderProcess) -> None:
    who = await sign_in(client(provider), provider)
    assert (who.issuer, who.subject) == (provider.issuer, "subject-of-anna")
    assert who.second_factor is False
    assert who.authenticated is not None


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        ("wrong-nonce", "nonce"),
        ("nonce-of-a-number", "nonce"),
        ("without-nonce", "claims"),
        ("without-sub", "claims"),
        ("without-exp", "claims"),
        ("without-iat", "claims"),
        ("without-aud", "claims"),
        ("wrong-audience", "audience"),
        ("further-audience", "audience"),
        ("wrong-party", "audience"),
        ("wrong-issuer", "issuer"),
        ("expired", "claims"),
        ("never-expires", "claims"),
        ("not-yet", "claims"),
        ("from-the-future", "claims"),
        ("long-ago", "claims"),
        ("subject-empty", "claims"),
        ("subject-of-a-number", "claims"),
        ("subject-endless", "claims"),
        ("subject-with-newline", "claims"),
        ("alg-none", "algorithm"),
        ("no-signature", "signature"),
        ("hmac-with-the-public-key", "algorithm"),
        ("hmac-with-our-secret", "algorithm"),
        ("hmac-key-published", "key"),
        ("private-key-published", "key"),
        ("weak-rsa", "key"),
        ("encryption-key", "key"),
        ("no-keys", "key"),
        ("many-keys", "key"),
        ("same-kid-twice", "key"),
        ("huge-keys", "answer"),
        ("another-type", "algorithm"),
        ("critical-header", "signature"),
        ("another-key", "signature"),
        ("key-in-the-header", "signature"),
        ("unknown-key", "key"),
        ("changed-afterwards", "signature"),
        ("endless-token", "token"),
        ("no-id-token", "token"),
        ("mixed-up-issuer", "issuer"),
        ("no-issuer", "issuer"),
        ("wrong-state", "state"),
        ("denied", "refused"),
        ("no-code", "code"),
        ("forged-code", "code"),
        ("endless-code", "code"),
        ("redirects", "answer"),
        ("not-json", "answer"),
        ("not-an-object", "answer"),
        ("discovery-of-another", "discovery"),
        ("foreign-token-endpoint", "discovery"),
        ("foreign-keys", "discovery"),
        ("plain-http-endpoint", "discovery"),
        ("no-pkce", "discovery"),
        ("no-code-flow", "discovery"),
        ("endpoint-missing", "discovery"),
    ],
)
async def test_a_hostile_provider_signs_nobody_in(
    provider: ProviderProcess, mode: str, fault: str
) -> None:
    provider.behave(mode)
    refused = await refusal(client(provider), provider)
    assert refused.fault == fault
    assert "subject-of" not in str(refused)


@pytest.mark.parametrize("mode", ["skewed-a-little", "no-key-id", "with-rubbish", "secret-in-body"])
async def test_what_is_merely_odd_is_taken(provider: ProviderProcess, mode: str) -> None:
    provider.behave(mode)
    assert (await sign_in(client(provider), provider)).subject == "subject-of-anna"


async def test_the_secret_goes_where_the_provider_takes_it(provider: ProviderProcess) -> None:
    await sign_in(client(provider), provider)
    provider.behave("secret-in-body")
    await sign_in(client(provider), provider)
    assert provider.behave()["seen"][-2:] == ["basic", "body"]


async def test_a_provider_that_hangs_is_given_up(provider: ProviderProcess) -> None:
    provider.behave("hangs")
    assert (await refusal(client(provider, seconds=0.3), provider)).fault == "unreachable"


async def test_an_answer_to_one_attempt_is_none_to_another(provider: ProviderProcess) -> None:
    oidc = client(provider)
    _, url = await oidc.begin(BACK)
    other, _ = await oidc.begin(BACK)
    with pytest.raises(OidcError) as caught:
        await oidc.finish(other, provider.sign_in(url))
    assert caught.value.fault == "state"


async def test_a_code_injected_into_another_attempt_fails_at_pkce(
    provider: ProviderProcess,
) -> None:
    """RFC 9700, section 4.5: the attacker has the code of a victim, and an attempt of their own."""
    provider.behave("codes-twice")
    oidc = client(provider)
    _, url = await oidc.begin(BACK)
    stolen = provider.sign_in(url)
    own, _ = await oidc.begin(BACK)
    with pytest.raises(OidcError) as caught:
        await oidc.finish(own, {**stolen, "state": own.state})
    assert caught.value.fault == "code"


async def test_a_changed_key_is_fetched_but_not_for_every_unknown_name(
    provider: ProviderProcess,
) -> None:
    times = Times()
    oidc = client(provider, times)
    await sign_in(oidc, provider)
    before = provider.behave("well", rotate=True)["asked"]["keys"]
    assert (await refusal(oidc, provider)).fault == "key"
    assert (await refusal(oidc, provider)).fault == "key"
    times.ahead = KEYS_AGAIN
    await sign_in(oidc, provider)
    assert provider.behave()["asked"]["keys"] == before + 1


async def test_the_provider_is_described_once_an_hour(provider: ProviderProcess) -> None:
    times = Times()
    oidc = client(provider, times)
    before = provider.behave()["asked"].get("discovery", 0)
    await oidc.begin(BACK)
    await oidc.begin(BACK)
    times.ahead = timedelta(hours=2)
    await oidc.begin(BACK)
    assert provider.behave()["asked"]["discovery"] == before + 2


@pytest.mark.parametrize(
    ("claims", "second"),
    [
        ({}, False),
        ({"amr": ["pwd"]}, False),
        ({"amr": "mfa"}, False),
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "urn:high"}, True),
        ({"acr": ["urn:high"]}, False),
        ({"acr": "urn:low"}, False),
    ],
)
async def test_a_second_factor_is_what_settings_call_one(
    provider: ProviderProcess, claims: dict[str, object], second: bool
) -> None:
    provider.behave("well", claims=claims)
    own = SecondFactor(amr=("mfa",), acr=("urn:high",))
    who = await sign_in(client(provider, second_factor=own), provider)
    assert who.second_factor is second


async def test_groups_are_read_from_the_claim_that_settings_name(
    provider: ProviderProcess,
) -> None:
    provider.behave("well", claims={"groups": ["a", 7, "b"], "others": ["c"]})
    who = await sign_in(client(provider, groups=Groups(claim="groups")), provider)
    assert who.groups == {"a", "b"}
    assert (await sign_in(client(provider), provider)).groups == frozenset()


def test_the_browser_is_sent_with_pkce_state_and_nonce() -> None:
    asked = Provider("https://a", "https://a/authorize?tenant=7", "https://a/t", "https://a/k",
                     names_itself=True, posts_secret=False)  # fmt: skip
    attempt, another = begin(asked, BACK), begin(asked, BACK)
    url = urlsplit(authorization_url(attempt, CLIENT, ("openid",), afresh=True))
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert query["tenant"] == "7"
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert attempt.verifier not in url.query
    assert (query["prompt"], query["max_age"]) == ("login", "0")
    assert len({attempt.state, attempt.nonce, attempt.verifier, another.state, another.nonce}) == 5
    assert attempt.state not in repr(attempt)


async def test_only_hosts_of_the_settings_are_asked() -> None:
    outside = HttpOutside(frozenset({"login.example.org"}))
    for url in ("https://evil.example.org/", "https://login.example.org@evil.example.org/"):
        with pytest.raises(OidcError) as caught:
            await outside.get(url)
        assert caught.value.fault == "host"


async def test_a_provider_behind_no_port_is_said_to_be_unreachable() -> None:
    with pytest.raises(OidcError) as caught:
        await HttpOutside(frozenset({"127.0.0.1"})).get("http://127.0.0.1:1/")
    assert caught.value.fault == "unreachable"
