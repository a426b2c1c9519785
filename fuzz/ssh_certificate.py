"""Fuzz what strangers send as a key or certificate over SSH: any bytes are read or refused.

Run: ``python -m fuzz.ssh_certificate [seconds]``. What breaks it is written to ``crash-*``.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncssh
import atheris

with atheris.instrument_imports(include=["transports", "gateway.ssh_certificates"]):
    from gateway.ssh_certificates import CertificateRefusedError, Trust, check, named
    from transports.ssh_certificate import (
        CertificateFormError,
        is_certificate,
        public_key,
        read_certificate,
    )

from tests.support.ssh_certs import Wanted, certify, option

_CA: Final = asyncssh.generate_private_key("ssh-ed25519")
_NOW: Final = datetime.now(UTC)


def seeds() -> Mapping[str, bytes]:
    """Whole certificates of each kind of key, with what a certificate may hold."""
    options = [option("force-command", "internal-sftp"), option("source-address", "10.0.0.0/8")]
    wanted = Wanted(principals=["clinic-bot", "batch"], options=options)
    kinds = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521")
    return {kind: certify(_CA, asyncssh.generate_private_key(kind), wanted) for kind in kinds}


def read(data: bytes) -> None:
    """Read and judge, by a CA that is trusted whatever the bytes name."""
    is_certificate(data)
    public_key(data)
    with contextlib.suppress(CertificateFormError):
        certificate = read_certificate(data)
        named(certificate)
        trust = Trust([certificate.authority], {"clinic-bot"}, ())
        with contextlib.suppress(CertificateRefusedError):
            check(certificate, trust, "10.0.0.1", _NOW)


def main() -> None:
    """Fuzz until the time is up or something breaks."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as folder:
        for name, seed in seeds().items():
            (Path(folder) / name).write_bytes(seed)
        atheris.Setup(
            [sys.argv[0], folder, f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20",
             "-rss_limit_mb=2048", "-print_final_stats=1"],
            read,
        )  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
