"""An edge or a worker that is captured once it is fenced: what it can and can't do, as JSON.

Arguments: the site, the kind, and a file outside the site.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from gateway.fence import enforce
from gateway.site import Site
from tests.support.attempts import called, tried


def main() -> None:
    site, kind, outside = Site.open(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    inherited = socket.create_server(("127.0.0.1", 0))
    caller = socket.create_connection(inherited.getsockname())
    held = enforce(site, kind)
    paths = site.paths
    deeds: dict[str, Callable[[], object]] = {
        "read the key-encryption key": paths.kek.read_bytes,
        "read the TLS key": paths.tls_key.read_bytes,
        "read a host key": paths.ssh_host_keys[0].read_bytes,
        "read the OpenPGP key": paths.openpgp_secret.read_bytes,
        "read the log's key": paths.log_key.read_bytes,
        "write among the keys": (paths.keys / "planted").touch,
        "write among the edge's keys": (paths.edge_keys / "planted").touch,
        "overwrite the key-encryption key": lambda: _opened(paths.kek, os.O_WRONLY),
        "change the settings": lambda: _opened(paths.settings, os.O_WRONLY),
        "change the policy": lambda: (paths.policy / "routes.yaml").write_text(""),
        "write a payload": lambda: _written(paths.blobs / "written"),
        "move a payload": lambda: _moved(paths.blobs),
        "open the database": lambda: _query(paths.data / "lazaretto.db"),
        "write to run": lambda: _written(paths.run / "written"),
        "read a file outside": outside.read_bytes,
        "write a file outside": lambda: outside.write_text(""),
        "list the root": lambda: os.listdir("/"),  # noqa: PTH208 - one call
        "read the users' passwords": lambda: _opened("/etc/shadow", os.O_RDONLY),
        "read the parent's memory": lambda: _opened(f"/proc/{os.getppid()}/mem", os.O_RDONLY),
        "read the parent's environment": lambda: _opened(
            f"/proc/{os.getppid()}/environ", os.O_RDONLY
        ),
        "signal the parent": lambda: os.kill(os.getppid(), 0),
        "listen elsewhere": lambda: socket.create_server(("127.0.0.1", 0)).close(),
        "connect": lambda: socket.create_connection(inherited.getsockname()).close(),
        "make a datagram socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "make a Unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "make a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "accept": lambda: _accepted(inherited),
        "start a thread": _thread,
        "run a program": lambda: subprocess.run(["/bin/true"], check=True),
        "link out of the site": lambda: (paths.data / "link").symlink_to("/etc"),
        "dump a core": lambda: resource.setrlimit(resource.RLIMIT_CORE, (2**20, 2**20)),
    }
    found = {name: tried(deed) for name, deed in deeds.items()}
    calls = ("mount", "setns", "unshare the users", "io_uring_setup", "bpf", "userfaultfd",
             "perf_event_open", "keyctl", "init_module", "kexec_load", "reboot", "swapon",
             "process_vm_readv", "pidfd_getfd", "chroot", "pivot_root", "open_by_handle_at",
             "sethostname", "clock_settime", "trace")  # fmt: skip
    found |= {name: called(name) for name in calls}
    caller.close()
    json.dump({"held": asdict(held), "found": found}, sys.stdout)


def _opened(path: Path | str, flags: int) -> None:
    os.close(os.open(path, flags))


def _accepted(listener: socket.socket) -> None:
    accepted, _ = listener.accept()
    accepted.close()


def _written(path: Path) -> None:
    path.write_bytes(b"x")


def _moved(blobs: Path) -> None:
    """From one directory to another, as the store does not, but may."""
    (blobs / "aa").mkdir()
    (blobs / "written").replace(blobs / "aa" / "moved")


def _query(path: Path) -> None:
    import sqlite3  # noqa: PLC0415 - as lazily as a driver

    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE transfers SET state = state")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise OSError(errno.EACCES, str(error)) from None
    finally:
        connection.close()


def _thread() -> None:
    import threading  # noqa: PLC0415 - after the fence

    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
