from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import asyncssh
import pytest
import structlog
from argon2 import PasswordHasher
from sqlalchemy.event import listen

from config.operations import Role
from config.settings import Limits
from gateway import identity
from gateway.directory import Directory
from gateway.directory_credentials import new_token, password, ssh_keys
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, DirectoryError, NewCredential
from gateway.identity import DirectoryAuthenticator
from gateway.migrations import upgrade
from gateway.store.database import Database, open_database
from gateway.throttle import Throttle, of_account, of_address, of_name
from transports.ports import BusyError, Principal, TooManyAttemptsError

ME = "person:dana"
HOST = "192.0.2.7"
# The real parameters take 64 MiB; what is tested here doesn't depend on them.
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519")
TOKEN, TOKEN_PROOF = new_token(timedelta(days=30))
CLINIC = Principal("c1", "clinic", frozenset({Role.SENDER}))


class CountingHasher(PasswordHasher):
    """Argon2id that tells how often it worked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - its name
        self.verified += 1
        return super().verify(hash, password)


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
    proof = NewCredential(CredentialKind.PASSWORD, QUICK.hash("open sesame 123"), "password")
    keys = ssh_keys(KEY.export_public_key().decode())
    made.add_account("c1", "clinic", {Role.SENDER}, ME, [proof, TOKEN_PROOF, *keys])
    made.add_account("bare", "clinic", {Role.SENDER}, ME)
    return made


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def auth(
    directory: Directory, database: Database, hasher: CountingHasher
) -> Iterator[DirectoryAuthenticator]:
    made = DirectoryAuthenticator(
        DirectoryReader(database), Throttle(database, Limits()), hasher=hasher
    )
    yield made
    made.close()


async def test_the_right_password_lets_in(auth: DirectoryAuthenticator) -> None:
    assert await auth.password("c1", "open sesame 123", HOST) == CLINIC


@pytest.mark.parametrize(
    ("user", "given"),
    [
        ("c1", "wrong"),
        ("c1", ""),
        ("C1", "open sesame 123"),
        ("bare", "nobody has this password"),
        ("nobody", "nobody has this password"),
        ("c1\0", "open sesame 123"),
        ("c1", "open sesame 123\0"),
        ("c1", "x" * 100_000),
        ("\ud800", "\ud800"),
        ("x" * 100_000, "x"),
    ],
)
async def test_a_wrong_password_keeps_out_after_the_same_work(
    auth: DirectoryAuthenticator, hasher: CountingHasher, user: str, given: str
) -> None:
    assert await auth.password(user, given, HOST) is None
    assert hasher.verified == 1


async def test_a_password_longer_than_the_limit_never_fits(
    directory: Directory, auth: DirectoryAuthenticator
) -> None:
    directory.add_credential("bare", password("y" * 1024), ME)
    assert await auth.password("bare", "y" * 1025, HOST) is None


async def test_the_right_key_lets_in(auth: DirectoryAuthenticator) -> None:
    assert await auth.public_key("c1", KEY.public_data, HOST) == CLINIC


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("c1", OTHER_KEY.public_data),
        ("c1", KEY.public_data[:-1]),
        ("c1", b""),
        ("bare", KEY.public_data),
        ("nobody", KEY.public_data),
    ],
    ids=["another's", "cut short", "empty", "no key on record", "unknown user"],
)
async def test_a_wrong_key_keeps_out(auth: DirectoryAuthenticator, user: str, key: bytes) -> None:
    assert await auth.public_key(user, key, HOST) is None


async def test_who_is_unknown_costs_the_same_statements_as_who_is_known(
    auth: DirectoryAuthenticator, database: Database
) -> None:
    """Hashing is counted elsewhere; the rest of the time is the database's."""
    statements: list[str] = []
    listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement.split("(")[0][:40]),
    )
    seen = []
    for name in ("c1", "bare", "nobody", "no/name", "\ud800"):
        statements.clear()
        assert await auth.password(name, "wrong", HOST) is None
        seen.append(list(statements))
    assert seen[0]
    assert all(one == seen[0] for one in seen[1:])


async def test_guesses_have_to_wait_and_are_not_looked_at_meanwhile(
    auth: DirectoryAuthenticator, hasher: CountingHasher
) -> None:
    free = Limits().free_failures
    for name in ("c1", "nobody"):
        hasher.verified = 0
        for _ in range(free + 1):
            assert await auth.password(name, "wrong", HOST) is None
        with pytest.raises(TooManyAttemptsError) as caught:
            await auth.password(name, "open sesame 123", HOST)
        assert 0 < caught.value.seconds <= 1
        assert hasher.verified == free + 1


