"""One-time codes of authenticator apps (TOTP, RFC 6238), and recovery codes. Pure.

HMAC-SHA-1, 6 digits, 30 seconds: what every app supports. SHA-1's collisions are no weakness of
HMAC (RFC 6194 section 3.3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from keys.envelope import EnvelopeError

STEP: Final = 30
"""Seconds that a code is for."""

DRIFT: Final = 1
"""Steps before and after the present one whose codes are taken: clocks differ, and people type."""

RECOVERY_CODES: Final = 10
_SECRET: Final = 20
_DIGITS: Final = 6
_NONCE: Final = 12
_RECOVERY: Final = 10
"""Bytes: 80 bits, so that SHA-256 without salt is enough for what is stored."""


def new_secret() -> bytes:
    """160 random bits (RFC 4226 section 4)."""
    return secrets.token_bytes(_SECRET)


def step_at(moment: datetime) -> int:
    """The time step of a moment."""
    return int(moment.timestamp()) // STEP


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step."""
    return _totp(secret).generate(step * STEP).decode()


def fitting_step(secret: bytes, code: str, now: datetime, last: int) -> int | None:
    """The step that ``code`` is of, if it is near enough and later than ``last``; else None.

    The caller remembers the step as the next call's ``last``: so no code is taken twice, nor one
    from before it (RFC 6238 section 5.2).
    """
    present = step_at(now)
    given = code.encode("utf-8", "surrogatepass")
    # Every step is compared, so that the time says nothing of which fits.
    fits = [
        step
        for step in range(present - DRIFT, present + DRIFT + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), given) and step > last
    ]
    return max(fits, default=None)


def uri(secret: bytes, account: str, issuer: str) -> str:
    """``otpauth://totp/…``, which apps read from a QR code."""
    return _totp(secret).get_provisioning_uri(account, issuer)


def new_recovery_codes() -> list[str]:
    """Codes of 80 random bits, in groups of four letters and digits that people can copy."""
    drawn = (secrets.token_bytes(_RECOVERY) for _ in range(RECOVERY_CODES))
    return ["-".join(_groups(base64.b32encode(raw).decode().lower())) for raw in drawn]


def recovery_digest(code: str) -> str:
    """What is stored of a recovery code, however it was typed."""
    plain = "".join(code.lower().split()).replace("-", "")
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def seal_secret(key: bytes, secret: bytes, account: str) -> bytes:
    """Encrypt a secret under a site's key (AES-256-GCM), bound to the account."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret, account.encode())


def open_secret(key: bytes, sealed: bytes, account: str) -> bytes:
    """The secret again.

    Raises:
        EnvelopeError: Another key sealed it, for another account, or it was changed.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], account.encode())
    except (InvalidTag, ValueError):
        raise EnvelopeError(
            "a second factor's secret can't be opened with this site's keys; reset it and enrol "
            "again"
        ) from None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), STEP)  # noqa: S303 - see above


def _groups(text: str) -> list[str]:
    return [text[n : n + 4] for n in range(0, len(text), 4)]
