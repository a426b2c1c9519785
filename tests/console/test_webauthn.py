"""Passkeys against a software authenticator, honest and hostile."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import bytes_to_base64url

from gateway.console.webauthn import (
    MAX_ID,
    Party,
    Passkey,
    PasskeyError,
    challenge,
    creation,
    credential_id,
    proven,
    registered,
    request,
)
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator, b64

HERE = Party("console.example.org", "Lazaretto", "https://console.example.org:8444")


def enrol(device: Authenticator) -> Passkey:
    asked = challenge()
    made = creation(HERE, "anna", b"h", asked, ())
    return registered(HERE, asked, device.create(made, HERE.origin))


def test_a_passkey_is_registered_and_used() -> None:
    device = Authenticator()
    passkey = enrol(device)
    asked = challenge()
    answer = device.get(request(HERE, asked), HERE.origin)
    assert credential_id(answer) == passkey.id == device.name
    assert proven(HERE, asked, answer, passkey) == 1


def test_a_passkey_without_a_count_is_used_again_and_again() -> None:
    device = Authenticator(counts=False)
    passkey = enrol(device)
    for _ in range(2):
        asked = challenge()
        assert proven(HERE, asked, device.get(request(HERE, asked), HERE.origin), passkey) == 0


def test_options_ask_for_verification_and_leave_known_ones_out() -> None:
    asked = challenge()
    made = creation(HERE, "anna", b"handle", asked, ("aWQ",))
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert [key["id"] for key in made["excludeCredentials"]] == ["aWQ"]
    assert made["attestation"] == "none"
    assert request(HERE, asked)["userVerification"] == "required"


@pytest.mark.parametrize(
    "how",
    [
        {"origin": "https://evil.example.org"},
        {"origin": "http://console.example.org:8444"},
        {"origin": "https://console.example.org"},
        {"rp": "evil.example.org"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"flags": 0},
    ],
)
def test_a_ceremony_elsewhere_or_unverified_is_none(how: dict[str, Any]) -> None:
    device = Authenticator()
    asked = challenge()
    how = {"origin": HERE.origin, **how}
    with pytest.raises(PasskeyError):
        registered(HERE, asked, device.create(creation(HERE, "a", b"h", asked, ()), **how))
    passkey = enrol(device)
    with pytest.raises(PasskeyError):
        proven(HERE, asked, device.get(request(HERE, asked), **how), passkey)


def test_an_answer_counts_for_its_own_challenge_only() -> None:
    device = Authenticator()
    passkey = enrol(device)
    answer = device.get(request(HERE, challenge()), HERE.origin)
    with pytest.raises(PasskeyError):
        proven(HERE, challenge(), answer, passkey)


def test_a_registration_is_no_sign_in() -> None:
    device = Authenticator()
    passkey = enrol(device)
    asked = challenge()
    answer = device.get(request(HERE, asked), HERE.origin, kind="webauthn.create")
    with pytest.raises(PasskeyError):
        proven(HERE, asked, answer, passkey)


def test_a_clone_is_found_by_the_count() -> None:
    device = Authenticator()
    passkey = enrol(device)
    twin = device.clone()
    asked = challenge()
    count = proven(HERE, asked, device.get(request(HERE, asked), HERE.origin), passkey)
    after = Passkey(passkey.id, passkey.public_key, count)
    with pytest.raises(PasskeyError):
        proven(HERE, asked, twin.get(request(HERE, asked), HERE.origin), after)


def test_another_key_under_the_same_id_proves_nothing() -> None:
    device, thief = Authenticator(), Authenticator()
    passkey = enrol(device)
    thief.id = device.id
    asked = challenge()
    with pytest.raises(PasskeyError):
        proven(HERE, asked, thief.get(request(HERE, asked), HERE.origin), passkey)


def test_a_passkey_proves_itself_and_no_other() -> None:
    device, other = Authenticator(), Authenticator()
    enrol(device)
    asked = challenge()
    with pytest.raises(PasskeyError):
        proven(HERE, asked, device.get(request(HERE, asked), HERE.origin), enrol(other))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(max_size=8), deeper),
    max_leaves=8,
)
_KEYS = ("id", "rawId", "type", "response")
_device = Authenticator()
_asked = challenge()
_good = {
    "create": _device.create(creation(HERE, "a", b"h", _asked, ()), HERE.origin),
    "get": _device.get(request(HERE, _asked), HERE.origin),
}


@given(kind=st.sampled_from(["create", "get"]), place=st.sampled_from(_KEYS), rubbish=_json,
       deep=st.booleans(), noise=st.binary(max_size=64))  # fmt: skip
def test_any_answer_is_good_or_refused(
    kind: str, place: str, rubbish: object, deep: bool, noise: bytes
) -> None:
    answer: dict[str, Any] = copy.deepcopy(_good[kind])
    if deep:
        for key in answer["response"]:
            answer["response"][key] = b64(noise)
    else:
        answer[place] = rubbish
    passkey = Passkey(_device.name, b"", 0)
    with pytest.raises(PasskeyError):
        _judge(kind, answer, passkey)


def _judge(kind: str, answer: dict[str, Any], passkey: Passkey) -> None:
    if kind == "create":
        registered(HERE, _asked, answer)
    else:
        proven(HERE, _asked, answer, passkey)


@pytest.mark.parametrize("name", ["", "a\0", "a=", "a b", "a\n", "\u00e9", 7, None, "a" * 1365])
def test_what_is_no_credential_id_is_looked_up_nowhere(name: object) -> None:
    """PostgreSQL, for one, answers a NUL as if it were broken."""
    with pytest.raises(PasskeyError):
        credential_id({"id": name})


def test_the_longest_credential_id_is_one() -> None:
    longest = bytes_to_base64url(bytes(MAX_ID))
    assert credential_id({"id": longest}) == longest
