"""The log's name and keys, as a site has them."""

from __future__ import annotations

from gateway.ledger.export import newest_checkpoint
from gateway.ledger.note import Signer
from gateway.site import Site
from gateway.staged_keys import Watch, present
from gateway.store.database import Database


def signer_of(site: Site, database: Database) -> Signer:
    """Whoever signs this site's log: under the name that it has had so far, or is given.

    While a key is rotated, both sign.

    Raises:
        NoteError: The key or the name can't be used.
        OSError: The key can't be read.
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    origin = site.settings.log.origin or newest_checkpoint(database).partition("\n")[0]
    first, *more = (path.read_bytes() for path in present(site.paths.log_key))
    return Signer.from_pem(first, origin, *more)


class FollowingSigner:
    """Signs with the keys as they stand now. (:class:`gateway.ledger.sequencer.Signs`).

    Raises:
        NoteError: See :func:`signer_of`.
        OSError: Likewise.
        LedgerUnavailableError: Likewise.
    """

    def __init__(self, site: Site, database: Database) -> None:
        self._site = site
        self._watch = Watch([site.paths.log_key])
        self._signer = signer_of(site, database)

    def sign(self, size: int, root: bytes) -> str:
        """The signed note of a checkpoint.

        Raises:
            NoteError: The keys changed, and can't be used now.
            OSError: Likewise.
        """
        if self._watch.changed():
            first, *more = (path.read_bytes() for path in present(self._site.paths.log_key))
            self._signer = Signer.from_pem(first, self._signer.origin, *more)
        return self._signer.sign(size, root)
