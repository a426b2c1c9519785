"""Passkeys (W3C Web Authentication, Level 3): the two ceremonies on our side. Pure but for chance.

User verification is required, so a passkey is two factors: the device, and the finger or PIN that
unlocks it there. Attestation isn't asked for: which maker's device it is decides nothing here.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
MAX_ID: Final = 1_023
"""Bytes of a credential's id (Level 3, section 4)."""

# Nothing else reaches the database: PostgreSQL takes a NUL for a fault of its own.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,1364}")  # MAX_ID in base64url
_CHALLENGE_BYTES: Final = 32
_WAIT_MS: Final = 120_000
_TRUSTED_FORMS: Final = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})


class PasskeyError(Exception):
    """The ceremony failed; the sentence is for the person."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who we are to an authenticator.

    Attributes:
        id: The RP ID: our first host name.
        name: For people.
        origin: Where the page must have been: scheme, host and port.
    """

    id: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """One that is registered.

    Attributes:
        id: The credential's id in base64url.
        public_key: COSE.
        sign_count: The authenticator's own count at its last use; 0 if it keeps none.
    """

    id: str
    public_key: bytes
    sign_count: int


def challenge() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(_CHALLENGE_BYTES)


def creation(
    party: Party, account: str, handle: bytes, asked: bytes, known: Sequence[str]
) -> Mapping[str, Any]:
    """``PublicKeyCredentialCreationOptions`` as JSON; ``known`` are ids not to register again."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=handle,
        user_name=account,
        challenge=asked,
        timeout=_WAIT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_described(key) for key in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return dict(json.loads(options_to_json(options)))


def request(party: Party, asked: bytes, known: Sequence[str] = ()) -> Mapping[str, Any]:
    """``PublicKeyCredentialRequestOptions`` as JSON; ``known`` empty: any passkey of ours."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=asked,
        timeout=_WAIT_MS,
        allow_credentials=[_described(key) for key in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(options_to_json(options)))


def registered(party: Party, asked: bytes, answer: Mapping[str, Any]) -> Passkey:
    """The new passkey in an answer to :func:`creation`.

    Raises:
        PasskeyError: It is to another challenge, from another place, or not verified by its user.
    """
    try:
        done = verify_registration_response(
            credential=dict(answer),
            expected_challenge=asked,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception:  # noqa: BLE001 - hostile CBOR, COSE and JSON reach many parsers behind it
        raise _refused() from None
    if done.fmt not in _TRUSTED_FORMS or len(done.credential_id) > MAX_ID:
        raise _refused()
    return Passkey(
        bytes_to_base64url(done.credential_id), done.credential_public_key, done.sign_count
    )


def credential_id(answer: Mapping[str, Any]) -> str:
    """The id of the passkey that ``answer`` says it is from.

    Raises:
        PasskeyError: It names none.
    """
    found = answer.get("id")
    if not isinstance(found, str) or not _NAME.fullmatch(found):
        raise _refused()
    return found


def proven(party: Party, asked: bytes, answer: Mapping[str, Any], passkey: Passkey) -> int:
    """The new count of a passkey's uses, if ``answer`` to :func:`request` is good.

    Raises:
        PasskeyError: It is to another challenge, from another place, by another key, not verified
            by its user, or the count went back: there are two of this passkey.
    """
    try:
        done = verify_authentication_response(
            credential=dict(answer),
            expected_challenge=asked,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - as for registered()
        raise _refused() from None
    if bytes_to_base64url(done.credential_id) != passkey.id:
        raise _refused()
    return int(done.new_sign_count)


def _described(key: str) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(key))


def _refused() -> PasskeyError:
    return PasskeyError("this passkey's answer isn't good; begin again")


def handle_of(account: str) -> bytes:
    """WebAuthn's user handle: always the same for an account, and no name of anybody."""
    return hashlib.sha256(b"lazaretto passkey " + account.encode()).digest()
