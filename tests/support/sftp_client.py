"""OpenSSH's ``sftp``, run on a batch of commands, with answers to its prompts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

_OPTIONS = (
    "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
    "IdentitiesOnly=yes", "IdentityAgent=none", "ConnectTimeout=30",
)  # fmt: skip


async def sftp(
    port: int,
    user: str,
    key: Path | None,
    *batch: str,
    asking: Path | None = None,
    options: tuple[str, ...] = (),
) -> tuple[int, str]:
    """Exit status and output. ``asking`` is a program that answers prompts (SSH_ASKPASS)."""
    flags = [flag for option in (*options, *_OPTIONS) for flag in ("-o", option)]
    # The first value of an option counts, and -b would set BatchMode, which asks nothing.
    quiet = ["-o", "BatchMode=no"] if asking else []
    identity = ["-i", key] if key else []
    environment = {"SSH_ASKPASS": str(asking), "SSH_ASKPASS_REQUIRE": "force"} if asking else {}
    words = ["-F", "/dev/null", *quiet, *identity, *flags, "-P", port, "-b", "-"]
    process = await asyncio.create_subprocess_exec(
        "sftp", *map(str, words), f"{user}@127.0.0.1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, **environment},
    )  # fmt: skip
    async with asyncio.timeout(90):
        output, _ = await process.communicate("\n".join(batch).encode() + b"\n")
    return process.returncode or 0, output.decode(errors="replace")
