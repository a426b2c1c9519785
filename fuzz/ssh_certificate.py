"""What strangers send as a key or certificate over SSH, fuzzed: any bytes are read or refused."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Final

import asyncssh

from gateway.directory_types import Trust
from gateway.ssh_certificates import CertificateRefusedError, check, named
from tests.support.ssh_certs import Wanted, certify, option
from transports.ssh_certificate import (
    CertificateFormError,
    is_certificate,
    public_key,
    read_certificate,
)

_KINDS: Final = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521")


def certificates(data: bytes) -> None:
    """Read and judge, by a CA that is trusted whatever the bytes name."""
    is_certificate(data)
    public_key(data)
    with contextlib.suppress(CertificateFormError):
        certificate = read_certificate(data)
        named(certificate).encode("ascii")
        trust = Trust([certificate.authority], {"clinic-bot"}, ())
        with contextlib.suppress(CertificateRefusedError):
            check(certificate, trust, "10.0.0.1", datetime.now(UTC))


def whole() -> list[bytes]:
    """Whole certificates of each kind of key, with what a certificate may hold."""
    ca = asyncssh.generate_private_key("ssh-ed25519")
    options = [option("force-command", "internal-sftp"), option("source-address", "10.0.0.0/8")]
    wanted = Wanted(principals=["clinic-bot", "batch"], options=options)
    return [certify(ca, asyncssh.generate_private_key(kind), wanted) for kind in _KINDS]
