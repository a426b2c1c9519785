"""Changes to the CAs of partners' OpenSSH certificates, each with its record in the log."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import delete, select

from gateway.directory import Directory, insert_row, require
from gateway.directory_types import Authority, DirectoryError, UnknownEntryError
from gateway.ledger.vocabulary import RecordKind
from gateway.ssh_certificates import revocation
from gateway.store.tables import partners, ssh_authorities, ssh_revocations

MAX_SERIAL: Final = 2**64 - 1
MAX_KEY_ID: Final = 200
_UNSEEN: Final = re.compile(r"[^\x21-\x7e]")


class SshAuthorities(Directory):
    """The writer of the directory, for CAs and revocations."""

    def add_authority(self, authority: Authority, actor: str) -> None:
        """Let in, from now on, whom this CA certifies for the partner's accounts.

        Raises:
            UnknownEntryError: No such partner.
            DirectoryError: It has that CA already.
        """
        row = {
            "partner": authority.partner,
            "fingerprint": authority.fingerprint,
            "key": authority.key,
            "comment": authority.comment,
            "added": self._clock(),
        }
        facts = {"partner": authority.partner, "fingerprint": authority.fingerprint}
        with self._database.write() as connection:
            require(connection, partners, authority.partner)
            taken = f"{authority.partner} has the CA {authority.fingerprint} already"
            insert_row(connection, ssh_authorities, row, taken)
            self._log(connection, RecordKind.SSH_AUTHORITY_ADDED, actor, facts)

    def remove_authority(self, partner: str, fingerprint: str, actor: str) -> None:
        """Let nobody in by this CA any more; what it revoked stays on record.

        Raises:
            UnknownEntryError: The partner has no such CA.
        """
        table = ssh_authorities.c
        here = (table.partner == partner) & (table.fingerprint == fingerprint)
        with self._database.write() as connection:
            require(connection, partners, partner)
            if connection.execute(delete(ssh_authorities).where(here)).rowcount == 0:
                raise UnknownEntryError(
                    f"{partner} has no such CA; see 'partner ssh-ca list {partner}'"
                )
            facts = {"partner": partner, "fingerprint": fingerprint}
            self._log(connection, RecordKind.SSH_AUTHORITY_REMOVED, actor, facts)

    def revoke(
        self,
        partner: str,
        fingerprint: str,
        actor: str,
        *,
        serial: int | None = None,
        key_id: str = "",
    ) -> None:
        """Let in no certificate of this CA with that serial, or with that key id.

        Raises:
            UnknownEntryError: The partner has no such CA.
            DirectoryError: It is revoked already, or serial or key id is out of bounds.
        """
        self._check(serial, key_id)
        table = ssh_authorities.c
        known = select(table.fingerprint).where(
            (table.partner == partner) & (table.fingerprint == fingerprint)
        )
        word = revocation(fingerprint, serial=serial, key_id=key_id)
        facts = {"partner": partner, "fingerprint": fingerprint}
        facts |= {"key_id": _UNSEEN.sub("_", key_id)} if serial is None else {"serial": str(serial)}
        with self._database.write() as connection:
            require(connection, partners, partner)
            if connection.execute(known).scalar() is None:
                raise UnknownEntryError(
                    f"{partner} has no such CA; see 'partner ssh-ca list {partner}'"
                )
            row = {"partner": partner, "word": word, "added": self._clock()}
            insert_row(connection, ssh_revocations, row, "that is revoked already")
            self._log(connection, RecordKind.SSH_CERTIFICATE_REVOKED, actor, facts)

    def _check(self, serial: int | None, key_id: str) -> None:
        if serial is None and not key_id:
            raise DirectoryError("it isn't said which certificate: give a serial or a key id")
        if serial is not None and not 0 < serial <= MAX_SERIAL:
            raise DirectoryError(
                "a serial is 1 to 2^64-1; a CA that numbers none is revoked by key id"
            )
        if len(key_id) > MAX_KEY_ID or not key_id.isprintable():
            raise DirectoryError(f"a key id is up to {MAX_KEY_ID} printable characters")