async def test_no_guess_at_a_password_keeps_keys_and_tokens_out(
    auth: DirectoryAuthenticator, directory: Directory, database: Database
) -> None:
    throttle = Throttle(database, Limits())
    for _ in range(3):
        throttle.charge(of_account("c1"), "198.51.100.9")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE attempts SET failures = 20, until = 1")
    throttle.failed(of_account("c1"), "198.51.100.9")
    with pytest.raises(TooManyAttemptsError):
        await auth.password("c1", "open sesame 123", HOST)
    assert await auth.public_key("c1", KEY.public_data, HOST) == CLINIC
    assert await auth.token(TOKEN, HOST) == CLINIC


async def test_the_right_password_wipes_the_slate(auth: DirectoryAuthenticator) -> None:
    for _ in range(3):
        for _ in range(Limits().free_failures):
            assert await auth.password("c1", "wrong", HOST) is None
        assert await auth.password("c1", "open sesame 123", HOST) == CLINIC


async def test_an_address_that_tries_token_after_token_is_not_heard(
    directory: Directory, database: Database
) -> None:
    limits = Limits(address_free_failures=2)
    auth = DirectoryAuthenticator(
        DirectoryReader(database), Throttle(database, limits), hasher=QUICK
    )
    for number in range(3):
        assert await auth.token(f"lz_{number}", "2001:db8::1") is None
    with pytest.raises(TooManyAttemptsError):
        await auth.token(TOKEN, "2001:db8::ffff")
    assert await auth.token(TOKEN, "2001:db8:0:1::1") == CLINIC
    auth.close()


@pytest.mark.parametrize(
    ("account", "partner", "allowed"),
    [
        ((), (), True),
        (("192.0.2.0/24",), (), True),
        ((), ("192.0.2.7/32", "2001:db8::/32"), True),
        (("192.0.2.0/24",), ("192.0.2.0/28",), True),
        (("198.51.100.0/24",), (), False),
        ((), ("198.51.100.0/24",), False),
        (("192.0.2.0/24",), ("198.51.100.0/24",), False),
    ],
)
async def test_logins_are_taken_from_the_networks_of_account_and_partner(
    directory: Directory,
    auth: DirectoryAuthenticator,
    account: tuple[str, ...],
    partner: tuple[str, ...],
    allowed: bool,
) -> None:
    directory.limit_account("c1", account, ME)
    directory.limit_partner("clinic", partner, ME)
    expected = CLINIC if allowed else None
    assert await auth.public_key("c1", KEY.public_data, HOST) == expected
    assert await auth.public_key("c1", KEY.public_data, f"::ffff:{HOST}") == expected
    assert await auth.token(TOKEN, HOST) == expected
    assert await auth.password("c1", "open sesame 123", HOST) == expected


async def test_the_right_token_lets_in(auth: DirectoryAuthenticator) -> None:
    assert await auth.token(TOKEN, HOST) == CLINIC


@pytest.mark.parametrize(
    "token",
    ["", "lzr_", TOKEN[:-1], TOKEN + "x", TOKEN_PROOF.secret, "\ud800"],
    ids=["empty", "prefix", "cut short", "longer", "its digest", "no text"],
)
async def test_a_wrong_token_keeps_out(auth: DirectoryAuthenticator, token: str) -> None:
    assert await auth.token(token, HOST) is None


async def test_a_token_holds_of_its_accounts_roles_those_it_was_given(
    directory: Directory, auth: DirectoryAuthenticator
) -> None:
    both = {Role.SENDER, Role.RECEIVER}
    text, proof = new_token(timedelta(days=1), frozenset({Role.RECEIVER}))
    with pytest.raises(DirectoryError, match="c1 isn't receiver"):
        directory.add_credential("c1", proof, ME)
    directory.set_roles("c1", both, ME)
    directory.add_credential("c1", proof, ME)
    narrow = await auth.token(text, HOST)
    assert narrow is not None
    assert narrow.roles == {Role.RECEIVER}
    wide = await auth.token(TOKEN, HOST)
    assert wide is not None
    assert wide.roles == both
    directory.set_roles("c1", {Role.SENDER}, ME)
    empty = await auth.token(text, HOST)
    assert empty is not None
    assert empty.roles == set()


@pytest.mark.parametrize("days", [0, -1, 367])
def test_no_token_lives_longer_than_a_year(days: int) -> None:
    with pytest.raises(DirectoryError, match="1 to 366 days"):
        new_token(timedelta(days=days))


