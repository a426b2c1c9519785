"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0), checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from config.console import checked_https

WELL_KNOWN: Final = "/.well-known/openid-configuration"


class OidcError(Exception):
    """Nobody is signed in by this; the sentence is for the person and holds no token.

    Attributes:
        fault: In a word, for counts and the log.
    """

    def __init__(self, fault: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's endpoints.

    Attributes:
        issuer: Its identifier, exactly as its tokens have it.
        authorization: Where a person is sent.
        token: Where a code is turned into an ID token.
        keys: Its JWK set.
        names_itself: Its answers carry ``iss`` (RFC 9207).
        posts_secret: It takes our secret in the body only.
    """

    issuer: str
    authorization: str
    token: str
    keys: str
    names_itself: bool
    posts_secret: bool


def discovery_url(issuer: str) -> str:
    """Where the provider's description is."""
    return issuer.rstrip("/") + WELL_KNOWN


def provider_of(document: Mapping[str, object], issuer: str, hosts: frozenset[str]) -> Provider:
    """The provider that ``document`` describes.

    Args:
        document: The discovery document.
        issuer: From the settings.
        hosts: Where endpoints may be.

    Raises:
        OidcError: It is another issuer's, lacks an endpoint, names a host that no setting names,
            or can't do what we need (authorisation code, PKCE by S256).
    """
    if document.get("issuer") != issuer:
        raise OidcError(
            "discovery", "the identity provider's description is another issuer's; check issuer"
        )
    _can(document, "response_types_supported", "code")
    _can(document, "code_challenge_methods_supported", "S256")
    methods = document.get("token_endpoint_auth_methods_supported")
    basic = not isinstance(methods, list) or "client_secret_basic" in methods
    return Provider(
        issuer=issuer,
        authorization=_endpoint(document, "authorization_endpoint", hosts),
        token=_endpoint(document, "token_endpoint", hosts),
        keys=_endpoint(document, "jwks_uri", hosts),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        posts_secret=not basic,
    )


def _can(document: Mapping[str, object], key: str, wanted: str) -> None:
    """A list that is there must have it; a provider that gives none is taken at its work."""
    values = document.get(key)
    if values is not None and not (isinstance(values, list) and wanted in values):
        raise OidcError("discovery", f"the identity provider doesn't offer {wanted} in {key}")


def _endpoint(document: Mapping[str, object], key: str, hosts: frozenset[str]) -> str:
    value = document.get(key)
    try:
        url = checked_https(value if isinstance(value, str) else "")
    except ValueError:
        raise OidcError("discovery", f"the identity provider's {key} isn't usable") from None
    if urlsplit(url).hostname not in hosts:
        raise OidcError(
            "discovery",
            f"the identity provider's {key} is at a host that no setting names; if that is right, "
            "add it to console.oidc.hosts",
        )
    return url
