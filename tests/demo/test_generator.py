"""The generator's files are what they claim to be: balanced X12, real ZIPs, repeatable."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.archives import encrypted_zip, zipped
from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p, remittance_835


def segments(data: bytes) -> list[list[str]]:
    return [line.split("*") for line in data.decode("ascii").replace("\n", "").split("~") if line]


def batch(seed: int, count: int) -> list[Claim]:
    return [Claim(who, cents=10_000 + index) for index, who in enumerate(people(seed, count))]


def test_the_isa_is_106_bytes_with_its_terminator() -> None:
    assert claims_837p(batch(1, 1)).index(b"~") == 105


@given(st.integers(1, 40), st.integers(0, 2**31))
def test_se01_counts_its_segments(count: int, seed: int) -> None:
    for data in (claims_837p(batch(seed, count)), remittance_835(batch(seed, count))):
        names = [segment[0] for segment in segments(data)]
        inside = names.index("SE") - names.index("ST") + 1
        assert int(segments(data)[names.index("SE")][1]) == inside


def test_control_numbers_match_at_both_ends() -> None:
    by_name = {segment[0]: segment for segment in segments(claims_837p(batch(1, 3), control=42))}
    assert by_name["ISA"][13] == by_name["IEA"][2] == "000000042"
    assert by_name["GS"][6] == by_name["GE"][2] == "42"
    assert by_name["ST"][2] == by_name["SE"][2]


@given(st.integers(1, 40))
def test_the_payment_is_the_sum_of_its_claims(count: int) -> None:
    found = segments(remittance_835(batch(7, count)))
    paid = sum(round(float(segment[4]) * 100) for segment in found if segment[0] == "CLP")
    total = next(round(float(segment[2]) * 100) for segment in found if segment[0] == "BPR")
    assert paid == total


def test_the_same_seed_makes_the_same_people() -> None:
    assert people(5, 20) == people(5, 20)
    assert people(5, 20) != people(6, 20)


@pytest.mark.parametrize("who", people(3, 30))
def test_numbers_are_of_a_kind_that_a_detector_must_take_seriously(who: object) -> None:
    ssn = getattr(who, "ssn", "")
    assert re.fullmatch(r"(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}", ssn)


def test_an_encrypted_zip_opens_with_its_password_alone() -> None:
    archive = zipfile.ZipFile(io.BytesIO(encrypted_zip("a.837", b"content" * 9, b"secret")))
    assert archive.infolist()[0].flag_bits & 1
    assert archive.read("a.837", b"secret") == b"content" * 9
    # One wrong password in 256 passes the check of one byte, and then gives another checksum.
    with pytest.raises((RuntimeError, zipfile.BadZipFile)):
        archive.read("a.837", b"wrong")


def test_a_zip_of_the_same_members_has_the_same_bytes() -> None:
    assert zipped({"a": b"1", "b": b"2"}) == zipped({"a": b"1", "b": b"2"})
