"""Seccomp filters: system calls that a kind of process never needs are refused to it.

A classic BPF program is written by hand, since the one library for it is no Python package. It
refuses with EPERM what could reach a network, another program, another process, the kernel's rarer
parts, or a file's existence and attributes (which Landlock doesn't cover). Calls newer than this
list get ENOSYS, as on an older kernel, so that libraries fall back. A call by another
architecture's numbers (32-bit, x32) kills the process: nothing honest makes one.

Reading and writing descriptors that are open already stays allowed, ``sendmsg`` and ``recvmsg``
included: without ``socket`` and ``socketpair`` they reach only what the process was given.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from enum import Enum
from typing import Final

_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000
_FIRST_UNKNOWN: Final = 450
_LOAD, _EQUAL, _AT_LEAST, _GIVE = 0x20, 0x15, 0x35, 0x06
_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_ERRNO: Final = 0x00050000

Calls = tuple[tuple[int, ...], tuple[int, ...]]
"""System calls by number: those of x86_64, and those of aarch64."""

# Each line: what it is, the numbers on x86_64, the numbers on aarch64 (which lacks the old ones).
# From the kernel's unistd_64.h and asm-generic/unistd.h.
_GROUPS: Final[dict[str, Calls]] = {
    # socket socketpair connect bind listen accept accept4
    "network": ((41, 53, 42, 49, 50, 43, 288), (198, 199, 203, 200, 201, 202, 242)),
    # socket
    "new sockets": ((41,), (198,)),
    # execve execveat
    "programs": ((59, 322), (221, 281)),
    # ptrace process_vm_readv process_vm_writev kcmp process_madvise pidfd_getfd process_mrelease
    "processes": ((101, 310, 311, 312, 440, 438, 448), (117, 270, 271, 272, 440, 438, 448)),
    # name_to_handle_at open_by_handle_at
    "handles": ((303, 304), (264, 265)),
    # mount umount2 pivot_root chroot setns open_tree move_mount fsopen fsconfig fsmount fspick
    # mount_setattr
    "mounts": (
        (165, 166, 155, 161, 308, 428, 429, 430, 431, 432, 433, 442),
        (40, 39, 41, 51, 268, 428, 429, 430, 431, 432, 433, 442),
    ),
    # unshare
    "namespaces": ((272,), (97,)),
    # bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    "kernel": ((321, 298, 323, 425, 426, 427), (280, 241, 282, 425, 426, 427)),
    # keyctl add_key request_key
    "key rings": ((250, 248, 249), (219, 217, 218)),
    # init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct
    # quotactl quotactl_fd syslog personality vhangup nfsservctl lookup_dcookie; and on x86 iopl
    # ioperm modify_ldt uselib sysfs _sysctl
    "administration": (
        (175, 313, 176, 246, 320, 169, 167, 168, 163, 179, 443, 103, 135, 153, 180, 212, 172, 173,
         154, 134, 139, 156),
        (105, 273, 106, 104, 294, 142, 224, 225, 89, 60, 443, 116, 92, 58, 42, 18),
    ),
    # settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname
    "clock and name": ((164, 227, 159, 305, 170, 171), (170, 112, 171, 266, 161, 162)),
    # memfd_create memfd_secret shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop
    # semctl semtimedop mq_open mq_unlink
    "shared memory": (
        (319, 447, 29, 30, 31, 68, 69, 70, 71, 64, 65, 66, 220, 240, 241),
        (279, 447, 194, 196, 195, 186, 189, 188, 187, 190, 193, 191, 192, 180, 181),
    ),
    # fanotify_init inotify_init1; and on x86 inotify_init
    "watching": ((300, 294, 253), (262, 26)),
    # fchmod fchmodat fchown fchownat utimensat setxattr lsetxattr fsetxattr removexattr
    # lremovexattr fremovexattr; and on x86 chmod chown lchown utime utimes futimesat
    "attributes": (
        (91, 268, 93, 260, 280, 188, 189, 190, 197, 198, 199, 90, 92, 94, 132, 235, 261),
        (52, 53, 55, 54, 88, 5, 6, 7, 14, 15, 16),
    ),
    # truncate ftruncate fallocate mkdirat unlinkat renameat renameat2 linkat symlinkat mknodat;
    # and on x86 mkdir rmdir unlink rename link symlink mknod creat
    "files": (
        (76, 77, 285, 258, 263, 264, 316, 265, 266, 259, 83, 84, 87, 82, 86, 88, 133, 85),
        (45, 46, 47, 34, 35, 38, 276, 37, 36, 33),
    ),
    # clone clone3; and on x86 fork vfork
    "children": ((56, 435, 57, 58), (220, 435)),
    # kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal
    "signals": ((62, 200, 234, 129, 297, 424), (129, 130, 131, 138, 240, 424)),
    # prlimit64 setrlimit setpriority sched_setaffinity sched_setscheduler sched_setparam
    # sched_setattr ioprio_set
    "limits": (
        (302, 160, 141, 203, 144, 142, 314, 251),
        (261, 164, 140, 122, 119, 118, 274, 30),
    ),
}  # fmt: skip

_SERVING: Final = (
    "processes", "handles", "mounts", "kernel", "key rings", "administration", "clock and name",
    "watching",
)  # fmt: skip
"""What no process of a gateway ever needs, whatever it does."""


class Profile(Enum):
    """Which groups of calls a process is refused."""

    LEAF = tuple(_GROUPS)
    """One file, and nothing else."""
    COMPUTE = tuple(name for name in _GROUPS if name not in {"children", "signals", "limits"})
    """A process that forks leaves."""
    EDGE = (*_SERVING, "programs", "namespaces")
    """Talks with clients; starts no program."""
    WORKER = _SERVING
    """Starts scanners, sealers and openers, which take a network namespace of their own."""


def program(machine: str, profile: Profile, *also: str) -> bytes:
    """The filter as BPF code (``struct sock_filter``, 8 bytes an instruction).

    Args:
        machine: As ``uname -m`` says.
        profile: For which kind of process.
        also: Further groups of calls to refuse.

    Raises:
        KeyError: There is no filter for that machine.
    """
    arch = _AUDIT_ARCH[machine]
    place = list(_AUDIT_ARCH).index(machine)
    refused = [number for group in (*profile.value, *also) for number in _GROUPS[group][place]]
    # The four ends come in this order after the tests; a jump counts from the next instruction.
    ends = [_ALLOW, _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS, _KILL_PROCESS]
    count = len(refused)
    # Offsets are those of ``struct seccomp_data``: the call's number at 0, the architecture at 4.
    lines = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, count + 6, arch),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, count + 4, 0, _X32_BIT),
        (_AT_LEAST, count + 2, 0, _FIRST_UNKNOWN),
    ]
    lines += [(_EQUAL, count - place, 0, number) for place, number in enumerate(refused)]
    lines += [(_GIVE, 0, 0, end) for end in ends]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def install(profile: Profile, *also: str) -> bool:
    """Put the calling thread, and all that it will start, under the filter, for good.

    Needs no privilege, since it gives up gaining any (``PR_SET_NO_NEW_PRIVS``).

    Args:
        profile: As in :func:`program`.
        also: Likewise.

    Returns:
        False on a machine or kernel for which there is no filter.
    """
    if os.uname().machine not in _AUDIT_ARCH:
        return False
    code = program(os.uname().machine, profile, *also)
    kept = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(kept))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    one, nothing = ctypes.c_ulong(1), ctypes.c_ulong(0)
    if prctl(_PR_SET_NO_NEW_PRIVS, one, nothing, nothing, nothing):
        return False
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    return bool(prctl(_PR_SET_SECCOMP, mode, ctypes.c_char_p(header), nothing, nothing) == 0)
