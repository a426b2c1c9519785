"""A first factor and then a code, with the gateway's judges and OpenSSH's ``sftp``."""

from __future__ import annotations

import base64
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncssh
import pytest
from argon2 import PasswordHasher

from config.operations import Role
from config.settings import Limits
from gateway.directory import Directory
from gateway.directory_credentials import ssh_keys
from gateway.directory_queries import DirectoryReader
from gateway.directory_ssh import SshAuthorities
from gateway.directory_types import CredentialKind, NewCredential
from gateway.identity import DirectoryAuthenticator
from gateway.migrations import upgrade
from gateway.second_factors import SecondFactors
from gateway.ssh_certificates import authority
from gateway.ssh_identity import SshAuthenticator
from gateway.store.database import Database, open_database
from gateway.throttle import Throttle
from keys.totp import code_at, step_at
from tests.support.sftp_client import sftp
from tests.support.simulated_gateway import SimulatedGateway, SimulatedMailbox
from tests.support.ssh_certs import as_line, certify
from transports.ports import HalfProven, Principal, TooManyAttemptsError
from transports.sftp import SftpOptions, SftpService, serve_sftp

ME = "person:dana"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
CA = asyncssh.generate_private_key("ssh-ed25519")
KEY = asyncssh.generate_private_key("ssh-ed25519")
PASSWORD = "open sesame 123"
needs_sftp = pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp is not installed")


class Keys:
    def derive(self, purpose: bytes) -> bytes:
        return purpose.ljust(32, b"-")[:32]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.db'}", create=True)
    upgrade(opened)
    directory = Directory(opened)
    directory.add_partner("clinic", "", ME)
    proof = NewCredential(CredentialKind.PASSWORD, QUICK.hash(PASSWORD), "password")
    keys = ssh_keys(KEY.export_public_key().decode())
    directory.add_account("clinic-bot", "clinic", {Role.SENDER}, ME, [proof, *keys])
    ca = authority("clinic", CA.export_public_key().decode())
    SshAuthorities(opened).add_authority(ca, ME)
    yield opened
    opened.close()


@dataclass
class Site:
    service: SftpService
    judge: SshAuthenticator
    factors: SecondFactors
    folder: Path
    secret: bytes = b""
    recovery: Sequence[str] = ()

    @property
    def port(self) -> int:
        return self.service.port

    def enrol(self) -> None:
        uri = self.factors.enrol("clinic-bot", "Lazaretto", ME)
        self.secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])

    def confirm(self) -> None:
        self.enrol()
        self.recovery = self.factors.confirm("clinic-bot", self.code(-1), ME)

    def code(self, steps: int = 0) -> str:
        return code_at(self.secret, step_at(NOW) + steps)

    def key(self, *, certified: bool = False) -> Path:
        path = self.folder / ("certified" if certified else "id")
        KEY.write_private_key(path)
        path.chmod(0o600)
        if certified:
            path.with_name(f"{path.name}-cert.pub").write_bytes(as_line(certify(CA, KEY)))
        return path

    def answers(self, code: str) -> Path:
        """A program that answers prompts."""
        path = self.folder / "askpass"
        path.write_text(
            f'#!/bin/sh\ncase "$1" in *ode*) echo "{code}";; *) echo "{PASSWORD}";; esac\n'
        )
        path.chmod(0o700)
        return path


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    host_key = tmp_path / "host_key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(host_key)
    throttle = Throttle(database, Limits())
    first = DirectoryAuthenticator(DirectoryReader(database), throttle, hasher=QUICK)
    factors = SecondFactors(database, Keys(), throttle, lambda: NOW)
    judge, gateway = SshAuthenticator(first, factors), SimulatedGateway()
    options = SftpOptions(host_keys=(host_key,))
    service = await serve_sftp(options, judge, gateway, SimulatedMailbox(gateway))
    yield Site(service, judge, factors, tmp_path)
    await service.stop(0.2)
    first.close()


async def login(site: Site, code: str, *, certified: bool = False) -> bool:
    key, asking = site.key(certified=certified), site.answers(code)
    status, output = await sftp(site.port, "clinic-bot", key, "ls /", asking=asking)
    if status == 0:
        assert "outbox" in output
    return status == 0


@needs_sftp
async def test_openssh_logs_in_with_a_key_and_a_code_that_counts_once(site: Site) -> None:
    site.confirm()
    assert await login(site, site.code())
    assert not await login(site, site.code())
    assert await login(site, site.code(1))


