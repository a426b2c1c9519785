from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config.policy import shipped_policy
from config.settings import Address
from gateway.initialise import Wishes, initialise
from gateway.site import Site, SiteError
from tests.support.commands import Command

ANY = Address("127.0.0.1", 0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    target = tmp_path_factory.mktemp("init") / "deep" / "site"
    return initialise(target, Wishes("gateway.example", {"sftp": ANY})).site


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_secrets_are_their_owners_alone(site: Site) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in site.paths.secrets}
    assert set(modes.values()) == {0o600}, modes


def test_directories_are_their_owners_alone(site: Site) -> None:
    directories = [site.root, *(path for path in site.root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o700}


def test_it_has_the_shipped_policy(site: Site) -> None:
    assert site.load_policy().digest == shipped_policy().digest


def test_it_listens_where_it_was_told_to(site: Site) -> None:
    assert site.settings.sftp.listen == ANY
    assert site.settings.https.listen.port == 8443


def test_its_database_opens_and_its_making_is_on_the_log(site: Site) -> None:
    database = site.database()
    with database.read() as connection:
        (kind,) = connection.exec_driver_sql(
            "SELECT json_extract(body, '$.kind') FROM events"
        ).scalars()
    database.close()
    assert kind == "site.initialised"


def test_nothing_is_left_beside_it(site: Site) -> None:
    assert [path.name for path in site.root.parent.iterdir()] == ["site"]


def test_an_existing_site_is_not_touched(site: Site) -> None:
    before = {path: path.read_bytes() for path in site.root.rglob("*") if path.is_file()}
    with pytest.raises(SiteError, match="a site already"):
        initialise(site.root, Wishes())
    assert {p: p.read_bytes() for p in site.root.rglob("*") if p.is_file()} == before


def test_a_directory_with_anything_in_it_is_not_touched(tmp_path: Path, run: Command) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    outcome = run("init", tmp_path)
    assert outcome.status == 2
    assert "nothing was touched" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SiteError):
        initialise(tmp_path / "link", Wishes())
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.initialise.upgrade", fail)
    with pytest.raises(OSError, match="No space"):
        initialise(tmp_path / "site", Wishes())
    assert not list(tmp_path.iterdir())


def test_it_goes_into_an_empty_directory_and_says_what_comes_next(
    tmp_path: Path, run: Command
) -> None:
    (tmp_path / "site").mkdir()
    outcome = run("init", tmp_path / "site", "--host", "gateway.example", "--sftp", "[::1]:2222")
    assert outcome.status == 0
    assert "lazaretto serve" in outcome.out
    assert Site.open(tmp_path / "site").settings.sftp.listen == Address("::1", 2222)


def test_an_address_that_is_none_is_refused(tmp_path: Path, run: Command) -> None:
    outcome = run("init", tmp_path / "site", "--sftp", "nonsense")
    assert outcome.status == 2
    assert "host:port" in outcome.err
