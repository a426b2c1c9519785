"""Sessions and passkeys on a PostgreSQL server, as on SQLite."""

from __future__ import annotations

from datetime import timedelta

from config.operations import Role
from gateway.console.passkey_store import Passkeys
from gateway.console.sessions import PASSKEY, PASSWORD, Proof, Sessions, digest_of
from gateway.console.webauthn import Passkey
from gateway.directory import Directory
from gateway.store.database import open_database
from tests.support.console_bench import password_proof
from tests.support.postgres_server import Server, postgres

__all__ = ["postgres"]


def test_a_session_lives_and_ends_with_its_proof(postgres: Server) -> None:
    database = open_database(postgres.fresh())
    try:
        directory, passkeys = Directory(database), Passkeys(database)
        directory.add_account("anna", "", {Role.AUDITOR}, "system", [password_proof()])
        sessions = Sessions(database, timedelta(minutes=15), timedelta(hours=12))
        mark = passkeys.add("anna", Passkey("aWQ", b"key", 0), "phone")
        first = sessions.open("anna", Proof(PASSWORD, "password"))
        second = sessions.open("anna", Proof(PASSKEY, "aWQ"))
        found = sessions.find(first, "127.0.0.1")
        assert found is not None
        assert (found.account, found.enrolled, found.factored) == ("anna", True, None)
        renewed = sessions.factor_proven(found)
        assert sessions.find(first, "127.0.0.1") is None
        assert len(sessions.of("anna")) == 2
        assert passkeys.used(Passkey("aWQ", b"key", 0), 1)
        assert not passkeys.used(Passkey("aWQ", b"key", 0), 1)
        passkeys.remove("anna", mark, "anna", digest_of(renewed))
        assert sessions.find(second, "127.0.0.1") is None
        assert sessions.find(renewed, "127.0.0.1")
        directory.remove_credential("anna", "password", "system")
        assert sessions.find(renewed, "127.0.0.1") is None
        assert sessions.end("anna") == 1
    finally:
        database.close()
