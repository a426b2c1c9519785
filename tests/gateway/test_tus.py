"""tus 1.0.0 by raw requests over the real intake, ledger and disk: each MUST, and what lies."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import io
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from config.operations import Role
from gateway.lifecycle import State
from gateway.reaper import Reaper
from tests.support.eventually import eventually
from tests.support.simulated_gateway import (
    Recorder,
    SimulatedGateway,
    SimulatedJudge,
    SimulatedMailbox,
)
from tests.support.staging_bench import BOTH, CLINIC, OTHER, StagingBench, policy, route
from transports.https import HttpsOptions, build_app, serve_https
from transports.openapi import parsed
from transports.ports import Principal

COLLEAGUE = Principal("clinic-desk", "clinic", BOTH)
READER = Principal("clinic-reader", "clinic", frozenset({Role.RECEIVER}))
MIB = 2**20
NAME = "batch 7.837"
META = f"filename {base64.b64encode(NAME.encode()).decode()},filetype dGV4dC9wbGFpbg=="
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {"Content-Type": "application/offset+octet-stream"}


def sum_of(data: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
    return {"Upload-Checksum": f"{algorithm} {digest}"}


class Client:
    """A client that says exactly what it is told to say."""

    def __init__(self, bench: StagingBench, http: aiohttp.ClientSession) -> None:
        self.bench = bench
        self.http = http

    async def ask(
        self,
        method: str,
        path: str,
        data: bytes | AsyncIterator[bytes] | None = None,
        /,
        *,
        token: str = "clinic-token",
        without: str = "",
        **headers: str,
    ) -> tuple[int, Any]:
        said = TUS | {"Authorization": f"Bearer {token}"}
        said |= {key.replace("_", "-"): value for key, value in headers.items()}
        said.pop(without, None)
        body = io.BytesIO(data) if isinstance(data, bytes) else data
        async with self.http.request(method, path, data=body, headers=said) as answer:
            await answer.read()
            return answer.status, answer.headers

    async def create(self, length: int, data: bytes | None = None, /, **headers: str) -> str:
        more = {"Upload-Length": str(length), "Upload-Metadata": META} | headers
        if data is not None:
            more |= OCTETS
        status, answer = await self.ask("POST", "/v1/tus/claims/", data, **more)
        assert status == 201
        return str(answer["Location"])

    async def patch(
        self, url: str, offset: int, data: bytes | AsyncIterator[bytes], /, **headers: str
    ) -> tuple[int, Any]:
        return await self.ask(
            "PATCH", url, data, **(OCTETS | {"Upload-Offset": str(offset)} | headers)
        )

    async def offset(self, url: str) -> int:
        status, answer = await self.ask("HEAD", url)
        assert status == 200
        return int(answer["Upload-Offset"])

    def state(self, url: str) -> str:
        return self.bench.transfers.get(of(url)).state

    def count(self) -> int:
        """Transfers submitted."""
        return len(self.bench.transfers.in_state(State.STAGED))


def of(url: str) -> str:
    return url.rsplit("/", 1)[1]


@pytest.fixture
async def client(bench: StagingBench) -> AsyncIterator[Client]:
    judge = SimulatedJudge()
    judge.tokens = {
        "clinic-token": CLINIC, "desk-token": COLLEAGUE, "other-token": OTHER,
        "reader-token": READER,
    }  # fmt: skip
    options = HttpsOptions(body_timeout=5.0)
    app = build_app(
        options, judge, bench.intake, SimulatedMailbox(SimulatedGateway()),
        declaring=bench.intake, observer=Recorder(),
    )  # fmt: skip
    service = await serve_https(options, app, None)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{service.port}") as http:
        yield Client(bench, http)
    await service.stop(0.2)


# -- core


async def test_a_file_in_three_pieces_is_submitted_once_whole(client: Client) -> None:
    data = os.urandom(3 * MIB + 5)
    url = await client.create(len(data))
    for start in range(0, len(data), 2**20 + 7):
        status, answer = await client.patch(url, start, data[start : start + 2**20 + 7])
        assert status == 204
        assert int(answer["Upload-Offset"]) == min(start + 2**20 + 7, len(data))
    assert client.state(url) == State.STAGED
    assert client.bench.plaintext(of(url)) == data
    assert client.bench.name(of(url)) == NAME
    assert client.bench.transfers.get(of(url)).sha256 == hashlib.sha256(data).hexdigest()


async def test_head_says_offset_length_metadata_and_no_store(client: Client) -> None:
    url = await client.create(10)
    await client.patch(url, 0, b"abc")
    status, answer = await client.ask("HEAD", url)
    assert status == 200
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("3", "10")
    assert answer["Upload-Metadata"] == META
    assert answer["Cache-Control"] == "no-store"


async def test_every_answer_names_the_version_refusals_too(client: Client) -> None:
    url = await client.create(10)
    for method, path in [("HEAD", url), ("PATCH", url), ("DELETE", "/v1/tus/claims/x"),
                         ("POST", "/v1/tus/claims/"), ("OPTIONS", url)]:  # fmt: skip
        assert (await client.ask(method, path))[1]["Tus-Resumable"] == "1.0.0"
    assert (await client.ask("HEAD", url, token="wrong"))[1]["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.1"])
async def test_another_version_is_refused_and_nothing_done(client: Client, version: str) -> None:
    url = await client.create(3)
    for method in ("HEAD", "PATCH", "DELETE"):
        more = OCTETS | {"Upload-Offset": "0", "Tus-Resumable": version}
        status, answer = await client.ask(method, url, **more)
        assert status == 412
        assert answer["Tus-Version"] == "1.0.0"
    assert await client.offset(url) == 0


async def test_options_tells_what_is_spoken_without_being_told_the_version(client: Client) -> None:
    client.bench.policy = policy(claims=route(max_bytes=1234))
    status, answer = await client.ask("OPTIONS", "/v1/tus/claims/", without="Tus-Resumable")
    assert status == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Max-Size"] == "1234"
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer["Tus-Extension"].split(",") == [
        "creation", "creation-with-upload", "termination", "checksum", "expiration",
    ]  # fmt: skip


async def test_the_override_header_is_the_method(client: Client) -> None:
    url = await client.create(3)
    more = OCTETS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert (await client.ask("POST", url, b"abc", **more))[0] == 204
    assert client.state(url) == State.STAGED


@pytest.mark.parametrize("offset", ["4", "2", "0", "999999999999999999999"])
async def test_a_wrong_offset_is_a_conflict_and_changes_nothing(
    client: Client, offset: str
) -> None:
    url = await client.create(10)
    await client.patch(url, 0, b"abc")
    status, _ = await client.ask("PATCH", url, b"x", **(OCTETS | {"Upload-Offset": offset}))
    assert status == 409
    assert await client.offset(url) == 3


@pytest.mark.parametrize("offset", ["-1", "", "1.0", "0x1", "x", "\u0661"])
async def test_an_offset_that_is_no_number_is_refused(client: Client, offset: str) -> None:
    url = await client.create(10)
    more = OCTETS | {"Upload-Offset": offset}
    assert (await client.ask("PATCH", url, b"x", **more))[0] == 400
    assert await client.offset(url) == 0


async def test_a_piece_of_another_media_type_is_refused(client: Client) -> None:
    url = await client.create(10)
    more = {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}
    assert (await client.ask("PATCH", url, b"x", **more))[0] == 415
    assert await client.offset(url) == 0


async def test_an_upload_that_is_not_there_has_no_offset(client: Client) -> None:
    for unknown in ("t_" + "0" * 26, "nothing", "%00", "t_"):
        for method in ("HEAD", "PATCH", "DELETE"):
            more = OCTETS | {"Upload-Offset": "0"}
            status, answer = await client.ask(method, f"/v1/tus/claims/{unknown}", **more)
            assert status == 404
            assert "Upload-Offset" not in answer


async def test_an_empty_piece_changes_nothing(client: Client) -> None:
    url = await client.create(10)
    await client.patch(url, 0, b"abc")
    status, answer = await client.patch(url, 3, b"")
    assert (status, answer["Upload-Offset"]) == (204, "3")


# -- beyond what was declared


async def test_a_piece_beyond_the_length_is_not_taken(client: Client) -> None:
    url = await client.create(5)
    assert (await client.patch(url, 0, b"abcdef"))[0] == 413
    assert await client.offset(url) == 0
    assert (await client.patch(url, 0, b"abcde"))[0] == 204
    assert client.bench.plaintext(of(url)) == b"abcde"


async def test_a_body_of_unknown_length_is_not_taken(client: Client) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"abcdefgh"

    url = await client.create(5)
    assert (await client.patch(url, 0, endless()))[0] == 411
    assert await client.offset(url) == 0


async def test_a_finished_upload_takes_nothing_more_and_goes_on_answering(client: Client) -> None:
    url = await client.create(3, b"abc")
    assert (await client.patch(url, 3, b"d"))[0] == 413
    assert (await client.patch(url, 0, b"abc"))[0] == 409
    status, answer = await client.patch(url, 3, b"")
    assert (status, answer["Upload-Offset"]) == (204, "3")
    status, answer = await client.ask("HEAD", url)
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("3", "3")
    assert answer["Upload-Metadata"] == META
    assert client.count() == 1


# -- creation


@pytest.mark.parametrize("length", ["", "-1", "1e3", "abc", "+5", "1.5"])
async def test_a_length_that_is_no_number_is_refused(client: Client, length: str) -> None:
    more = {"Upload-Length": length, "Upload-Metadata": META}
    assert (await client.ask("POST", "/v1/tus/claims/", **more))[0] == 400


@pytest.mark.parametrize("length", [str(2**30 + 1), "9" * 30, "9" * 3000])
async def test_a_length_over_the_limit_is_refused_and_the_limit_said(
    client: Client, length: str
) -> None:
    more = {"Upload-Length": length, "Upload-Metadata": META}
    status, answer = await client.ask("POST", "/v1/tus/claims/", **more)
    assert status == 413
    assert answer["Tus-Max-Size"] == str(2**30)
    assert not client.bench.transfers.in_state(State.RECEIVING)


async def test_a_deferred_length_is_refused(client: Client) -> None:
    more = {"Upload-Defer-Length": "1", "Upload-Metadata": META}
    assert (await client.ask("POST", "/v1/tus/claims/", **more))[0] == 400


@pytest.mark.parametrize(
    "said",
    [
        "", "filename", "filetype dGV4dA==", "filename ???", "filename YQ", "filename YQ==YQ==",
        "filename YQ==,filename Yg==", "filename  YQ==", ",", "filename /w==",
        f"filename {base64.b64encode(b'../../etc/passwd').decode()}",
        f"filename {base64.b64encode(b'a' * 300).decode()}",
        f"filename YQ==,more {'A' * 5000}", "filename YQ==,\u00e9 YQ==",
    ],
)  # fmt: skip
async def test_metadata_without_a_sound_name_is_refused(client: Client, said: str) -> None:
    more = {"Upload-Length": "3", "Upload-Metadata": said}
    assert (await client.ask("POST", "/v1/tus/claims/", **more))[0] == 400
    assert not client.bench.transfers.in_state(State.RECEIVING)


async def test_an_empty_file_is_submitted_at_creation(client: Client) -> None:
    url = await client.create(0)
    assert client.state(url) == State.STAGED
    assert await client.offset(url) == 0
    assert client.bench.plaintext(of(url)) == b""


async def test_creation_takes_the_first_bytes(client: Client) -> None:
    more = {"Upload-Length": "5", "Upload-Metadata": META} | OCTETS
    status, answer = await client.ask("POST", "/v1/tus/claims/", b"abc", **more)
    assert (status, answer["Upload-Offset"]) == (201, "3")
    await client.patch(answer["Location"], 3, b"de")
    assert client.bench.plaintext(of(answer["Location"])) == b"abcde"


async def test_creation_with_more_than_was_declared_creates_nothing(client: Client) -> None:
    more = {"Upload-Length": "2", "Upload-Metadata": META} | OCTETS
    assert (await client.ask("POST", "/v1/tus/claims/", b"abc", **more))[0] == 413
    assert not client.bench.transfers.in_state(State.RECEIVING)


async def test_creation_with_a_wrong_checksum_leaves_nothing(client: Client) -> None:
    more = {"Upload-Length": "5", "Upload-Metadata": META} | OCTETS | sum_of(b"xyz")
    assert (await client.ask("POST", "/v1/tus/claims/", b"abc", **more))[0] == 460
    assert not client.bench.transfers.in_state(State.RECEIVING)
    assert client.bench.files() == {}


async def test_a_key_said_again_creates_no_second_upload(client: Client) -> None:
    url = await client.create(5, Idempotency_Key="k1")
    await client.patch(url, 0, b"abc")
    assert await client.create(5, Idempotency_Key="k1") == url
    assert await client.offset(url) == 3
    await client.patch(url, 3, b"de")
    assert await client.create(5, Idempotency_Key="k1") == url
    assert client.count() == 1


async def test_a_key_with_another_length_is_refused(client: Client) -> None:
    await client.create(5, Idempotency_Key="k1")
    more = {"Upload-Length": "6", "Upload-Metadata": META, "Idempotency-Key": "k1"}
    assert (await client.ask("POST", "/v1/tus/claims/", **more))[0] == 422


async def test_two_uploads_of_one_name_are_two(client: Client) -> None:
    first, second = await client.create(3), await client.create(3)
    assert (await client.patch(first, 0, b"one"))[0] == 204
    assert (await client.patch(second, 0, b"two"))[0] == 204
    assert client.bench.plaintext(of(first)) == b"one"
    assert client.bench.plaintext(of(second)) == b"two"


# -- whose it is


async def test_somebody_elses_upload_is_not_there(client: Client) -> None:
    client.bench.policy = policy(claims=route(**{"from": ["clinic", "other"]}), more=route())
    url = await client.create(5)
    more = OCTETS | {"Upload-Offset": "0"}
    for method in ("HEAD", "PATCH", "DELETE"):
        for token in ("desk-token", "other-token"):
            assert (await client.ask(method, url, token=token, **more))[0] == 404
        wrong_route = url.replace("/claims/", "/more/")
        assert (await client.ask(method, wrong_route, **more))[0] == 404
    assert await client.offset(url) == 0


async def test_an_upload_that_was_not_begun_by_tus_is_not_there(client: Client) -> None:
    upload = await client.bench.intake.open(CLINIC, "claims", "a.837")
    await upload.suspend()
    assert (await client.ask("HEAD", f"/v1/tus/claims/{upload.transfer}"))[0] == 404


async def test_without_the_scope_or_the_route_nothing_is_created(client: Client) -> None:
    more = {"Upload-Length": "3", "Upload-Metadata": META}
    assert (await client.ask("POST", "/v1/tus/claims/", token="reader-token", **more))[0] == 403
    assert (await client.ask("POST", "/v1/tus/claims/", token="other-token", **more))[0] == 404
    assert (await client.ask("POST", "/v1/tus/nowhere/", **more))[0] == 404


# -- two at once


async def test_an_upload_that_is_being_written_is_locked(client: Client) -> None:
    url = await client.create(10)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"ab"
        begun.set()
        await go_on.wait()
        yield b"cd"

    first = asyncio.create_task(client.patch(url, 0, slow(), **{"Content-Length": "4"}))
    await begun.wait()
    await eventually(lambda: client.bench.intake._is_taken(of(url)))
    for method in ("HEAD", "DELETE"):
        assert (await client.ask(method, url))[0] == 423
    assert (await client.patch(url, 0, b"xy"))[0] == 423
    go_on.set()
    assert (await first)[0] == 204
    assert await client.offset(url) == 4


# -- checksum


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_piece_with_its_checksum_is_kept(client: Client, algorithm: str) -> None:
    data = os.urandom(2 * MIB)
    url = await client.create(len(data) + 3)
    assert (await client.patch(url, 0, data, **sum_of(data, algorithm)))[0] == 204
    assert (await client.patch(url, len(data), b"end", **sum_of(b"end", algorithm)))[0] == 204
    assert client.bench.plaintext(of(url)) == data + b"end"


@pytest.mark.parametrize("size", [1, 100, 3 * MIB])
async def test_of_a_piece_with_another_checksum_nothing_is_kept(client: Client, size: int) -> None:
    first, bad, good = os.urandom(MIB + 9), os.urandom(size), os.urandom(size)
    url = await client.create(len(first) + size)
    await client.patch(url, 0, first)
    assert (await client.patch(url, len(first), bad, **sum_of(good)))[0] == 460
    assert await client.offset(url) == len(first)
    assert (await client.patch(url, len(first), good, **sum_of(good)))[0] == 204
    assert client.bench.plaintext(of(url)) == first + good
    found = client.bench.transfers.get(of(url))
    assert found.sha256 == hashlib.sha256(first + good).hexdigest()


async def test_a_last_piece_with_another_checksum_submits_nothing(client: Client) -> None:
    url = await client.create(3)
    assert (await client.patch(url, 0, b"bad", **sum_of(b"abc")))[0] == 460
    assert client.state(url) == State.RECEIVING
    assert await client.offset(url) == 0


async def test_an_empty_piece_is_checked_too(client: Client) -> None:
    url = await client.create(3)
    assert (await client.patch(url, 0, b"", **sum_of(b"x")))[0] == 460


@pytest.mark.parametrize(
    "said", ["md5 AAAA", "sha1", "sha1 AAAA", "sha256 ???", "", "sha1 " + "A" * 44]
)
async def test_a_checksum_that_is_not_understood_is_refused(client: Client, said: str) -> None:
    url = await client.create(3)
    assert (await client.patch(url, 0, b"abc", Upload_Checksum=said))[0] == 400
    assert await client.offset(url) == 0


# -- termination and expiration


async def test_a_terminated_upload_is_gone(client: Client) -> None:
    url = await client.create(10)
    await client.patch(url, 0, b"abc")
    assert (await client.ask("DELETE", url))[0] == 204
    for method in ("HEAD", "DELETE"):
        assert (await client.ask(method, url))[0] == 404
    assert client.bench.files() == {}
    assert client.state(url) == State.ABANDONED


async def test_a_submitted_file_cannot_be_terminated(client: Client) -> None:
    url = await client.create(3, b"abc")
    assert (await client.ask("DELETE", url))[0] == 409
    assert client.state(url) == State.STAGED


async def test_unfinished_uploads_say_when_they_expire(client: Client) -> None:
    more = {"Upload-Length": "5", "Upload-Metadata": META}
    _, made = await client.ask("POST", "/v1/tus/claims/", **more)
    url = str(made["Location"])
    answers = [made, (await client.patch(url, 0, b"abc"))[1], (await client.ask("HEAD", url))[1]]
    for answer in answers:
        left = parsedate_to_datetime(answer["Upload-Expires"]) - datetime.now(UTC)
        assert timedelta(hours=71) < left <= timedelta(hours=72)
    _, last = await client.patch(url, 3, b"de")
    assert "Upload-Expires" not in last


async def test_a_length_never_reached_is_given_up_like_any_upload(client: Client) -> None:
    bench = client.bench
    url = await client.create(10)
    await client.patch(url, 0, b"abc")
    reaper = Reaper(
        ledger=bench.ledger, transfers=bench.transfers, disk=bench.disk,
        partials=bench.partials, after=timedelta(hours=72),
    )  # fmt: skip
    assert reaper.sweep(datetime.now(UTC) + timedelta(hours=71)) == 0
    assert reaper.sweep(datetime.now(UTC) + timedelta(hours=73)) == 1
    assert (await client.ask("HEAD", url))[0] == 404


# -- when something fails


async def test_a_full_disk_keeps_what_was_acknowledged(client: Client) -> None:
    bench = client.bench
    first, rest = os.urandom(MIB), os.urandom(3 * MIB)
    url = await client.create(len(first) + len(rest))
    await client.patch(url, 0, first)
    bench.system.room = 2**19
    status, answer = await client.patch(url, len(first), rest)
    assert (status, answer["Retry-After"]) == (507, "30")
    bench.system.heal()
    at = await client.offset(url)
    assert at >= len(first)
    await client.patch(url, at, (first + rest)[at:])
    assert bench.plaintext(of(url)) == first + rest


@pytest.mark.parametrize("good", range(5))
async def test_a_piece_whose_flush_failed_is_never_acknowledged(client: Client, good: int) -> None:
    url = await client.create(5)
    client.bench.system.fail_after("fsync", good, errno.EIO)
    assert (await client.patch(url, 0, b"abc"))[0] == 503
    client.bench.system.heal()
    status, answer = await client.ask("HEAD", url)
    # Before the bytes were to be flushed, nothing was; after that the upload is lost.
    assert (status, answer.get("Upload-Offset")) in {(200, "0"), (404, None)}


async def test_whole_but_not_recorded_is_not_said_to_be_whole(client: Client) -> None:
    """A client that sees the whole offset never comes back: it must be submitted by then."""
    url = await client.create(5)
    client.bench.ledger.gone = True
    assert (await client.patch(url, 0, b"abcde"))[0] == 503
    assert (await client.ask("HEAD", url))[0] == 503
    client.bench.ledger.gone = False
    assert await client.offset(url) == 5
    assert client.state(url) == State.STAGED
    assert client.bench.plaintext(of(url)) == b"abcde"
    assert client.count() == 1


async def test_an_empty_piece_completes_what_only_lacked_its_record(client: Client) -> None:
    url = await client.create(5)
    client.bench.ledger.gone = True
    await client.patch(url, 0, b"abcde")
    client.bench.ledger.gone = False
    assert (await client.patch(url, 5, b""))[0] == 204
    assert client.state(url) == State.STAGED
    status, answer = await client.ask("HEAD", url)  # under a fresh data key by now
    assert (status, answer["Upload-Metadata"]) == (200, META)


async def test_the_description_names_every_address_of_tus(client: Client) -> None:
    described = parsed()["paths"]
    assert {"post", "options"} <= set(described["/v1/tus/{route}/"])
    assert {"head", "patch", "delete", "post", "options"} <= set(described["/v1/tus/{route}/{id}"])
