"""Memory of the whole gateway while a large file goes in and its sealed form comes out.

Drops one file over SFTP and one over HTTPS, reads both back, and samples the memory that belongs to
the gateway's processes alone (USS) ten times a second. Run: ``python bench/big_file.py [MiB]``.

The inspection's time is cut to five seconds, so that the file is held as ``timeout`` and released
by hand: at the speed of ``bench/inspection.py`` it would take most of an hour, and its memory
doesn't grow with the file.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from gateway.demo.clients import Https, Sftp
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World, command, make_world
from gateway.running import running_state
from gateway.site import Site

PIECE = b"2026-01,ACME,41,9031.00,7017.50,nothing to see\n" * 22_000
MIB = 2**20


@dataclass
class Memory:
    """Peak of the gateway's own memory, in bytes, since :meth:`mark`."""

    family: list[psutil.Process]
    peak: int = 0
    idle: int = 0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> int:
        total = 0
        for root in self.family:
            for process in [root, *root.children(recursive=True)]:
                try:
                    total += process.memory_full_info().uss
                except psutil.NoSuchProcess:
                    continue
        return total

    async def watch(self) -> None:
        while not self._stop.is_set():
            self.peak = max(self.peak, await asyncio.to_thread(self.now))
            await asyncio.sleep(0.1)

    def mark(self) -> None:
        self.peak = self.idle = self.now()

    def stop(self) -> None:
        self._stop.set()


async def pieces(size: int) -> AsyncIterator[bytes]:
    left = size
    while left > 0:
        yield PIECE[: min(left, len(PIECE))]
        left -= len(PIECE)


@asynccontextmanager
async def measured(label: str, size: int, memory: Memory) -> AsyncIterator[None]:
    memory.mark()
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    grown = (memory.peak - memory.idle) / MIB
    print(f"{label:34} {size / MIB / seconds:8.0f} MiB/s {grown:8.1f} MiB more memory", flush=True)


async def put_https(world: World, ports: dict[str, int], size: int) -> str:
    https = Https(world, world.members["harbour"], ports["https"])
    async with aiohttp.ClientSession(headers=https.headers) as session:
        url = f"{https.base}/v1/outbox/harbour-totals/big.csv"
        async with session.put(url, data=pieces(size), ssl=https.trust) as answer:
            answer.raise_for_status()
            return str((await answer.json())["transfer"])


async def get_https(world: World, ports: dict[str, int], transfer: str) -> int:
    https = Https(world, world.members["beacon"], ports["https"])
    total = 0
    async with aiohttp.ClientSession(headers=https.headers) as session:
        url = f"{https.base}/v1/inbox/{transfer}/content"
        async with session.get(url, ssl=https.trust) as answer:
            async for piece in answer.content.iter_chunked(MIB):
                total += len(piece)
    return total


async def release(world: World, ports: dict[str, int], transfer: str) -> None:
    demo = Demo(world, ports, seconds=600)
    await demo.settled("harbour", transfer)
    words = ("--reason", "measured by hand", "--as", "bench", "--site", world.site)
    await asyncio.to_thread(command, "hold", "release", transfer, *words)
    await demo.settled("harbour", transfer, not_yet="held")


async def run(world: World, ports: dict[str, int], memory: Memory, size: int) -> None:
    async with measured("put over HTTPS", size, memory):
        transfer = await put_https(world, ports, size)
    async with measured("inspect (cut off), release, seal", size, memory):
        await release(world, ports, transfer)
    async with measured("get over HTTPS", size, memory):
        await get_https(world, ports, transfer)
    local = world.home / "big.csv"
    with local.open("wb") as stream:
        async for piece in pieces(size):
            stream.write(piece)
    async with measured("put over SFTP", size, memory):
        sftp = Sftp(world, world.members["harbour"], ports["sftp"])
        await asyncio.to_thread(asyncio.run, sftp.put(local, "/outbox/harbour-totals/big2.csv"))
    local.unlink()
    listed = await Https(world, world.members["harbour"], ports["https"]).call(
        "GET", "/v1/transfers"
    )
    second = str(listed["transfers"][0]["transfer"])
    await release(world, ports, second)
    inbox = await Https(world, world.members["beacon"], ports["https"]).call("GET", "/v1/inbox")
    name = next(item["name"] for item in inbox["files"] if item["transfer"] == second)
    async with measured("get over SFTP", size, memory):
        payer = Sftp(world, world.members["beacon"], ports["sftp"])
        await asyncio.to_thread(asyncio.run, payer.get(f"/inbox/{name}", world.home / "big.pgp"))


async def main(size: int) -> None:
    with tempfile.TemporaryDirectory(prefix="lz-big-") as root:
        world = make_world(Path(root))
        settings = world.site / "lazaretto.yaml"
        settings.write_text(settings.read_text().replace("seconds: 600", "seconds: 5"))
        async with served(world.site) as ports:
            state = running_state(Site.open(world.site)) or {}
            memory = Memory([psutil.Process(int(str(state["pid"])))])
            watching = asyncio.create_task(memory.watch())
            await asyncio.sleep(3)
            print(f"{size / MIB:.0f} MiB; idle: {memory.now() / MIB:.0f} MiB in all processes")
            await run(world, ports, memory, size)
            memory.stop()
            await watching


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1] if len(sys.argv) > 1 else 2048) * MIB))
