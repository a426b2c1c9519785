from __future__ import annotations

import base64

import asyncssh
import pytest

from gateway.directory_credentials import HASHER, new_token, password, ssh_keys, token_digest
from gateway.directory_types import CredentialKind, DirectoryError


@pytest.fixture(scope="module")
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519", comment="backup@clinic host")


def public(key: asyncssh.SSHKey, form: str = "openssh") -> str:
    return key.export_public_key(form).decode()


@pytest.mark.parametrize("form", ["openssh", "rfc4716"])
def test_a_public_key_is_kept_as_its_wire_form(key: asyncssh.SSHKey, form: str) -> None:
    (found,) = ssh_keys(public(key, form))
    assert base64.b64decode(found.secret) == key.public_data
    assert found.fingerprint == key.get_fingerprint()
    assert found.comment == "ssh-ed25519 backup@clinic_host"


def test_a_file_may_hold_several_with_comments_between(key: asyncssh.SSHKey) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    text = f"# the clinic's\n\n{public(key)}\r\n{public(other)}"
    assert len(ssh_keys(text)) == 2


def test_a_private_key_is_refused_with_advice(key: asyncssh.SSHKey) -> None:
    text = key.export_private_key().decode()
    with pytest.raises(DirectoryError, match="is a private key; nothing of it was kept"):
        ssh_keys(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        ("hello", "line 1: doesn't begin with a key type"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "a certificate and not a key.*ssh-ca add"),
        ("\nssh-ed25519 AAAA", "line 2: not a whole SSH public key"),
        ('from="10.0.0.1" ssh-ed25519 AAAA', "line 1: .*Options"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----", "not a whole"),
    ],
)
def test_what_is_no_key_is_named_by_line(text: str, message: str) -> None:
    with pytest.raises(DirectoryError, match=message):
        ssh_keys(text, "key.pub")


def test_a_key_cut_off_is_refused(key: asyncssh.SSHKey) -> None:
    with pytest.raises(DirectoryError, match="cut off"):
        ssh_keys(public(key)[:60])


@pytest.mark.parametrize(("kind", "size"), [("ssh-dss", 1024), ("ssh-rsa", 1024)])
def test_a_weak_key_is_refused(kind: str, size: int) -> None:
    options = {"key_size": size} if kind == "ssh-rsa" else {}
    weak = asyncssh.generate_private_key(kind, **options)  # type: ignore[arg-type]  # typed for every option at once
    with pytest.raises(DirectoryError, match="too weak; use ssh-ed25519"):
        ssh_keys(public(weak))


def test_a_password_is_kept_as_argon2id() -> None:
    proof = password("correct horse battery")
    assert proof.secret.startswith("$argon2id$")
    assert HASHER.verify(proof.secret, "correct horse battery")


@pytest.mark.parametrize("text", ["", "elevenchars", "x" * 1025])
def test_a_password_too_short_or_long_is_refused(text: str) -> None:
    with pytest.raises(DirectoryError, match="a password"):
        password(text)


def test_a_token_is_random_recognisable_and_kept_as_its_digest() -> None:
    (first, proof), (second, _) = new_token(), new_token()
    assert first != second
    assert first.startswith("lzr_")
    assert len(base64.urlsafe_b64decode(first[4:] + "=")) == 32
    assert (proof.kind, proof.secret) == (CredentialKind.TOKEN, token_digest(first))
    assert first[4:] not in repr(proof) + proof.fingerprint
