"""The supervisor's process: ``lazaretto serve``."""

from __future__ import annotations

import asyncio

from gateway import logs
from gateway.directory_queries import DirectoryReader
from gateway.key_files import check_private
from gateway.keyring import keyring_of
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.ledger.sequencer import signed_at
from gateway.ledger.startup import check_log
from gateway.ledger.verify_note import Key
from gateway.migrations import upgrade
from gateway.reconcile import account_for, reconcile
from gateway.sandbox import dump_nothing
from gateway.site import Site
from gateway.store.database import Database
from gateway.store.disk import Disk
from gateway.supervisor import Supervisor


def serve(site: Site) -> None:
    """Run the gateway till it is told to stop.

    Raises:
        AlreadyRunningError: The site is being served.
        ConfigError: The policy has faults.
        KekError: The key-encryption key can't be used.
        ListenError: An address can't be listened on.
        LedgerUnavailableError: The database is missing or can't be written.
        NewerSchemaError: The database was made by a later version.
        LogBrokenError: The log isn't the one that was signed.
        SiteError: A secret key is open to others.
    """
    dump_nothing()
    logs.configure(site.settings.logging, "supervisor")
    check_private(site)
    keyring_of(site)  # said here, once, rather than by every child at every try
    database = site.database()
    try:
        upgrade(database)
        asyncio.run(_supervise(site, database))
    finally:
        database.close()


def _kept(site: Site) -> str:
    """The checkpoint that is kept beside the database, "" before the first one."""
    try:
        return site.paths.checkpoint.read_text()
    except FileNotFoundError:
        return ""


async def _supervise(site: Site, database: Database) -> None:
    ledger, transfers = SqlLedger(database), SqlTransfers(database)

    def prepare() -> None:
        check_log(database, Key.parse(site.paths.log_pub.read_text()), _kept(site))
        disk = Disk(site.paths.blobs)
        account_for(reconcile(transfers, disk, signed_at(database)), ledger)

    certificates = DirectoryReader(database).certificates
    await Supervisor(
        site, database, ledger, transfers, prepare=prepare, certificates=certificates
    ).run()
