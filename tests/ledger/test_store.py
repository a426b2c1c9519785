from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.migrations import NewerSchemaError, upgrade
from gateway.ports import LedgerUnavailableError
from gateway.store.database import open_database
from gateway.store.tables import metadata
from gateway.store.types import EPOCH, to_microseconds

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench


@pytest.fixture
def backend() -> str:
    """It is about one file, and what somebody with an editor does to it."""
    return "sqlite"


REPOSITORY = Path(__file__).parents[2]


NEWEST = "0010"


def test_migrations_build_the_very_schema_that_the_code_uses(bench: Bench) -> None:
    with bench.database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(bench: Bench) -> None:
    bench.begin()
    assert upgrade(bench.database) == NEWEST
    assert bench.verify().events == 1


def test_a_schema_of_a_later_version_is_refused_untouched(bench: Bench) -> None:
    bench.begin()
    bench.tamper("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        NewerSchemaError, match=f"schema 9999, and this version knows up to {NEWEST}"
    ):
        upgrade(bench.database)
    assert bench.verify().events == 1


def test_a_database_of_the_first_version_verifies_as_it_is_and_is_brought_up(bench: Bench) -> None:
    bench.delivered()
    with closing(sqlite3.connect(bench.path)) as connection:
        for index in ("ix_transfers_idempotency",):
            connection.execute(f"DROP INDEX {index}")
        for table in (
            *("log_tiles", "log_checkpoints", "leases", "receipts", "seen", "directory_state"),
            *(
                "second_factors",
                "recovery_codes",
                "attempts",
                "sessions",
                "passkeys",
                "edge_shares",
            ),
            *("ssh_authorities", "ssh_revocations", "credentials", "accounts"),
        ):
            connection.execute(f"DROP TABLE {table}")
        for column in (
            *("opened_blob", "opened_size", "opened_sha256"),
            *("credential", "idempotency", "legal_hold", "staged", "ended", "purged"),
            "declared",
        ):
            connection.execute(f"ALTER TABLE transfers DROP COLUMN {column}")
        connection.execute("ALTER TABLE partners DROP COLUMN networks")
        for column in ("verified", "revoked"):
            connection.execute(f"ALTER TABLE certificates DROP COLUMN {column}")
        connection.execute(
            "CREATE TABLE accounts (id TEXT PRIMARY KEY, partner TEXT REFERENCES partners, "
            "may_send BOOLEAN, may_receive BOOLEAN, enabled BOOLEAN, added BIGINT)"
        )
        connection.execute(
            "CREATE TABLE credentials (id INTEGER PRIMARY KEY, account TEXT REFERENCES accounts, "
            "kind TEXT, secret TEXT, fingerprint TEXT, comment TEXT, added BIGINT, expires BIGINT)"
        )
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    assert bench.verify().ok
    assert upgrade(bench.database) == NEWEST
    assert bench.verify().ok


def test_an_edited_digest_of_what_was_opened_shows(bench: Bench) -> None:
    bench.delivered()
    bench.tamper(f"UPDATE transfers SET opened_sha256 = '{'cd' * 32}'")
    assert "opened_sha256" in bench.verify().first_fault


UPGRADE = """
import sys
from gateway.migrations import upgrade
from gateway.store.database import open_database
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
upgrade(database)
database.close()
"""


def test_processes_that_upgrade_at_once_agree(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    open_database(url, create=True).close()
    children = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    said = [child.communicate("go\n", timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], said


def test_a_database_is_readable_by_its_owner_alone(bench: Bench) -> None:
    bench.begin()
    files = sorted(bench.path.parent.glob("ledger0.db*"))
    assert [file.name for file in files] == ["ledger0.db", "ledger0.db-shm", "ledger0.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_commit_is_durable_by_the_settings_of_every_connection(bench: Bench) -> None:
    with bench.database.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_missing_database_is_an_error_and_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(LedgerUnavailableError, match="missing: restore it"):
        open_database(f"sqlite:///{path}")
    assert not path.exists()


def test_a_database_is_never_made_over_another(bench: Bench) -> None:
    bench.begin()
    with pytest.raises(FileExistsError):
        open_database(f"sqlite:///{bench.path}", create=True)
    assert bench.verify().events == 1


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://localhost/x"]
)
def test_a_url_of_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:////path/to/file"):
        open_database(url)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("not a database, though as long as the header of one would have to be " * 20)
    database = open_database(f"sqlite:///{path}")
    with pytest.raises(LedgerUnavailableError, match="not a database"), database.read():
        pass
    database.close()


def test_a_block_that_fails_changes_nothing(bench: Bench) -> None:
    def fail_halfway() -> None:
        with bench.database.write() as connection:
            connection.exec_driver_sql("UPDATE log_head SET seq = 99")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert bench.verify().ok


def test_a_shredded_key_is_gone_from_the_file(bench: Bench) -> None:
    from gateway.lifecycle import EventKind  # noqa: PLC0415 - this test alone steps

    key = b"a wrapped data key, long enough to be found"
    transfer = bench.begin(data_key=key)
    bench.step(transfer.id, EventKind.ABANDONED)
    bench.step(transfer.id, EventKind.PURGED, changes={"data_key": b""})
    bench.database.close()
    with closing(sqlite3.connect(bench.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert key not in bench.path.read_bytes()


def test_times_keep_their_microseconds_and_lose_their_zone() -> None:
    moment = datetime(2026, 3, 1, 14, 0, 0, 123_457, tzinfo=timezone(timedelta(hours=2)))
    stored = to_microseconds(moment)
    assert EPOCH + timedelta(microseconds=stored) == moment
    assert to_microseconds(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) < 2**63


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_microseconds(datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake under test
