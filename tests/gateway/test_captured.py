"""What a scanner, a sealer and an opener reach once a hostile file has taken them over."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pysequoia
import pytest

from gateway.lifecycle import State
from gateway.opener import ProcessOpener
from gateway.opening import Opening
from gateway.payloads import Payloads
from gateway.pipeline import Pipeline
from gateway.records import LoggedReleases
from gateway.sandbox import clean_environment
from gateway.scanner import ProcessScanner
from gateway.sealer import ProcessSealer
from keys.openpgp import certificate_of, generate_gateway_key
from tests.support.attempts import successful
from tests.support.works import CLEAN, Works

SUPPORT: Final = Path(__file__).parent.parent / "support"
COUNT: Final = 72
"""Attempts by each of them: the table in docs/threat-model.md lists them."""
pytestmark = pytest.mark.skipif(
    os.uname().machine not in {"x86_64", "aarch64"}, reason="no seccomp filter for this machine"
)


def program(kind: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-s", str(SUPPORT / f"captured_{kind}.py"))


@pytest.fixture(scope="module")
def payer() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Payer <payer@example.org>")


@pytest.fixture
def key_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "openpgp.pgp"
    path.write_bytes(generate_gateway_key("Gateway <gateway@example.org>"))
    path.chmod(0o600)
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.with_name("dropped").exists()


@pytest.fixture
async def captured(works: Works, key_file: Path, payer: pysequoia.Tsk) -> AsyncIterator[Works]:
    """Everything between a staged file and a mailbox, with a scanner and a sealer to capture."""
    certificate = payer.extract_certificate()
    works.certificates.known["payer"] = (certificate.fingerprint, bytes(certificate))
    payloads = Payloads(works.disk, works.kek)
    scanner = ProcessScanner(memory=2**29, strict=True, command=(*program("scan"), str(key_file)))
    sealer = ProcessSealer(key_file, strict=True, command=program("seal"))
    works.pipeline = Pipeline(
        ledger=works.ledger, disk=works.disk, keys=works.kek, payloads=payloads,
        scanner=scanner, sealer=sealer,
        opening=Opening(works.disk, payloads, works.opener, works.senders),
        policy=lambda: works.policy, certificates=works.certificates,
        releases=LoggedReleases(works.database), watcher=works.seen,
    )  # fmt: skip
    yield works
    await scanner.aclose()
    await sealer.close()


async def test_a_captured_scanner_and_sealer_reach_nothing_and_the_next_transfer_passes(
    captured: Works, key_file: Path, payer: pysequoia.Tsk
) -> None:
    captured.name = "captured.csv"
    hostile = captured.stage(CLEAN)
    await captured.all_steps()
    for tried in (json.loads(captured.seen.reports[0].notes[-1]),
                  json.loads(captured.sealed(hostile))):  # fmt: skip
        assert (successful(tried), len(tried)) == ({}, COUNT)

    captured.name = "march.csv"
    content = CLEAN.replace(b"40", b"41")
    honest = captured.stage(content)
    assert (await captured.all_steps())[-1] is State.DELIVERED
    opened = pysequoia.decrypt(captured.sealed(honest), payer.decryptor())
    assert opened.bytes == content


async def test_a_captured_opener_reaches_nothing_and_the_next_message_opens(
    key_file: Path,
) -> None:
    message = io.BytesIO(for_gateway(key_file))
    said = bytearray()
    hostile = ProcessOpener(key_file, strict=True, command=program("open"))
    await hostile.open(message, (), said.extend)
    tried = json.loads(said)
    assert (successful(tried), len(tried)) == ({}, COUNT)

    opened = bytearray()
    await ProcessOpener(key_file, strict=True).open(message, (), opened.extend)
    assert bytes(opened) == CLEAN


def for_gateway(key_file: Path) -> bytes:
    gateway = pysequoia.Cert.from_bytes(certificate_of(key_file.read_bytes()))
    return pysequoia.encrypt(CLEAN, [gateway], armor=False)


HARMLESS: Final = [
    "read the key file", "list its directory", "read the users", "write a new file", "inet socket",
    "unix socket", "netlink socket", "a pair of sockets", "fork", "fork-bomb", "start a thread",
    "spawn a program", "signal", "clone", "memfd_create", "map 64 GiB",
]  # fmt: skip
"""Attempts that an ordinary process is allowed and that do no harm to the machine."""

UNCONFINED = """
import json, os, sys
from pathlib import Path
from tests.support import attempts
key = Path(sys.argv[1])
works = {**attempts.of_files(key, os.getppid()), **attempts.of_sockets(),
         **attempts.of_processes(os.getppid()), **attempts.of_memory()}
print(json.dumps({n: attempts.tried(works[n]) if n in works else attempts.called(n)
                  for n in sys.argv[2:]}))
"""


def test_the_attempts_are_real(key_file: Path) -> None:
    """Where nothing is confined they work, so their failure elsewhere says something."""
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", UNCONFINED, str(key_file), *HARMLESS],
        env=clean_environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    key_file.with_name("dropped").unlink()
    tried = json.loads(done.stdout)
    refused = {name for name, said in tried.items() if name not in successful({name: said})}
    # A system may deny a 64 GiB map to everybody, or netlink in a container.
    assert refused <= {"map 64 GiB", "netlink socket"}
