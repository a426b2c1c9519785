"""Put and get one large file over loopback SFTP: MB/s, and the memory the server grew by.

The listener runs in a process of its own over an Intake that hashes and drops the bytes (so this
measures the transport, not staging). OpenSSH's ``sftp`` is the client where it is installed, else
asyncssh's; OpenSSH's ``sftp-server`` is measured beside it where that is installed.

    python bench/sftp_put.py [--megabytes 200] [--loop uvloop|asyncio]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import multiprocessing.connection
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path

import asyncssh
import psutil
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.endless_gateway import BLOCK, Box, Gateway, Judge
from transports.sftp import SftpOptions, serve_sftp


def run(coroutine: Coroutine[object, object, None], loop: str) -> None:
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(coroutine)


def serve(port: multiprocessing.connection.Connection, key: Path, size: int, loop: str) -> None:
    async def main() -> None:
        options = SftpOptions(host_keys=(key,))
        service = await serve_sftp(options, Judge(), Gateway(), Box(size))
        port.send(service.port)
        while not port.poll():  # noqa: ASYNC110 - a pipe has no event
            await asyncio.sleep(0.1)
        await service.stop(1)

    run(main(), loop)


def timed(command: list[str], batch: str, watched: psutil.Process | None) -> tuple[float, int]:
    """Seconds, and the most bytes of memory that ``watched`` grew by."""
    before = watched.memory_info().rss if watched else 0
    most = before
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert process.stdin
    process.stdin.write(batch.encode())
    process.stdin.close()
    while process.poll() is None:
        if watched:
            most = max(most, watched.memory_info().rss)
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"the client failed: {process.returncode}")
    return time.perf_counter() - start, most - before


def report(what: str, megabytes: int, seconds: float, grew: int) -> None:
    memory = f"{grew / 1e6:6.1f} MB" if grew else "        -"
    print(f"{what:32s} {megabytes / seconds:8.0f} MB/s   server grew by {memory}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--loop", default="uvloop", choices=["uvloop", "asyncio"])
    arguments = parser.parse_args()
    client = shutil.which("sftp")
    if client is None:
        raise SystemExit("needs OpenSSH's sftp")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), client, arguments.megabytes, arguments.loop)


def measure(folder: Path, client: str, megabytes: int, loop: str) -> None:
    key = folder / "key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    key.chmod(0o600)
    local = folder / "local"
    with local.open("wb") as file:
        for _ in range(megabytes * 4):
            file.write(BLOCK)
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(theirs, key, local.stat().st_size, loop))
    server.start()
    port, watched = ours.recv(), psutil.Process(server.pid)
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentityAgent=none",
               "Ciphers=aes128-gcm@openssh.com"]  # fmt: skip
    flags = [flag for option in options for flag in ("-o", option)]
    ssh = [client, "-F", "/dev/null", "-i", str(key), *flags, "-P", str(port), "-b", "-",
           "bench@127.0.0.1"]  # fmt: skip
    size = local.stat().st_size // 1_000_000
    report("put", size, *timed(ssh, f"put {local} /outbox/r/a\n", watched))
    report("get", size, *timed(ssh, f"get /inbox/a.pgp {folder / 'got'}\n", watched))
    ours.send("stop")
    server.join()
    peer = shutil.which("sftp-server", path="/usr/lib/openssh:/usr/libexec/openssh:/usr/libexec")
    if peer:
        direct = [client, "-D", peer, "-b", "-"]
        seconds, _ = timed(direct, f"put {local} {folder / 'peer'}\n", None)
        report("put, OpenSSH without encryption", size, seconds, 0)


if __name__ == "__main__":
    main()