async def test_an_expired_token_keeps_out(directory: Directory, database: Database) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    auth = DirectoryAuthenticator(
        DirectoryReader(database, lambda: later), Throttle(database, Limits()), hasher=QUICK
    )
    assert await auth.token(TOKEN, HOST) is None
    auth.close()


@pytest.mark.parametrize("what", ["account", "partner"])
async def test_a_disabled_account_or_partner_stays_out_every_way(
    directory: Directory, auth: DirectoryAuthenticator, what: str
) -> None:
    if what == "account":
        directory.enable_account("c1", ME, enabled=False)
    else:
        directory.enable_partner("clinic", ME, enabled=False)
    assert await auth.password("c1", "open sesame 123", HOST) is None
    assert await auth.public_key("c1", KEY.public_data, HOST) is None
    assert await auth.token(TOKEN, HOST) is None


async def test_a_database_that_is_gone_lets_nobody_in(
    auth: DirectoryAuthenticator, database: Database, tmp_path: Path
) -> None:
    database.close()
    (tmp_path / "d.db").unlink()
    assert await auth.password("c1", "open sesame 123", HOST) is None
    assert await auth.public_key("c1", KEY.public_data, HOST) is None
    assert await auth.token(TOKEN, HOST) is None


class HeldUp(CountingHasher):
    """Works on nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - its name
        assert self.let.wait(20)
        return super().verify(hash, password)


@pytest.fixture
def held_up(directory: Directory, database: Database) -> Iterator[DirectoryAuthenticator]:
    """The judge, whose hasher is at work for as long as the test likes."""
    hasher = HeldUp()
    made = DirectoryAuthenticator(
        DirectoryReader(database), Throttle(database, Limits()), hasher=hasher
    )
    yield made
    hasher.let.set()
    made.close()


def go_on(auth: DirectoryAuthenticator) -> None:
    assert isinstance(auth._hasher, HeldUp)
    auth._hasher.let.set()


def charges(database: Database) -> list[tuple[str, int]]:
    """Subjects with failures, and how many."""
    with database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT subject, failures FROM attempts WHERE failures > 0 ORDER BY subject"
        )
        return [(row[0], row[1]) for row in rows]


async def test_a_password_that_finds_no_room_is_refused_without_a_charge(
    held_up: DirectoryAuthenticator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "MAX_WAITING", 3)
    waiting = [asyncio.create_task(held_up.password("nobody", "guess", "")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await held_up.password("c1", "open sesame 123", HOST)
    go_on(held_up)
    assert not any(await asyncio.gather(*waiting))
    assert [subject for subject, _ in charges(database)] == [of_name("nobody")]
    assert await held_up.password("c1", "open sesame 123", HOST) == CLINIC


async def test_who_leaves_before_the_answer_to_a_wrong_password_is_charged(
    held_up: DirectoryAuthenticator, database: Database
) -> None:
    await left_early(held_up, "wrong")
    assert charges(database) == [(of_account("c1"), 1), (of_address(HOST), 1)]


async def test_who_leaves_before_the_answer_to_the_right_password_is_not(
    held_up: DirectoryAuthenticator, database: Database
) -> None:
    await left_early(held_up, "open sesame 123")
    assert charges(database) == []


async def left_early(auth: DirectoryAuthenticator, password: str) -> None:
    """A client that hangs up while its password is looked at, which then goes on."""
    task = asyncio.create_task(auth.password("c1", password, HOST))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (check,) = auth._checks
    go_on(auth)
    await check


async def test_refusals_are_logged_sparingly_and_without_what_was_typed(
    auth: DirectoryAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_LINES_A_MINUTE", 3)
    with structlog.testing.capture_logs() as lines:
        auth._refusals = identity._Sparing()
        for _ in range(10):
            await auth.public_key("hunter2 typed here", b"", HOST)
    assert len(lines) == 3
    assert (lines[0]["account"], lines[0]["address"]) == ("(unknown)", HOST)
    assert "hunter2" not in str(lines)


async def test_refused_logins_never_grow_the_ledger(
    auth: DirectoryAuthenticator, database: Database
) -> None:
    def events() -> int:
        with database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one())

    before = events()
    await auth.password("c1", "wrong", HOST)
    await auth.token("wrong", HOST)
    assert events() == before


async def test_each_judgement_is_observed(directory: Directory, database: Database) -> None:
    seen: list[tuple[str, bool]] = []
    auth = DirectoryAuthenticator(
        DirectoryReader(database),
        Throttle(database, Limits()),
        hasher=QUICK,
        observe=lambda how, ok: seen.append((how, ok)),
    )
    await auth.token(TOKEN, HOST)
    await auth.public_key("c1", b"", HOST)
    auth.close()
    assert seen == [("token", True), ("ssh-key", False)]
