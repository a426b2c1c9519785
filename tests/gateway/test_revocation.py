"""Live sessions end when what let them in is gone; those of others go on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
import asyncssh
import pytest

from config.operations import Role
from config.settings import Limits
from gateway.directory import Directory
from gateway.directory_credentials import new_token
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, NewCredential
from gateway.migrations import upgrade
from gateway.revocation import ANYWAY, Revocations
from gateway.second_factors import SecondFactors
from gateway.store.database import Database, open_database
from gateway.throttle import Throttle
from keys.totp import code_at, step_at
from tests.support.eventually import eventually
from tests.support.simulated_gateway import SimulatedGateway, SimulatedJudge, SimulatedMailbox
from transports.https import HttpsOptions, build_app, serve_https
from transports.ports import Principal
from transports.sftp import SftpOptions, SftpService, serve_sftp

ME = "person:dana"
HOST = "127.0.0.1"
KEY = NewCredential(CredentialKind.SSH_KEY, "AAAA", "SHA256:" + "k" * 43)
PASSWORD = NewCredential(CredentialKind.PASSWORD, "hash", "password")
WHO = Principal("c1", "clinic", frozenset({Role.SENDER}), KEY.fingerprint)


@dataclass(eq=False)
class Session:
    """One that is only looked at."""

    who: Principal = WHO
    address: str = HOST
    since: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(seconds=5))
    revoked: bool = False

    def revoke(self) -> None:
        self.revoked = True


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.db'}", create=True)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def directory(database: Database) -> Directory:
    made = Directory(database)
    made.add_partner("clinic", "", ME)
    made.add_account("c1", "clinic", {Role.SENDER, Role.RECEIVER}, ME, [KEY, PASSWORD])
    made.add_account("c2", "clinic", {Role.SENDER}, ME, [KEY])
    return made


CHANGES: dict[str, Callable[[Directory], None]] = {
    "the account is disabled": lambda d: d.enable_account("c1", ME, enabled=False),
    "a role is taken away": lambda d: d.set_roles("c1", {Role.RECEIVER}, ME),
    "the credential is removed": lambda d: d.remove_credential("c1", KEY.fingerprint, ME),
    "its network is shut out": lambda d: d.limit_account("c1", ["192.0.2.0/24"], ME),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_session_ends_when(change: str, directory: Directory, database: Database) -> None:
    mine, other = Session(), Session(Principal("c2", "clinic", WHO.roles, KEY.fingerprint))
    revocations = Revocations(DirectoryReader(database), lambda: [mine, other])
    assert await revocations.look() == 0
    CHANGES[change](directory)
    assert await revocations.look() == 1
    assert (mine.revoked, other.revoked) == (True, False)


@pytest.mark.parametrize("how", ["disabled", "its networks"])
async def test_a_partners_end_ends_all_its_sessions(
    how: str, directory: Directory, database: Database
) -> None:
    sessions = [Session(), Session(Principal("c2", "clinic", WHO.roles, KEY.fingerprint))]
    revocations = Revocations(DirectoryReader(database), lambda: sessions)
    if how == "disabled":
        directory.enable_partner("clinic", ME, enabled=False)
    else:
        directory.limit_partner("clinic", ["192.0.2.0/24"], ME)
    assert await revocations.look() == 2


async def test_a_new_password_ends_the_sessions_of_the_old_one(
    directory: Directory, database: Database
) -> None:
    session = Session(Principal("c1", "clinic", WHO.roles, "password"), since=datetime.now(UTC))
    revocations = Revocations(DirectoryReader(database), lambda: [session])
    assert await revocations.look() == 0
    directory.add_credential("c1", PASSWORD, ME)
    assert await revocations.look() == 1


FACTORS: dict[str, Callable[[SecondFactors, str], object]] = {
    "confirmed": lambda f, code: f.confirm("c1", code, ME),
    "its recovery codes are renewed": lambda f, _code: f.recovery("c1", ME),
    "reset": lambda f, _code: f.reset("c1", ME),
}


@pytest.mark.parametrize("what", FACTORS)
async def test_older_sessions_end_when_a_second_factor_is(
    what: str, directory: Directory, database: Database
) -> None:
    clock = [datetime.now(UTC)]
    factors = SecondFactors(database, Keys(), Throttle(database, Limits()), lambda: clock[0])
    code = code_of(factors.enrol("c1", "Lazaretto", ME), clock[0])
    if what != "confirmed":
        factors.confirm("c1", code, ME)
    older = Session(since=clock[0] + timedelta(minutes=1))
    newer = Session(since=clock[0] + timedelta(minutes=3))
    other = Session(Principal("c2", "clinic", WHO.roles, KEY.fingerprint))
    revocations = Revocations(DirectoryReader(database), lambda: [older, newer, other])
    assert await revocations.look() == 0
    clock[0] += timedelta(minutes=2)
    if what == "confirmed":
        code = code_of(factors.enrol("c1", "Lazaretto", ME), clock[0])
    FACTORS[what](factors, code)
    assert await revocations.look() == 1
    assert older.revoked


class Keys:
    def derive(self, purpose: bytes) -> bytes:
        return purpose.ljust(32, b"-")[:32]


def code_of(uri: str, when: datetime) -> str:
    secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
    return code_at(secret, step_at(when))


async def test_what_gives_more_or_concerns_others_ends_nothing(
    directory: Directory, database: Database
) -> None:
    session = Session()
    revocations = Revocations(DirectoryReader(database), lambda: [session])
    directory.add_account("c3", "clinic", {Role.SENDER}, ME)
    directory.add_credential("c1", new_token()[1], ME)
    directory.limit_account("c1", ["127.0.0.0/8"], ME)
    directory.enable_account("c2", ME, enabled=False)
    assert await revocations.look() == 0


async def test_what_runs_out_ends_within_a_minute_though_nothing_changed(
    directory: Directory, database: Database
) -> None:
    _, token = new_token(timedelta(days=1))
    directory.add_credential("c1", token, ME)
    session = Session(Principal("c1", "clinic", WHO.roles, token.fingerprint))
    now = [datetime.now(UTC)]
    revocations = Revocations(DirectoryReader(database, lambda: now[0]), lambda: [session])
    assert await revocations.look() == 0
    now[0] += timedelta(days=2)
    assert [await revocations.look() for _ in range(ANYWAY - 1)] == [0] * (ANYWAY - 2) + [1]


async def test_a_database_that_is_gone_and_comes_back_is_looked_at_again(
    directory: Directory, database: Database, tmp_path: Path
) -> None:
    session = Session()
    revocations = Revocations(DirectoryReader(database), lambda: [session], pause=0.01)
    directory.enable_account("c1", ME, enabled=False)
    database.close()
    (tmp_path / "d.db").rename(tmp_path / "away")
    task = asyncio.create_task(revocations.run())
    await asyncio.sleep(0)
    (tmp_path / "away").rename(tmp_path / "d.db")
    await eventually(lambda: session.revoked)
    task.cancel()


async def test_a_login_that_read_the_directory_before_a_change_ends_though_it_came_after_the_look(
    directory: Directory, database: Database
) -> None:
    late, live = Session(), [Session(Principal("c2", "clinic", WHO.roles, KEY.fingerprint))]
    revocations = Revocations(DirectoryReader(database), lambda: live)
    directory.enable_account("c1", ME, enabled=False)
    assert await revocations.look() == 0
    live.append(late)
    assert await revocations.look() == 1
    assert late.revoked


async def test_one_session_that_cannot_be_ended_keeps_no_other_from_its_end(
    directory: Directory, database: Database
) -> None:
    class Stuck(Session):
        def revoke(self) -> None:
            if not self.revoked:
                self.revoked = True
                raise RuntimeError("a library's fault")
            live.remove(self)

    other = Session()
    live: list[Session] = [Stuck(), other]
    revocations = Revocations(DirectoryReader(database), lambda: live, pause=0.01)
    directory.enable_account("c1", ME, enabled=False)
    task = asyncio.create_task(revocations.run())
    await eventually(lambda: other.revoked and live == [other])
    assert not task.done()
    task.cancel()


async def test_what_fails_unforeseen_does_not_end_the_looking(
    directory: Directory, database: Database
) -> None:
    session = Session()
    looks = 0

    def live() -> list[Session]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError("unforeseen")
        return [session]

    directory.enable_account("c1", ME, enabled=False)
    task = asyncio.create_task(Revocations(DirectoryReader(database), live, pause=0.01).run())
    await eventually(lambda: session.revoked)
    task.cancel()


async def test_a_password_replaced_while_the_old_one_is_judged_ends_its_session(
    sftp: SftpService, directory: Directory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def password(self: SimulatedJudge, *_given: str) -> Principal:
        directory.add_credential("c1", PASSWORD, ME)
        return Principal("c1", "clinic", WHO.roles, "password")

    monkeypatch.setattr(SimulatedJudge, "password", password)
    options: dict[str, Any] = {
        "username": "c1", "password": "pw", "known_hosts": None, "config": None,
        "client_keys": None, "agent_path": None,
    }  # fmt: skip
    async with asyncssh.connect("127.0.0.1", sftp.port, **options) as link:
        assert await Revocations(DirectoryReader(database), sftp.sessions).look() == 1
        await asyncio.wait_for(link.wait_closed(), 10)


@pytest.fixture
async def sftp(tmp_path: Path) -> AsyncIterator[SftpService]:
    key = tmp_path / "host"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    judge, gateway = SimulatedJudge(), SimulatedGateway()
    judge.passwords[("c1", "pw")] = Principal("c1", "clinic", WHO.roles, "password")
    service = await serve_sftp(
        SftpOptions(host_keys=(key,)), judge, gateway, SimulatedMailbox(gateway)
    )
    yield service
    await service.stop(0.2)


async def test_an_sftp_connection_is_cut_off(
    sftp: SftpService, directory: Directory, database: Database
) -> None:
    options: dict[str, Any] = {
        "username": "c1", "password": "pw", "known_hosts": None, "config": None,
        "client_keys": None, "agent_path": None,
    }  # fmt: skip
    revocations = Revocations(DirectoryReader(database), sftp.sessions)
    async with asyncssh.connect("127.0.0.1", sftp.port, **options) as link:
        client = await link.start_sftp_client()
        assert await client.listdir("/outbox")
        assert await revocations.look() == 0
        directory.enable_account("c1", ME, enabled=False)
        assert await revocations.look() == 1
        await asyncio.wait_for(link.wait_closed(), 10)
        with pytest.raises((asyncssh.Error, OSError)):
            await client.listdir("/outbox")
    await eventually(lambda: not sftp.sessions())


async def test_an_https_upload_under_way_is_cut_off_and_submits_nothing(
    directory: Directory, database: Database
) -> None:
    judge, gateway = SimulatedJudge(), SimulatedGateway()
    text, token = new_token()
    directory.add_credential("c1", token, ME)
    judge.tokens[text] = Principal("c1", "clinic", WHO.roles, token.fingerprint)
    app = build_app(HttpsOptions(), cast(Any, judge), gateway, SimulatedMailbox(gateway))
    service = await serve_https(HttpsOptions(), app, None)
    revocations = Revocations(DirectoryReader(database), service.sessions)

    async def body() -> AsyncIterator[bytes]:
        yield b"ISA"
        await asyncio.Event().wait()

    address = f"http://127.0.0.1:{service.port}/v1/outbox/claims/a.837"
    headers = {"Authorization": f"Bearer {text}"}
    async with aiohttp.ClientSession() as http:
        sending = asyncio.create_task(http.put(address, data=body(), headers=headers))
        await eventually(lambda: bool(gateway.transfers and gateway.transfers[0].data))
        directory.remove_credential("c1", token.fingerprint, ME)
        assert await revocations.look() == 1
        with pytest.raises(aiohttp.ClientError):
            await asyncio.wait_for(sending, 10)
    await eventually(lambda: not service.sessions())
    assert gateway.submitted() == []
    await service.stop(0.2)
