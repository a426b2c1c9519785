"""Landlock: a process gives up the file system, for good and without any privilege.

https://docs.kernel.org/userspace-api/landlock.html. The interface grew by versions ("ABI"); what
the running kernel knows is used, and what it doesn't know yet is left out.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""Rights over files by the ABI that brought them: execute to make_sym, refer, truncate, ioctl."""
_TCP: Final = 0b11
"""Bind and connect, since ABI 4."""
_SCOPES: Final = 0b11
"""Abstract Unix sockets and signals to processes outside, since ABI 6."""
_NETWORK_ABI, _SCOPE_ABI = 4, 6


def abi() -> int:
    """The version that the kernel knows; 0 if it has none or it is switched off."""
    version = _call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    return max(0, version)


def restrict(readable: Iterable[Path]) -> int:
    """Leave this thread, and all that it will start, nothing but reading beneath ``readable``.

    What doesn't exist is passed over. Files that are open already stay usable. The caller must
    have given up gaining privileges (``PR_SET_NO_NEW_PRIVS``).

    Returns:
        The ABI in force, 0 if the restriction couldn't be had.
    """
    version = abi()
    if not version:
        return 0
    attributes = _attributes(version)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return 0
    try:
        held = all(_allow(ruleset, path) for path in readable)
        return version if held and _call(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _attributes(version: int) -> bytes:
    """``struct landlock_ruleset_attr``: everything that this version can take away."""
    files = sum(rights for since, rights in _FILE_RIGHTS.items() if since <= version)
    attributes = struct.pack("Q", files)
    if version >= _NETWORK_ABI:
        attributes += struct.pack("Q", _TCP)
    if version >= _SCOPE_ABI:
        attributes += struct.pack("Q", _SCOPES)
    return attributes


def _allow(ruleset: int, path: Path) -> bool:
    """Reading of a file, or of everything beneath a directory; True also if there is none."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rights = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
            rule = struct.pack("=Qi", rights, place)
            return _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) == 0
        finally:
            os.close(place)
    return True


def _call(number: int, *arguments: bytes | int | None) -> int:
    """A system call that libc has no function for; -1 if it fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return int(libc.syscall(ctypes.c_long(number), *given))