@needs_sftp
async def test_openssh_logs_in_with_a_certificate_and_a_code(site: Site) -> None:
    site.confirm()
    assert await login(site, site.code(), certified=True)


@needs_sftp
async def test_openssh_logs_in_with_a_password_and_a_code(site: Site) -> None:
    site.confirm()
    asking = site.answers(site.code())
    assert (await sftp(site.port, "clinic-bot", None, "ls /", asking=asking))[0] == 0


@needs_sftp
async def test_openssh_does_not_log_in_with_a_key_and_no_code(site: Site) -> None:
    site.confirm()
    status, output = await sftp(site.port, "clinic-bot", site.key(), "ls /")
    assert status != 0
    assert "keyboard-interactive" in output


@needs_sftp
async def test_openssh_does_not_log_in_with_a_wrong_code(site: Site) -> None:
    site.confirm()
    assert not await login(site, "000000" if site.code() != "000000" else "000001")


@needs_sftp
async def test_a_recovery_code_logs_in_once(site: Site) -> None:
    site.confirm()
    assert await login(site, site.recovery[0])
    assert not await login(site, site.recovery[0])


@needs_sftp
async def test_an_enrolment_that_nobody_confirmed_asks_for_nothing(site: Site) -> None:
    site.enrol()
    assert await login(site, "")


async def half(site: Site) -> HalfProven:
    found = await site.judge.public_key("clinic-bot", KEY.public_data, "192.0.2.7")
    assert isinstance(found, HalfProven)
    return found


async def test_the_principal_says_that_a_second_factor_was_proven(site: Site) -> None:
    alone = await site.judge.public_key("clinic-bot", KEY.public_data, "192.0.2.7")
    assert isinstance(alone, Principal)
    assert not alone.factor
    site.confirm()
    both = await site.judge.second_factor(await half(site), site.code(), "192.0.2.7")
    assert both == alone
    assert both is not None
    assert both.factor
    assert both.credential == KEY.get_fingerprint()


async def test_wrong_codes_are_counted_among_the_refused_logins(site: Site) -> None:
    site.confirm()
    counted: list[tuple[str, str]] = []
    judge = SshAuthenticator(
        site.judge._first, site.factors, lambda how, account: counted.append((how, account))
    )
    assert await judge.second_factor(await half(site), "0", "192.0.2.7") is None
    assert await judge.second_factor(await half(site), site.code(), "192.0.2.7") is not None
    assert counted == [("second-factor", "clinic-bot")]


async def test_a_certificates_end_outlasts_the_second_factor(site: Site) -> None:
    from transports.ssh_certificate import read_certificate  # noqa: PLC0415 - used here alone

    site.confirm()
    read = read_certificate(certify(CA, KEY))
    found = await site.judge.certificate("clinic-bot", read, "192.0.2.7")
    assert isinstance(found, HalfProven)
    both = await site.judge.second_factor(found, site.code(), "192.0.2.7")
    assert both is not None
    assert both.expires is not None
    assert both.expires - datetime.now(UTC) < timedelta(hours=1)


async def test_codes_can_not_be_guessed_by_who_knows_the_password(
    site: Site, database: Database
) -> None:
    site.confirm()
    wrong = [f"{n:06d}" for n in range(100) if f"{n:06d}" not in {site.code(n) for n in (-1, 0, 1)}]
    heard = 0
    for guess in wrong[:60]:
        try:
            found = await site.judge.password("clinic-bot", PASSWORD, "")
            assert isinstance(found, HalfProven)
            assert await site.judge.second_factor(found, guess, "") is None
        except TooManyAttemptsError:
            continue
        heard += 1
    assert heard <= Limits().free_failures + 2
    assert await site.judge.public_key("clinic-bot", KEY.public_data, "") is not None


async def test_a_database_that_is_gone_lets_nobody_in_half_or_whole(
    site: Site, database: Database, tmp_path: Path
) -> None:
    site.confirm()
    proven = await half(site)
    database.close()
    (tmp_path / "d.db").unlink()
    ways: list[Callable[[], object]] = [
        lambda: site.judge.second_factor(proven, site.code(), ""),
        lambda: site.judge.public_key("clinic-bot", KEY.public_data, ""),
    ]
    for way in ways:
        try:
            found = await way()  # type: ignore[misc]  # each makes a coroutine
        except Exception:  # noqa: BLE001 - the listener lets nobody in on any
            continue
        assert found is None
