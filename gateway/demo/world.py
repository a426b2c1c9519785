"""The demo's site and its partners: a clinic, a billing firm, two payers.

Everything is done through the ``lazaretto`` command, as an operator would.
"""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncssh

from gateway.cli.main import main
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of

ROUTES: Final = """\
# Who may send what to whom, under which contract.
routes:
  clinic-claims: {from: [clinic], to: acme, contract: claims}
  harbour-claims: {from: [harbour], to: beacon, contract: claims, original_name: sealed}
  harbour-totals: {from: [harbour], to: beacon, contract: totals, original_name: listed}
  acme-remits: {from: [acme], to: clinic, contract: remittance}
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A partner as it sees itself: its own keys, which the gateway never gets.

    Attributes:
        id: Partner and account.
        title: For people.
        ssh_key: Its SSH private key file.
        token: Its API token.
        openpgp: Its OpenPGP secret key, armored.
    """

    id: str
    title: str
    ssh_key: Path
    token: str = field(repr=False)
    openpgp: bytes


@dataclass(frozen=True, slots=True)
class World:
    """The site before it is served.

    Attributes:
        site: Its directory.
        home: Where the partners keep their keys and files.
        members: By id.
    """

    site: Path
    home: Path
    members: dict[str, Member]


class CommandError(Exception):
    """A command of the demo's failed."""


def command(*words: str | Path) -> Any:  # noqa: ANN401  # whatever JSON the command prints
    """Run one ``lazaretto`` command in this process and return the JSON it printed.

    Raises:
        CommandError: Its exit status wasn't 0.
    """
    out = io.StringIO()
    with redirect_stdout(out):
        status = main([*map(str, words), "--json"])
    if status != 0:
        raise CommandError(f"lazaretto {' '.join(map(str, words[:2]))} ended with {status}")
    return json.loads(out.getvalue())


def make_world(root: Path) -> World:
    """Make the site at ``root``/site with its partners, accounts, keys and routes."""
    site, home = root / "site", root / "partners"
    home.mkdir(mode=0o700)
    free = [f"--{name}=127.0.0.1:0" for name in ("sftp", "https", "health", "metrics")]
    command("init", site, "--host", "localhost", *free)
    titles = {
        "clinic": "Lakeside Family Clinic",
        "harbour": "Harbour Billing Services",
        "acme": "Acme Health Plan",
        "beacon": "Beacon Mutual",
    }
    members = {partner: _enrol(site, home, partner, title) for partner, title in titles.items()}
    (site / "policy" / "routes.yaml").write_text(ROUTES)
    _let_any_kernel_run_it(site / "lazaretto.yaml")
    return World(site, home, members)


def _let_any_kernel_run_it(settings: Path) -> None:
    """A demo of made-up files may go on where a site with patients' files must not."""
    settings.write_text(settings.read_text().replace("sandbox: strict", "sandbox: best-effort"))


def _enrol(site: Path, home: Path, partner: str, title: str) -> Member:
    ssh_key = asyncssh.generate_private_key("ssh-ed25519", comment=partner)
    private, public = home / f"{partner}.key", home / f"{partner}.pub"
    _write(private, ssh_key.export_private_key())
    _write(public, ssh_key.export_public_key())
    openpgp = generate_partner_key(title, f"edi@{partner}.example")
    certificate = home / f"{partner}.asc"
    _write(certificate, certificate_of(openpgp))
    on = ("--site", site, "--as", "demo operator")
    command("partner", "add", partner, "--name", title, *on)
    account = command(
        "account", "add", partner, "--partner", partner, "--send", "--receive",
        "--ssh-key", public, "--token", *on,
    )  # fmt: skip
    command("key", "import", "--partner", partner, certificate, *on)
    return Member(partner, title, private, account["token"], openpgp)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
