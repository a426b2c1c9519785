"""What a process that a hostile file has taken over tries next: each attempt by its name.

An attempt gives "done" if it worked, or why it didn't: the error's name. System calls that could do
harm where nothing is confined get arguments that the kernel refuses; refused *for its arguments*
(EFAULT, EINVAL, EBADF) then means that the call got through, and counts as done.
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

DONE: Final = "done"
BOMB: Final = 100
_REFUSALS: Final = {"EPERM", "EACCES", "ENOSYS", "ENOMEM", "EAGAIN", "EFBIG"}
_INTEL: Final = os.uname().machine == "x86_64"

# Name: number on x86_64, number on aarch64, arguments.
CALLS: Final[dict[str, tuple[int, int, tuple[int, ...]]]] = {
    "trace": (101, 117, (16, 1, 0, 0)),
    "clone": (56, 220, (signal.SIGCHLD, 0, 0, 0, 0)),
    "clone3": (435, 435, (0, 0)),
    "execveat": (322, 281, (-1, 0, 0, 0, 0)),
    "process_vm_readv": (310, 270, (1, 0, 0, 0, 0, 0)),
    "process_vm_writev": (311, 271, (1, 0, 0, 0, 0, 0)),
    "kcmp": (312, 272, (1, 1, 0, 0, 0)),
    "pidfd_getfd": (438, 438, (-1, 0, 0)),
    "pidfd_send_signal": (424, 424, (-1, 0, 0, 0)),
    "open_by_handle_at": (304, 265, (-1, 0, 0)),
    "mount": (165, 40, (0, 0, 0, 0, 0)),
    "umount2": (166, 39, (0, 0)),
    "pivot_root": (155, 41, (0, 0)),
    "chroot": (161, 51, (0,)),
    "setns": (308, 268, (-1, 0)),
    "unshare the users": (272, 97, (0x10000000,)),
    "fsopen": (430, 430, (0, 0)),
    "io_uring_setup": (425, 425, (8, 0)),
    "bpf": (321, 280, (0, 0, 0)),
    "userfaultfd": (323, 282, (1 << 30,)),
    "perf_event_open": (298, 241, (0, 0, -1, -1, 0)),
    "keyctl": (250, 219, (0, 0, 0, 0, 0)),
    "add_key": (248, 217, (0, 0, 0, 0, 0)),
    "init_module": (175, 105, (0, 0, 0)),
    "kexec_load": (246, 104, (0, 17, 0, 0)),
    "reboot": (169, 142, (0, 0, 0, 0)),
    "swapon": (167, 224, (0, 0)),
    "sethostname": (170, 161, (0, 9999)),
    "clock_settime": (227, 112, (0, 0)),
    "personality": (135, 92, (0xFFFFFFFF,)),
    "memfd_create": (319, 279, (0, 0)),
    "shmget": (29, 194, (0, 1 << 40, 0)),
    "mq_open": (240, 180, (0, 0, 0, 0)),
    "fanotify_init": (300, 262, (0xFFFF, 0)),
}


def everything(secret: Path, target: int) -> dict[str, str]:
    """Try it all.

    Args:
        secret: A key file that exists and this user may read.
        target: A process of the same user outside.
    """
    attempts = {**of_files(secret, target), **of_sockets(), **of_processes(target), **of_memory()}
    made = {name: tried(work) for name, work in attempts.items()}
    return made | {name: called(name) for name in CALLS}


def successful(found: dict[str, str]) -> dict[str, str]:
    """Those that weren't refused."""
    return {name: said for name, said in found.items() if said not in _REFUSALS}


Work = Callable[[], object]


