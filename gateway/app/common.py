"""What edges and workers both stand on."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import REGISTRY

from config.policy import Policy
from gateway.directory_queries import DirectoryReader
from gateway.keyring import Keyring, keyring_of
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.metrics import Meters
from gateway.policy_holder import PolicyHolder
from gateway.site import Site
from gateway.store.database import Database
from gateway.store.disk import Disk


@dataclass(frozen=True, slots=True)
class Common:
    """What edges and workers both stand on."""

    database: Database
    ledger: SqlLedger
    transfers: SqlTransfers
    directory: DirectoryReader
    disk: Disk
    keys: Keyring
    meters: Meters
    policy: PolicyHolder


def common_parts(site: Site, policy: Policy) -> Common:
    """Made once by a process, from the site's settings."""
    database = site.database()
    return Common(
        database=database,
        ledger=SqlLedger(database),
        transfers=SqlTransfers(database),
        directory=DirectoryReader(database),
        disk=Disk(site.paths.blobs, int(site.settings.storage.reserve)),
        keys=keyring_of(site),
        meters=Meters(REGISTRY),
        policy=PolicyHolder(policy),
    )
