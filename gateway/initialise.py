"""Makes a site: settings, policy, keys, database. All of it or nothing."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from config.policy import CONTRACTS, policy_files, shipped_directory
from config.settings import FILE_NAME, Address, Settings, template
from gateway.ledger.record import SqlLedger
from gateway.migrations import upgrade
from gateway.site import EDGE_KEYS, KEYS, POLICY, RUN, Site, SiteError, SitePaths, site_paths
from gateway.store.database import open_database
from gateway.version import running
from keys import durable
from keys.kek import LocalKek
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from keys.site import generate_log_key, generate_ssh_host_keys, generate_tls

SECRET: Final = 0o600
PUBLIC: Final = 0o644
PRIVATE_DIRECTORY: Final = 0o700
_MAX_COMMON_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may differ from the defaults.

    Attributes:
        host: Name that the development TLS certificate and the OpenPGP key are made for.
        listen: Addresses by listener: ``sftp https health metrics``.
        database_url: Where the database is; "" for a file in the site.
    """

    host: str = ""
    listen: Mapping[str, Address] = field(default_factory=dict)
    database_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, for people to compare and pass on.

    Attributes:
        site: The site.
        openpgp: Fingerprint of the gateway's OpenPGP key.
        kek: Id of the key-encryption key.
    """

    site: Site
    openpgp: str
    kek: str


def initialise(target: Path, wishes: Wishes) -> Made:
    """Make a site at ``target``.

    It is built beside it and renamed, so a failure or a power cut leaves nothing that looks like
    a site.

    Raises:
        SiteError: Something is there already; it isn't touched.
        OSError: The place can't be written.
    """
    target = target.expanduser().absolute()
    _refuse_existing(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        made = _build(draft, wishes)
        _put_in_place(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Made(Site.open(target), made.openpgp, made.kek)


def _refuse_existing(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise SiteError(f"{target} is there already and is no directory", "name another place")
    if target.is_dir() and any(target.iterdir()):
        kind = "a site" if (target / FILE_NAME).exists() else "a directory with files in it"
        raise SiteError(
            f"{target} is {kind} already; nothing was touched", "name a new or empty directory"
        )


def _put_in_place(draft: Path, target: Path) -> None:
    """Rename: onto an empty directory too, and never onto one that was filled meanwhile."""
    try:
        draft.rename(target)
    except OSError as error:
        raise SiteError(
            f"{target} can't be made: {error.strerror}", "name a new or empty directory"
        ) from error
    durable.flush_directory(target.parent)


def _build(root: Path, wishes: Wishes) -> Made:
    for name in (KEYS, EDGE_KEYS, POLICY, f"{POLICY}/{CONTRACTS}", RUN, "data", "data/blobs"):
        (root / name).mkdir(mode=PRIVATE_DIRECTORY)
    paths = site_paths(root, Settings())
    kek = LocalKek.generate(paths.kek)
    openpgp = _make_keys(paths, wishes.host or socket.getfqdn() or "localhost")
    for name in policy_files(shipped_directory()):
        durable.create(root / POLICY / name, (shipped_directory() / name).read_bytes(), SECRET)
    text = template(**wishes.listen)
    if wishes.database_url:
        url = json.dumps(wishes.database_url)  # a string of JSON is one of YAML
        text = text.replace('database_url: ""', f"database_url: {url}")
    durable.create(paths.settings, text.encode(), SECRET)
    site = Site.open(root)
    _make_database(site, openpgp, kek.key_id)
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        durable.flush_directory(directory)
    return Made(site, openpgp, kek.key_id)


def _make_keys(paths: SitePaths, host: str) -> str:
    """Every key but the key-encryption key; returns the OpenPGP fingerprint."""
    secret = generate_gateway_key(f"Lazaretto gateway <gateway@{host}>")
    certificate, tls_key = generate_tls(host[:_MAX_COMMON_NAME], _names(host))
    log_key, log_pub = generate_log_key()
    ssh = generate_ssh_host_keys()
    ed25519, rsa = paths.ssh_host_keys
    files = {
        paths.openpgp_secret: (secret, SECRET),
        paths.openpgp_public: (certificate_of(secret), PUBLIC),
        paths.tls_cert: (certificate, PUBLIC),
        paths.tls_key: (tls_key, SECRET),
        paths.log_key: (log_key, SECRET),
        paths.log_pub: (log_pub, PUBLIC),
        ed25519: (ssh.ed25519, SECRET),
        ed25519.with_suffix(".pub"): (ssh.ed25519_public, PUBLIC),
        rsa: (ssh.rsa, SECRET),
        rsa.with_suffix(".pub"): (ssh.rsa_public, PUBLIC),
    }
    for path, (content, mode) in files.items():
        durable.create(path, content, mode)
    return fingerprint(secret)


def _names(host: str) -> list[str]:
    """What the development certificate is for: this host, and clients on the same machine."""
    return list(dict.fromkeys([host, "localhost", "127.0.0.1", "::1"]))


def _make_database(site: Site, openpgp: str, kek: str) -> None:
    database = open_database(site.paths.database, create=True)
    try:
        upgrade(database)
        facts = {"version": running(), "openpgp": openpgp, "kek": kek}
        SqlLedger(database).record("site.initialised", "system", facts)
    finally:
        database.close()
