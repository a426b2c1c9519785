"""The served gateway, fenced as in production, lets machines in every way that operators enrol."""

from __future__ import annotations

import asyncio
import base64
import io
import shutil
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncssh
import pytest

from gateway.demo.served import served
from gateway.demo.world import World, command
from keys.totp import STEP, code_at
from tests.support.process import run
from tests.support.sftp_client import sftp
from tests.support.ssh_certs import Wanted, as_line, certify
from tests.support.tls_clients import Authority, Client

pytestmark = pytest.mark.skipif(
    not (shutil.which("sftp") and shutil.which("curl")), reason="OpenSSH or curl is not installed"
)
ROUTES = '{"routes": ["clinic-claims"]}'


def with_certificate(world: World) -> Path:
    """A key pair whose certificate a CA of the clinic's made."""
    ca = asyncssh.generate_private_key("ssh-ed25519")
    key = asyncssh.generate_private_key("ssh-ed25519")
    ca.write_public_key(world.home / "ca.pub")
    command("partner", "ssh-ca", "add", "clinic", world.home / "ca.pub", "--site", world.site)
    path = world.home / "certified"
    key.write_private_key(path)
    path.chmod(0o600)
    certificate = certify(ca, key, Wanted(principals=["clinic"]))
    path.with_name("certified-cert.pub").write_bytes(as_line(certificate))
    return path


def with_second_factor(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that types the code of the clinic's person."""
    command(
        "account", "add", "person", "--partner", "clinic", "--send", "--ssh-key",
        world.home / "clinic.pub", "--site", world.site,
    )  # fmt: skip
    uri = command("account", "totp", "enrol", "person", "--site", world.site)["uri"]
    secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
    step = int(time.time()) // STEP
    monkeypatch.setattr("sys.stdin", io.StringIO(code_at(secret, step) + "\n"))
    shown = command("account", "totp", "confirm", "person", "--site", world.site)
    asking = world.home / "askpass"
    # A recovery code: the app's next one may be too far ahead or behind on a busy machine.
    asking.write_text(f"#!/bin/sh\necho {shown['recovery_codes'][0]}\n")
    asking.chmod(0o700)
    return asking


def with_client_certificate(world: World) -> Client:
    """A TLS client certificate of the clinic's, pinned."""
    authority = Authority(world.home)
    client = authority.issue("clinic")
    shutil.copy(authority.bundle, world.site / "keys/edge/client-ca.pem")
    settings = world.site / "lazaretto.yaml"
    text = settings.read_text()
    assert "  client_ca: " in text
    settings.write_text(text.replace("  client_ca: ", "  client_ca: keys/edge/client-ca.pem ", 1))
    pin = ("--client-cert", client.certificate)
    command("account", "credential", "clinic", *pin, "--site", world.site)
    return client


async def test_machines_log_in_by_certificate_second_factor_and_mutual_tls(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified = with_certificate(world)
    asking = with_second_factor(world, monkeypatch)
    client = with_client_certificate(world)
    key = world.home / "clinic.key"
    async with served(world.site) as ports:
        status, output = await sftp(ports["sftp"], "clinic", certified, "ls /outbox")
        assert (status, "clinic-claims" in output) == (0, True), output
        status, output = await sftp(ports["sftp"], "person", key, "ls /outbox", asking=asking)
        assert (status, "clinic-claims" in output) == (0, True), output
        status, output = await sftp(ports["sftp"], "person", key, "ls /outbox")
        assert status != 0, output
        asked = (
            "curl", "-sS", "--fail-with-body", "--cacert", world.site / "keys/edge/tls.crt",
            "--cert", client.certificate, "--key", client.key,
            f"https://localhost:{ports['https']}/v1/routes",
        )  # fmt: skip
        assert await run(*asked) == (0, ROUTES)
        bundle = world.site / "keys/edge/client-ca.pem"
        Authority(world.home, "Another CA").bundle.replace(bundle)
        async with asyncio.timeout(30):  # the fenced edge sees and reads the new file
            while (await run(*asked))[0] == 0:  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.2)
