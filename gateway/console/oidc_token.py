"""The ID token, checked as OpenID Connect Core 3.1.3.7 and RFC 8725 have it. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key
from joserfc.jws import JWSRegistry, extract_compact
from joserfc.jwt import JWTClaimsRegistry

from config.console import Oidc
from gateway.console.oidc_provider import OidcError

MAX_TOKEN: Final = 32_768
MAX_KEYS: Final = 50
LIFE_SECONDS: Final = 600
"""An ID token older than this is refused: it was made for the answer that just came."""

_KINDS: Final = frozenset({"RSA", "EC", "OKP"})
_MIN_RSA: Final = 2048
_MAX_SUBJECT: Final = 255
_CURVES: Final = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})


class UnknownKeyError(OidcError):
    """The token is signed by a key that isn't in the set; the provider may have changed it."""

    def __init__(self) -> None:
        super().__init__("key", "the sign-in is signed by a key that the provider doesn't publish")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says a person is.

    Attributes:
        issuer: The provider.
        subject: What it calls the person, for ever.
        second_factor: It says that it asked for two.
        authenticated: When it asked, Unix seconds; None if it doesn't say.
        groups: The groups it says they are in.
    """

    issuer: str
    subject: str
    second_factor: bool
    authenticated: int | None
    groups: frozenset[str]

    def __repr__(self) -> str:
        return f"Identity({self.issuer})"


def signing_keys(document: Mapping[str, object]) -> Sequence[Key]:
    """The usable public signature keys of a JWK set; others are passed over (RFC 7517, section 5).

    Raises:
        OidcError: It isn't a JWK set, or has none.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise OidcError("key", "the identity provider's key set isn't one")
    found = [key for entry in entries if (key := _usable(entry)) is not None]
    if not found:
        raise OidcError("key", "the identity provider publishes no usable signature key")
    return found


def _usable(entry: object) -> Key | None:
    """A public key for signatures; an HMAC key is refused here, whatever it says it is for."""
    if not isinstance(entry, dict) or entry.get("kty") not in _KINDS or "d" in entry:
        return None
    if entry.get("use", "sig") != "sig" or _is_weak(entry):
        return None
    try:
        key = JWKRegistry.import_key(entry)
        key.check_key_op("verify")
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key


def _is_weak(entry: Mapping[str, object]) -> bool:
    """RSA under 2048 bits, by the length of its modulus; the library only warns of it."""
    modulus = str(entry.get("n", ""))
    return entry["kty"] == "RSA" and len(modulus) * 6 < _MIN_RSA


def identity_of(
    token: object, keys: Sequence[Key], settings: Oidc, nonce: str, now: datetime
) -> Identity:
    """Who ``token`` is about.

    Raises:
        UnknownKeyError: None of the keys is its signer.
        OidcError: Anything else about it is wrong.
    """
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN or not token.isascii():
        raise OidcError("token", "the identity provider sent no ID token")
    claims = _signed_claims(token, keys, settings.algorithms)
    _check(claims, settings, nonce, int(now.timestamp()))
    return Identity(
        issuer=settings.issuer,
        subject=str(claims["sub"]),
        second_factor=_has_second_factor(claims, settings),
        authenticated=_whole(claims.get("auth_time")),
        groups=frozenset(_words(claims.get(settings.groups.claim))),
    )


def _signed_claims(token: str, keys: Sequence[Key], allowed: Collection[str]) -> dict[str, Any]:
    registry = JWSRegistry(algorithms=list(allowed), strict_check_header=False)
    try:
        header = extract_compact(token.encode(), registry=registry).headers()
        algorithm = header["alg"]
        if algorithm not in allowed or header.get("typ", "JWT") not in {"JWT", "jwt"}:
            raise OidcError("algorithm", "the sign-in is signed in a way that isn't accepted")
        key = _signer(keys, header.get("kid"), algorithm)
        return jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise OidcError("signature", "the sign-in's signature isn't good") from None


def _signer(keys: Sequence[Key], kid: object, algorithm: str) -> Key:
    """The key that the header names; without a name only a single one that could be meant."""
    fitting = [key for key in keys if _fits(key, algorithm)]
    if kid is not None:
        fitting = [key for key in fitting if key.get("kid") == kid]
    if len(fitting) != 1:
        raise UnknownKeyError
    return fitting[0]


def _fits(key: Key, algorithm: str) -> bool:
    if key.get("alg", algorithm) != algorithm:
        return False
    if algorithm.startswith(("RS", "PS")):
        return key.key_type == "RSA"
    if isinstance(key, ECKey):
        return key.curve_name == _CURVES.get(algorithm)
    return algorithm in {"Ed25519", "EdDSA"} and key.key_type == "OKP"


def _check(claims: Mapping[str, Any], settings: Oidc, nonce: str, now: int) -> None:
    required = {name: {"essential": True} for name in ("iss", "sub", "aud", "exp", "iat", "nonce")}
    try:
        JWTClaimsRegistry(now=now, leeway=settings.skew_seconds, **required).validate(dict(claims))  # type: ignore[arg-type]  # a literal of its own TypedDict
    except JoseError:
        raise OidcError("claims", "the sign-in has expired or lacks what it must say") from None
    if claims["iss"] != settings.issuer:
        raise OidcError("issuer", "the sign-in is another identity provider's")
    # One audience: no other that it names is one that we trust (Core 3.1.3.7, 3).
    if claims["aud"] not in (settings.client_id, [settings.client_id]):
        raise OidcError("audience", "the sign-in was made for somebody else")
    if claims.get("azp", settings.client_id) != settings.client_id:
        raise OidcError("audience", "the sign-in was made for somebody else")
    given = claims["nonce"]
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise OidcError("nonce", "this sign-in isn't the one that was begun here")
    if claims["iat"] < now - LIFE_SECONDS - settings.skew_seconds:
        raise OidcError("claims", "the sign-in is too old; begin again")
    subject = claims["sub"]
    if not 0 < len(subject) <= _MAX_SUBJECT or not subject.isascii() or not subject.isprintable():
        raise OidcError("claims", "the identity provider's name for the person isn't acceptable")


def _has_second_factor(claims: Mapping[str, Any], settings: Oidc) -> bool:
    wanted = settings.second_factor
    methods = set(_words(claims.get("amr")))
    return bool(methods & set(wanted.amr)) or claims.get("acr") in wanted.acr


def _words(value: object) -> Sequence[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
