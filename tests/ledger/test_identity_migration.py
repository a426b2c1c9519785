"""Accounts of before there were roles keep what they might do, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.operations import Role
from gateway.directory import Directory
from gateway.directory_credentials import token_digest
from gateway.directory_queries import DirectoryReader
from gateway.migrations import upgrade
from gateway.store.database import Database, open_database

COLUMNS = "id, account, kind, secret, fingerprint, comment, added, expires"
CREDENTIAL = f"INSERT INTO credentials ({COLUMNS}) VALUES"
OLD = (
    "INSERT INTO partners (id, name, enabled, added) VALUES ('clinic', 'Clinic', {t}, 1)",
    "INSERT INTO accounts VALUES ('both', 'clinic', {t}, {t}, {t}, 2)",
    "INSERT INTO accounts VALUES ('out', 'clinic', {t}, {f}, {f}, 3)",
    "INSERT INTO accounts VALUES ('in', 'clinic', {f}, {t}, {t}, 4)",
    f"{CREDENTIAL} (7, 'in', 'token', '{token_digest('lz_old')}', 'sha256:x', '', 5, NULL)",
    f"{CREDENTIAL} (3, 'in', 'ssh-key', 'AAAA', 'SHA256:y', 'note', 6, 9{'0' * 15})",
)


@pytest.fixture
def database(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if backend == "postgresql":
        url = request.getfixturevalue("postgres").empty()
    opened = open_database(url, create=True)
    upgrade(opened, "0004")
    words = {"t": "1", "f": "0"} if backend == "sqlite" else {"t": "true", "f": "false"}
    with opened.write() as connection:
        for statement in OLD:
            connection.exec_driver_sql(statement.format(**words))
    yield opened
    opened.close()


def test_what_accounts_might_do_becomes_roles_and_nothing_is_lost(database: Database) -> None:
    upgrade(database)
    reader = DirectoryReader(database)
    assert {a.id: (set(a.roles), a.partner, a.enabled) for a in reader.accounts()} == {
        "both": ({Role.SENDER, Role.RECEIVER}, "clinic", True),
        "out": ({Role.SENDER}, "clinic", False),
        "in": ({Role.RECEIVER}, "clinic", True),
    }
    assert [(c.account, c.kind, c.fingerprint, c.comment) for c in reader.credentials()] == [
        ("in", "ssh-key", "SHA256:y", "note"),
        ("in", "token", "sha256:x", ""),
    ]
    login = reader.token_login(token_digest("lz_old"))
    assert login.allowed
    assert login.account is not None
    assert login.account.id == "in"


def test_what_is_added_afterwards_gets_ids_of_its_own(database: Database) -> None:
    upgrade(database)
    directory = Directory(database)
    directory.add_account("dana", "", {Role.ADMIN}, "system")
    for number in range(8):
        with database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO credentials (account, kind, secret, fingerprint, added)"
                f" VALUES ('dana', 'ssh-key', 'k{number}', 'f{number}', 1)"
            )
    assert len(DirectoryReader(database).credentials()) == 10
