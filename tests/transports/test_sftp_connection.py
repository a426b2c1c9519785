"""SSH connections: who gets in, with what algorithms, and what hostile clients don't achieve."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest
from asyncssh.constants import FXP_READ
from asyncssh.packet import String, UInt32, UInt64

from tests.support.eventually import eventually
from tests.support.sftp_site import SftpSite
from tests.support.simulated_gateway import SimulatedGateway, SimulatedJudge, SimulatedUpload
from transports.ports import Submission

Start = Callable[..., Awaitable[SftpSite]]


async def connect(site: SftpSite, **options: object) -> asyncssh.SSHClientConnection:
    chosen: dict[str, object] = {
        "username": "clinic-bot", "known_hosts": None, "client_keys": None, "config": None,
        "agent_path": None, **options,
    }  # fmt: skip
    return await asyncssh.connect("127.0.0.1", site.port, **chosen)


async def greeted(site: SftpSite) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    assert await reader.readline() == b"SSH-2.0-Lazaretto\r\n"
    return reader, writer


async def still_serves(site: SftpSite) -> bool:
    async with await site.connect() as connection:
        client = await connection.start_sftp_client()
        top = await client.listdir("/")
    return "outbox" in top


async def test_a_key_logs_in(sftp_site: SftpSite) -> None:
    async with await connect(sftp_site, client_keys=[str(sftp_site.key)]) as connection:
        client = await connection.start_sftp_client()
        assert "claims" in await client.listdir("/outbox")


async def test_a_strange_key_does_not(sftp_site: SftpSite) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(sftp_site, client_keys=[key])


async def test_a_key_of_one_account_does_not_log_in_to_another(sftp_site: SftpSite) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(sftp_site, username="payer-bot", client_keys=[str(sftp_site.key)])


async def test_a_wrong_password_does_not(sftp_site: SftpSite) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(sftp_site, password="payer-pw")
    assert ("login", "sftp", "password", False) in sftp_site.seen.events


async def test_a_broken_authenticator_lets_nobody_in_and_tells_nothing(
    sftp_site: SftpSite, judge: SimulatedJudge, caplog: pytest.LogCaptureFixture
) -> None:
    judge.broken = True
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(sftp_site, password="clinic-pw")
    assert "clinic-pw" not in caplog.text


async def test_failures_in_one_connection_are_bounded(start_sftp: Start) -> None:
    site = await start_sftp(max_auth_tries=3)
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(5)]
    with pytest.raises(asyncssh.DisconnectError, match="too many"):
        await connect(site, client_keys=keys)
    assert site.seen.events.count(("login", "sftp", "publickey", False)) == 3


@pytest.mark.parametrize(
    "cipher", ["chacha20-poly1305@openssh.com", "aes256-ctr", "aes128-cbc", "3des-cbc"]
)
async def test_other_ciphers_than_gcm_are_not_spoken(sftp_site: SftpSite, cipher: str) -> None:
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await connect(sftp_site, password="clinic-pw", encryption_algs=[cipher])


async def test_compression_is_not_spoken(sftp_site: SftpSite) -> None:
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await connect(sftp_site, password="clinic-pw", compression_algs=["zlib@openssh.com"])


@pytest.mark.parametrize("command", ["id", "scp -t /outbox/claims/a", None])
async def test_a_shell_or_command_is_told_why_not(sftp_site: SftpSite, command: str | None) -> None:
    async with await sftp_site.connect() as connection:
        result = await connection.run(command, stdin=asyncssh.DEVNULL, check=False)
        assert result.exit_status == 1
        assert "SFTP only" in str(result.stderr)


async def test_another_subsystem_is_refused(sftp_site: SftpSite) -> None:
    async with await sftp_site.connect() as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(subsystem="netconf")


async def test_nothing_is_forwarded(sftp_site: SftpSite) -> None:
    async with await sftp_site.connect() as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", sftp_site.port)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/run/x")


async def test_sessions_in_a_connection_are_bounded(sftp_site: SftpSite) -> None:
    async with await sftp_site.connect() as connection:
        for _ in range(8):
            await connection.start_sftp_client()
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.start_sftp_client()


async def test_garbage_after_the_greeting_harms_nobody(sftp_site: SftpSite) -> None:
    reader, writer = await greeted(sftp_site)
    writer.write(b"SSH-2.0-x\r\n" + bytes(range(256)) * 400)
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    assert await still_serves(sftp_site)


async def test_who_says_nothing_is_cut_off(start_sftp: Start) -> None:
    site = await start_sftp(login_timeout=0.2)
    reader, writer = await greeted(site)
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    await eventually(lambda: ("closed", "sftp", "lost") in site.seen.events)


async def test_who_goes_idle_is_cut_off_and_keeps_the_upload(
    start_sftp: Start, gateway: SimulatedGateway
) -> None:
    site = await start_sftp(idle_timeout=0.3)
    connection = await site.connect()
    client = await connection.start_sftp_client()
    file = await client.open("/outbox/claims/a", "wb")
    await file.write(b"half")
    async with asyncio.timeout(5):
        await connection.wait_closed()
    await eventually(lambda: gateway.unfinished() == [("a", b"half")])
    assert ("closed", "sftp", "idle") in site.seen.events


async def test_unauthenticated_connections_are_bounded(start_sftp: Start) -> None:
    site = await start_sftp(max_pending=2)
    held = [await greeted(site) for _ in range(2)]
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    async with asyncio.timeout(5):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1000)
    writer.close()
    for _, other in held:
        other.close()
    await eventually(lambda: len([e for e in site.seen.events if e[0] == "closed"]) == 3)
    assert site.seen.events.count(("opened", "sftp")) == 3
    assert await still_serves(site)


@pytest.mark.parametrize("window", [2 * 1024 * 1024, 1024 * 1024 * 1024])
async def test_a_client_that_asks_and_never_reads_is_held_back(
    sftp_site: SftpSite, gateway: SimulatedGateway, window: int
) -> None:
    parcel = gateway.deliver(bytes(4_000_000))
    connection = await connect(sftp_site, username="payer-bot", password="payer-pw", window=window)
    client = await connection.start_sftp_client()
    file = await client.open(f"/inbox/{parcel.listed_name}", "rb")
    transport, writer = connection._transport, client._handler._writer
    assert transport
    assert writer
    assert file._handle
    transport.pause_reading()
    for number in range(2000):
        body = UInt32(number + 1000) + String(file._handle) + UInt64(0) + UInt32(262_144)
        writer.write(UInt32(len(body) + 1) + bytes([FXP_READ]) + body)
    [reading] = gateway.readings
    served = -1
    while reading.reads != served:
        served = reading.reads
        await asyncio.sleep(0.2)
    connection.abort()
    # 500 MB were asked for; what is served is bounded by windows and socket buffers.
    assert 0 < served * 262_144 < 64 * 1024 * 1024


async def test_a_stop_lets_an_open_file_finish(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/outbox/claims/a", "wb")
        stopping = asyncio.ensure_future(sftp_site.service.stop(5))
        await asyncio.sleep(0.1)
        with pytest.raises(asyncssh.SFTPFailure, match="restarting"):
            await client.open("/outbox/claims/b", "wb")
        await file.write(b"whole")
        await file.close()
        await stopping
    assert gateway.submitted() == [("a", b"whole")]


async def test_a_stop_waits_for_the_answer_to_a_close(
    sftp_site: SftpSite, gateway: SimulatedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, begun = SimulatedUpload.commit, asyncio.Event()

    async def slowly(upload: SimulatedUpload) -> Submission:
        begun.set()
        await asyncio.sleep(0.5)
        return await commit(upload)

    monkeypatch.setattr(SimulatedUpload, "commit", slowly)
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/outbox/claims/a", "wb")
        await file.write(b"whole")
        closing = asyncio.ensure_future(file.close())
        await begun.wait()
        await sftp_site.service.stop(5)
        await closing
    assert gateway.submitted() == [("a", b"whole")]


async def test_a_stop_suspends_what_does_not_finish_in_time(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/outbox/claims/a", "wb")
        await file.write(b"half")
        await sftp_site.service.stop(0.1)
    assert gateway.unfinished() == [("a", b"half")]


async def test_names_do_not_reach_the_log(
    sftp_site: SftpSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        async with client.open("/outbox/claims/SMITH-JOHN.837", "wb"):
            pass
    assert "SMITH" not in caplog.text
    assert Path("/outbox").name not in caplog.text


async def test_two_processes_could_share_a_port(start_sftp: Start) -> None:
    first = await start_sftp(reuse_port=True)
    second = await start_sftp(reuse_port=True, port=first.port)
    assert second.port == first.port


async def test_a_socket_opened_beforehand_is_served(start_sftp: Start) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    site = await start_sftp(sock=sock)
    assert site.port == sock.getsockname()[1]
    assert await still_serves(site)
