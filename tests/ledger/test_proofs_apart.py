"""What the database itself refuses: two proofs of one fingerprint, and a pin of two accounts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from config.operations import Role
from gateway.directory import Directory
from gateway.directory_credentials import (
    new_token,
    oidc_digest,
    oidc_subject,
    ssh_principal,
)
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, DirectoryError, NewCredential
from gateway.migrations import upgrade
from gateway.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ledger.conftest import Bench

ME = "person:dana"
# Where the two databases can't differ, one will do: each one made on a server costs seconds.
ONE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PASSWORD = NewCredential(CredentialKind.PASSWORD, "$argon2id$", "password")
PINNED = {
    "client-cert": NewCredential(CredentialKind.CLIENT_CERTIFICATE, "c" * 64, "c" * 64),
    "client-key": NewCredential(CredentialKind.CLIENT_KEY, "d" * 64, "d" * 64),
    "oidc": oidc_subject("https://login.example", "3f1c"),
}


def two_accounts(bench: Bench) -> Directory:
    made = Directory(bench.database, bench.clock)
    made.add_partner("clinic", "", ME)
    for account in ("bot", "other"):
        made.add_account(account, "clinic", {Role.SENDER}, ME)
    return made


def kinds(bench: Bench) -> list[str]:
    return [str(c.kind) for c in DirectoryReader(bench.database, bench.clock).credentials()]


@ONE
def test_a_principal_called_as_another_proof_is_removed_alone(bench: Bench) -> None:
    directory = two_accounts(bench)
    _, token = new_token()
    proofs = (PASSWORD, token)
    for proof in proofs:
        directory.add_credential("bot", proof, ME)
        directory.add_credential("bot", ssh_principal(proof.fingerprint), ME)
        directory.remove_credential("bot", f"principal:{proof.fingerprint}", ME)
    assert kinds(bench) == ["password", "token"]


@ONE
def test_a_password_is_removed_without_the_principal_called_password(bench: Bench) -> None:
    directory = two_accounts(bench)
    directory.add_credential("bot", PASSWORD, ME)
    directory.add_credential("bot", ssh_principal("password"), ME)
    directory.remove_credential("bot", "password", ME)
    assert kinds(bench) == ["ssh-principal"]


def test_the_longest_principal_is_kept_whole(bench: Bench) -> None:
    directory = two_accounts(bench)
    directory.add_credential("bot", ssh_principal("n" * 64), ME)
    (found,) = DirectoryReader(bench.database).credentials()
    assert found.fingerprint == "principal:" + "n" * 64


@ONE
def test_a_second_proof_of_one_fingerprint_is_refused_whatever_its_kind(bench: Bench) -> None:
    directory = two_accounts(bench)
    directory.add_credential("bot", PASSWORD, ME)
    same = NewCredential(CredentialKind.TOKEN, "e" * 64, "password")
    with pytest.raises(DirectoryError, match="bot has password already"):
        directory.add_credential("bot", same, ME)


def test_of_two_accounts_pinned_to_one_thing_at_once_one_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = two_accounts(bench)
    both_looked = threading.Barrier(2)
    if not bench.database.is_sqlite:  # where one writes at a time, the second sees the first's
        look = "gateway.directory._refuse_pinned_elsewhere"
        monkeypatch.setattr(look, lambda *_: both_looked.wait(10))
    for kind, proof in PINNED.items():
        refused = pinned_by_both(directory, proof)
        assert ["it stands for one" in said for said in refused] == [True], kind
        reader = DirectoryReader(bench.database, bench.clock)
        assert reader.pinned_login([(proof.kind, proof.secret)]).allowed, kind
    assert bench.verify().ok


def pinned_by_both(directory: Directory, proof: NewCredential) -> list[str]:
    """What whoever was refused heard."""
    refused: list[str] = []

    def pin(account: str) -> None:
        try:
            directory.add_credential(account, proof, ME)
        except DirectoryError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=pin, args=(account,)) for account in ("bot", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return refused


OLD = (
    "INSERT INTO partners (id, name, enabled, added) VALUES ('clinic', 'Clinic', true, 1)",
    *(
        "INSERT INTO accounts (id, partner, roles, enabled, added)"
        f" VALUES ('{account}', 'clinic', 'sender', true, 1)"
        for account in ("bot", "other")
    ),
)
CREDENTIAL = "INSERT INTO credentials (account, kind, secret, fingerprint, added) VALUES"


@pytest.fixture
def old_site(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., DirectoryReader]]:
    """Gives a database of schema 0007 these credentials, and brings it up."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if backend == "postgresql":
        url = request.getfixturevalue("postgres").empty()
    database = open_database(url, create=True)
    upgrade(database, "0007")

    def made(*credentials: str) -> DirectoryReader:
        with database.write() as connection:
            for statement in (*OLD, *(f"{CREDENTIAL} {each}" for each in credentials)):
                connection.exec_driver_sql(statement)
        upgrade(database)
        return DirectoryReader(database)

    yield made
    database.close()


def test_an_earlier_sites_principals_get_fingerprints_of_their_own(
    old_site: Callable[..., DirectoryReader],
) -> None:
    reader = old_site(
        "('bot', 'password', '$argon2id$', 'password', 1)",
        "('bot', 'ssh-principal', 'password', 'password', 1)",
    )
    assert [c.fingerprint for c in reader.credentials()] == ["password", "principal:password"]
    assert reader.login("bot", CredentialKind.SSH_PRINCIPAL).secrets == ("password",)


@ONE
def test_an_earlier_site_with_a_pin_of_two_accounts_says_so_and_stays_as_it_is(
    old_site: Callable[..., DirectoryReader],
) -> None:
    digest = oidc_digest("https://login.example", "3f1c")
    pins = [f"('{a}', 'oidc', '{digest}', 'oidc:{digest[:16]}', 1)" for a in ("bot", "other")]
    with pytest.raises(DirectoryError, match=r"pinned to the accounts bot and other.*--remove"):
        old_site(*pins)
