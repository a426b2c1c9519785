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
_EXECUTE: Final = 1
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_REMOVE: Final = 1 << 4 | 1 << 5
"""Directories and files."""
_MAKE: Final = 1 << 7 | 1 << 8
"""Directories and regular files: no links, devices, pipes or sockets."""
_REFER: Final = 1 << 13
"""Moving a file to another directory."""
_TRUNCATE: Final = 1 << 14
_READ: Final = _READ_FILE | _READ_DIR
_WRITE: Final = _READ | _WRITE_FILE | _REMOVE | _MAKE | _REFER | _TRUNCATE
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""Rights over files by the ABI that brought them: execute to make_sym, refer, truncate, ioctl."""
_BIND, _CONNECT = 0b01, 0b10
"""Of TCP, since ABI 4."""
_SCOPES: Final = 0b11
"""Abstract Unix sockets and signals to processes outside, since ABI 6."""
_NETWORK_ABI, _SCOPE_ABI = 4, 6


def abi() -> int:
    """The version that the kernel knows; 0 if it has none or it is switched off."""
    version = _call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    return max(0, version)


def restrict(
    readable: Iterable[Path],
    writable: Iterable[Path] = (),
    runnable: Iterable[Path] = (),
    *,
    connect: bool = False,
) -> int:
    """Leave this thread, and all that it will start, nothing but these files and what is beneath.

    What doesn't exist is passed over. Files and sockets that are open already stay usable. The
    caller must have given up gaining privileges (``PR_SET_NO_NEW_PRIVS``).

    Args:
        readable: To be read.
        writable: To be read, written, made and removed.
        runnable: To be read and run.
        connect: Leave TCP connections to elsewhere (ABI 4 and later can take them).

    Returns:
        The ABI in force, 0 if the restriction couldn't be had.
    """
    version = abi()
    if not version:
        return 0
    files = _known(version)
    attributes = _attributes(version, files, _BIND if connect else _BIND | _CONNECT)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return 0
    try:
        wanted = ((readable, _READ), (writable, _WRITE), (runnable, _READ | _EXECUTE))
        held = all(
            _allow(ruleset, path, rights & files) for paths, rights in wanted for path in paths
        )
        return version if held and _call(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _known(version: int) -> int:
    """Every right over files that this version can take away."""
    return sum(rights for since, rights in _FILE_RIGHTS.items() if since <= version)


def _attributes(version: int, files: int, tcp: int) -> bytes:
    """``struct landlock_ruleset_attr``: what is taken away."""
    attributes = struct.pack("Q", files)
    if version >= _NETWORK_ABI:
        attributes += struct.pack("Q", tcp)
    if version >= _SCOPE_ABI:
        attributes += struct.pack("Q", _SCOPES)
    return attributes


def _allow(ruleset: int, path: Path, rights: int) -> bool:
    """Rights over a file, or over everything beneath a directory; True also if there is none."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", rights if path.is_dir() else rights & _OF_FILES, place)
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
