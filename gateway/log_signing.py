"""The log's name and key, as a site has them."""

from __future__ import annotations

from gateway.ledger.export import newest_checkpoint
from gateway.ledger.note import Signer
from gateway.site import Site
from gateway.store.database import Database


def signer_of(site: Site, database: Database) -> Signer:
    """Whoever signs this site's log: under the name that it has had so far, or is given.

    Raises:
        NoteError: The key or the name can't be used.
        OSError: The key can't be read.
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    origin = site.settings.log.origin or newest_checkpoint(database).partition("\n")[0]
    return Signer.from_pem(site.paths.log_key.read_bytes(), origin)
