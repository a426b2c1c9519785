"""What the pipeline asks of the site's own records: certificates admitted, releases logged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.directory_queries import DirectoryReader
from gateway.ledger.export import story
from gateway.lifecycle import EventKind, HumanRelease
from gateway.store.database import Database


class AdmittedCertificates:
    """The recipients' certificates. (:class:`gateway.pipeline.Certificates`)."""

    def __init__(self, directory: DirectoryReader) -> None:
        self._directory = directory

    def for_sealing(self, partner: str) -> tuple[str, bytes] | None:
        """Fingerprint and bytes of the newest usable certificate, or None."""
        found = self._directory.sealing_certificate(partner)
        return (found.fingerprint, found.content) if found else None


class SendersCertificates:
    """What senders' signatures are checked with. (:class:`gateway.opening.Senders`)."""

    def __init__(self, directory: DirectoryReader) -> None:
        self._directory = directory

    def for_verifying(self, partner: str) -> Sequence[bytes]:
        """Every certificate of the partner that is neither retired nor expired."""
        now = datetime.now(UTC)
        return tuple(c.content for c in self._directory.certificates(partner) if c.usable(now))


class LoggedReleases:
    """What people released, read from the log itself. (:class:`gateway.pipeline.Releases`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, transfer: str) -> HumanRelease | None:
        """The last release of this transfer by a person, or None."""
        for event in reversed(story(self._database, transfer)):
            if event["kind"] == EventKind.RELEASED:
                return HumanRelease(event["facts"]["who"], event["facts"]["why"])
        return None
