"""Listeners on loopback over a simulated gateway."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.sftp_site import SftpSite
from tests.support.simulated_gateway import (
    CLINIC,
    PAYER,
    Recorder,
    SimulatedGateway,
    SimulatedJudge,
    SimulatedMailbox,
)
from transports.sftp import SftpOptions, SftpService, serve_sftp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@pytest.fixture
def gateway() -> SimulatedGateway:
    return SimulatedGateway()


@pytest.fixture
def judge() -> SimulatedJudge:
    return SimulatedJudge()


@pytest.fixture(scope="session")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("host") / "key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(path))
    return path


@pytest.fixture(scope="session")
def client_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("client") / "key"
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    path.chmod(0o600)
    return path


@pytest.fixture
async def start_sftp(
    gateway: SimulatedGateway, judge: SimulatedJudge, host_key: Path, client_key: Path
) -> AsyncIterator[Callable[..., Awaitable[SftpSite]]]:
    started: list[SftpService] = []
    judge.keys[asyncssh.read_private_key(str(client_key)).public_data] = CLINIC

    async def start(**options: object) -> SftpSite:
        seen = Recorder()
        chosen = SftpOptions(host_keys=(host_key,), **options)  # type: ignore[arg-type]  # a test's
        service = await serve_sftp(chosen, judge, gateway, SimulatedMailbox(gateway), observer=seen)
        started.append(service)
        return SftpSite(gateway, judge, seen, service, client_key)

    yield start
    for service in started:
        await service.stop(0.2)


@pytest.fixture
async def sftp_site(start_sftp: Callable[..., Awaitable[SftpSite]]) -> SftpSite:
    return await start_sftp()


@pytest.fixture
def payer_key(judge: SimulatedJudge, tmp_path: Path) -> Path:
    path = tmp_path / "payer_key"
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    path.chmod(0o600)
    judge.keys[key.public_data] = PAYER
    return path


@pytest.fixture(scope="session")
def server_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "tls.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "tls.crt", folder / "tls.key"
