"""The clients partners have: OpenSSH's ``sftp`` and ``curl``, where this machine has them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.sftp_site import SftpSite
from tests.support.simulated_gateway import SimulatedGateway, SimulatedJudge, SimulatedMailbox
from transports.https import HttpsOptions, HttpsService, build_app, serve_https, tls_context

DATA = os.urandom(3_000_000)
needs_sftp = pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp is not installed")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


async def run(*command: str | Path, stdin: bytes = b"") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate(stdin)
    return process.returncode or 0, output.decode(errors="replace")


async def sftp(site: SftpSite, key: Path, *batch: str, who: str = "clinic") -> tuple[int, str]:
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
               "IdentitiesOnly=yes", "IdentityAgent=none"]  # fmt: skip
    flags = [flag for option in options for flag in ("-o", option)]
    return await run(
        "sftp", "-F", "/dev/null", "-i", key, *flags, "-P", str(site.port), "-b", "-",
        f"{who}-bot@127.0.0.1", stdin="\n".join(batch).encode() + b"\n",
    )  # fmt: skip


@pytest.fixture
def local(tmp_path: Path) -> Path:
    path = tmp_path / "a.837"
    path.write_bytes(DATA)
    return path


@needs_sftp
async def test_openssh_puts_and_lists(
    sftp_site: SftpSite, gateway: SimulatedGateway, local: Path
) -> None:
    status, output = await sftp(
        sftp_site, sftp_site.key, f"put -p {local} /outbox/claims/", "ls -l /outbox/claims"
    )
    assert status == 0, output
    assert gateway.submitted() == [("a.837", DATA)]
    assert "3000000" in output
    assert "a.837" in output


@needs_sftp
async def test_openssh_puts_under_a_temporary_name_and_renames(
    sftp_site: SftpSite, gateway: SimulatedGateway, local: Path
) -> None:
    status, output = await sftp(
        sftp_site,
        sftp_site.key,
        f"put {local} /outbox/claims/a.part",
        "rename /outbox/claims/a.part /outbox/claims/a.837",
    )
    assert status == 0, output
    assert gateway.submitted() == [("a.837", DATA)]


@needs_sftp
async def test_openssh_resumes_an_interrupted_put(
    sftp_site: SftpSite, gateway: SimulatedGateway, local: Path
) -> None:
    connection = await sftp_site.connect()
    client = await connection.start_sftp_client()
    file = await client.open("/outbox/claims/a.837", "wb")
    await file.write(DATA[:1_234_567])
    connection.abort()
    await eventually(gateway.unfinished)
    status, output = await sftp(sftp_site, sftp_site.key, f"reput {local} /outbox/claims/a.837")
    assert status == 0, output
    assert gateway.submitted() == [("a.837", DATA)]


@needs_sftp
async def test_openssh_fails_when_the_commit_does(
    sftp_site: SftpSite, gateway: SimulatedGateway, local: Path
) -> None:
    gateway.commit_error = RuntimeError("gone")
    status, output = await sftp(sftp_site, sftp_site.key, f"put {local} /outbox/claims/")
    assert status != 0, output


@needs_sftp
async def test_openssh_fails_when_the_disk_is_full(
    sftp_site: SftpSite, gateway: SimulatedGateway, local: Path
) -> None:
    gateway.space = 1_000_000
    status, output = await sftp(sftp_site, sftp_site.key, f"put {local} /outbox/claims/")
    assert status != 0, output


@needs_sftp
async def test_openssh_gets_and_so_collects(
    sftp_site: SftpSite, gateway: SimulatedGateway, payer_key: Path, tmp_path: Path
) -> None:
    parcel = gateway.deliver(DATA)
    target = tmp_path / "got"
    status, output = await sftp(
        sftp_site, payer_key, f"get /inbox/{parcel.listed_name} {target}", who="payer"
    )
    assert status == 0, output
    assert target.read_bytes() == DATA
    assert gateway.collected(parcel)


@needs_sftp
async def test_openssh_cannot_read_the_outbox(
    sftp_site: SftpSite, local: Path, tmp_path: Path
) -> None:
    status, output = await sftp(
        sftp_site, sftp_site.key, f"put {local} /outbox/claims/",
        f"get /outbox/claims/a.837 {tmp_path / 'back'}",
    )  # fmt: skip
    assert status != 0
    assert "denied" in output.lower()


@pytest.fixture
async def https(
    gateway: SimulatedGateway, judge: SimulatedJudge, server_certificate: tuple[Path, Path]
) -> AsyncIterator[HttpsService]:
    options = HttpsOptions()
    app = build_app(options, judge, gateway, SimulatedMailbox(gateway))
    service = await serve_https(options, app, tls_context(*server_certificate))
    yield service
    await service.stop(0.2)


async def curl(
    service: HttpsService, certificate: Path, token: str, path: str, *flags: str | Path
) -> tuple[int, str]:
    return await run(
        "curl", "-sS", "--fail-with-body", "--cacert", certificate,
        "-H", f"Authorization: Bearer {token}",
        *flags, f"https://127.0.0.1:{service.port}{path}",
    )  # fmt: skip


@needs_curl
async def test_curl_uploads(
    https: HttpsService,
    server_certificate: tuple[Path, Path],
    gateway: SimulatedGateway,
    local: Path,
) -> None:
    status, output = await curl(
        https, server_certificate[0], "clinic-token", "/v1/outbox/claims/", "-T", local
    )
    assert status == 0, output
    assert gateway.submitted() == [("a.837", DATA)]


@needs_curl
async def test_curl_with_a_wrong_token_is_told_so(
    https: HttpsService,
    server_certificate: tuple[Path, Path],
    gateway: SimulatedGateway,
    local: Path,
) -> None:
    status, output = await curl(
        https, server_certificate[0], "wrong", "/v1/outbox/claims/", "-T", local
    )
    assert status != 0
    assert "urn:lazaretto:problem:unauthorized" in output
    assert gateway.transfers == []


@needs_curl
async def test_curl_resumes_a_download(
    https: HttpsService,
    server_certificate: tuple[Path, Path],
    gateway: SimulatedGateway,
    tmp_path: Path,
) -> None:
    parcel = gateway.deliver(DATA)
    target = tmp_path / "got"
    target.write_bytes(DATA[:1_000_000])
    path = f"/v1/inbox/{parcel.transfer}/content"
    status, output = await curl(
        https, server_certificate[0], "payer-token", path, "-C", "-", "-o", target
    )
    assert status == 0, output
    assert target.read_bytes() == DATA
