"""Which files an edge and a worker need: everything else isn't there for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from gateway.sandbox import readable_roots
from gateway.site import Site
from gateway.staged_keys import next_of

_SYSTEM: Final = tuple(
    map(
        Path,
        (
            "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share",
            "/usr/local/share", "/etc/ld.so.cache", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
            "/etc/crypto-policies", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname",
            "/etc/host.conf", "/etc/gai.conf", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group",
            "/etc/services", "/etc/protocols", "/etc/localtime", "/etc/timezone", "/etc/mime.types",
            "/dev/urandom", "/dev/random", "/dev/zero", "/sys/devices/system/cpu",
            "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/kernel", "/proc/filesystems",
        ),
    )
)  # fmt: skip
_PROGRAMS: Final = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64")))
_TLS: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_AWS: Final = (
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CA_BUNDLE",
)  # fmt: skip
_LIBPQ: Final = {
    "PGPASSFILE": ".pgpass", "PGSERVICEFILE": ".pg_service.conf",
    "PGSSLROOTCERT": ".postgresql/root.crt", "PGSSLCERT": ".postgresql/postgresql.crt",
    "PGSSLKEY": ".postgresql/postgresql.key", "PGSSLCRL": ".postgresql/root.crl",
    "PGSYSCONFDIR": "",
}  # fmt: skip
"""Variable to the file in the home directory that libpq reads without it."""
_LIBPQ_WORDS: Final = frozenset({"passfile", "sslrootcert", "sslcert", "sslkey", "sslcrl"})


@dataclass(frozen=True, slots=True)
class Places:
    """Files and directories, with everything beneath.

    Attributes:
        readable: To be read.
        writable: To be read and written.
        runnable: To be read and run.
    """

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    runnable: tuple[Path, ...] = ()


def places(site: Site, kind: str) -> Places:
    """What a process of the site needs.

    Args:
        site: Its site.
        kind: ``worker``, ``console`` (an edge with the identity provider's secret), or an edge.
    """
    common = (*readable_roots(), *_SYSTEM, *_environment(_TLS), *_of_database(site.paths.database))
    common = (*common, *_in(site, _of_key_store(site)))
    own = (site.paths.settings, site.paths.policies)
    readable, writable = (*common, *own), (*_written(site), Path("/dev/null"))
    processes = site.settings.processes
    if kind == "console":
        readable = (*readable, *_of_console(site))
    if kind != "worker":
        return Places(
            (
                *readable,
                *_edge_keys(site),
                Path("/proc/self"),
                *_in(site, processes.edge_reads),
            ),
            (*writable, *_in(site, processes.edge_writes)),
        )
    # Its scanners, sealers and openers are fenced by what it may do, and by more of their own.
    return Places(
        (*readable, site.paths.keys, Path("/proc"), *_in(site, processes.worker_reads)),
        (*writable, site.paths.checkpoint.parent, *_in(site, processes.worker_writes)),
        (*_PROGRAMS, Path(sys.prefix), Path(sys.base_prefix)),
    )


def connects(site: Site, kind: str) -> bool:
    """Whether such a process connects to anybody, by the settings."""
    settings = site.settings
    key_stores = (settings.keys.pkcs11, settings.keys.vault, settings.keys.aws_kms)
    outside = {"worker": settings.log.post, "console": settings.console.oidc.issuer}.get(kind)
    to_database = not site.paths.database.startswith("sqlite:")
    return bool(settings.processes.connects or to_database or any(key_stores) or outside)


def _in(site: Site, paths: tuple[Path, ...]) -> Iterator[Path]:
    return (site.root / path for path in paths)


def _written(site: Site) -> Iterator[Path]:
    paths = site.paths
    yield from (paths.data, paths.blobs, paths.run)
    if paths.database.startswith("sqlite:///"):
        # SQLite makes and removes its log and index beside the file.
        yield Path(paths.database.removeprefix("sqlite:///")).parent


def _edge_keys(site: Site) -> Iterator[Path]:
    """Directories of the keys that edges use, since a key is replaced by renaming another there.

    A file may be a link, as certbot makes them: where it leads counts as well. A directory that
    holds what edges must not read is left out, and the file alone is readable.
    """
    paths = site.paths
    yield paths.edge_keys
    others = (paths.client_ca,) if paths.client_ca else ()
    tls = (paths.tls_cert, next_of(paths.tls_cert), paths.tls_key)
    for path in (paths.kek, *tls, *paths.ssh_host_keys, *others):
        for real in (path, path.resolve()):
            holds_others = any(
                secret.resolve().is_relative_to(real.parent.resolve())
                for secret in (paths.openpgp_secret, paths.log_key)
            )
            yield real if holds_others else real.parent


def _of_console(site: Site) -> Iterator[Path]:
    """What it proves itself to the identity provider with, and whom it trusts there."""
    own = site.settings.console.oidc
    if site.paths.oidc_secret:
        yield site.paths.oidc_secret
    if own.authorities:
        yield site.root / own.authorities


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails where there is none


def _environment(names: tuple[str, ...]) -> Iterator[Path]:
    return (Path(os.environ[name]) for name in names if os.environ.get(name))


def _of_key_store(site: Site) -> tuple[Path, ...]:
    """Module, PIN, token and authorities of whoever guards the key-encryption keys.

    What a module needs besides, its token's directory say, only the site's settings know.
    """
    pkcs11, vault = site.settings.keys.pkcs11, site.settings.keys.vault
    found: list[Path | None] = []
    if pkcs11:
        found += [pkcs11.module, pkcs11.module.resolve(), pkcs11.pin_file]
    if vault:
        found += [vault.token_file, vault.ca_file]
    if site.settings.keys.aws_kms:
        found += [*_environment(_AWS), _home() / ".aws"]
    return tuple(path for path in found if path)


def _of_database(url: str) -> Iterator[Path]:
    """Password, certificates and keys that libpq reads to reach PostgreSQL."""
    if url.startswith("sqlite:"):
        return
    home = _home()
    for variable, usual in _LIBPQ.items():
        if named := os.environ.get(variable):
            yield Path(named)
        elif usual:
            yield home / usual
    for word, value in parse_qsl(urlsplit(url).query):
        if word in _LIBPQ_WORDS:
            yield Path(value)
