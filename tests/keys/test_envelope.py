"""Subkeys and small sealed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.envelope import (
    NAME,
    UPLOAD_TAIL,
    EnvelopeError,
    derive,
    new_data_key,
    open_small,
    seal_small,
)

KEY = bytes(range(32))


def test_data_keys_are_fresh_and_of_the_right_length() -> None:
    keys = {new_data_key() for _ in range(50)}
    assert {len(key) for key in keys} == {32}
    assert len(keys) == 50


def test_subkeys_follow_rfc_5869_and_do_not_change_between_versions() -> None:
    # Made with `openssl kdf -kdfopt mode:EXTRACT_AND_EXPAND ... HKDF`: stored data depends on it.
    assert derive(KEY, b"name").hex() == PINNED


PINNED = "96708458974d3386a7b27ff1140611e3b4825d52c2ecf4bd7cced5a8d1547c33"


@given(st.binary(min_size=1, max_size=20), st.binary(min_size=1, max_size=20))
def test_subkeys_differ_by_purpose(one: bytes, other: bytes) -> None:
    assert (derive(KEY, one) == derive(KEY, other)) == (one == other)


@pytest.mark.parametrize("length", [8, 32, 64])
def test_subkeys_have_the_length_asked_for(length: int) -> None:
    assert len(derive(KEY, NAME, length)) == length


def test_a_short_key_or_an_empty_purpose_derives_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        derive(KEY[:31], NAME)
    with pytest.raises(ValueError, match="purpose"):
        derive(KEY, b"")


@given(st.binary(max_size=2_000))
def test_a_small_value_comes_back(plaintext: bytes) -> None:
    assert open_small(KEY, NAME, seal_small(KEY, NAME, plaintext)) == plaintext


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert seal_small(KEY, NAME, b"a.837") != seal_small(KEY, NAME, b"a.837")


@pytest.mark.parametrize(("key", "purpose"), [(bytes(32), NAME), (KEY, UPLOAD_TAIL)])
def test_another_key_or_purpose_opens_nothing(key: bytes, purpose: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_small(key, purpose, seal_small(KEY, NAME, b"a.837"))


@given(st.data())
def test_a_changed_small_value_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal_small(KEY, NAME, b"a.837"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EnvelopeError):
        open_small(KEY, NAME, bytes(sealed))


@given(st.binary(max_size=60))
def test_any_bytes_give_an_envelope_error(data: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_small(KEY, NAME, data)
