"""What OpenSSH's own client may negotiate here, and what it may not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.hostile.target import Target

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="needs OpenSSH's ssh")

WEAK = [
    # Terrapin (CVE-2023-48795) needs one of the first three.
    "Ciphers=chacha20-poly1305@openssh.com",
    "Ciphers=aes128-cbc",
    "Ciphers=aes256-ctr",
    "Ciphers=3des-cbc",
    "KexAlgorithms=diffie-hellman-group1-sha1",
    "KexAlgorithms=diffie-hellman-group14-sha1",
    "KexAlgorithms=diffie-hellman-group-exchange-sha1",
    "KexAlgorithms=diffie-hellman-group-exchange-sha256",
    "KexAlgorithms=diffie-hellman-group14-sha256",
    "KexAlgorithms=diffie-hellman-group16-sha512",
    "KexAlgorithms=diffie-hellman-group18-sha512",
    "HostKeyAlgorithms=ssh-rsa",
    "HostKeyAlgorithms=ssh-dss",
]
STRONG = [
    "Ciphers=aes128-gcm@openssh.com",
    "Ciphers=aes256-gcm@openssh.com",
    "KexAlgorithms=curve25519-sha256",
    "KexAlgorithms=curve25519-sha256@libssh.org",
    "KexAlgorithms=ecdh-sha2-nistp256",
    "KexAlgorithms=ecdh-sha2-nistp521",
    "Compression=yes",  # offered by the client, and not taken
]


def ssh(target: Target, home: Path, option: str) -> str:
    words = ["ssh", "-v", "-F", "none", "-p", str(target.sftp)]
    options = {
        "BatchMode=yes", "StrictHostKeyChecking=no", f"UserKnownHostsFile={home / 'known'}",
        "PreferredAuthentications=publickey", "IdentityFile=none", "IdentityAgent=none", option,
    }  # fmt: skip
    for wish in options:
        words += ["-o", wish]
    done = subprocess.run(
        [*words, "clinic-bot@127.0.0.1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 255
    return done.stderr


@pytest.mark.parametrize("option", WEAK)
def test_weak_algorithms_are_not_spoken(target: Target, tmp_path: Path, option: str) -> None:
    said = ssh(target, tmp_path, option)
    if "Bad SSH2" in said or "Unsupported" in said or "Bad key types" in said:
        pytest.skip("this OpenSSH doesn't know it either")
    assert "no matching" in said


@pytest.mark.parametrize("option", STRONG)
def test_strong_ones_are(target: Target, tmp_path: Path, option: str) -> None:
    said = ssh(target, tmp_path, option)
    if "Bad SSH2" in said or "Unsupported" in said:
        pytest.skip("this OpenSSH doesn't know it")
    assert "Permission denied" in said, "it got as far as logging in"
    assert "compression: none" in said
    assert "compression: zlib" not in said
