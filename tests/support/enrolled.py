"""A whole site with a clinic that sends and a payer that receives, for end-to-end tests."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pysequoia

from config.settings import Address
from gateway.cli.main import main
from gateway.initialise import Wishes, initialise
from gateway.site import Site
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of

ANY = Address("127.0.0.1", 0)
ROUTE = "claims-to-acme"


@dataclass(frozen=True)
class Enrolled:
    """A site and what its partners hold.

    Attributes:
        site: The site.
        ssh_key: Private key of the account ``clinic-bot``.
        tokens: API token by account.
        openpgp: The payer's secret key, armored.
    """

    site: Site
    ssh_key: Path
    tokens: dict[str, str]
    openpgp: bytes


def command(*words: object) -> str:
    """Run a command of ours that must succeed; what it printed."""
    out = io.StringIO()
    with redirect_stdout(out):
        status = main([str(word) for word in words])
    assert status == 0, words
    return out.getvalue()


def enrol(directory: Path, *, grace: int = 15, database_url: str = "") -> Enrolled:
    """Make a site under ``directory`` with a clinic, a payer and a route between them."""
    listen = dict.fromkeys(("sftp", "https", "health", "metrics"), ANY)
    site = initialise(directory / "site", Wishes("localhost", listen, database_url)).site
    text = site.paths.settings.read_text()
    text = text.replace("grace_seconds: 30", f"grace_seconds: {grace}")
    # So that the tests run on kernels without Landlock too.
    text = text.replace("sandbox: strict", "sandbox: best-effort")
    site.paths.settings.write_text(text.replace("reserve: 1 GiB", "reserve: 1 MiB"))
    (site.paths.policy / "routes.yaml").write_text(
        f"routes:\n  {ROUTE}:\n    from: [clinic]\n    to: acme\n    contract: claims\n"
    )
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(directory / "clinic")
    key.write_public_key(directory / "clinic.pub")
    openpgp = generate_partner_key("Acme", "edi@acme.example")
    (directory / "acme.asc").write_bytes(certificate_of(openpgp))
    at = ("--site", site.root)
    for partner in ("clinic", "acme"):
        command("partner", "add", partner, *at)
    tokens = {}
    for account, partner, scopes, more in (
        ("clinic-bot", "clinic", ("--send",), ("--ssh-key", directory / "clinic.pub")),
        ("acme-bot", "acme", ("--receive",), ("--ssh-key", directory / "clinic.pub")),
    ):
        shown = command(
            "account", "add", account, "--partner", partner, *scopes, *more, "--token", "--json",
            *at,
        )  # fmt: skip
        tokens[account] = str(json.loads(shown)["token"])
    command("key", "import", directory / "acme.asc", "--partner", "acme", *at)
    return Enrolled(Site.open(site.root), directory / "clinic", tokens, openpgp)


def opened(openpgp: bytes, sealed: bytes) -> bytes:
    """What a sealed file holds."""
    secret = pysequoia.Tsk.from_bytes(openpgp)
    content = pysequoia.decrypt(sealed, decryptor=secret.decryptor()).bytes
    assert content is not None
    return content
