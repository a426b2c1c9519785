"""What counts as proof that a client holds a key: also of keys on hardware, which want a touch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.simulated_gateway import CLINIC, SimulatedJudge
from tests.support.ssh_certs import certify, packed
from transports.sftp_login import Login
from transports.ssh_certificate import read_certificate

SESSION = b"s" * 32
MESSAGE = b"what RFC 4252 has signed"
APPLICATION = "ssh:"
CA = asyncssh.generate_private_key("ssh-ed25519")


class Line:
    """As much of a connection as a login needs."""

    _session_id = SESSION

    def send_userauth_failure(self, partial_success: bool) -> None:
        """Heard."""

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return ("192.0.2.7", 1) if name == "peername" else ("", 0)


@dataclass
class Token:
    """A security key (FIDO): it signs what it was asked, its flags and its counter."""

    def __post_init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_data(self) -> bytes:
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return packed("sk-ssh-ed25519@openssh.com") + packed(raw) + packed(APPLICATION)

    def sign(self, message: bytes, *, touched: bool) -> bytes:
        flags, counter = bytes([touched]), (5).to_bytes(4, "big")
        application = hashlib.sha256(APPLICATION.encode()).digest()
        asked = hashlib.sha256(packed(SESSION) + message).digest()
        made = self._key.sign(application + flags + counter + asked)
        return packed("sk-ssh-ed25519@openssh.com") + packed(made) + flags + counter


@pytest.fixture
def token() -> Token:
    return Token()


@pytest.fixture
def judge(token: Token) -> SimulatedJudge:
    made = SimulatedJudge()
    made.keys[token.public_data] = CLINIC
    return made


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture
def login(judge: SimulatedJudge, failures: list[str]) -> Login:
    conn = cast(asyncssh.SSHServerConnection, Line())
    made = Login(
        conn, judge, failed=lambda: failures.append("failed"), observe=lambda _method, _ok: None
    )
    made.begin("clinic-bot")
    return made


async def test_a_touched_security_key_logs_in(login: Login, token: Token) -> None:
    signature = token.sign(MESSAGE, touched=True)
    assert await login.public_key("clinic-bot", token.public_data, MESSAGE, signature)
    assert login.complete("clinic-bot") == CLINIC


async def test_a_security_key_that_nobody_touched_does_not(
    login: Login, token: Token, failures: list[str]
) -> None:
    signature = token.sign(MESSAGE, touched=False)
    assert not await login.public_key("clinic-bot", token.public_data, MESSAGE, signature)
    assert failures == ["failed"]
    with pytest.raises(asyncssh.PermissionDenied):
        login.complete("clinic-bot")


async def test_a_security_key_can_be_certified(login: Login, token: Token) -> None:
    blob = certify(CA, cast(asyncssh.SSHKey, token))
    assert read_certificate(blob).key == token.public_data
    assert login._proves(blob, MESSAGE, token.sign(MESSAGE, touched=True))
    assert not login._proves(blob, MESSAGE, token.sign(MESSAGE, touched=False))
    assert not login._proves(blob, MESSAGE, Token().sign(MESSAGE, touched=True))


async def test_a_question_whether_a_key_would_do_proves_nothing(login: Login, token: Token) -> None:
    assert await login.public_key("clinic-bot", token.public_data, b"", b"")
    with pytest.raises(asyncssh.PermissionDenied):
        login.complete("clinic-bot")


@pytest.mark.parametrize(
    "signature", [b"", b"\0\0\0\4abc", packed("ssh-rsa"), packed("none") + packed(b""), b"\xff" * 9]
)
async def test_what_is_no_signature_proves_nothing(
    login: Login, token: Token, signature: bytes
) -> None:
    assert not await login.public_key("clinic-bot", token.public_data, MESSAGE, signature)


async def test_a_signature_over_another_session_or_message_proves_nothing(
    login: Login, token: Token
) -> None:
    signature = token.sign(MESSAGE + b"!", touched=True)
    assert not await login.public_key("clinic-bot", token.public_data, MESSAGE, signature)
    Line._session_id, before = b"t" * 32, Line._session_id
    try:
        signature = token.sign(MESSAGE, touched=True)
        assert not await login.public_key("clinic-bot", token.public_data, MESSAGE, signature)
    finally:
        Line._session_id = before


async def test_a_later_failure_takes_back_an_earlier_success(login: Login, token: Token) -> None:
    signature = token.sign(MESSAGE, touched=True)
    assert await login.public_key("clinic-bot", token.public_data, MESSAGE, signature)
    assert not await login.password("clinic-bot", "wrong")
    with pytest.raises(asyncssh.PermissionDenied):
        login.complete("clinic-bot")
