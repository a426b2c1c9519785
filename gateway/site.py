"""A site: the directory that holds everything one gateway is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.policy import Policy, load_policy
from config.settings import FILE_NAME, Settings, load_settings

if TYPE_CHECKING:
    from gateway.store.database import Database

POLICY: Final = "policy"
KEYS: Final = "keys"
EDGE_KEYS: Final = f"{KEYS}/edge"
"""What edges read, and nothing else of the keys: they are confined to this directory."""
RUN: Final = "run"


class SiteError(Exception):
    """The directory is no site.

    Attributes:
        fix: What to do.
    """

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class SitePaths:
    """Where everything is. All absolute.

    Attributes:
        settings: ``lazaretto.yaml``.
        policy: Directory of the policy.
        keys: Directory of the keys.
        edge_keys: That of the keys which edges read.
        kek: The key-encryption key (secret).
        openpgp_secret: The gateway's OpenPGP key (secret).
        openpgp_public: Its certificate, armored, for partners.
        ssh_host_keys: Private SSH host keys, the preferred first (secret).
        tls_cert: PEM chain of the HTTPS listener.
        tls_key: Its private key (secret).
        client_ca: PEM bundle of the CAs of client certificates; None if clients aren't asked.
        oidc_secret: What we prove ourselves to the identity provider with (secret); None without.
        log_key: The log's signing key (secret).
        log_pub: Its public half, for auditors.
        checkpoint: The newest signed checkpoint of the log.
        data: Directory of payloads and database.
        database: URL of the database.
        blobs: Directory of payloads.
        policies: Directory of every policy that was ever in force, by digest.
        run: Sockets, locks and metrics of the running gateway.
    """

    settings: Path
    policy: Path
    keys: Path
    edge_keys: Path
    kek: Path
    openpgp_secret: Path
    openpgp_public: Path
    ssh_host_keys: tuple[Path, ...]
    tls_cert: Path
    tls_key: Path
    client_ca: Path | None
    oidc_secret: Path | None
    log_key: Path
    log_pub: Path
    checkpoint: Path
    data: Path
    database: str
    blobs: Path
    policies: Path
    run: Path

    @property
    def secrets(self) -> tuple[Path, ...]:
        """The files that nobody but the gateway may read (mode 0600)."""
        console = (self.oidc_secret,) if self.oidc_secret else ()
        own = (self.kek, self.openpgp_secret, self.log_key, self.tls_key)
        return (*own, *self.ssh_host_keys, *console)


def site_paths(root: Path, settings: Settings) -> SitePaths:
    """The layout of the site at ``root``."""
    console = settings.console
    keys, edge = root / KEYS, root / EDGE_KEYS
    data = root / settings.storage.data
    return SitePaths(
        settings=root / FILE_NAME,
        policy=root / POLICY,
        keys=keys,
        edge_keys=edge,
        kek=edge / "kek.key",
        openpgp_secret=keys / "openpgp.pgp",
        openpgp_public=keys / "openpgp.asc",
        ssh_host_keys=(edge / "ssh_host_ed25519_key", edge / "ssh_host_rsa_key"),
        tls_cert=root / settings.https.tls_certificate,
        tls_key=root / settings.https.tls_key,
        client_ca=root / settings.https.client_ca if settings.https.client_ca else None,
        oidc_secret=(
            root / console.oidc.client_secret
            if console.enabled and console.oidc.issuer and console.oidc.client_secret
            else None
        ),
        log_key=keys / "log.key",
        log_pub=keys / "log.pub",
        checkpoint=root / settings.log.checkpoint,
        data=data,
        database=settings.database_url or f"sqlite:///{data / 'lazaretto.db'}",
        blobs=data / "blobs",
        policies=data / "policies",
        run=root / RUN,
    )


@dataclass(frozen=True, slots=True)
class Site:
    """An opened site.

    Attributes:
        root: Its directory, absolute.
        settings: Checked.
        paths: Where everything is.
    """

    root: Path
    settings: Settings
    paths: SitePaths

    @classmethod
    def open(cls, path: Path | str) -> Site:
        """Read the settings of the site at ``path``.

        Raises:
            SiteError: There is no site.
            ConfigError: Its settings have faults; all of them.
        """
        root = Path(path).expanduser().resolve()
        if not (root / FILE_NAME).exists():
            raise SiteError(
                f"{root} is not a site: it has no {FILE_NAME}",
                "make one with 'lazaretto init DIR', or name yours with --site DIR",
            )
        settings = load_settings(root / FILE_NAME)
        return cls(root, settings, site_paths(root, settings))

    def load_policy(self) -> Policy:
        """Read and check the policy.

        Raises:
            ConfigError: With every fault of every file.
        """
        return load_policy(self.paths.policy)

    def database(self) -> Database:
        """Open the database. One per process; a forked child opens its own.

        Raises:
            LedgerUnavailableError: It is missing.
            ValueError: The URL isn't one this version opens.
        """
        from gateway.store.database import (  # noqa: PLC0415  # SQLAlchemy is slow to import
            open_database,
        )

        return open_database(self.paths.database)
