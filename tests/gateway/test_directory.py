from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.operations import PARTNER_ROLES, SITE_ROLES, Role
from gateway.directory import Directory
from gateway.directory_credentials import new_token, password
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import (
    CredentialKind,
    DirectoryError,
    NewCredential,
    UnknownEntryError,
)
from gateway.ledger.verify import verify_database
from gateway.migrations import upgrade
from gateway.store.database import Database, open_database

ME = "person:dana"
START = datetime(2026, 3, 1, tzinfo=UTC)
FINGERPRINT = "A1" * 20


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.db'}", create=True)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def directory(database: Database, clock: Clock) -> Directory:
    made = Directory(database, clock)
    made.add_partner("clinic", "Riverside Clinic", ME)
    return made


@pytest.fixture
def reader(database: Database, clock: Clock) -> DirectoryReader:
    return DirectoryReader(database, clock)


def logged(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.read() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM events ORDER BY seq").scalars()
        return [(e["kind"], e["facts"]) for e in map(json.loads, bodies)]


def test_a_partner_reads_back_and_is_on_the_log(
    directory: Directory, reader: DirectoryReader, database: Database
) -> None:
    (partner,) = reader.partners()
    assert (partner.id, partner.name, partner.enabled) == ("clinic", "Riverside Clinic", True)
    assert logged(database) == [("partner.added", {"partner": "clinic"})]


def test_a_partner_is_added_once(directory: Directory, database: Database) -> None:
    with pytest.raises(DirectoryError, match="there is a partner clinic already"):
        directory.add_partner("clinic", "", ME)
    assert len(logged(database)) == 1, "a change that failed leaves no record"


@pytest.mark.parametrize("name", ["", "Clinic", "-x", "a b", "a/b", "..", "é", "x" * 64, "a\n"])
def test_a_partner_id_of_another_form_is_refused(directory: Directory, name: str) -> None:
    with pytest.raises(DirectoryError, match="lower-case letters, digits and hyphens"):
        directory.add_partner(name, "", ME)


@pytest.mark.parametrize("name", ["", "Root", ".x", "a b", "a/b", "a\0", "x" * 64, "a\n"])
def test_a_user_name_of_another_form_is_refused(directory: Directory, name: str) -> None:
    with pytest.raises(DirectoryError, match="a user name is"):
        directory.add_account(name, "clinic", {Role.SENDER}, ME)


def test_an_account_comes_with_its_credentials_or_not_at_all(
    directory: Directory, reader: DirectoryReader
) -> None:
    proof = NewCredential(CredentialKind.SSH_KEY, "AAAA", "SHA256:x")
    with pytest.raises(DirectoryError, match="has SHA256:x already"):
        directory.add_account("c1", "clinic", {Role.SENDER}, ME, [proof, proof])
    assert reader.accounts() == ()


def test_an_account_needs_a_role(directory: Directory) -> None:
    with pytest.raises(DirectoryError, match="without a role"):
        directory.add_account("c1", "clinic", (), ME)


@pytest.mark.parametrize(
    ("partner", "role"),
    [*(("clinic", r) for r in sorted(SITE_ROLES)), *(("", r) for r in sorted(PARTNER_ROLES))],
)
def test_nobody_is_both_of_a_partner_and_of_the_site(
    directory: Directory, reader: DirectoryReader, partner: str, role: Role
) -> None:
    fitting = Role.SENDER if partner else Role.AUDITOR
    with pytest.raises(DirectoryError, match=f"can't be {role}"):
        directory.add_account("c1", partner, {fitting, role}, ME)
    assert reader.accounts() == ()
    directory.add_account("c1", partner, {fitting}, ME)
    with pytest.raises(DirectoryError, match=f"can't be {role}"):
        directory.set_roles("c1", {fitting, role}, ME)
    assert reader.accounts()[0].roles == {fitting}


def test_an_accounts_roles_are_changed_with_a_record(
    directory: Directory, reader: DirectoryReader, database: Database
) -> None:
    directory.add_account("dana", "", {Role.ANALYST}, ME)
    directory.set_roles("dana", {Role.APPROVER, Role.AUDITOR}, ME)
    assert reader.accounts()[0].roles == {Role.APPROVER, Role.AUDITOR}
    assert reader.accounts()[0].partner == ""
    with database.read() as connection:
        body = connection.exec_driver_sql("SELECT body FROM events ORDER BY seq DESC").scalar()
    assert '"kind":"account.changed"' in str(body)
    assert '"roles":["approver","auditor"]' in str(body)


def test_an_account_needs_a_partner_and_the_nearest_is_named(directory: Directory) -> None:
    with pytest.raises(UnknownEntryError, match="did you mean clinic"):
        directory.add_account("c1", "clnic", {Role.SENDER}, ME)


def test_an_account_is_added_once(directory: Directory) -> None:
    directory.add_account("c1", "clinic", {Role.SENDER}, ME)
    with pytest.raises(DirectoryError, match="there is an account c1 already"):
        directory.add_account("c1", "clinic", {Role.SENDER}, ME)


def test_an_account_may_only_do_what_it_was_given(
    directory: Directory, reader: DirectoryReader
) -> None:
    directory.add_account("c1", "clinic", {Role.RECEIVER}, ME)
    assert reader.accounts()[0].roles == {Role.RECEIVER}


def test_a_new_password_replaces_the_old(directory: Directory, reader: DirectoryReader) -> None:
    directory.add_account("c1", "clinic", {Role.SENDER}, ME, [password("first password")])
    directory.add_credential("c1", password("second password"), ME)
    assert len(reader.login("c1", CredentialKind.PASSWORD).secrets) == 1


def test_a_removed_credential_is_gone(directory: Directory, reader: DirectoryReader) -> None:
    directory.add_account("c1", "clinic", {Role.SENDER}, ME, [password("first password")])
    directory.remove_credential("c1", "password", ME)
    assert reader.login("c1", CredentialKind.PASSWORD).secrets == ()
    with pytest.raises(UnknownEntryError, match="no such credential"):
        directory.remove_credential("c1", "password", ME)


def test_an_expired_token_is_not_found(
    directory: Directory, reader: DirectoryReader, clock: Clock
) -> None:
    _, proof = new_token(timedelta(days=1))
    directory.add_account("c1", "clinic", {Role.SENDER}, ME, [proof])
    assert reader.token_login(proof.secret).allowed
    clock.now += timedelta(days=1)
    assert reader.token_login(proof.secret).account is None


def test_a_disabled_partner_locks_its_accounts_out(
    directory: Directory, reader: DirectoryReader
) -> None:
    directory.add_account("c1", "clinic", {Role.SENDER}, ME)
    directory.enable_partner("clinic", ME, enabled=False)
    assert not reader.login("c1", CredentialKind.PASSWORD).allowed
    directory.enable_partner("clinic", ME, enabled=True)
    assert reader.login("c1", CredentialKind.PASSWORD).allowed


def test_the_newest_certificate_in_use_is_sealed_for(
    directory: Directory, reader: DirectoryReader, clock: Clock
) -> None:
    for number, days in ((1, 900), (2, 10), (3, 900)):
        clock.now += timedelta(seconds=1)
        expires = START + timedelta(days=days)
        directory.admit_certificate("clinic", f"{number}" * 40, b"cert", expires, ME)

    def sealing() -> str:
        found = reader.sealing_certificate("clinic")
        return found.fingerprint[0] if found else ""

    assert sealing() == "3"
    directory.retire_certificate("3" * 40, ME)
    assert sealing() == "2"
    clock.now = START + timedelta(days=11)
    assert sealing() == "1"
    clock.now = START + timedelta(days=901)
    assert sealing() == ""


def test_a_certificate_imported_again_is_renewed(
    directory: Directory, reader: DirectoryReader
) -> None:
    directory.admit_certificate("clinic", FINGERPRINT, b"old", START, ME)
    later = START + timedelta(days=365)
    directory.admit_certificate("clinic", FINGERPRINT, b"new", later, ME)
    (found,) = reader.certificates("clinic")
    assert (found.content, found.expires) == (b"new", later)


def test_a_certificate_in_use_is_retired_once(directory: Directory) -> None:
    directory.admit_certificate("clinic", FINGERPRINT, b"c", None, ME)
    directory.retire_certificate(FINGERPRINT, ME)
    with pytest.raises(UnknownEntryError, match="no certificate in use"):
        directory.retire_certificate(FINGERPRINT, ME)


def test_every_change_is_on_the_log_and_no_secret_is(
    directory: Directory, database: Database, tmp_path: Path
) -> None:
    text, token = new_token()
    secret = password("correct horse battery")
    directory.add_account("c1", "clinic", {Role.SENDER, Role.RECEIVER}, ME, [token, secret])
    directory.enable_account("c1", ME, enabled=False)
    directory.enable_account("c1", ME, enabled=True)
    directory.remove_credential("c1", token.fingerprint, ME)
    directory.admit_certificate("clinic", FINGERPRINT, b"cert", START, ME)
    directory.retire_certificate(FINGERPRINT, ME)

    found = logged(database)
    assert [kind for kind, _ in found[1:]] == [
        "account.added", "credential.added", "credential.added", "account.disabled",
        "account.enabled", "credential.removed", "certificate.admitted", "certificate.retired",
    ]  # fmt: skip
    words = json.dumps(found)
    for value in (text, token.secret, secret.secret, "correct horse"):
        assert value not in words
    assert verify_database(tmp_path / "d.db").ok


def test_representations_hide_secrets(directory: Directory, reader: DirectoryReader) -> None:
    proof = password("correct horse battery")
    directory.add_account("c1", "clinic", {Role.SENDER}, ME, [proof])
    assert "argon2" not in repr(proof) + repr(reader.login("c1", CredentialKind.PASSWORD))
