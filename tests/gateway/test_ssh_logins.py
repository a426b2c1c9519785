"""SSH logins by the directory's judge, with OpenSSH's own ``sftp`` and ``ssh-keygen``."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
import structlog
from argon2 import PasswordHasher

from config.operations import Role
from config.settings import Limits
from gateway.directory import Directory
from gateway.directory_credentials import ssh_keys, ssh_principal
from gateway.directory_queries import DirectoryReader
from gateway.directory_ssh import SshAuthorities
from gateway.directory_types import DirectoryError, UnknownEntryError
from gateway.identity import DirectoryAuthenticator
from gateway.logs import KEYS
from gateway.migrations import upgrade
from gateway.revocation import Revocations
from gateway.second_factors import FactorState
from gateway.ssh_certificates import authority
from gateway.ssh_identity import SshAuthenticator
from gateway.store.database import Database, open_database
from gateway.throttle import Throttle
from tests.support.eventually import eventually
from tests.support.sftp_client import sftp
from tests.support.simulated_gateway import Recorder, SimulatedGateway, SimulatedMailbox
from tests.support.ssh_certs import HOUR, Wanted, as_line, certify, option
from transports.ports import Principal
from transports.sftp import SftpOptions, SftpService, serve_sftp
from transports.ssh_certificate import read_certificate

ME = "person:dana"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
SEND = frozenset({Role.SENDER})
CA = asyncssh.generate_private_key("ssh-ed25519")
KEY = asyncssh.generate_private_key("ssh-ed25519")
RSA_KEY = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
needs_openssh = pytest.mark.skipif(
    not (shutil.which("sftp") and shutil.which("ssh-keygen")), reason="OpenSSH is not installed"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("site") / "d.db"
    opened = open_database(f"sqlite:///{path}", create=True)
    upgrade(opened)
    made = Directory(opened)
    for partner in ("clinic", "payer"):
        made.add_partner(partner, "", ME)
    made.add_account("clinic-bot", "clinic", SEND, ME)
    made.add_account("clinic-two", "clinic", SEND, ME, [ssh_principal("batch")])
    rsa = ssh_keys(RSA_KEY.export_public_key().decode())
    made.add_account("clinic-rsa", "clinic", SEND, ME, rsa)
    made.add_account("payer-bot", "payer", SEND, ME)
    ca = authority("clinic", CA.export_public_key().decode())
    SshAuthorities(opened).add_authority(ca, ME)
    yield opened
    opened.close()


class Nobody:
    """Has a second factor."""

    def state(self, account: str) -> FactorState:
        return FactorState(confirmed=False, codes=0)

    def check(self, account: str, code: str, address: str = "") -> bool:
        return False


@dataclass
class Site:
    service: SftpService
    judge: DirectoryAuthenticator
    seen: Recorder

    @property
    def port(self) -> int:
        return self.service.port

    async def connect(
        self, certificate: bytes, *, username: str = "clinic-bot", key: asyncssh.SSHKey = KEY
    ) -> asyncssh.SSHClientConnection:
        certified = asyncssh.import_certificate(as_line(certificate))
        return await asyncssh.connect(
            "127.0.0.1", self.port, username=username, client_keys=[(key, certified)],
            known_hosts=None, config=None, agent_path=None,
        )  # fmt: skip


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    host_key = tmp_path / "host_key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(host_key)
    judge = DirectoryAuthenticator(
        DirectoryReader(database), Throttle(database, Limits()), hasher=QUICK
    )
    gateway, seen = SimulatedGateway(), Recorder()
    service = await serve_sftp(
        SftpOptions(host_keys=(host_key,)),
        SshAuthenticator(judge, Nobody()),
        gateway,
        SimulatedMailbox(gateway),
        observer=seen,
    )
    yield Site(service, judge, seen)
    await service.stop(0.2)
    judge.close()


@dataclass
class Keygen:
    """A CA as partners run one."""

    folder: Path

    async def __call__(self, *flags: str, ca: asyncssh.SSHKey = CA) -> Path:
        """The private key of a pair, beside which lies its certificate."""
        KEY.write_private_key(self.folder / "id")
        KEY.write_public_key(self.folder / "id.pub")
        ca.write_private_key(self.folder / "ca")
        for name in ("id", "ca"):
            (self.folder / name).chmod(0o600)
        words = ["-q", "-s", "ca", "-I", "ci@clinic", *flags, "id.pub"]
        process = await asyncio.create_subprocess_exec("ssh-keygen", *words, cwd=self.folder)
        assert await process.wait() == 0
        return self.folder / "id"


@pytest.fixture
def keygen(tmp_path: Path) -> Keygen:
    return Keygen(tmp_path)


@needs_openssh
async def test_openssh_logs_in_with_a_certificate(site: Site, keygen: Keygen) -> None:
    key = await keygen("-n", "clinic-bot", "-V", "-1m:+1h", "-z", "42")
    status, output = await sftp(site.port, "clinic-bot", key, "ls /outbox")
    assert status == 0, output
    assert "claims" in output


@needs_openssh
async def test_openssh_logs_in_from_where_the_certificate_says(site: Site, keygen: Keygen) -> None:
    flags = ("-n", "clinic-bot", "-O", "force-command=internal-sftp")
    key = await keygen(*flags, "-O", "source-address=127.0.0.0/8")
    assert (await sftp(site.port, "clinic-bot", key, "ls /"))[0] == 0


@needs_openssh
@pytest.mark.parametrize(
    "flags",
    [
        ("-n", "clinic-bot", "-V", "-2h:-1h"),
        ("-n", "clinic-bot", "-V", "+1h:+2h"),
        ("-n", "payer-bot"),
        (),
        ("-n", "clinic-bot", "-O", "source-address=192.0.2.0/24"),
        ("-n", "clinic-bot", "-O", "force-command=/bin/sh"),
        ("-n", "clinic-bot", "-O", "critical:other@example=1"),
        ("-n", "clinic-bot", "-h"),
    ],
    ids=[
        "expired", "not yet valid", "other principal", "no principal", "other address",
        "other command", "unknown option", "host certificate",
    ],
)  # fmt: skip
async def test_openssh_does_not_log_in_with(
    site: Site, keygen: Keygen, flags: tuple[str, ...]
) -> None:
    key = await keygen(*flags)
    status, output = await sftp(site.port, "clinic-bot", key, "ls /")
    assert status != 0
    assert "Permission denied" in output


async def test_a_certificate_logs_in_and_names_itself(site: Site) -> None:
    blob = certify(CA, KEY)
    async with await site.connect(blob) as connection:
        client = await connection.start_sftp_client()
        assert "claims" in await client.listdir("/outbox")
    assert ("login", "sftp", "certificate", True) in site.seen.events
    who = await site.judge.certificate("clinic-bot", read_certificate(blob), "127.0.0.1")
    assert who == Principal("clinic-bot", "clinic", SEND)
    assert isinstance(who, Principal)
    assert who.credential == f"{CA.get_fingerprint()}/7/ci@clinic"


async def test_a_principal_stands_for_the_account_that_names_it(site: Site) -> None:
    blob = certify(CA, KEY, Wanted(principals=["batch"]))
    async with await site.connect(blob, username="clinic-two"):
        pass
    with pytest.raises(asyncssh.PermissionDenied):
        await site.connect(blob, username="clinic-bot")


async def test_a_partners_ca_opens_no_account_of_another(site: Site) -> None:
    blob = certify(CA, KEY, Wanted(principals=["payer-bot"]))
    with pytest.raises(asyncssh.PermissionDenied):
        await site.connect(blob, username="payer-bot")


async def test_nobody_logs_in_with_a_certificate_of_a_key_they_do_not_hold(site: Site) -> None:
    thief = asyncssh.generate_private_key("ssh-ed25519")
    stolen = asyncssh.import_certificate(as_line(certify(CA, KEY)))
    pair = asyncssh.load_keypairs([(KEY, stolen)])[0]
    pair.sign = lambda data: thief.sign(data, b"ssh-ed25519")  # type: ignore[method-assign]  # the theft
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            "127.0.0.1", site.port, username="clinic-bot", client_keys=[pair], known_hosts=None,
            config=None, agent_path=None,
        )  # fmt: skip
    assert ("login", "sftp", "certificate", False) in site.seen.events


async def test_the_certified_key_alone_does_not_log_in(site: Site) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            "127.0.0.1", site.port, username="clinic-bot", client_keys=[KEY], known_hosts=None,
            config=None, agent_path=None,
        )  # fmt: skip


@pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "ssh-rsa"])
async def test_an_rsa_key_logs_in_with_sha_2_and_not_with_sha_1(site: Site, algorithm: str) -> None:
    pair = asyncssh.load_keypairs([RSA_KEY])[0]
    pair.sign = lambda data: RSA_KEY.sign(data, algorithm.encode())  # type: ignore[method-assign]  # as old clients do
    joining = asyncssh.connect(
        "127.0.0.1", site.port, username="clinic-rsa", client_keys=[pair], known_hosts=None,
        config=None, agent_path=None,
    )  # fmt: skip
    if algorithm == "ssh-rsa":
        with pytest.raises(asyncssh.PermissionDenied):
            await joining
    else:
        async with joining:
            pass


async def test_a_session_ends_with_its_certificate(site: Site) -> None:
    connection = await site.connect(certify(CA, KEY, Wanted(ends=3)))
    async with asyncio.timeout(30):
        await connection.wait_closed()
    await eventually(lambda: ("closed", "sftp", "expired") in site.seen.events)


async def test_a_refusal_is_logged_with_ca_serial_and_reason_if_the_ca_is_known(
    site: Site,
) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    with structlog.testing.capture_logs() as lines:
        for ca in (CA, stranger):
            blob = certify(ca, KEY, Wanted(principals=["x"], key_id="made up"))
            await site.judge.certificate("clinic-bot", read_certificate(blob), "192.0.2.1")
    told = [line for line in lines if line["event"] == "certificate.refused"]
    assert [line["credential"] for line in told] == [f"{CA.get_fingerprint()}/7/made_up"]
    assert told[0].keys() - {"log_level"} <= KEYS
    assert "principals" in told[0]["reason"]


async def test_disabled_accounts_and_partners_stay_out(site: Site, database: Database) -> None:
    directory, read = Directory(database), read_certificate(certify(CA, KEY))
    directory.enable_account("clinic-bot", ME, enabled=False)
    assert await site.judge.certificate("clinic-bot", read, "127.0.0.1") is None
    directory.enable_account("clinic-bot", ME, enabled=True)
    directory.enable_partner("clinic", ME, enabled=False)
    assert await site.judge.certificate("clinic-bot", read, "127.0.0.1") is None
    directory.enable_partner("clinic", ME, enabled=True)
    assert await site.judge.certificate("clinic-bot", read, "127.0.0.1")


@pytest.mark.parametrize("username", ["nobody", "", "\ud800", "x" * 1000])
async def test_a_certificate_for_an_unknown_user_lets_nobody_in(site: Site, username: str) -> None:
    named = username if username.isascii() else "x"
    read = read_certificate(certify(CA, KEY, Wanted(principals=[named])))
    assert await site.judge.certificate(username, read, "127.0.0.1") is None


async def test_a_removed_ca_and_a_revoked_certificate_let_nobody_in(
    site: Site, database: Database
) -> None:
    cas = SshAuthorities(database)
    ca = asyncssh.generate_private_key("ssh-ed25519")
    kept = authority("clinic", ca.export_public_key().decode())
    cas.add_authority(kept, ME)
    one, two, three = (
        read_certificate(certify(ca, KEY, Wanted(serial=serial, key_id=key_id)))
        for serial, key_id in ((1, "a"), (2, "b"), (3, "c"))
    )

    async def accepted() -> list[bool]:
        asked = [await site.judge.certificate("clinic-bot", c, "::1") for c in (one, two, three)]
        return [who is not None for who in asked]

    assert await accepted() == [True, True, True]
    cas.revoke("clinic", kept.fingerprint, ME, serial=1)
    cas.revoke("clinic", kept.fingerprint, ME, key_id="b")
    assert await accepted() == [False, False, True]
    cas.remove_authority("clinic", kept.fingerprint, ME)
    assert await accepted() == [False, False, False]


@pytest.mark.parametrize("how", ["serial", "key id", "authority"])
async def test_revocation_ends_the_live_sessions_of_a_certificate_and_no_others(
    site: Site, database: Database, how: str
) -> None:
    cas = SshAuthorities(database)
    ca = asyncssh.generate_private_key("ssh-ed25519")
    kept = authority("clinic", ca.export_public_key().decode())
    cas.add_authority(kept, ME)
    revoked = await site.connect(certify(ca, KEY, Wanted(serial=1, key_id="Jane Doe")))
    other = await site.connect(certify(CA, KEY, Wanted(serial=1, key_id="Jane Doe")))
    revocations = Revocations(DirectoryReader(database), site.service.sessions)
    assert await revocations.look() == 0
    if how == "authority":
        cas.remove_authority("clinic", kept.fingerprint, ME)
    elif how == "serial":
        cas.revoke("clinic", kept.fingerprint, ME, serial=1)
    else:
        cas.revoke("clinic", kept.fingerprint, ME, key_id="Jane Doe")
    assert await revocations.look() == 1
    async with asyncio.timeout(30):
        await revoked.wait_closed()
    async with other:
        client = await other.start_sftp_client()
        assert "claims" in await client.listdir("/outbox")
    assert await revocations.look() == 0


async def test_a_principal_taken_away_ends_the_sessions_that_it_let_in_and_no_others(
    site: Site, database: Database
) -> None:
    directory = Directory(database)
    directory.add_credential("clinic-bot", ssh_principal("deploy"), ME)
    by_role = await site.connect(certify(CA, KEY, Wanted(principals=("deploy",))))
    by_name = await site.connect(certify(CA, KEY, Wanted(principals=("clinic-bot", "deploy"))))
    revocations = Revocations(DirectoryReader(database), site.service.sessions)
    assert await revocations.look() == 0
    directory.remove_credential("clinic-bot", "principal:deploy", ME)
    assert await revocations.look() == 1
    async with asyncio.timeout(30):
        await by_role.wait_closed()
    async with by_name:
        assert "claims" in await (await by_name.start_sftp_client()).listdir("/outbox")


def test_the_directory_refuses_what_makes_no_sense(database: Database) -> None:
    cas, name = SshAuthorities(database), CA.get_fingerprint()
    with pytest.raises(DirectoryError, match="already"):
        cas.add_authority(authority("clinic", CA.export_public_key().decode()), ME)
    with pytest.raises(UnknownEntryError):
        cas.add_authority(authority("clinik", CA.export_public_key().decode()), ME)
    with pytest.raises(UnknownEntryError):
        cas.remove_authority("payer", name, ME)
    with pytest.raises(UnknownEntryError):
        cas.revoke("payer", name, ME, serial=1)
    for serial, key_id in ((None, ""), (0, ""), (-1, ""), (2**64, ""), (None, "x" * 201)):
        with pytest.raises(DirectoryError):
            cas.revoke("clinic", name, ME, serial=serial, key_id=key_id)
    for principal in ("", "a b", "a,b", "x" * 65, "ü"):
        with pytest.raises(DirectoryError):
            ssh_principal(principal)


async def test_an_address_the_certificate_does_not_name_is_judged_by_the_connection(
    site: Site,
) -> None:
    blob = certify(CA, KEY, Wanted(options=[option("source-address", "127.0.0.1")], ends=HOUR))
    async with await site.connect(blob):
        pass
