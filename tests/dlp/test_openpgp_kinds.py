"""OpenPGP data is named by what it is, and only what is encrypted is called encrypted."""

from __future__ import annotations

from collections.abc import Callable

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp import openpgp
from dlp.model import Obstacle
from tests.support.inspecting import Inspected

ALICE = pysequoia.Tsk.generate("Alice Example <alice@example.org>")
CERTIFICATE = ALICE.extract_certificate()
TEXT = b"nothing of interest\n" * 20
DETACHED = pysequoia.SignatureMode.DETACHED

KINDS: dict[str, Callable[[bool], bytes]] = {
    "openpgp": lambda armor: pysequoia.encrypt(TEXT, [CERTIFICATE], armor=armor),
    "openpgp/signature": lambda armor: pysequoia.sign(
        ALICE.signer(), TEXT, mode=DETACHED, armor=armor
    ),
    "openpgp/certificate": lambda armor: str(CERTIFICATE).encode() if armor else bytes(CERTIFICATE),
    "openpgp/secret-key": lambda armor: str(ALICE).encode() if armor else bytes(ALICE),
}


@pytest.mark.parametrize("armor", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_name(inspected: Inspected, kind: str, armor: bool) -> None:
    report, verdict = inspected(KINDS[kind](armor))
    assert report.format == kind
    encrypted = any(trouble.obstacle is Obstacle.ENCRYPTED for trouble in report.uninspectable)
    assert encrypted is (kind == "openpgp")
    # A signature says nothing of anybody; a certificate's user id is somebody's name.
    assert verdict.action == ("release" if kind == "openpgp/signature" else "hold")


@pytest.mark.parametrize("armor", [False, True])
def test_a_message_that_is_only_signed_is_not_called_encrypted(
    inspected: Inspected, armor: bool
) -> None:
    report, _ = inspected(pysequoia.sign(ALICE.signer(), TEXT, armor=armor))
    assert report.format == "openpgp/signed"
    assert report.uninspectable[0].obstacle is Obstacle.UNSUPPORTED_TYPE


def test_an_encrypted_message_says_who_would_open_it(inspected: Inspected) -> None:
    report, _ = inspected(KINDS["openpgp"](False))
    assert "gateway" in report.uninspectable[0].detail


def test_a_signature_with_something_behind_it_is_not_detached() -> None:
    signature = KINDS["openpgp/signature"](False)
    literal = b"\xcb\x0cb\x00\x00\x00\x00\x00nothing" + bytes(20)
    found = openpgp.kind(signature + literal)
    assert found
    assert found.format == "openpgp/signed"


@pytest.mark.parametrize(
    "data", ["École de médecine, Genève\n", "Ángel Álvarez\n", "È vero, Åsa\n", "£ 100 each\n"]
)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_words_that_start_with_an_accent_are_no_openpgp(data: str, encoding: str) -> None:
    assert openpgp.kind((data * 3).encode(encoding)) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (KINDS["openpgp"](False), True),
        (KINDS["openpgp"](True), True),
        (b"\xef\xbb\xbf\r\n" + KINDS["openpgp"](True), True),
        (KINDS["openpgp/certificate"](False), False),
        (KINDS["openpgp/signature"](True), False),
        (pysequoia.encrypt(TEXT, passwords=["word"], armor=False), True),
        (b"", False),
        (TEXT, False),
    ],
)
def test_what_may_be_a_message_for_the_gateway(data: bytes, message: bool) -> None:
    assert openpgp.is_message(data) is message


@given(st.binary(max_size=60))
def test_any_bytes_have_a_kind_or_none(data: bytes) -> None:
    found = openpgp.kind(data)
    assert found is None or found.format.startswith("openpgp")
