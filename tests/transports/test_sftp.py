"""SFTP as a partner sees it, through asyncssh's client."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any, cast

import asyncssh
import pytest
from asyncssh.constants import FXP_READ, FXP_WRITE
from asyncssh.packet import String, UInt32, UInt64

from tests.support.eventually import eventually
from tests.support.sftp_site import SftpSite
from tests.support.simulated_gateway import SimulatedGateway
from transports.ports import Problem, TransportError

DATA = os.urandom(300_000)


@pytest.fixture
async def clinic(sftp_site: SftpSite) -> AsyncIterator[asyncssh.SFTPClient]:
    async with await sftp_site.connect() as connection, connection.start_sftp_client() as client:
        yield client


@pytest.fixture
async def payer(sftp_site: SftpSite) -> AsyncIterator[asyncssh.SFTPClient]:
    async with (
        await sftp_site.connect("payer") as connection,
        connection.start_sftp_client() as client,
    ):
        yield client


async def put(client: asyncssh.SFTPClient, path: str, data: bytes) -> None:
    async with client.open(path, "wb") as file:
        await file.write(data)


async def got(client: asyncssh.SFTPClient, path: str) -> bytes:
    async with client.open(path, "rb") as file:
        return cast(bytes, await file.read())


async def test_a_file_closed_whole_is_submitted(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", DATA)
    assert gateway.submitted() == [("a.837", DATA)]


async def test_a_zero_byte_file_is_submitted(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", b"")
    assert gateway.submitted() == [("a.837", b"")]


async def test_the_tree_is_the_one_partners_are_told_of(clinic: asyncssh.SFTPClient) -> None:
    assert sorted(await clinic.listdir("/")) == ["inbox", "outbox", "receipts", "returned"]
    assert sorted(await clinic.listdir("/outbox")) == ["claims", "totals"]
    assert await clinic.listdir("/receipts") == []


async def test_a_submission_stays_visible_with_its_size(clinic: asyncssh.SFTPClient) -> None:
    await put(clinic, "/outbox/claims/a.837", DATA)
    assert await clinic.listdir("/outbox/claims") == ["a.837"]
    assert (await clinic.stat("/outbox/claims/a.837")).size == len(DATA)


async def test_the_outbox_is_write_only(clinic: asyncssh.SFTPClient) -> None:
    await put(clinic, "/outbox/claims/a.837", DATA)
    with pytest.raises(asyncssh.SFTPPermissionDenied, match="write-only"):
        await clinic.open("/outbox/claims/a.837", "rb")


async def test_an_open_upload_cannot_be_read_back(clinic: asyncssh.SFTPClient) -> None:
    async with clinic.open("/outbox/claims/a.part", "w+b") as file:
        await file.write(DATA)
        with pytest.raises(asyncssh.SFTPPermissionDenied, match="write-only"):
            await file.read(10, 0)


async def test_a_second_file_of_the_same_name_is_a_second_submission(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", b"one")
    await put(clinic, "/outbox/claims/a.837", b"two")
    assert gateway.submitted() == [("a.837", b"one"), ("a.837", b"two")]


@pytest.mark.parametrize("name", ["a.part", "a.FILEPART", "a.tmp", ".a"])
async def test_a_temporary_name_is_not_submitted_on_close(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway, name: str
) -> None:
    await put(clinic, f"/outbox/claims/{name}", DATA)
    assert gateway.submitted() == []


@pytest.mark.parametrize("verb", ["rename", "posix_rename"])
async def test_a_rename_from_a_temporary_name_submits(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway, verb: str
) -> None:
    await put(clinic, "/outbox/claims/a.part", DATA)
    await getattr(clinic, verb)("/outbox/claims/a.part", "/outbox/claims/a.837")
    assert gateway.submitted() == [("a.837", DATA)]
    assert await clinic.listdir("/outbox/claims") == ["a.837"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/outbox/claims/a.part", "/outbox/totals/a.837"),
        ("/outbox/claims/a.part", "/outbox/claims/b.part"),
        ("/outbox/claims/a.837", "/outbox/claims/b.837"),
        ("/outbox/claims", "/outbox/other"),
        ("/outbox/claims/a.part", "/inbox/a"),
    ],
)
async def test_other_renames_are_refused(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway, old: str, new: str
) -> None:
    await put(clinic, "/outbox/claims/a.part", DATA)
    with pytest.raises(asyncssh.SFTPPermissionDenied):
        await clinic.rename(old, new)
    assert gateway.submitted() == []


async def test_a_connection_cut_in_the_middle_submits_nothing(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    connection = await sftp_site.connect()
    client = await connection.start_sftp_client()
    file = await client.open("/outbox/claims/a.837", "wb")
    await file.write(DATA)
    connection.get_extra_info("socket").shutdown(2)
    await eventually(lambda: gateway.unfinished() == [("a.837", DATA)])
    assert gateway.submitted() == []


async def test_a_channel_closed_in_the_middle_submits_nothing(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/outbox/claims/a.837", "wb")
        await file.write(DATA)
        client.exit()
        await eventually(lambda: gateway.unfinished() == [("a.837", DATA)])
    assert gateway.submitted() == []


async def test_a_malformed_packet_submits_nothing(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/outbox/claims/a.837", "wb")
        await file.write(DATA)
        writer = client._handler._writer
        assert writer
        writer.write(UInt32(1) + b"\x04")
        await eventually(lambda: gateway.unfinished() == [("a.837", DATA)])
    assert gateway.submitted() == []


async def test_an_interrupted_upload_is_resumed_where_it_stopped(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    connection = await sftp_site.connect()
    client = await connection.start_sftp_client()
    file = await client.open("/outbox/claims/a.837", "wb")
    await file.write(DATA[:100_000])
    connection.abort()
    await eventually(gateway.unfinished)
    async with await sftp_site.connect() as again, again.start_sftp_client() as client:
        assert (await client.stat("/outbox/claims/a.837")).size == 100_000
        async with client.open("/outbox/claims/a.837", "ab") as file:
            await file.write(DATA[100_000:200_000])
            await file.write(DATA[200_000:])
    assert gateway.submitted() == [("a.837", DATA)]


async def test_a_submitted_file_cannot_be_appended_to(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", b"one")
    with pytest.raises(asyncssh.SFTPPermissionDenied, match="already submitted"):
        await clinic.open("/outbox/claims/a.837", "ab")


async def test_writes_a_little_out_of_order_arrive_in_order(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    async with clinic.open("/outbox/claims/a.837", "wb") as file:
        await file.write(b"world", 6)
        await file.write(b"hello ", 0)
    assert gateway.submitted() == [("a.837", b"hello world")]


async def test_a_gap_at_close_is_an_error_and_no_submission(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    file = await clinic.open("/outbox/claims/a.837", "wb")
    await file.write(b"world", 6)
    with pytest.raises(asyncssh.SFTPFailure, match="sequential"):
        await file.close()
    assert gateway.submitted() == []


async def test_a_full_disk_is_an_error_at_the_write_and_again_at_the_close(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    gateway.space = 100_000
    file = await clinic.open("/outbox/claims/a.837", "wb")
    with pytest.raises(asyncssh.SFTPFailure, match="full"):
        await file.write(DATA)
    with pytest.raises(asyncssh.SFTPFailure, match="full"):
        await file.close()
    assert gateway.submitted() == []


async def test_a_failed_commit_is_an_error_at_the_close(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    gateway.commit_error = TransportError(Problem.UNAVAILABLE, "the database is away; try again")
    file = await clinic.open("/outbox/claims/a.837", "wb")
    await file.write(DATA)
    with pytest.raises(asyncssh.SFTPFailure, match="database is away"):
        await file.close()
    assert gateway.submitted() == []


async def test_an_unforeseen_exception_is_not_shown_to_the_client(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    gateway.commit_error = RuntimeError("SMITH, JOHN 123-45-6789")
    file = await clinic.open("/outbox/claims/a.837", "wb")
    with pytest.raises(asyncssh.SFTPFailure, match="internal error") as caught:
        await file.close()
    assert "SMITH" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    ["/outbox/nowhere/a", "/outbox/claims/nothing", "/nothing", "/inbox/x", "/outbox/claims/a/b"],
)
async def test_what_does_not_exist_is_not_found(clinic: asyncssh.SFTPClient, path: str) -> None:
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        await clinic.stat(path)


async def test_a_put_to_an_unknown_route_is_not_found(clinic: asyncssh.SFTPClient) -> None:
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        await clinic.open("/outbox/nowhere/a", "wb")


@pytest.mark.parametrize("name", ["qz\\b", "qz\0b", "qz\nb", "x" * 3000, " qz", "qz\u202eb"])
async def test_a_bad_name_is_refused_without_repeating_it(
    clinic: asyncssh.SFTPClient, name: str
) -> None:
    with pytest.raises(asyncssh.SFTPError) as caught:
        await clinic.open(f"/outbox/claims/{name}", "wb")
    assert name not in caught.value.reason
    assert "name" in caught.value.reason


async def test_ten_thousand_characters_are_refused(clinic: asyncssh.SFTPClient) -> None:
    with pytest.raises(asyncssh.SFTPFailure, match="longer than"):
        await clinic.open("/outbox/claims/" + "x" * 10_000, "wb")


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("mkdir", ["/outbox/new"]),
        ("rmdir", ["/outbox/claims"]),
        ("symlink", ["/outbox/claims", "/outbox/claims/link"]),
        ("link", ["/outbox/claims/a", "/outbox/claims/b"]),
        ("readlink", ["/outbox/claims"]),
        ("remove", ["/outbox"]),
        ("truncate", ["/outbox/claims/a.837", 1]),
        ("statvfs", ["/"]),
    ],
)
async def test_what_has_no_place_here_is_refused(
    clinic: asyncssh.SFTPClient, verb: str, arguments: list[Any]
) -> None:
    await put(clinic, "/outbox/claims/a.837", b"one")
    with pytest.raises((asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported)):
        await getattr(clinic, verb)(*arguments)


async def test_times_and_modes_set_after_a_put_are_taken_and_ignored(
    clinic: asyncssh.SFTPClient,
) -> None:
    await put(clinic, "/outbox/claims/a.837", b"one")
    await clinic.utime("/outbox/claims/a.837", (1, 2))
    await clinic.chmod("/outbox/claims/a.837", 0o777)
    permissions = (await clinic.stat("/outbox/claims/a.837")).permissions
    assert permissions is not None
    assert permissions & 0o777 == 0o200


async def test_an_unfinished_upload_can_be_removed(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.part", DATA)
    await clinic.remove("/outbox/claims/a.part")
    assert gateway.transfers == []
    assert await clinic.listdir("/outbox/claims") == []


async def test_a_submitted_file_cannot_be_removed(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", DATA)
    with pytest.raises(asyncssh.SFTPPermissionDenied):
        await clinic.remove("/outbox/claims/a.837")
    assert gateway.submitted() == [("a.837", DATA)]


async def test_dot_dot_stays_inside_the_virtual_tree(clinic: asyncssh.SFTPClient) -> None:
    assert await clinic.realpath("/outbox/../../../etc/passwd") == "/etc/passwd"
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        await clinic.open("/../../etc/passwd", "rb")


async def test_a_sealed_file_read_whole_is_collected(
    payer: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    assert await got(payer, f"/inbox/{parcel.listed_name}") == DATA
    assert gateway.collected(parcel)


async def test_a_sealed_file_read_in_part_is_not_collected(
    payer: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    async with payer.open(f"/inbox/{parcel.listed_name}", "rb") as file:
        await file.read(1000)
    assert not gateway.collected(parcel)


async def test_a_reader_that_vanishes_has_collected_nothing(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    connection = await sftp_site.connect("payer")
    client = await connection.start_sftp_client()
    file = await client.open(f"/inbox/{parcel.listed_name}", "rb")
    assert cast(bytes, await file.read()) == DATA
    connection.get_extra_info("socket").shutdown(2)
    await eventually(lambda: not gateway.readings)
    assert not gateway.collected(parcel)


async def test_the_sealed_name_lies_beside_the_file(
    payer: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA, sealed_name=b"sealed name")
    assert sorted(await payer.listdir("/inbox")) == [
        parcel.listed_name,
        f"{parcel.listed_name}.name.pgp",
    ]
    assert await got(payer, f"/inbox/{parcel.listed_name}.name.pgp") == b"sealed name"


async def test_the_inbox_cannot_be_written(
    payer: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    with pytest.raises(asyncssh.SFTPPermissionDenied):
        await payer.open(f"/inbox/{parcel.listed_name}", "wb")


async def test_removing_a_sealed_file_acknowledges_it(
    payer: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    await payer.remove(f"/inbox/{parcel.listed_name}")
    assert gateway.collected(parcel)
    assert await payer.listdir("/inbox") == []


async def test_somebody_elses_file_is_not_found(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(DATA)
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        await clinic.open(f"/inbox/{parcel.listed_name}", "rb")


async def test_a_held_file_is_explained_in_returned(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", DATA)
    stored = gateway.transfers[0]
    stored.state, stored.verdict, stored.reasons = "held", "hold", ("name in free text at NTE-02",)
    [name] = await clinic.listdir("/returned")
    assert name == f"{stored.transfer}.txt"
    text = (await got(clinic, f"/returned/{name}")).decode()
    assert "name in free text at NTE-02" in text
    assert "An analyst" in text


async def test_a_receipt_is_listed_with_its_size_and_read(
    clinic: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    await put(clinic, "/outbox/claims/a.837", DATA)
    transfer = gateway.transfers[0].transfer
    assert await clinic.listdir("/receipts") == []
    gateway.issued[transfer] = b'{"format": "lazaretto/receipt/v1"}'
    path = f"/receipts/{transfer}.json"
    assert (await clinic.stat(path)).size == len(gateway.issued[transfer])
    assert await clinic.listdir("/receipts") == [f"{transfer}.json"]
    assert await got(clinic, path) == gateway.issued[transfer]


async def test_a_receipt_that_is_not_there_is_no_such_file(clinic: asyncssh.SFTPClient) -> None:
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        await got(clinic, "/receipts/t_none.json")


async def test_nothing_can_be_put_among_the_receipts(clinic: asyncssh.SFTPClient) -> None:
    with pytest.raises(asyncssh.SFTPPermissionDenied):
        await put(clinic, "/receipts/t_none.json", DATA)


async def test_one_read_gets_no_more_than_the_cap(
    payer: asyncssh.SFTPClient, gateway: SimulatedGateway
) -> None:
    parcel = gateway.deliver(bytes(1_000_000))
    file = await payer.open(f"/inbox/{parcel.listed_name}", "rb")
    answer = await payer._handler._make_request(
        FXP_READ, String(file._handle or b""), UInt64(0), UInt32(1_500_000_000)
    )
    assert len(cast(tuple[bytes, bool], answer)[0]) == 256 * 1024
    await file.close()


async def test_a_packet_over_the_limit_ends_the_session_and_not_the_server(
    sftp_site: SftpSite, gateway: SimulatedGateway
) -> None:
    async with await sftp_site.connect() as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/outbox/claims/a.837", "wb")
        with pytest.raises(asyncssh.Error):
            await client._handler._make_request(
                FXP_WRITE, String(file._handle or b""), UInt64(0), String(bytes(1_000_000))
            )
    async with await sftp_site.connect() as again, again.start_sftp_client() as client:
        assert "outbox" in await client.listdir("/")
    assert gateway.submitted() == []


async def test_open_files_are_bounded(clinic: asyncssh.SFTPClient) -> None:
    for number in range(128):
        await clinic.open(f"/outbox/claims/{number}.part", "wb")
    with pytest.raises(asyncssh.SFTPFailure, match="close some"):
        await clinic.open("/outbox/claims/one-more.part", "wb")
