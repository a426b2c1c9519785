"""The fence around edges and workers: their files, no privileges, no system calls of others' trade.

They talk with the network and hold keys, so they can't be shut in like a scanner. What is left to
whoever captures one is what it works with. See ``docs/decisions/0090-fences.md``.

Run as a module it fences itself and prints what held, which is how :func:`tried` asks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Final

from gateway import landlock, sandbox, seccomp
from gateway.fence_places import connects, places
from gateway.sandbox import Confinement, SandboxError, clean_environment
from gateway.site import Site

KINDS: Final = ("edge", "worker", "console")
SHUT_IN: Final = "scanner"
"""Stands for sealer and opener too: they are under the same, and more."""
_PROBE_SECONDS: Final = 30.0


def enforce(site: Site, kind: str) -> Confinement:
    """Fence this process and all that it will start, for good.

    What it has open already, such as listening sockets, stays usable. Resets what
    :func:`gateway.sandbox.die_with` asked for on some systems, so call that afterwards.

    Args:
        site: Whose process it is.
        kind: ``worker``, or anything else for an edge.

    Raises:
        SandboxError: It has threads, which the fence wouldn't cover.
    """
    sandbox.dump_nothing()
    if not sandbox.one_thread():
        raise SandboxError("it has more than one thread, which no fence would cover")
    powerless = sandbox.gain_nothing()
    sys.dont_write_bytecode = True
    found = places(site, kind)
    fenced = landlock.restrict(found.readable, found.writable, found.runnable, connect=True)
    profile = seccomp.Profile.WORKER if kind == "worker" else seccomp.Profile.EDGE
    # Whoever has nobody to connect to makes no socket, of whatever kind: those for clients are
    # inherited and accepted.
    also = () if connects(site, kind) else ("new sockets",)
    return Confinement(fenced, seccomp.install(profile, *also), False, powerless)


def tried(site: Site) -> dict[str, Confinement]:
    """What every kind of process would be under here, tried out in processes of their own.

    Raises:
        SandboxError: It can't be tried out.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own program and our own arguments
            [sys.executable, "-P", "-s", "-m", "gateway.fence", str(site.root)],
            env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True,
            timeout=_PROBE_SECONDS,
        )  # fmt: skip
        lines = map(json.loads, done.stdout.splitlines())
        return {line["kind"]: Confinement(**line["held"]) for line in lines}
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, KeyError):
        raise SandboxError("no process could be confined here") from None


def _try(site: Site, kind: str) -> None:
    """In a fork, which alone is confined; says what held on standard output."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    held = sandbox.confine() if kind == SHUT_IN else enforce(site, kind)
    os.write(1, json.dumps({"kind": kind, "held": asdict(held)}).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    for kind in (SHUT_IN, *KINDS):
        _try(Site.open(sys.argv[1]), kind)
