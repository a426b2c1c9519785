"""A partner's certificate from its import to its end."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest

from config.settings import Address
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Certificate
from gateway.doctor_certificates import judged
from gateway.initialise import Wishes, initialise
from gateway.pipeline import HoldError
from gateway.records import AdmittedCertificates
from gateway.site import Site
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from tests.support.commands import Command, Outcome

NOW = datetime(2027, 1, 1, tzinfo=UTC)
OTHER = generate_gateway_key("Other <other@acme.example>")


class Life:
    """The commands on one site, with a partner and a file that holds its certificate."""

    def __init__(self, site: Site, run: Command, home: Path) -> None:
        self.site, self._run, self._home = site, run, home
        self.secret = generate_gateway_key("Acme <edi@acme.example>")
        self.fingerprint = fingerprint(self.secret)

    def __call__(self, *words: object) -> Outcome:
        return self._run(*words, "--site", self.site.root, "--json")

    def file(self, certificate: bytes) -> Path:
        path = self._home / "certificate"
        path.write_bytes(certificate)
        return path

    def take(self, secret: bytes, *more: object) -> Outcome:
        return self("key", "import", "--partner", "acme", self.file(certificate_of(secret)), *more)

    def sealing(self, *, verified: bool = False) -> str:
        """Fingerprint sealed for, or why nothing is."""
        with closing(self.site.database()) as database:
            directory = AdmittedCertificates(DirectoryReader(database), verified=verified)
            try:
                found = directory.for_sealing("acme")
            except HoldError as error:
                return str(error)
        return found[0] if found else "none"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Site:
    anywhere = dict.fromkeys(("sftp", "https", "health", "metrics"), Address("127.0.0.1", 0))
    return initialise(tmp_path_factory.mktemp("life") / "site", Wishes("localhost", anywhere)).site


@pytest.fixture
def life(made: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Life:
    import shutil  # noqa: PLC0415 - here alone

    site = Site.open(shutil.copytree(made.root, tmp_path / "site"))
    life = Life(site, Command(capsys), tmp_path)
    assert life("partner", "add", "acme").status == 0
    return life


def test_a_fingerprint_that_the_partner_gave_verifies_at_import(life: Life) -> None:
    spaced = " ".join(life.fingerprint[i : i + 4] for i in range(0, 40, 4)).upper()
    assert life.take(life.secret, "--fingerprint", spaced).status == 0
    assert life.sealing(verified=True) == life.fingerprint


def test_another_fingerprint_than_the_partner_gave_is_not_let_in(life: Life) -> None:
    outcome = life.take(OTHER, "--fingerprint", life.fingerprint)
    assert outcome.status == 1
    assert "not what the partner said" in outcome.err
    assert life.sealing() == "none"


def test_where_it_is_required_nothing_is_sealed_before_the_comparison(life: Life) -> None:
    life.take(life.secret)
    assert "key verify" in life.sealing(verified=True)
    assert life.sealing() == life.fingerprint
    stranger = life("key", "verify", "acme", "--fingerprint", fingerprint(OTHER))
    assert stranger.status == 1
    assert life("key", "verify", "acme", "--fingerprint", life.fingerprint).status == 0
    assert life.sealing(verified=True) == life.fingerprint


def test_old_and_new_overlap_and_the_verified_one_is_sealed_for(life: Life) -> None:
    life.take(life.secret, "--fingerprint", life.fingerprint)
    life.take(OTHER)
    assert life.sealing(verified=True) == life.fingerprint
    life("key", "verify", "acme", "--fingerprint", fingerprint(OTHER))
    assert life.sealing(verified=True) == fingerprint(OTHER)
    life("key", "retire", fingerprint(OTHER))
    assert life.sealing(verified=True) == life.fingerprint


def test_a_revoked_one_is_never_sealed_for_or_let_in_again(life: Life) -> None:
    life.take(life.secret)
    assert life("key", "revoke", life.fingerprint).status == 0
    assert "revoked" in life.sealing()
    again = life.take(life.secret)
    assert again.status == 1
    assert "for good" in again.err
    assert life.take(OTHER).status == 0
    assert life.sealing() == fingerprint(OTHER)


def test_an_imported_update_with_a_revocation_takes_the_stored_one_out_of_use(life: Life) -> None:
    life.take(life.secret)
    secret = pysequoia.Tsk.from_bytes(life.secret)
    certificate = secret.extract_certificate()
    revocation = bytes(certificate.revoke(secret.certifier()))
    primary, rest = _split(bytes(certificate))
    update = life("key", "import", "--partner", "acme", life.file(primary + revocation + rest))
    assert update.status == 1
    assert "revoked" in update.err
    assert "revoked" in life.sealing()


def test_an_imported_update_with_a_forged_revocation_changes_nothing(life: Life) -> None:
    life.take(life.secret)
    secret = pysequoia.Tsk.from_bytes(life.secret)
    certificate = secret.extract_certificate()
    revocation = bytearray(bytes(certificate.revoke(secret.certifier())))
    revocation[-1] ^= 1
    primary, rest = _split(bytes(certificate))
    life("key", "import", "--partner", "acme", life.file(primary + revocation + rest))
    assert life("key", "import", "--partner", "acme", life.file(primary + revocation)).status == 1
    assert life.sealing() == life.fingerprint


def _split(certificate: bytes) -> tuple[bytes, bytes]:
    """The primary key's packet, behind which its revocation belongs, and the rest."""
    end = 2 + certificate[1]  # a new-format header with one octet of length (RFC 9580, 4.2.1)
    assert certificate[0] == 0xC6
    return certificate[:end], certificate[end:]


def _certificate(ends: timedelta | None, *, verified: bool = True) -> Certificate:
    expires = None if ends is None else NOW + ends
    return Certificate("acme", "ab", b"", NOW, expires, None, NOW if verified else None)


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [
        (61, "ok", "1 in use"), (60, "warn", "within 60"), (31, "warn", "within 60"),
        (30, "warn", "within 30"), (7, "warn", "within 7"), (0, "fail", "expired"),
    ],
)  # fmt: skip
def test_the_doctor_warns_at_60_30_and_7_days(days: int, level: str, said: str) -> None:
    (found,) = judged([_certificate(timedelta(days=days))], NOW, required=True)
    assert (found.level, said in found.detail) == (level, True)


@pytest.mark.parametrize(("required", "level"), [(True, "fail"), (False, "warn")])
def test_the_doctor_names_what_nobody_has_verified(required: bool, level: str) -> None:
    (found,) = judged([_certificate(None, verified=False)], NOW, required=required)
    assert found.level == level
    assert "key verify acme" in found.fix
