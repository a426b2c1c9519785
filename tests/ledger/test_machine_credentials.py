"""SSH authorities, revocations and pins on each database, and what the log says of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import asyncssh
import pytest

from config.operations import Role
from gateway.directory import Directory
from gateway.directory_credentials import ssh_principal
from gateway.directory_queries import DirectoryReader
from gateway.directory_ssh import SshAuthorities
from gateway.directory_types import CredentialKind, DirectoryError, NewCredential
from gateway.ssh_certificates import authority, revocation

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench

ME = "person:dana"
CA = asyncssh.generate_private_key("ssh-ed25519")
CERTIFICATE, KEY = "c" * 64, "d" * 64


@pytest.fixture
def directory(bench: Bench) -> Directory:
    made = Directory(bench.database, bench.clock)
    made.add_partner("clinic", "", ME)
    whole = NewCredential(
        CredentialKind.CLIENT_CERTIFICATE, CERTIFICATE, CERTIFICATE, lifetime=timedelta(days=1)
    )
    made.add_account("bot", "clinic", {Role.SENDER}, ME, [whole, ssh_principal("batch")])
    made.add_account("other", "clinic", {Role.SENDER}, ME)
    return made


def test_trust_is_a_partners_authorities_an_accounts_names_and_what_is_revoked(
    bench: Bench, directory: Directory
) -> None:
    name = CA.get_fingerprint()
    cas, reader = SshAuthorities(bench.database, bench.clock), DirectoryReader(bench.database)
    cas.add_authority(authority("clinic", CA.export_public_key().decode()), ME)
    cas.revoke("clinic", name, ME, serial=2**64 - 1)
    cas.revoke("clinic", name, ME, key_id="Jane Doe")
    with pytest.raises(DirectoryError, match="revoked already"):
        cas.revoke("clinic", name, ME, key_id="Jane Doe")
    trust = reader.trust(reader.login("bot", CredentialKind.SSH_PRINCIPAL))
    assert list(trust.authorities) == [CA.public_data]
    assert set(trust.principals) == {"bot", "batch"}
    assert set(trust.revoked) == {
        revocation(name, serial=2**64 - 1),
        revocation(name, key_id="Jane Doe"),
    }
    nobody = reader.trust(reader.login("nobody", CredentialKind.SSH_PRINCIPAL))
    assert (list(nobody.authorities), list(nobody.principals)) == ([], [])
    cas.remove_authority("clinic", name, ME)
    assert reader.authorities() == ()
    assert bench.verify().ok


def test_a_pin_leads_to_one_account_till_it_ends(bench: Bench, directory: Directory) -> None:
    reader = DirectoryReader(bench.database, bench.clock)
    pins = [(CredentialKind.CLIENT_CERTIFICATE, CERTIFICATE), (CredentialKind.CLIENT_KEY, KEY)]
    assert reader.pinned_login(pins).secrets == (CERTIFICATE,)
    directory.add_credential("bot", NewCredential(CredentialKind.CLIENT_KEY, KEY, KEY), ME)
    found = reader.pinned_login(pins)
    assert found.account is not None
    assert (found.account.id, set(found.secrets)) == ("bot", {CERTIFICATE, KEY})
    directory.remove_credential("bot", KEY, ME)
    directory.add_credential("other", NewCredential(CredentialKind.CLIENT_KEY, KEY, KEY), ME)
    assert reader.pinned_login(pins).account is None
    bench.clock.move(86_400)
    found = reader.pinned_login(pins)
    assert found.account is not None
    assert found.account.id == "other"
