from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Address, template
from gateway.migrations import upgrade
from gateway.site import Site
from gateway.store.database import open_database
from tests.support.running import Running

HERE = Path(__file__).parent
ANY = Address("127.0.0.1", 0)


@pytest.fixture
def bare_site(tmp_path: Path) -> Site:
    """A site with settings, policy and database, and keys that are only files."""
    root = tmp_path / "site"
    for directory in ("keys/edge", "data/blobs", "run", "policy/contracts"):
        (root / directory).mkdir(parents=True)
    settings = template(sftp=ANY, https=ANY, health=ANY, metrics=ANY)
    settings = settings.replace("grace_seconds: 30", "grace_seconds: 1")
    settings = settings.replace("reserve: 1 GiB", "reserve: 1 MiB")
    (root / "lazaretto.yaml").write_text(settings)
    (root / "policy/routes.yaml").write_text("routes: {}\n")
    (root / "policy/rules.yaml").write_text("patterns: []\n")
    (root / "policy/contracts/claims.yaml").write_text("contract: claims\nformats: ['*']\n")
    for name in ("edge/kek.key", "openpgp.pgp", "log.key", "edge/tls.key", "edge/tls.crt",
                 "edge/ssh_host_rsa_key", "edge/ssh_host_ed25519_key"):  # fmt: skip
        (root / "keys" / name).write_text("")
    (root / "run/behaviour").write_text("well")
    site = Site.open(root)
    database = open_database(site.paths.database, create=True)
    upgrade(database)
    database.close()
    return site


@pytest.fixture
def running(bare_site: Site) -> Iterator[Running]:
    started = Running(bare_site, HERE / "supervisor_program.py", str(bare_site.root))
    yield started
    started.kill()
