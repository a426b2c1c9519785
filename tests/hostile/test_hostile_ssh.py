"""Strangers and partners below SFTP: nothing granted, another client served, memory bounded."""

from __future__ import annotations

import pytest

from tests.hostile.ssh_attempts import ATTEMPTS, Act, outcome
from tests.hostile.ssh_client import AUTH_FAILURE, SshClient, take, text, u32
from tests.hostile.target import Target


@pytest.mark.parametrize(("act", "expected"), [pytest.param(a, e, id=n) for n, a, e in ATTEMPTS])
def test_below_sftp(target: Target, act: Act, expected: str) -> None:
    with SshClient(target.sftp) as client:
        assert outcome(client, act) == expected
    assert target.strange() == []


def test_what_is_offered_is_strong(target: Target) -> None:
    with SshClient(target.sftp).connected() as client:
        lists, rest = [], client.server_kexinit[17:]
        for _ in range(8):
            names, rest = take(rest)
            lists.append(names.split(b","))
    kex, host_key, *ciphers_macs, up, down = lists
    assert b"kex-strict-s-v00@openssh.com" in kex
    assert not [name for name in kex if b"diffie-hellman" in name], "dear, for whoever asks"
    assert host_key == [b"ssh-ed25519"]
    assert ciphers_macs[0] == ciphers_macs[1]
    assert all(name.endswith(b"-gcm@openssh.com") for name in ciphers_macs[0])
    assert all(name.endswith(b"-etm@openssh.com") for name in ciphers_macs[2])
    assert up == down == [b"none"]


def test_a_refusal_tells_an_unknown_user_from_no_other(target: Target) -> None:
    answers = []
    for user in (b"clinic-bot", b"nobody-at-all"):
        with SshClient(target.sftp).connected() as client:
            client.service()
            client.send(client.password(user, b"wrong"))
            answers.append(client.until(AUTH_FAILURE))
    assert answers[0] == answers[1]


def test_a_command_is_not_looked_at(target: Target) -> None:
    with SshClient(target.sftp).log_in() as client:
        channel = client.open()
        assert client.asked(channel, b"exec", text(b"cat /etc/passwd"))
        message = client.receive()
        assert message[:9] == bytes([95]) + u32(0) + u32(1)
        assert b"SFTP only" in message
