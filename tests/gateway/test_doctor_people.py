"""What the doctor says of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.operations import Role
from config.settings import Limits
from gateway.directory import Directory
from gateway.directory_credentials import new_token
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, NewCredential
from gateway.doctor import Diagnosis, Level
from gateway.doctor_people import judged
from gateway.migrations import upgrade
from gateway.second_factors import SecondFactors
from gateway.store.database import Database, open_database
from gateway.throttle import Throttle

ME = "person:dana"


class Keys:
    def derive(self, purpose: bytes) -> bytes:
        return purpose.ljust(32, b"-")[:32]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.db'}", create=True)
    upgrade(opened)
    yield opened
    opened.close()


def said(database: Database) -> list[Diagnosis]:
    reader = DirectoryReader(database)
    return list(judged(reader.accounts(), reader.with_factor(), reader.credentials()))


def test_who_decides_needs_a_confirmed_second_factor(database: Database) -> None:
    directory = Directory(database)
    directory.add_account("audrey", "", {Role.AUDITOR}, ME)
    assert [d.level for d in said(database)] == [Level.OK]
    directory.add_account("dana", "", {Role.APPROVER}, ME)
    (found,) = said(database)
    assert (found.level, found.subject) == (Level.WARN, "second factors")
    assert found.detail.startswith("dana can")
    factors = SecondFactors(database, Keys(), Throttle(database, Limits()))
    factors.enrol("dana", "x", ME)
    assert [d.level for d in said(database)] == [Level.WARN], "begun is not confirmed"
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE second_factors SET confirmed = 1")
    assert [d.level for d in said(database)] == [Level.OK]
    directory.set_roles("dana", {Role.ADMIN}, ME)
    factors.reset("dana", ME)
    directory.enable_account("dana", ME, enabled=False)
    assert [d.level for d in said(database)] == [Level.OK], "who can't log in needs none"


def test_a_token_without_an_end_is_named(database: Database) -> None:
    directory = Directory(database)
    directory.add_partner("clinic", "", ME)
    directory.add_account("c1", "clinic", {Role.SENDER}, ME, [new_token(timedelta(days=9))[1]])
    assert [d.level for d in said(database)] == [Level.OK]
    old = NewCredential(CredentialKind.TOKEN, "0" * 64, "sha256:0")
    directory.add_credential("c1", old, ME)
    (found,) = said(database)
    assert (found.level, found.subject) == (Level.WARN, "tokens")
    assert "c1" in found.detail
