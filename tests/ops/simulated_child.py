"""A child process that behaves as its site's ``run/behaviour`` says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from config.policy import Policy
from gateway.child import OrphanedError, arguments, die_with, run
from gateway.site import Site


class Simulated:
    def __init__(self, site: Site, kind: str) -> None:
        self._site = site
        self._kind = kind

    async def reload(self, policy: Policy) -> None:
        pass

    async def stop(self, grace: float) -> None:
        (self._site.paths.run / f"stopped.{os.getpid()}").write_text(self._kind)


def main() -> None:
    args = arguments()
    try:
        die_with(args.parent)
    except OrphanedError:
        sys.exit(3)
    site = Site.open(args.site)
    behaviour = (site.paths.run / "behaviour").read_text()
    if behaviour == "crash at start":
        sys.exit(7)
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    async def start(_policy: Policy) -> Simulated:
        return Simulated(site, "edge" if args.sftp or args.https else "worker")

    async def serve() -> None:
        if behaviour == "deaf":
            os.write(args.report, b'{"ready": "' + _digest(site) + b'"}\n')
            await asyncio.sleep(600)
        await run(args, site, start)

    asyncio.run(serve())


def _digest(site: Site) -> bytes:
    link = (site.paths.run / "policy").readlink()
    return link.name.encode()


if __name__ == "__main__":
    main()
