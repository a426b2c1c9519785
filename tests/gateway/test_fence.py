"""What an edge and a worker can reach, and what whoever captures one can't."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from config.settings import Address
from gateway import landlock
from gateway.fence import KINDS, tried
from gateway.fence_places import connects, places
from gateway.initialise import Wishes, initialise
from gateway.sandbox import clean_environment
from gateway.site import Site

PROGRAM: Final = Path(__file__).parent.parent / "support" / "captured_service.py"
ANY: Final = Address("127.0.0.1", 0)
pytestmark = [
    pytest.mark.skipif(
        os.uname().machine not in {"x86_64", "aarch64"}, reason="no seccomp filter for this machine"
    ),
    pytest.mark.skipif(landlock.abi() < 2, reason="this kernel has no Landlock that moves files"),
]

NEEDED: Final = {
    "read the key-encryption key", "write a payload", "move a payload", "open the database",
    "write to run", "accept", "start a thread",
}  # fmt: skip
OF_CONNECTING: Final = {
    "connect", "make a datagram socket", "make a Unix socket", "make a netlink socket",
}  # fmt: skip
"""Where the settings say that somebody is to be connected to."""
OF_EDGES: Final = {"read the TLS key", "read a host key"}
OF_WORKERS: Final = {
    "read the TLS key", "read a host key", "read the OpenPGP key", "read the log's key",
    "run a program", "unshare the users", "signal the parent",
}  # fmt: skip
"""A worker's children open and seal. Signals can be refused since ABI 6, so that here is moot."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    listen = dict.fromkeys(("sftp", "https", "health", "metrics"), ANY)
    return initialise(tmp_path_factory.mktemp("fence") / "site", Wishes("localhost", listen)).site


