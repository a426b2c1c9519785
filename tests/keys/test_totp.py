from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from keys.envelope import EnvelopeError
from keys.totp import (
    code_at,
    fitting_step,
    new_recovery_codes,
    new_secret,
    open_secret,
    recovery_digest,
    seal_secret,
    step_at,
)

RFC_SECRET = b"12345678901234567890"
# RFC 6238 appendix B, SHA-1; the last six of its eight digits.
RFC = [
    (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
    (2000000000, "279037"), (20000000000, "353130"),
]  # fmt: skip
NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "code"), RFC)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert code_at(RFC_SECRET, step_at(moment)) == code


@pytest.mark.parametrize(("drift", "taken"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_a_clock_may_be_one_step_off(drift: int, taken: int) -> None:
    code = code_at(RFC_SECRET, step_at(NOW) + drift)
    assert (fitting_step(RFC_SECRET, code, NOW, 0) is not None) is bool(taken)


def test_no_code_is_taken_twice_nor_one_from_before_it() -> None:
    present = step_at(NOW)
    assert fitting_step(RFC_SECRET, code_at(RFC_SECRET, present), NOW, present) is None
    assert fitting_step(RFC_SECRET, code_at(RFC_SECRET, present - 1), NOW, present) is None
    later = NOW + timedelta(seconds=30)
    assert fitting_step(RFC_SECRET, code_at(RFC_SECRET, present + 1), later, present) == present + 1


@pytest.mark.parametrize(
    "code", ["", "28708", "2870820", "\uff12\uff18\uff17\uff10\uff18\uff12", "\ud800", "-87082"]
)
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert fitting_step(RFC_SECRET, code, datetime.fromtimestamp(59, UTC), 0) is None


def test_a_sealed_secret_opens_for_its_account_with_its_key_alone() -> None:
    key, secret = bytes(32), new_secret()
    sealed = seal_secret(key, secret, "dana")
    assert secret not in sealed
    assert open_secret(key, sealed, "dana") == secret
    for other_key, other, account in (
        (b"\1" * 32, sealed, "dana"),
        (key, sealed, "eve"),
        (key, sealed[:-1] + bytes([sealed[-1] ^ 1]), "dana"),
        (key, b"", "dana"),
    ):
        with pytest.raises(EnvelopeError, match="reset it and enrol again"):
            open_secret(other_key, other, account)


def test_recovery_codes_differ_and_may_be_typed_carelessly() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    first = codes[0]
    assert recovery_digest(first.upper().replace("-", " ")) == recovery_digest(first)
    assert recovery_digest(first) != recovery_digest(codes[1])
