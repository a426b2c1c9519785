"""The schema's history, shipped with the code, and the one function that brings a site up to it."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.store.database import Database
from gateway.store.postgres import lock_upgrade


class NewerSchemaError(Exception):
    """The database was made by a later version than this one."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database: Database, to: str = "head") -> str:
    """Bring the schema to the newest revision this code knows, in one transaction.

    Several processes may call it at once; the first does the work. ``to``, an earlier revision,
    is for a new database that shall look as an old one did.

    Returns:
        The revision the schema is at.

    Raises:
        NewerSchemaError: The schema is of a later version; nothing was changed.
        LedgerUnavailableError: The database is locked, full, broken or gone.
    """
    config = _config()
    known = ScriptDirectory.from_config(config)
    newest = known.get_current_head()
    with database.write() as connection:
        if not database.is_sqlite:
            lock_upgrade(connection)
        present = MigrationContext.configure(connection).get_current_revision()
        if present is not None and present not in {r.revision for r in known.walk_revisions()}:
            raise NewerSchemaError(
                f"the database has schema {present}, and this version knows up to {newest}: "
                "run the version that wrote it, or a later one"
            )
        if present != newest:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    return str(newest)
