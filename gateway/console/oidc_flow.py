"""The authorisation code flow with PKCE, our side. Pure but for chance.

RFC 6749 and 7636, by RFC 9700's advice; mix-up is met by RFC 9207's ``iss`` where there is one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from gateway.console.oidc_provider import OidcError, Provider

_BYTES: Final = 32
_MAX_CODE: Final = 2048


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was begun, kept on our side till the provider's answer comes.

    Attributes:
        state: Comes back with the answer; ties it to the browser.
        nonce: Comes back in the ID token; ties it to this attempt.
        verifier: Whose hash the provider was sent; ties the code to us.
        redirect: Where the answer goes.
        provider: Who was asked.
    """

    state: str
    nonce: str
    verifier: str
    redirect: str
    provider: Provider

    def __repr__(self) -> str:
        return f"Attempt({self.provider.issuer})"


def begin(provider: Provider, redirect: str) -> Attempt:
    """A fresh attempt: 256 random bits in each of its three secrets."""
    return Attempt(
        state=secrets.token_urlsafe(_BYTES),
        nonce=secrets.token_urlsafe(_BYTES),
        verifier=secrets.token_urlsafe(_BYTES),
        redirect=redirect,
        provider=provider,
    )


def authorization_url(
    attempt: Attempt, client_id: str, scopes: Sequence[str], *, afresh: bool = False
) -> str:
    """Where the person's browser goes.

    Args:
        attempt: What was begun.
        client_id: Who we are.
        scopes: What we ask for.
        afresh: Ask the provider to have them prove themselves again.
    """
    challenge = hashlib.sha256(attempt.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": attempt.redirect,
        "scope": " ".join(scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if afresh:
        query |= {"prompt": "login", "max_age": "0"}
    joint = "&" if urlsplit(attempt.provider.authorization).query else "?"
    return attempt.provider.authorization + joint + urlencode(query)


def code_of(answer: Mapping[str, str], attempt: Attempt) -> str:
    """The code in what the provider sent the browser back with.

    Raises:
        OidcError: The answer isn't to this attempt, isn't this provider's, or is a refusal.
    """
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise OidcError("state", "this answer isn't to a sign-in begun here; begin again")
    provider = attempt.provider
    # Before `error` is looked at: RFC 9207 section 2.4 wants it on refusals, too.
    unsaid = None if provider.names_itself else provider.issuer
    if answer.get("iss", unsaid) != provider.issuer:
        raise OidcError("issuer", "this answer is another identity provider's; begin again")
    if "error" in answer:
        raise OidcError("refused", "the identity provider refused the sign-in")
    code = answer.get("code", "")
    if not 0 < len(code) <= _MAX_CODE or not code.isascii():
        raise OidcError("code", "the identity provider sent no code; begin again")
    return code


def redemption(attempt: Attempt, code: str, client_id: str) -> dict[str, str]:
    """The form that turns the code into an ID token, without a client's secret."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": attempt.redirect,
        "client_id": client_id,
        "code_verifier": attempt.verifier,
    }