def of_files(secret: Path, target: int) -> dict[str, Work]:
    beside = secret.with_name("dropped")
    return {
        "read the key file": lambda: _opened(secret, os.O_RDONLY),
        "list its directory": lambda: os.listdir(secret.parent),  # noqa: PTH208 - one call
        "read the users": lambda: _opened("/etc/passwd", os.O_RDONLY),
        "read another's environment": lambda: _opened(f"/proc/{target}/environ", os.O_RDONLY),
        "read another's memory": lambda: _opened(f"/proc/{target}/mem", os.O_RDONLY),
        "go through another's root": lambda: _opened(f"/proc/{target}/root{secret}", os.O_RDONLY),
        "go through another's files": lambda: os.listdir(f"/proc/{target}/fd"),  # noqa: PTH208 - one call
        "write a new file": lambda: _opened(beside, os.O_WRONLY | os.O_CREAT),
        "write in /tmp": lambda: _opened("/tmp/dropped", os.O_WRONLY | os.O_CREAT),
        "write to the key file": lambda: _opened(secret, os.O_WRONLY),
        "cut the key file": lambda: os.truncate(secret, 0),
        "remove the key file": lambda: os.unlink(secret),  # noqa: PTH108 - one call
        "rename the key file": lambda: os.rename(secret, beside),  # noqa: PTH104 - one call
        "link the key file": lambda: os.link(secret, beside),
        "open the key file to all": lambda: os.chmod(secret, 0o666),  # noqa: PTH101 - one call
        "make a directory": lambda: os.mkdir(beside),  # noqa: PTH102 - one call
        "write through a file given for reading": _reopened,
    }


def of_sockets() -> dict[str, Work]:
    kinds = {
        "inet": (socket.AF_INET, socket.SOCK_STREAM),
        "inet datagram": (socket.AF_INET, socket.SOCK_DGRAM),
        "inet6": (socket.AF_INET6, socket.SOCK_STREAM),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
        "unix datagram": (socket.AF_UNIX, socket.SOCK_DGRAM),
        "netlink": (socket.AF_NETLINK, socket.SOCK_RAW),
        "packet": (socket.AF_PACKET, socket.SOCK_RAW),
        "vsock": (socket.AF_VSOCK, socket.SOCK_STREAM),
    }
    made: dict[str, Work] = {f"{name} socket": _socket(*kind) for name, kind in kinds.items()}
    return made | {"a pair of sockets": socket.socketpair}


def _socket(family: int, kind: int) -> Work:
    def make() -> None:
        socket.socket(family, kind).close()

    return make


def of_processes(target: int) -> dict[str, Work]:
    return {
        "fork": _fork,
        "fork-bomb": _bomb,
        "start a thread": lambda: _thread.start_new_thread(_nothing, ()),
        "run a program": lambda: os.execv("/bin/true", ["true"]),
        "spawn a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "signal": lambda: os.kill(target, 0),
        "signal all": lambda: os.kill(-1, 0),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40)),
        "become another user": lambda: os.setuid(os.getuid() + 1),
        "take a privilege": _take_privilege,
    }


def of_memory() -> dict[str, Work]:
    return {"map 64 GiB": lambda: mmap.mmap(-1, 2**36).close(), "fill memory": _fill}


def tried(work: Work) -> str:
    try:
        work()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?")
    except MemoryError:
        return "ENOMEM"
    except (RuntimeError, ValueError):  # no thread can be started; a limit can't be raised
        return "EPERM"
    return DONE


def called(name: str) -> str:
    intel, arm, arguments = CALLS[name]
    try:
        _call(intel if _INTEL else arm, *arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?")
    return DONE


def _call(number: int, *arguments: int) -> None:
    # PyDLL keeps the interpreter's lock: a clone made while another thread held it waits for ever.
    libc = ctypes.PyDLL(None, use_errno=True)
    ctypes.set_errno(0)
    result = libc.syscall(number, *[ctypes.c_long(a) for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    if result == 0 and number in (56, 220):
        os._exit(0)  # the clone


def _opened(path: Path | str, flags: int) -> None:
    os.close(os.open(path, flags))


def _reopened() -> None:
    """Of each file that is open here, a second descriptor with more rights."""
    given = list(_regular_files())
    if not given:
        raise PermissionError(errno.EACCES, "nothing was given")
    for descriptor in given:
        _opened(f"/proc/self/fd/{descriptor}", os.O_WRONLY)


def _regular_files() -> Iterator[int]:
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield descriptor


def _fork() -> None:
    if not os.fork():
        os._exit(0)


def _bomb() -> None:
    """Done if one of the forks succeeds."""
    for left in range(BOMB, 0, -1):
        try:
            _fork()
        except OSError:
            if left == 1:
                raise
        else:
            return


def _nothing() -> None:
    pass


def _take_privilege() -> None:
    """CAP_SYS_ADMIN and all others, to the thread that gave them up."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    wanted = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    if ctypes.CDLL(None, use_errno=True).capset(header, wanted):
        raise OSError(ctypes.get_errno(), "refused")


def _fill() -> None:
    hoard = [mmap.mmap(-1, 2**28) for _ in range(64)]
    raise AssertionError(len(hoard))
