from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.settings import Address
from gateway.initialise import Wishes, initialise
from gateway.key_files import wide
from gateway.site import Site
from keys.site import generate_log_key, generate_tls
from tests.support.commands import Command

ANY = Address("127.0.0.1", 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    addresses = dict.fromkeys(("sftp", "https", "health", "metrics"), ANY)
    target = tmp_path_factory.mktemp("doctor") / "site"
    site = initialise(target, Wishes("localhost", addresses)).site
    text = site.paths.settings.read_text().replace("reserve: 1 GiB", "reserve: 1 MiB")
    site.paths.settings.write_text(text)
    return target


@pytest.fixture
def site(whole: Path, tmp_path: Path) -> Site:
    return Site.open(shutil.copytree(whole, tmp_path / "site"))


class Doctor:
    def __init__(self, command: Command, site: Site) -> None:
        self._command = command
        self._site = site

    def failures(self) -> list[tuple[str, str]]:
        """Subject and fix of everything to mend; the exit status goes with it."""
        outcome = self._command("doctor", "--site", self._site.root, "--json")
        found = [(c["subject"], c["fix"]) for c in outcome.json["checks"] if c["level"] == "fail"]
        assert outcome.status == (1 if found else 0)
        assert outcome.json["ok"] is (not found)
        return found

    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.failures()]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], site: Site) -> Doctor:
    return Doctor(Command(capsys), site)


def test_a_new_site_is_well(doctor: Doctor) -> None:
    assert doctor.failures() == []


def test_every_fault_of_settings_and_policy_is_told_and_the_rest_still_checked(
    doctor: Doctor, site: Site
) -> None:
    site.paths.settings.write_text("nope: 1\nsftp: {conections: 2}\n")
    (site.paths.policy / "rules.yaml").write_text("nope: 1\n")
    site.paths.kek.unlink()
    assert doctor.subjects() == ["settings", "settings", "policy", "key-encryption key"]


def test_a_key_that_others_can_read_is_to_be_closed(doctor: Doctor, site: Site) -> None:
    site.paths.log_key.chmod(0o640)
    assert doctor.failures() == [("permissions", f"chmod 600 {site.paths.log_key}")]


def test_a_missing_key_encryption_key_fails(doctor: Doctor, site: Site) -> None:
    site.paths.kek.unlink()
    assert doctor.subjects() == ["key-encryption key"]


def test_a_certificate_of_another_key_fails(doctor: Doctor, site: Site) -> None:
    site.paths.tls_cert.write_bytes(generate_tls("x", ["x"])[0])
    assert doctor.subjects() == ["TLS"]


def test_the_public_half_of_another_log_key_fails(doctor: Doctor, site: Site) -> None:
    site.paths.log_pub.write_bytes(generate_log_key()[1])
    assert doctor.subjects() == ["log key"]


def test_a_broken_ssh_host_key_fails(doctor: Doctor, site: Site) -> None:
    site.paths.ssh_host_keys[1].write_text("rubbish")
    assert doctor.subjects() == ["SSH host key"]


def test_a_missing_database_fails_and_is_not_made_anew(doctor: Doctor, site: Site) -> None:
    path = Path(site.paths.database.removeprefix("sqlite:///"))
    path.unlink()
    assert doctor.subjects() == ["database"]
    assert not path.exists()


def test_a_missing_payload_store_fails(doctor: Doctor, site: Site) -> None:
    site.paths.blobs.rmdir()
    assert doctor.subjects() == ["payload store"]


def test_a_route_to_a_partner_that_does_not_exist_fails_with_the_command(
    doctor: Doctor, site: Site
) -> None:
    (site.paths.policy / "routes.yaml").write_text(
        "routes: {a: {from: [clinic], to: acme, contract: claims}}\n"
    )
    assert [fix.split(" (")[0] for _, fix in doctor.failures()] == [
        "lazaretto partner add acme",
        "lazaretto partner add clinic",
    ]


def test_a_port_that_is_taken_fails(doctor: Doctor, site: Site) -> None:
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = site.paths.settings.read_text()
        site.paths.settings.write_text(
            text.replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{port}", 1)
        )
        assert doctor.subjects() == ["ports"]


def test_asking_a_gateway_that_does_not_run_fails(
    capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    outcome = Command(capsys)("doctor", "--ready", "--site", site.root)
    assert outcome.status == 1
    assert "doesn't run" in outcome.err


@pytest.mark.parametrize("place", ["keys", "keys/edge", "keys/edge/tls.key", "keys/openpgp.pgp"])
def test_a_site_whose_keys_are_open_to_others_is_not_served(
    capsys: pytest.CaptureFixture[str], site: Site, place: str
) -> None:
    (site.root / place).chmod(0o750 if (site.root / place).is_dir() else 0o644)
    outcome = Command(capsys)("serve", "--site", site.root)
    assert outcome.status == 2
    assert f"{site.root / place};" in outcome.err


def test_a_group_may_read_a_tls_key_that_lies_outside_the_site(site: Site, tmp_path: Path) -> None:
    outside = tmp_path / "host.key"
    shutil.move(site.paths.tls_key, outside)
    text = site.paths.settings.read_text().replace("keys/edge/tls.key", str(outside))
    site.paths.settings.write_text(text)
    moved = Site.open(site.root)
    outside.chmod(0o640)
    assert not list(wide(moved))
    outside.chmod(0o644)
    assert list(wide(moved)) == [outside]
