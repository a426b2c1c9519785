"""Keys of a new site, as the programs that will use them read them."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import asyncssh
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from keys.site import SshHostKeys, generate_log_key, generate_ssh_host_keys, generate_tls


@pytest.fixture(scope="module")
def tls() -> tuple[bytes, bytes]:
    return generate_tls("lazaretto.example.org", ["localhost", "127.0.0.1", "::1"])


@pytest.fixture(scope="module")
def host_keys() -> SshHostKeys:
    return generate_ssh_host_keys()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_tls_client_that_trusts_the_certificate_connects_by_any_of_its_names(
    tls: tuple[bytes, bytes], tmp_path: Path, name: str
) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(tls[0])
    key.write_bytes(tls[1])
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(certificate))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        answering = threading.Thread(
            target=lambda: server.wrap_socket(theirs, server_side=True).close()
        )
        answering.start()
        with client.wrap_socket(ours, server_hostname=name) as secured:
            assert secured.version() == "TLSv1.3"
        answering.join()


def test_the_tls_certificate_is_p256_and_lasts_397_days(tls: tuple[bytes, bytes]) -> None:
    certificate = x509.load_pem_x509_certificate(tls[0])
    public = certificate.public_key()
    assert isinstance(public, EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasts == timedelta(days=397)
    assert certificate.not_valid_before_utc < datetime.now(UTC)


def test_a_tls_certificate_for_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="names or addresses"):
        generate_tls("lazaretto", [])


def test_the_logs_public_key_verifies_what_its_secret_key_signs() -> None:
    secret, public = generate_log_key()
    signer, verifier = load_pem_private_key(secret, None), load_pem_public_key(public)
    assert isinstance(signer, Ed25519PrivateKey)
    assert isinstance(verifier, Ed25519PublicKey)
    verifier.verify(signer.sign(b"checkpoint"), b"checkpoint")


@pytest.mark.parametrize(("name", "algorithm"), [("ed25519", "ssh-ed25519"), ("rsa", "ssh-rsa")])
def test_asyncssh_loads_the_host_keys(host_keys: SshHostKeys, name: str, algorithm: str) -> None:
    key = asyncssh.import_private_key(getattr(host_keys, name))
    assert key.get_algorithm() == algorithm
    public = asyncssh.import_public_key(getattr(host_keys, f"{name}_public"))
    assert key.export_public_key("pkcs8-der") == public.export_public_key("pkcs8-der")


@pytest.mark.skipif(not which("ssh-keygen"), reason="OpenSSH is not on this machine")
@pytest.mark.parametrize(("name", "shown"), [("ed25519", "256 SHA256:"), ("rsa", "3072 SHA256:")])
def test_openssh_reads_the_host_keys(
    host_keys: SshHostKeys, tmp_path: Path, name: str, shown: str
) -> None:
    path = tmp_path / "host_key"
    path.write_bytes(getattr(host_keys, name))
    path.chmod(0o600)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, check=True)
    assert listed.stdout.decode().startswith(shown)
