"""What the pipeline asks of the site's own records: certificates admitted, releases logged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Certificate
from gateway.ledger.export import story
from gateway.lifecycle import EventKind, HumanRelease
from gateway.pipeline import HoldError
from gateway.store.database import Database
from keys.admission import refusals


class AdmittedCertificates:
    """The recipients' certificates. (:class:`gateway.pipeline.Certificates`)."""

    def __init__(self, directory: DirectoryReader, *, verified: bool = False) -> None:
        self._directory = directory
        self._verified = verified

    def for_sealing(self, partner: str) -> tuple[str, bytes] | None:
        """Fingerprint and bytes of the newest usable certificate, None if there never was one.

        Raises:
            HoldError: There are some, and none can be used; says why the newest can't.
        """
        why = ""
        for found in self._directory.certificates(partner):
            problem = self._problem(found)
            if not problem:
                return found.fingerprint, found.content
            why = why or problem
        if why:
            raise HoldError(f"the recipient's OpenPGP certificate can't be used: {why}")
        return None

    def _problem(self, found: Certificate) -> str:
        if found.revoked:
            return f"it was revoked on {found.revoked:%Y-%m-%d}; a new one is needed"
        if found.retired:
            return f"it was retired on {found.retired:%Y-%m-%d}; a new one is needed"
        if broken := refusals(found.content, datetime.now(UTC)):
            return broken[0].detail
        if self._verified and not found.verified:
            return "nobody has compared its fingerprint with the recipient yet (key verify)"
        return ""


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
