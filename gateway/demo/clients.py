"""The partners' programs: the real OpenSSH ``sftp`` and ``gpg`` where present, else libraries."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import asyncssh
import pysequoia

from gateway.demo.world import Member, World

_TIMEOUT: Final = 60


class ClientError(Exception):
    """A partner's program failed."""


def has_sftp() -> bool:
    """Whether OpenSSH's client is on this machine."""
    return shutil.which("sftp") is not None


def has_gpg() -> bool:
    """Whether GnuPG is on this machine."""
    return shutil.which("gpg") is not None


class Sftp:
    """One partner's SFTP sessions.

    Args:
        world: For the gateway's host key and the partner's own.
        member: The partner.
        port: Where the gateway listens on 127.0.0.1.
        learns: Takes up further host keys that the gateway announces and proves.
    """

    def __init__(self, world: World, member: Member, port: int, *, learns: bool = False) -> None:
        self._member = member
        self._port = port
        self._learns = learns
        key = (world.site / "keys" / "edge" / "ssh_host_ed25519_key.pub").read_text().split()
        self._known = world.home / "known_hosts"
        self._known.write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")

    async def put(self, local: Path, remote: str) -> None:
        """Upload one file."""
        if has_sftp():
            self._batch(f'put "{local}" "{remote}"')
            return
        async with self._connect() as connection, connection.start_sftp_client() as sftp:
            await sftp.put(str(local), remote)

    async def get(self, remote: str, local: Path) -> None:
        """Download one file."""
        if has_sftp():
            self._batch(f'get "{remote}" "{local}"')
            return
        async with self._connect() as connection, connection.start_sftp_client() as sftp:
            await sftp.get(remote, str(local))

    async def names(self, directory: str) -> Sequence[str]:
        """What a listing shows."""
        if has_sftp():
            lines = self._batch(f'ls -1 "{directory}"').splitlines()
            return [line.rsplit("/", 1)[-1] for line in lines if not line.startswith("sftp>")]
        async with self._connect() as connection, connection.start_sftp_client() as sftp:
            return [str(n) for n in await sftp.listdir(directory) if str(n) not in {".", ".."}]

    def _connect(self) -> Any:  # noqa: ANN401  # asyncssh's own awaitable context manager
        return asyncssh.connect(
            "127.0.0.1", self._port, username=self._member.id, config=None, agent_path=None,
            client_keys=[str(self._member.ssh_key)], known_hosts=str(self._known),
            server_host_keys_handler=self._learn if self._learns else None,
        )  # fmt: skip

    def _learn(self, added: list[asyncssh.SSHKey], *_others: list[asyncssh.SSHKey]) -> None:
        with self._known.open("a") as known:
            for key in added:
                line = key.export_public_key().decode().strip()
                known.write(f"[127.0.0.1]:{self._port} {line}\n")

    def _batch(self, line: str) -> str:
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self._known),
            "UpdateHostKeys": "yes" if self._learns else "no",
        }
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        done = subprocess.run(
            ["sftp", "-q", "-F", "none", *words, "-i", str(self._member.ssh_key),
             "-P", str(self._port), "-b", "-", f"{self._member.id}@127.0.0.1"],
            input=line + "\n", capture_output=True, text=True, timeout=_TIMEOUT, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ClientError(f"sftp ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout


class Https:
    """One partner's HTTPS calls.

    Attributes:
        base: The gateway's address.
        trust: Trusts the gateway's certificate.
        headers: With the partner's token.

    Args:
        world: For the gateway's certificate.
        member: The partner.
        port: Where the gateway listens on 127.0.0.1.
    """

    def __init__(self, world: World, member: Member, port: int) -> None:
        self.base = f"https://localhost:{port}"
        self.trust = ssl.create_default_context(
            cafile=str(world.site / "keys" / "edge" / "tls.crt")
        )
        self.headers = {"Authorization": f"Bearer {member.token}"}

    async def call(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401  # JSON
        """Call and return the JSON answer."""
        return (await self._answer(method, path, body))[1]

    async def content(self, path: str) -> bytes:
        """Get a file."""
        return (await self._answer("GET", path, None))[0]

    async def _answer(self, method: str, path: str, body: bytes | None) -> tuple[bytes, Any]:
        limit = aiohttp.ClientTimeout(total=_TIMEOUT)
        async with (
            aiohttp.ClientSession(headers=self.headers, timeout=limit) as session,
            session.request(
                method, self.base + path, data=body, ssl=self.trust, expect100=body is not None
            ) as answer,
        ):
            content = await answer.read()
            if not answer.ok:
                raise ClientError(f"{method} {path}: {answer.status}")
            is_json = answer.content_type == "application/json"
            return content, await answer.json() if is_json else None


def unseal(member: Member, sealed: Path) -> bytes:
    """Open a sealed file as its recipient: with ``gpg`` where present, else with Sequoia."""
    return _with_gpg(member, sealed) if has_gpg() else _with_sequoia(member, sealed.read_bytes())


def unseal_name(member: Member, sealed: bytes) -> str:
    """Open the small message that holds the original name."""
    return _with_sequoia(member, sealed).decode()


def _with_sequoia(member: Member, sealed: bytes) -> bytes:
    secret = pysequoia.Tsk.from_bytes(member.openpgp)
    opened = pysequoia.decrypt(decryptor=secret.decryptor(), bytes=sealed)
    if opened.bytes is None:
        raise ClientError("nothing came out of the sealed file")
    return opened.bytes


def _with_gpg(member: Member, sealed: Path) -> bytes:
    # The agent's socket lives in the home, and a socket's path has 108 characters at the most.
    with tempfile.TemporaryDirectory(prefix="lz-gpg-") as home:
        gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--trust-model", "always"]
        try:
            _run([*gpg, "--import"], member.openpgp)
            return _run([*gpg, "--decrypt", str(sealed)], b"")
        finally:
            subprocess.run(
                ["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True, check=False
            )


def _run(words: Sequence[str], stdin: bytes) -> bytes:
    done = subprocess.run(words, input=stdin, capture_output=True, timeout=_TIMEOUT, check=False)
    # gpg exits with 2 for a signer it doesn't know, and still opens the file.
    if not done.stdout and done.returncode != 0:
        raise ClientError(f"{words[0]} ended with {done.returncode}")
    return done.stdout
