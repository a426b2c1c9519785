"""The sealer: a small process that holds the gateway's OpenPGP signing key and does one thing.

It is run as a script, so that nothing of the gateway is loaded into it, and it takes jobs one
after the other from the socket that its parent gave it:

- job: 4 bytes, the length of the recipient's certificate (big-endian); then the certificate; with
  the first byte come two descriptors, the plaintext's pipe and the output file;
- answer: 1 byte (0 done, 1 failed) and 2 bytes, the length of a sentence; then the sentence.

The first answer, before any job, says that it is ready (with the key's fingerprint) or why not.

A pipe that closes looks like the end of the file, whether the file was whole or its feeder died.
So "done" here means only that what came was sealed: the parent, who alone knows that all of it
was fed, kills this process *before* it closes the pipe of a file that it couldn't feed whole.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pysequoia import PySigner

JOB: Final = struct.Struct("!I")
ANSWER: Final = struct.Struct("!BH")
DONE: Final = 0
FAILED: Final = 1
MAX_CERTIFICATE: Final = 2**20
_MAX_SENTENCE: Final = 300
_DESCRIPTORS: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_X32_BIT: Final = 0x40000000
_DENIED: Final = {
    "x86_64": (0xC000003E, (41, 59, 101, 310, 311, 321, 322, 425)),
    "aarch64": (0xC00000B7, (198, 221, 117, 270, 271, 280, 281, 425)),
}
"""Architecture to its audit number and its numbers of: socket, execve, ptrace, process_vm_readv,
process_vm_writev, bpf, execveat, io_uring_setup (which could open sockets unseen)."""


def main(argv: list[str]) -> int:
    """Serve jobs until the parent closes its end.

    Args:
        argv: The socket's descriptor, the parent's process id, the secret key's path.
    """
    control = socket.socket(fileno=int(argv[0]))
    if not confine(parent=int(argv[1])):
        return 1
    forbid_network()
    try:
        signer, fingerprint = _load(argv[2])
    except (OSError, RuntimeError, ImportError) as error:
        _answer(control, FAILED, f"can't use the gateway's OpenPGP key: {_sentence(error)}")
        return 1
    _answer(control, DONE, fingerprint)
    while job := _receive(control):
        _answer(control, *_seal(signer, *job))
    return 0


def confine(parent: int) -> bool:
    """Die with the parent, dump no core, be nobody's to trace; False if the parent is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A stop of the whole process group must let the job end; the parent closing the socket, or
    # dying, ends this process anyway.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return os.getppid() == parent


def forbid_network() -> bool:
    """Have the kernel refuse new sockets, other programs and tracing to this process (seccomp).

    Needs no privilege. False on a machine or kernel for which there is no filter: the sealer then
    works without this second fence.
    """
    if os.uname().machine not in _DENIED:
        return False
    arch, calls = _DENIED[os.uname().machine]
    program = _filter(arch, calls)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    return bool(libc.prctl(_PR_SET_SECCOMP, mode, ctypes.c_char_p(header), 0, 0) == 0)


def _filter(arch: int, calls: tuple[int, ...]) -> bytes:
    """A classic BPF program: EPERM for ``calls`` and for any other architecture's calls.

    Offsets are those of ``struct seccomp_data``: the call's number at 0, the architecture at 4.
    """
    allow, deny = 0x7FFF0000, 0x00050000 | errno.EPERM
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    tests = [(at_least, _X32_BIT), *((equal, call) for call in calls)]
    lines = [(load, 0, 0, 4), (equal, 0, len(tests) + 2, arch), (load, 0, 0, 0)]
    for place, (kind, number) in enumerate(tests):
        lines.append((kind, len(tests) - place, 0, number))
    lines += [(give, 0, 0, allow), (give, 0, 0, deny)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _load(path: str) -> tuple[PySigner, str]:
    """The signer and its fingerprint; imported here, so that a broken library is reported."""
    from pysequoia import Tsk  # noqa: PLC0415 - after confine(), which is to come first

    key = Tsk.from_file(path)
    return key.signer(), key.extract_certificate().fingerprint


def _seal(signer: PySigner, recipient: bytes, source: int, output: int) -> tuple[int, str]:
    """One job; closes its descriptors, so that a parent still feeding sees a broken pipe."""
    from pysequoia import Cert, encrypt_file  # noqa: PLC0415 - loaded already by _load()

    try:
        certificate = Cert.from_bytes(recipient)
        encrypt_file(
            f"/proc/self/fd/{source}",
            f"/proc/self/fd/{output}",
            [certificate],
            signer,
            armor=False,
        )
    except (OSError, RuntimeError) as error:
        return FAILED, _sentence(error)
    finally:
        os.close(source)
        os.close(output)
    return DONE, ""


def _receive(control: socket.socket) -> tuple[bytes, int, int] | None:
    """The next job, or None when the parent closed its end."""
    data, descriptors = _receive_with_descriptors(control)
    if not data or len(descriptors) != _DESCRIPTORS:
        return None
    (size,) = JOB.unpack(data + _exactly(control, JOB.size - len(data)))
    if size > MAX_CERTIFICATE:
        return None
    return _exactly(control, size), descriptors[0], descriptors[1]


def _receive_with_descriptors(control: socket.socket) -> tuple[bytes, list[int]]:
    descriptors = array.array("i")
    room = socket.CMSG_SPACE(_DESCRIPTORS * descriptors.itemsize)
    data, ancillary, _flags, _address = control.recvmsg(JOB.size, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) // 4 * 4])
    return data, list(descriptors)


def _exactly(control: socket.socket, size: int) -> bytes:
    """``size`` bytes; fewer only if the parent died, which ends this process too."""
    data = bytearray()
    while len(data) < size and (part := control.recv(size - len(data))):
        data += part
    return bytes(data)


def _sentence(error: Exception) -> str:
    """What went wrong and why, in one line of ASCII, without the stack trace that may follow."""
    said = str(error).partition("Stack backtrace:")[0].replace("Caused by:", "")
    line = ": ".join(part.strip() for part in said.splitlines() if part.strip())
    return (line or type(error).__name__).encode("ascii", "replace").decode("ascii")[:_MAX_SENTENCE]


def _answer(control: socket.socket, status: int, sentence: str) -> None:
    text = sentence.encode("ascii", "replace")
    with contextlib.suppress(BrokenPipeError):  # the parent is gone, and so are we
        control.sendall(ANSWER.pack(status, len(text)) + text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
