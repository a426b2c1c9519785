"""What of the edge is fuzzed: each takes any bytes, and raises only if the edge did wrong."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import asyncssh
from asyncssh.packet import SSHPacket, String, UInt32, UInt64

from config.faults import ConfigError
from config.policy import load_policy, shipped_directory
from fuzz.ssh_certificate import certificates, whole
from tests.support.simulated_gateway import CLINIC, SimulatedGateway, SimulatedMailbox
from transports.https_conditions import claimed_sha256, etag_listed, requested_span
from transports.https_head import LOOPBACK, Head, Served, check
from transports.https_problems import ProblemError
from transports.https_tus_headers import checksum, declared_length, file_name, metadata
from transports.names import BadNameError, normalise
from transports.observer import NullObserver
from transports.ports import TransportError
from transports.sftp_errors import to_sftp
from transports.sftp_server import VirtualServer
from transports.sftp_session import PacketHandler
from transports.tree import MAX_PATH_BYTES, canonical, resolve


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is fuzzed.

    Attributes:
        run: Takes any bytes.
        seeds: What fuzzing starts from.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


# -- names


def names(data: bytes) -> None:
    """What is accepted is its own normal form, and no path leaves the tree."""
    with contextlib.suppress(BadNameError):
        name = normalise(data.decode("utf-8", "surrogateescape"))
        assert normalise(name) == name
        assert "/" not in name
        assert name not in {"", ".", ".."}
        assert len(name.encode()) <= 255
    with contextlib.suppress(TransportError):
        path = canonical(data)
        assert path.startswith(b"/")
        assert b".." not in path.split(b"/")
        assert len(data) <= MAX_PATH_BYTES
        assert canonical(path) == path
        resolve(data)


def _names() -> list[bytes]:
    return [
        b"/outbox/claims/batch-1.837", "/outbox/claims/nu\u0308ll.txt".encode(),
        b"../../etc/passwd", b"/inbox/./t_1.pgp", b"a\0b", "\u202e738.exe".encode(), b"\xff\xfe",
    ]  # fmt: skip


# -- policies


def policy(data: bytes) -> None:
    """Three files of any content are a policy, or faults that are told."""
    routes, _, rest = data.partition(b"\0")
    rules, _, contract = rest.partition(b"\0")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "contracts").mkdir()
        (root / "routes.yaml").write_bytes(routes)
        (root / "rules.yaml").write_bytes(rules)
        (root / "contracts" / "fuzzed.yaml").write_bytes(contract)
        try:
            load_policy(root)
        except ConfigError as error:
            assert error.faults


def _policies() -> list[bytes]:
    shipped = shipped_directory()
    rules = (shipped / "rules.yaml").read_bytes()
    route = b"routes:\n  a-to-b:\n    from: [a]\n    to: b\n    contract: fuzzed\n"
    contracts = sorted((shipped / "contracts").glob("*.yaml"))
    return [b"\0".join([route, rules, path.read_bytes()]) for path in contracts]


# -- SFTP


class _Handler(PacketHandler):
    """The handler of requests without a connection: answers are kept."""

    def __init__(self, server: VirtualServer) -> None:
        self.server = server
        self._server = server
        self._version = 3
        self._next_handle = 0
        self._file_handles: dict[bytes, object] = {}
        self._dir_handles: dict[bytes, Any] = {}
        self._nonstandard_symlink = False
        self._logger = asyncssh.logging.logger.get_child("fuzz")
        self.answers: list[tuple[int, bytes]] = []

    def send_packet(self, pkttype: int, pktid: int | None, *args: bytes) -> None:  # noqa: ARG002 - asyncssh's
        self.answers.append((pkttype, b"".join(args)))


class _Channel:
    """As much of a channel as a server asks for."""

    logger = asyncssh.logging.logger

    def get_connection(self) -> None:
        return None

    def get_extra_info(self, name: str, default: object = None) -> object:  # noqa: ARG002 - asyncssh's
        return default


def sftp(data: bytes) -> None:
    """Requests one after another: each gets one answer, and nothing but a close submits."""
    asyncio.run(_sftp(data))


async def _sftp(data: bytes) -> None:
    gateway = SimulatedGateway()
    gateway.deliver(b"sealed")
    server = VirtualServer(
        cast("asyncssh.SSHServerChannel[bytes]", _Channel()), CLINIC, gateway,
        SimulatedMailbox(gateway), NullObserver(), 65_536,
    )  # fmt: skip
    handler = _Handler(server)
    requests = closes = 0
    while len(data) > 4 and requests < 50:
        size = int.from_bytes(data[:2], "big")
        body, data = data[2 : 2 + size], data[2 + size :]
        if len(body) < 5:
            continue
        requests += 1
        packet = SSHPacket(body)
        kind, number = packet.get_byte(), packet.get_uint32()
        closes += kind in (asyncssh.FXP_CLOSE, asyncssh.FXP_RENAME, asyncssh.FXP_EXTENDED)
        await handler._process_packet(kind, number, packet)  # noqa: SLF001 - what is fuzzed
        assert len(handler.answers) == requests
        assert b"internal error" not in handler.answers[-1][1], "a fault of ours"
        assert b"Uncaught" not in handler.answers[-1][1], "a fault of asyncssh"
    await server.leave()
    assert len(gateway.submitted()) <= closes
    assert not any(stored.busy for stored in gateway.transfers)


def _request(kind: int, *parts: bytes) -> bytes:
    body = bytes([kind]) + UInt32(7) + b"".join(parts)
    return len(body).to_bytes(2, "big") + body


def _requests() -> list[bytes]:
    name, handle = String(b"/outbox/claims/a"), String(bytes(4))
    opened = _request(asyncssh.FXP_OPEN, name, UInt32(26), UInt32(0))
    write = _request(asyncssh.FXP_WRITE, handle, UInt64(0), String(b"abc"))
    listing = _request(asyncssh.FXP_OPENDIR, String(b"/"))
    plain = (asyncssh.FXP_STAT, asyncssh.FXP_LSTAT, asyncssh.FXP_REMOVE, asyncssh.FXP_REALPATH)
    new = String(b"posix-rename@openssh.com")
    return [
        opened + write + _request(asyncssh.FXP_CLOSE, handle),
        opened
        + _request(asyncssh.FXP_FSTAT, handle)
        + _request(asyncssh.FXP_FSETSTAT, handle, UInt32(0)),
        listing + _request(asyncssh.FXP_READDIR, handle) * 2,
        b"".join(_request(kind, name) for kind in plain),
        _request(asyncssh.FXP_SETSTAT, name, UInt32(1), UInt64(3)),
        _request(asyncssh.FXP_EXTENDED, new, String(b"/outbox/claims/.a"), name),
    ]  # fmt: skip


# -- HTTP


def http(data: bytes) -> None:
    """A head, and each header by those who read it: an answer with a status, or none needed."""
    target, _, rest = data.partition(b"\n")
    pairs = [line.partition(b": ")[::2] for line in rest.split(b"\n")]
    with contextlib.suppress(ProblemError):
        check(Head((1, 1), target.decode("latin-1"), pairs), Served(LOOPBACK))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    readers: list[Callable[[], object]] = [
        lambda: requested_span(headers.get("Range"), 1000),
        lambda: etag_listed(headers.get("If-None-Match"), '"a"'),
        lambda: claimed_sha256(headers.get("Repr-Digest")),
        lambda: declared_length(headers),
        lambda: checksum(headers),
        lambda: file_name(metadata(headers)),
    ]
    for read in readers:
        try:
            read()
        except ProblemError as error:
            assert 400 <= error.status < 500
        except BadNameError as error:
            assert to_sftp(error)


def _heads() -> list[bytes]:
    upload = b"/v1/outbox/claims/a%20b\nHost: localhost:8443\n"
    tus = b"/v1/tus/claims/\nHost: localhost\nUpload-Length: 10\nUpload-Metadata: filename YQ==,x\n"
    digest = b"Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    return [
        upload + b"Content-Length: 5\nExpect: 100-continue",
        upload + b"Transfer-Encoding: chunked\n" + digest,
        b'/v1/inbox/t_1/content\nHost: [::1]\nRange: bytes=0-9\nIf-None-Match: W/"a", *',
        tus + b"Upload-Checksum: sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    ]


TARGETS: Final[dict[str, Target]] = {
    "names": Target(names, _names),
    "policy": Target(policy, _policies),
    "sftp": Target(sftp, _requests),
    "http": Target(http, _heads),
    "ssh-certificate": Target(certificates, whole),
}


if __name__ == "__main__":
    print("\n".join(TARGETS))  # noqa: T201 - the list that ``make fuzz`` goes through
