"""Every SFTP operation on every part of the tree, asked by every role."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncssh
import pytest

from config.operations import PARTNER_ROLES, Area, Role
from tests.authority.rows import expected
from tests.support.simulated_gateway import (
    Recorder,
    SimulatedGateway,
    SimulatedMailbox,
    Stored,
)
from transports.ports import Principal, Problem, TransportError
from transports.sftp import SftpOptions, serve_sftp
from transports.sftp_server import VirtualServer

SAME = {"lstat": "stat", "lsetstat": "setstat", "posix_rename": "rename"}
"""Answered like the other, and so under its row."""

BY_HANDLE = {"read", "write", "close", "fstat", "fsetstat"}
"""On what ``open`` gave out in the same session: whoever may not open has nothing to name."""

OURS = {"leave", "realpath", "format_user", "format_group", "busy"}

FILES = {
    Area.TOP: b"/",
    Area.OUTBOX: b"/outbox/claims/a.part",
    Area.INBOX: b"/inbox/a.pgp",
    Area.RECEIPTS: b"/receipts/t_9.json",
    Area.RETURNED: b"/returned/t_8.txt",
}


@dataclass
class World:
    """What one role finds: a thing in each part of the tree, whoever it is."""

    server: VirtualServer

    async def stat(self, area: Area) -> None:
        await self.server.stat(FILES[area])

    async def scandir(self, area: Area) -> None:
        async for _entry in self.server.scandir(area.encode()):
            pass

    async def open(self, area: Area) -> None:
        flags = asyncssh.FXF_READ
        if area is Area.OUTBOX:
            flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
        path = b"/outbox/claims/new.part" if area is Area.OUTBOX else FILES[area]
        file = await self.server.open(path, flags, asyncssh.SFTPAttrs())
        await self.server.close(file)

    async def setstat(self, area: Area) -> None:
        await self.server.setstat(FILES[area], asyncssh.SFTPAttrs(atime=1, mtime=1))

    async def remove(self, area: Area) -> None:
        await self.server.remove(FILES[area])

    async def rename(self, area: Area) -> None:
        await self.server.rename(FILES[area], FILES[area].removesuffix(b".part") + b".837")

    async def mkdir(self, area: Area) -> None:
        await self.server.mkdir(area.encode() + b"/new", asyncssh.SFTPAttrs())

    async def rmdir(self, area: Area) -> None:
        await self.server.rmdir(area.encode())


def world(role: Role) -> World:
    who = Principal(f"{role}-1", "clinic" if role in PARTNER_ROLES else "", frozenset({role}))
    gateway = SimulatedGateway()
    for transfer, name, state in (
        ("t_7", "a.part", "receiving"),
        ("t_8", "b.837", "held"),
        ("t_9", "c.837", "delivered"),
    ):
        gateway.transfers.append(Stored(transfer, who, "claims", name, state=state, busy=False))
    gateway.issued["t_9"] = b"{}"
    gateway.deliver(b"sealed", "a.pgp")
    # Every role stands where the partner stands: only the table is in the way.
    there: Any = _Everywhere(gateway, Principal("payer-bot", "payer", who.roles))
    return World(VirtualServer(cast(Any, None), who, there, there.mailbox, Recorder(), 1024))


class _Everywhere:
    """A gateway that shows everybody the clinic's routes and the payer's mailbox."""

    def __init__(self, gateway: SimulatedGateway, payer: Principal) -> None:
        self._gateway = gateway
        self._payer = payer
        mailbox: Any = SimulatedMailbox(gateway)
        self.mailbox = mailbox
        mailbox.parcels = lambda _who: gateway.parcels(payer)
        mailbox.open = lambda _who, transfer: gateway.open_parcel(payer, transfer)
        mailbox.acknowledge = lambda _who, transfer: gateway.acknowledge(payer, transfer)
        cast(Any, gateway).routes = self.routes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the rest of the Intake
        return getattr(self._gateway, name)

    async def routes(self, _who: Principal) -> list[str]:
        return ["claims"]


class RoleJudge:
    """Takes a role's name for a user name, with any password."""

    async def password(self, username: str, _password: str, _address: str) -> Principal | None:
        role = Role(username)
        return Principal(username, "clinic" if role in PARTNER_ROLES else "", frozenset({role}))


async def test_who_has_nothing_to_do_here_does_not_get_a_session(tmp_path: Path) -> None:
    key = tmp_path / "host"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    gateway = SimulatedGateway()
    service = await serve_sftp(
        SftpOptions(host_keys=(key,)), cast(Any, RoleJudge()), gateway, SimulatedMailbox(gateway)
    )
    seen = {role: await _logs_in(role, service.port) for role in Role}
    await service.stop(0.2)
    assert seen == expected("sftp ")["sftp session"] == expected("sftp ")["sftp realpath"]


async def _logs_in(role: Role, port: int) -> str:
    options: dict[str, Any] = {
        "username": str(role), "password": "any", "known_hosts": None, "config": None,
        "client_keys": None, "agent_path": None,
    }  # fmt: skip
    try:
        async with (
            asyncssh.connect("127.0.0.1", port, **options) as link,
            link.start_sftp_client() as sftp,
        ):
            assert await sftp.realpath(".") == "/"
    except asyncssh.PermissionDenied:
        return "."
    return "x"


async def _observed(ask: Callable[[Area], Awaitable[None]], area: Area) -> str:
    try:
        await ask(area)
    except TransportError as error:
        return "." if error.problem in {Problem.NOT_FOUND, Problem.FORBIDDEN} else str(error)
    return "x"


def test_every_operation_of_the_server_is_walked() -> None:
    own = {name for name, _ in inspect.getmembers(VirtualServer) if not name.startswith("_")}
    mine = own - {name for name in dir(asyncssh.SFTPServer) if name not in vars(VirtualServer)}
    verbs = {name.split()[1] for name in expected("sftp ")} - {"session", "realpath"}
    assert mine - OURS == verbs | set(SAME) | BY_HANDLE


@pytest.mark.parametrize("area", Area)
async def test_a_role_reaches_what_the_table_allows_and_nothing_else(area: Area) -> None:
    rows = {n: row for n, row in expected("sftp ").items() if n.endswith(f" {area}")}
    assert rows
    for operation, row in rows.items():
        verb = operation.split()[1]
        seen = {role: await _observed(getattr(world(role), verb), area) for role in Role}
        assert seen == row, operation


@pytest.mark.parametrize(("alias", "verb"), SAME.items())
@pytest.mark.parametrize("role", Role)
async def test_an_operation_answered_like_another_is_allowed_like_it(
    alias: str, verb: str, role: Role
) -> None:
    for area in Area:
        one = await _alias(world(role).server, verb, area)
        assert await _alias(world(role).server, alias, area) == one


async def _alias(server: VirtualServer, name: str, area: Area) -> tuple[Problem, str] | None:
    more: tuple[object, ...] = ()
    if "setstat" in name:
        more = (asyncssh.SFTPAttrs(),)
    elif "rename" in name:
        more = (FILES[area].removesuffix(b".part") + b".837",)
    try:
        await getattr(server, name)(FILES[area], *more)
    except TransportError as error:
        return error.problem, error.detail
    return None
