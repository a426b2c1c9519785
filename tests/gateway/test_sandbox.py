"""What a confined process can't do, tried from inside one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway import seccomp
from gateway.sandbox import clean_environment, confinement
from gateway.seccomp import Profile

UNFILTERED = os.uname().machine not in {"x86_64", "aarch64"}
pytestmark = pytest.mark.skipif(UNFILTERED, reason="no seccomp filter for this machine")

ATTEMPTS = """
import ctypes, errno, json, os, socket, subprocess, sys
from gateway import sandbox
secret, writable = sys.argv[1:3]
libc = ctypes.CDLL(None, use_errno=True)
pair = socket.socketpair()
fd = os.open(secret, os.O_RDONLY)
held = sandbox.confine()

def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]

def tried(work):
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

def fork_and(work):
    pid = os.fork()
    if not pid:
        sandbox.confine_leaf(2**33)
        os._exit(0 if tried(work) == "EPERM" else 1)
    return "EPERM" if os.waitpid(pid, 0)[1] == 0 else "done"

print(json.dumps({
    "landlock": held.landlock,
    "sufficient": held.sufficient,
    "tcp": tried(lambda: socket.socket()),
    "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
    "another pair": tried(lambda: socket.socketpair()),
    "netlink": tried(lambda: socket.socket(socket.AF_NETLINK)),
    "read a key": tried(lambda: os.open(secret, os.O_RDONLY)),
    "list its directory": tried(lambda: os.listdir(os.path.dirname(secret))),
    "look at it": tried(lambda: os.open("/proc/1/environ", os.O_RDONLY)),
    "write a file": tried(lambda: os.open(writable, os.O_WRONLY | os.O_CREAT)),
    "write to an open one": tried(lambda: os.write(fd, b"x")),
    "remove a file": tried(lambda: os.unlink(secret)),
    "change its mode": tried(lambda: os.chmod(secret, 0o644)),
    "run a program": tried(lambda: os.execv("/bin/true", ["true"])),
    "trace": call(101 if os.uname().machine == "x86_64" else 117, 16, os.getppid(), 0, 0),
    "make a namespace": call(272 if os.uname().machine == "x86_64" else 97, 0x10000000),
    "fork in a leaf": fork_and(lambda: os.fork()),
    "signal from a leaf": fork_and(lambda: os.kill(os.getppid(), 0)),
    "use what was given": tried(lambda: pair[0].send(b"x")),
    "read a given file": tried(lambda: os.read(fd, 1)),
}))
"""


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    keys = tmp_path_factory.mktemp("keys")
    secret = keys / "kek.key"
    secret.write_text("a long-term key")
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", ATTEMPTS, str(secret), str(keys / "new")],
        env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "deed",
    [
        "tcp", "unix", "another pair", "netlink", "run a program", "trace", "make a namespace",
        "remove a file", "change its mode", "fork in a leaf", "signal from a leaf",
    ],
)  # fmt: skip
def test_the_filter_refuses(attempts: dict[str, Any], deed: str) -> None:
    assert attempts[deed] in {"EPERM", "EACCES"}


@pytest.mark.parametrize("deed", ["read a key", "list its directory", "look at it", "write a file"])
def test_the_file_system_is_gone(attempts: dict[str, Any], deed: str) -> None:
    if not attempts["landlock"]:
        pytest.skip("this kernel has no Landlock")
    assert attempts[deed] in {"EPERM", "EACCES"}


def test_an_open_file_for_reading_stays_that(attempts: dict[str, Any]) -> None:
    assert attempts["write to an open one"] == "EBADF"


@pytest.mark.parametrize("deed", ["use what was given", "read a given file"])
def test_what_was_handed_over_can_be_used(attempts: dict[str, Any], deed: str) -> None:
    assert attempts[deed] == "done"


def test_the_probe_tells_the_same(attempts: dict[str, Any]) -> None:
    assert confinement().sufficient is attempts["sufficient"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_leaf_is_refused_more(machine: str) -> None:
    assert len(seccomp.program(machine, Profile.LEAF)) > len(
        seccomp.program(machine, Profile.COMPUTE)
    )


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("profile", Profile)
def test_every_jump_of_the_filter_lands_inside_it(machine: str, profile: Profile) -> None:
    code = seccomp.program(machine, profile)
    count = len(code) // 8
    for place in range(count):
        jump_true, jump_false = code[place * 8 + 2], code[place * 8 + 3]
        if code[place * 8] | code[place * 8 + 1] << 8 in {0x15, 0x35}:
            assert place + 1 + max(jump_true, jump_false) < count


def test_a_threaded_process_is_not_taken_for_confined(tmp_path: Path) -> None:
    program = (
        "import threading; from gateway import sandbox\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "try: sandbox.confine()\n"
        "except sandbox.SandboxError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", program],
        env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "refused", done.stderr


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is an interface of x86-64")
def test_calls_by_another_interfaces_numbers_kill() -> None:
    """The filter's list has native numbers; the same call under x32's would slip past it."""
    program = (
        "import ctypes; from gateway import sandbox\n"
        "sandbox.confine(); ctypes.CDLL(None).syscall(0x40000000 | 41, 2, 1, 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", program],
        env=clean_environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGSYS, done.stderr