@pytest.fixture(
    scope="module", params=[("edge", 0), ("edge", 1), ("worker", 0), ("worker", 1), ("console", 0)]
)
def captured(request: pytest.FixtureRequest, site: Site) -> tuple[str, bool, dict[str, Any]]:
    kind, talks = request.param
    settings = site.paths.settings.read_text()
    settings = re.sub(
        "connects: (true|false)", f"connects: {'true' if talks else 'false'}", settings
    )
    site.paths.settings.write_text(settings)
    outside = site.root.parent / "outside"
    outside.write_text("of another program")
    done = subprocess.run(
        [sys.executable, "-P", "-s", str(PROGRAM), str(site.root), kind, str(outside)],
        env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for left in (site.paths.blobs / "aa" / "moved", site.paths.run / "written"):
        left.unlink()
    (site.paths.blobs / "aa").rmdir()
    return kind, bool(talks), json.loads(done.stdout)


def test_it_does_its_work_and_nothing_else(captured: tuple[str, bool, dict[str, Any]]) -> None:
    kind, talks, said = captured
    done = {deed for deed, result in said["found"].items() if result == "done"}
    allowed = NEEDED | (OF_WORKERS if kind == "worker" else OF_EDGES)
    allowed |= OF_CONNECTING if talks else set()
    assert done - {"signal the parent"} == allowed - {"signal the parent"}
    assert len(said["found"]) == 51
    if said["held"]["landlock"] >= 6:
        assert said["found"]["signal the parent"] == "EPERM"


def test_the_probe_of_the_doctor_tells_the_same(
    captured: tuple[str, bool, dict[str, Any]], site: Site
) -> None:
    kind, _, said = captured
    held = tried(site)
    assert set(held) == {"scanner", *KINDS}
    assert all(one.sufficient for one in held.values())
    assert held[kind].landlock == said["held"]["landlock"]


def test_a_certificate_that_is_a_link_is_read_where_it_leads(tmp_path: Path) -> None:
    """As certbot has it: renewing puts another file there and turns the link."""
    archive, live = tmp_path / "archive/host", tmp_path / "live/host"
    for directory in (archive, live):
        directory.mkdir(parents=True)
    for name in ("fullchain.pem", "privkey.pem"):
        (archive / f"{name}.1").write_text("a key")
        (live / name).symlink_to(archive / f"{name}.1")
    site = made(tmp_path, f"tls_certificate: {live}/fullchain.pem", f"tls_key: {live}/privkey.pem")
    assert {live, archive} <= set(places(site, "edge").readable)


def test_a_key_beside_what_edges_must_not_read_is_readable_alone(tmp_path: Path) -> None:
    site = made(tmp_path, "tls_certificate: keys/tls.crt", "tls_key: keys/tls.key")
    readable = set(places(site, "edge").readable)
    assert site.paths.tls_key in readable
    assert not any(site.paths.openpgp_secret.is_relative_to(place) for place in readable)


def test_what_the_settings_name_besides_is_reachable(tmp_path: Path) -> None:
    site = made(
        tmp_path, "tls_certificate: keys/tls.crt", "tls_key: keys/tls.key",
        "processes: {edge_reads: [/opt/pkcs11], edge_writes: [tokens], worker_reads: [/opt/hsm]}",
        "log: {checkpoint: /mnt/elsewhere/checkpoint}",
    )  # fmt: skip
    edge, worker = places(site, "edge"), places(site, "worker")
    assert Path("/opt/pkcs11") in edge.readable
    assert site.root / "tokens" in edge.writable
    assert Path("/opt/hsm") in worker.readable
    assert Path("/mnt/elsewhere") in worker.writable
    assert Path("/mnt/elsewhere") not in edge.writable


@pytest.mark.parametrize(
    ("line", "edges", "workers"),
    [
        ("processes: {edges: 1}", False, False),
        ("processes: {connects: true}", True, True),
        ("database_url: postgresql://db.example.org/lazaretto", True, True),
        ("keys: {vault: {url: https://vault.example.org}}", True, True),
        ("log: {post: [{url: https://witness.example.org/add-checkpoint}]}", False, True),
        ("console: {oidc: {issuer: https://id.example.org, client_id: us}}", False, False),
    ],
)
def test_only_who_has_somebody_to_connect_to_makes_sockets(
    tmp_path: Path, line: str, edges: bool, workers: bool
) -> None:
    site = made(tmp_path, "tls_certificate: keys/tls.crt", "tls_key: keys/tls.key", line)
    assert connects(site, "console") is (edges or "issuer" in line)
    assert (connects(site, "edge"), connects(site, "worker")) == (edges, workers)


def test_the_console_alone_has_an_identity_provider_to_talk_to(tmp_path: Path) -> None:
    site = made(
        tmp_path, "tls_certificate: keys/tls.crt", "tls_key: keys/tls.key",
        "console: {enabled: true, oidc: {issuer: https://id.example.org, client_id: us, "
        "client_secret: keys/tls.key, authorities: keys/tls.crt}}",
    )  # fmt: skip
    assert [connects(site, kind) for kind in ("console", "edge", "worker")] == [True, False, False]


def test_the_identity_providers_secret_is_for_the_console_alone(tmp_path: Path) -> None:
    (tmp_path / "keys/console").mkdir(parents=True)
    (tmp_path / "keys/console/oidc.secret").write_text("s")
    site = made(
        tmp_path, "tls_certificate: keys/tls.crt", "tls_key: keys/tls.key",
        "console: {enabled: true, oidc: {issuer: https://id.example.org, client_id: us, "
        "client_secret: keys/console/oidc.secret}}",
    )  # fmt: skip
    secret = site.paths.oidc_secret
    assert secret is not None
    assert secret in places(site, "console").readable
    assert not any(secret.is_relative_to(place) for place in places(site, "edge").readable)


def test_files_of_a_postgresql_client_are_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/etc/lazaretto/pgpass")
    url = "postgresql://db.example.org/lazaretto?sslrootcert=/etc/lazaretto/root.crt"
    site = made(
        tmp_path, "tls_certificate: keys/tls.crt", "tls_key: keys/tls.key", f"database_url: '{url}'"
    )
    readable = places(site, "edge").readable
    assert Path("/etc/lazaretto/pgpass") in readable
    assert Path("/etc/lazaretto/root.crt") in readable


def made(root: Path, certificate: str, key: str, *more: str) -> Site:
    """A site by these settings."""
    (root / "keys").mkdir(exist_ok=True)
    for name in ("tls.crt", "tls.key"):
        (root / "keys" / name).write_text("")
    lines = ("https:", f"  {certificate}", f"  {key}", *more)
    (root / "lazaretto.yaml").write_text("\n".join(lines) + "\n")
    return Site.open(root)


DUMPABLE: Final = """
import ctypes, os, resource, sys
from gateway.sandbox import dump_nothing
if os.geteuid() == 0:
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # a change of user has taken it
print("before", flush=True)
sys.stdin.readline()
dump_nothing()
print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
sys.stdin.readline()
"""


def test_what_dumps_nothing_is_nobodys_to_look_into() -> None:
    """The kernel gives the /proc entries of such a process to root, whoever runs it."""
    with subprocess.Popen(
        [sys.executable, "-P", "-s", "-c", DUMPABLE], env=clean_environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdin
        environment = Path(f"/proc/{process.pid}/environ")
        assert process.stdout.readline() == "before\n"
        assert environment.stat().st_uid != 0
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "(0, 0)\n"
        assert environment.stat().st_uid == 0
        process.communicate("\n")
    assert process.returncode == 0
