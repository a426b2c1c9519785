"""Confinement of a process that reads hostile bytes: no network, no files, no programs, no powers.

Layers, each good without the others: Landlock (files), a seccomp filter (system calls), an empty
network namespace, no capabilities, resource limits. See ``docs/decisions/0032-scanner-process.md``.

Run as a module it confines itself and prints what held, which is how :func:`confinement` asks.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway import landlock, seccomp

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_CAPABILITY_VERSION: Final = 0x20080522
_DESCRIPTORS: Final = 64
_PROBE_SECONDS: Final = 20.0
_PACKAGES: Final = ("config", "dlp", "gateway", "keys", "transports")
_SYSTEM: Final = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache")
ONE_THREAD: Final = MappingProxyType(
    {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
)
"""Environment that keeps libraries from starting threads before a process is fenced."""
_ZONES: Final = "/usr/share/zoneinfo"


class SandboxError(Exception):
    """This process can't be confined at all; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which layers hold.

    Attributes:
        landlock: Version of the kernel's interface in force (ABI); 0: files aren't fenced off.
        seccomp: Whether system calls are filtered.
        network_namespace: Whether the process is in a network of its own, with nothing in it.
        no_capabilities: Whether all privileges of root are gone.
    """

    landlock: int
    seccomp: bool
    network_namespace: bool
    no_capabilities: bool

    @property
    def sufficient(self) -> bool:
        """Whether strict mode inspects: files and system calls are fenced off, no powers kept.

        The filter refuses every socket, so a network namespace is a second wall of the same yard:
        welcome, and not asked for, since many systems deny it to those without privileges.
        """
        return bool(self.landlock) and self.seccomp and self.no_capabilities

    def missing(self, kind: str = "scanner") -> tuple[str, ...]:
        """What doesn't hold and how to mend it, a sentence each; () if strict mode is content.

        Args:
            kind: Of process.
        """
        faults = []
        if not self.landlock:
            faults.append(
                f"no Landlock, so a captured {kind} could read this user's files: use Linux 5.13 "
                "or later with 'landlock' in the boot parameter lsm=, and a container profile "
                "that allows its system calls"
            )
        if not self.seccomp:
            faults.append(
                f"no seccomp filter, so a captured {kind} could make any system call: use x86-64 "
                "or arm64 and a kernel with CONFIG_SECCOMP_FILTER"
            )
        if not self.no_capabilities:
            faults.append("privileges can't be given up: don't run the gateway as root")
        return tuple(faults)


def readable_roots() -> tuple[Path, ...]:
    """What a scanner may read: the interpreter's libraries, this program's packages, time zones.

    Not the whole prefix, and not the directory that the packages are in: a site may be there.
    """
    paths = sysconfig.get_paths()
    roots = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    roots.append(str(sysconfig.get_config_var("LIBDIR") or ""))
    here = Path(__file__).resolve().parent.parent
    own = [here / package for package in _PACKAGES]
    found = [Path(root) for root in (*roots, *_SYSTEM, _ZONES) if root]
    return tuple(dict.fromkeys([*found, *own]))


def die_with(parent: int) -> bool:
    """Have the kernel kill this process with its parent; False if the parent is gone already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


def dump_nothing() -> None:
    """Write no core, be nobody's to trace or to read: keys are in memory, and payloads."""
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def gain_nothing() -> bool:
    """Give up every privilege, and gaining any; whether none is left."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return _drop_capabilities()


def one_thread() -> bool:
    """Whether this process has no thread but one: what fences a thread fences no other."""
    return len(list(Path("/proc/self/task").iterdir())) == 1


def seclude() -> None:
    """Dump nothing, and let a stop of the process group pass by."""
    dump_nothing()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def confine(readable: Iterable[Path] | None = None) -> Confinement:
    """Confine this process and all its children, for good. It may still fork.

    Resets what :func:`die_with` asked for on some systems (a change of credentials does), so call
    that afterwards.

    Args:
        readable: Files and directories to leave readable; :func:`readable_roots` if None.

    Raises:
        SandboxError: It has threads, which the filter wouldn't cover.
    """
    if not one_thread():
        raise SandboxError("the process to confine has more than one thread")
    roots = tuple(readable_roots() if readable is None else readable)
    sys.dont_write_bytecode = True
    network = _own_network()
    powerless = gain_nothing()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    fenced = landlock.restrict(roots)
    return Confinement(fenced, seccomp.install(seccomp.Profile.COMPUTE), network, powerless)


def address_space() -> int:
    """Bytes that this process has mapped. Not to be had once it is confined."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def confine_leaf(address_space: int) -> bool:
    """Tighten a confined process that is to handle one file: no children, no signals, less memory.

    Killing such a process ends all that came of it.

    Args:
        address_space: Bytes that it may map in all.

    Returns:
        False if there is no filter for this machine or kernel.
    """
    _lower(resource.RLIMIT_AS, address_space)
    _lower(resource.RLIMIT_NPROC, 0)
    return seccomp.install(seccomp.Profile.LEAF)


def confine_lone(memory: int) -> Confinement:
    """Both at once, for a process that holds the gateway's OpenPGP key and has no children.

    Args:
        memory: Bytes that it may map beyond what it has.

    Raises:
        SandboxError: It has threads, or only half of the filter could be had.
    """
    most = address_space() + memory
    held = confine()
    if held.seccomp and not confine_leaf(most):
        raise SandboxError("no filter for a process without children")
    return held


def confinement() -> Confinement:
    """What a scanner's confinement would be on this system, tried out in a process of its own.

    Raises:
        SandboxError: It can't be tried out.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-m", "gateway.sandbox"],
            env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True,
            timeout=_PROBE_SECONDS,
        )  # fmt: skip
        return Confinement(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        raise SandboxError("no process could be confined here") from None


def clean_environment() -> dict[str, str]:
    """For a child to be confined: our own packages, one thread, nothing of the caller's."""
    here = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(dict.fromkeys([here, *(entry for entry in sys.path if entry)]))
    return {"LC_ALL": "C.UTF-8", "PYTHONPATH": path, **ONE_THREAD}


def _lower(limit: int, value: int) -> None:
    """Set a limit, unless a lower one is in force."""
    _, hard = resource.getrlimit(limit)
    least = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (least, least))


def _own_network() -> bool:
    """Move to a new, empty network namespace; without privileges, through a user namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET)
    )


def _drop_capabilities() -> bool:
    """Give up every capability, those of a fresh user namespace included."""
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    return bool(ctypes.CDLL(None, use_errno=True).capset(header, bytes(24)) == 0)


def _prctl(option: int, value: int) -> None:
    number = [ctypes.c_ulong(n) for n in (value, 0, 0, 0)]
    ctypes.CDLL(None, use_errno=True).prctl(ctypes.c_int(option), *number)


def freeze() -> None:
    """Before forking: keep the collector from touching, and so copying, what is there already."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    json.dump(asdict(confine()), sys.stdout)
