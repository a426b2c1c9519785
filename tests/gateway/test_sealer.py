"""Sealed files open in every reader, and nothing that went wrong passes for sealed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pysequoia
import pytest

from gateway.process_ports import Sealer, SealError
from gateway.sandbox import clean_environment, confinement
from gateway.sealer import ProcessSealer
from keys.admission import admit
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from keys.pgpy_import import PGPKey, PGPMessage
from keys.segments import SegmentError, SegmentReader, SegmentWriter

MIB = 2**20
SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 20 * MIB]


@pytest.fixture(scope="module")
def secret() -> bytes:
    return generate_gateway_key("Gateway <gateway@example.org>")


@pytest.fixture(scope="module")
def payer() -> bytes:
    """A payer's secret key, as GnuPG and PGPy would make one."""
    return generate_partner_key("Payer", "payer@example.org")


@pytest.fixture(scope="module")
def recipient(payer: bytes) -> bytes:
    return certificate_of(payer)


@pytest.fixture
def key_file(secret: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "openpgp.pgp"
    path.write_bytes(secret)
    path.chmod(0o600)
    return path


@pytest.fixture
async def sealer(key_file: Path) -> AsyncIterator[ProcessSealer]:
    sealer = ProcessSealer(key_file)
    yield sealer
    await sealer.close()


@pytest.fixture
def output(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "sealed.pgp", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    yield fd
    os.close(fd)


@pytest.fixture
def sealed(tmp_path: Path) -> Callable[[], bytes]:
    return (tmp_path / "sealed.pgp").read_bytes


@pytest.fixture(scope="module")
def gpg(payer: bytes, secret: bytes) -> Iterator[Callable[..., tuple[bytes, str]]]:
    """GnuPG as the payer has it: arguments and input to (output, status lines)."""
    if not shutil.which("gpg"):
        pytest.skip("GnuPG is not on this machine")
    # Its agent's socket must fit into 108 characters, and pytest's directories may not.
    home = tempfile.mkdtemp(prefix="gpg")

    def run(*arguments: str, data: bytes) -> tuple[bytes, str]:
        command = ["gpg", "--homedir", home, "--batch", "--quiet", "--status-fd", "2", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, check=True)
        return done.stdout, done.stderr.decode("utf-8", "replace")

    try:
        run("--import", data=payer)
        run("--import", data=certificate_of(secret))
        yield run
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def sealing(key_file: Path) -> list[psutil.Process]:
    """The running sealer processes of this test, among whatever children the test run has."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if str(key_file) in child.cmdline():
                found.append(child)
    return found


def noise(size: int) -> bytes:
    return os.urandom(size)


def opened_by_sequoia(message: bytes, payer: bytes, secret: bytes) -> tuple[bytes, int]:
    """Content and number of good signatures."""
    cert = pysequoia.Cert.from_bytes(certificate_of(secret))
    decryptor = pysequoia.Tsk.from_bytes(payer).decryptor()
    opened = pysequoia.decrypt(message, decryptor=decryptor, store=lambda _ids: [cert])
    return opened.bytes or b"", len(opened.valid_sigs)


@pytest.mark.parametrize("size", SIZES)
async def test_sequoia_opens_it_to_the_original_bytes_with_a_good_signature(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    recipient: bytes,
    payer: bytes,
    secret: bytes,
    size: int,
) -> None:
    plain = noise(size)
    result = await sealer.seal(io.BytesIO(plain), recipient, output)
    assert opened_by_sequoia(sealed(), payer, secret) == (plain, 1)
    assert result.size == len(sealed())
    assert result.sha256 == hashlib.sha256(sealed()).hexdigest()


@pytest.mark.parametrize("size", SIZES)
async def test_gnupg_opens_it_to_the_original_bytes_with_a_good_signature(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    recipient: bytes,
    gpg: Callable[..., tuple[bytes, str]],
    size: int,
) -> None:
    plain = noise(size)
    await sealer.seal(io.BytesIO(plain), recipient, output)
    content, status = gpg("--decrypt", data=sealed())
    assert content == plain
    assert "[GNUPG:] GOODSIG" in status


@pytest.mark.parametrize("kind", ["default", "future-default", "rsa2048"])
async def test_gnupg_opens_what_is_sealed_for_a_key_of_its_own_making(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    gpg: Callable[..., tuple[bytes, str]],
    kind: str,
) -> None:
    address = f"{kind}@example.org"
    gpg("--passphrase", "", "--quick-gen-key", address, kind, data=b"")
    if kind == "rsa2048":
        primary = gpg("--with-colons", "--list-keys", address, data=b"")[0].decode()
        own = primary.split("fpr:::::::::")[1].split(":")[0]
        gpg("--passphrase", "", "--quick-add-key", own, "rsa2048", "encr", data=b"")
    exported, _ = gpg("--export", address, data=b"")
    admitted = admit(exported, datetime.now(UTC))
    await sealer.seal(io.BytesIO(b"claims"), admitted.certificate, output)
    content, status = gpg("--decrypt", data=sealed())
    assert content == b"claims"
    assert "[GNUPG:] GOODSIG" in status


@pytest.mark.filterwarnings("ignore:.* has been moved to cryptography.hazmat.decrepit")
@pytest.mark.filterwarnings("ignore:TODO. ")
@pytest.mark.parametrize("size", SIZES[:-1])
async def test_pgpy_opens_it_to_the_original_bytes_with_a_good_signature(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    recipient: bytes,
    payer: bytes,
    secret: bytes,
    size: int,
) -> None:
    plain = noise(size)
    await sealer.seal(io.BytesIO(plain), recipient, output)
    key, _ = PGPKey.from_blob(payer.decode())
    gateway, _ = PGPKey.from_blob(certificate_of(secret).decode())
    message = key.decrypt(PGPMessage.from_blob(sealed()))
    assert bytes(message.message) == plain
    assert gateway.verify(message)


async def test_it_seals_a_staged_file_without_its_plaintext_on_any_disk(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    recipient: bytes,
    payer: bytes,
    secret: bytes,
    tmp_path: Path,
) -> None:
    plain = b"JOHN SMITH 123-45-6789\n" * 200_000
    writer = SegmentWriter(bytes(32), b"t_1")
    staged = writer.header() + writer.update(plain) + writer.finish()
    await sealer.seal(SegmentReader(io.BytesIO(staged), bytes(32), b"t_1"), recipient, output)
    assert opened_by_sequoia(sealed(), payer, secret) == (plain, 1)
    assert not _files_with(tmp_path, b"JOHN SMITH")


def _files_with(directory: Path, content: bytes) -> list[Path]:
    return [path for path in directory.iterdir() if content in path.read_bytes()]


async def test_the_output_is_replaced_and_may_be_open_for_writing_alone(
    sealer: ProcessSealer, tmp_path: Path, recipient: bytes, payer: bytes, secret: bytes
) -> None:
    path = tmp_path / "used"
    path.write_bytes(noise(50_000))
    fd = os.open(path, os.O_WRONLY)
    try:
        result = await sealer.seal(io.BytesIO(b"short"), recipient, fd)
    finally:
        os.close(fd)
    assert result.size == path.stat().st_size
    assert opened_by_sequoia(path.read_bytes(), payer, secret) == (b"short", 1)


async def test_it_reads_from_the_start_wherever_the_source_stands(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    recipient: bytes,
    payer: bytes,
    secret: bytes,
) -> None:
    source = io.BytesIO(b"whole")
    source.seek(3)
    await sealer.seal(source, recipient, output)
    assert opened_by_sequoia(sealed(), payer, secret) == (b"whole", 1)


@pytest.mark.parametrize("name", ["claims 2026.837", "", "Übergabe-日本.csv", "x" * 4_000])
async def test_a_name_travels_as_a_small_signed_message(
    sealer: ProcessSealer, recipient: bytes, payer: bytes, secret: bytes, name: str
) -> None:
    message = await sealer.seal_name(name, recipient)
    assert opened_by_sequoia(message, payer, secret) == (name.encode(), 1)
    assert len(message) < len(name.encode()) + 1_000


async def test_one_process_seals_many_files(
    sealer: ProcessSealer,
    recipient: bytes,
    payer: bytes,
    secret: bytes,
    key_file: Path,
) -> None:
    messages = await asyncio.gather(*(sealer.seal_name(f"file {n}", recipient) for n in range(20)))
    opened = [opened_by_sequoia(message, payer, secret)[0] for message in messages]
    assert opened == [f"file {n}".encode() for n in range(20)]
    assert len(sealing(key_file)) == 1


class _Failing(io.BytesIO):
    """A staged file that turns out damaged after its first piece."""

    def __init__(self, error: Exception) -> None:
        super().__init__(bytes(3 * MIB))
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= MIB:
            raise self._error
        return super().read(size)


FAULTS = [
    SegmentError("segment 1 is not authentic"),
    OSError(5, "I/O error"),
    RuntimeError("SMITH"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_a_file_that_cannot_be_read_whole_is_not_sealed(
    sealer: ProcessSealer, output: int, recipient: bytes, fault: Exception
) -> None:
    with pytest.raises(SealError, match=type(fault).__name__) as caught:
        await sealer.seal(_Failing(fault), recipient, output)
    assert "SMITH" not in str(caught.value)


async def test_what_a_failed_file_leaves_opens_nowhere(
    sealer: ProcessSealer,
    output: int,
    sealed: Callable[[], bytes],
    recipient: bytes,
    payer: bytes,
    secret: bytes,
) -> None:
    """A closed pipe would be the end of the file to Sequoia, and the half a signed whole."""
    with pytest.raises(SealError):
        await sealer.seal(_Failing(FAULTS[0]), recipient, output)
    with pytest.raises(Exception, match=r"(?i)eof|truncated|malformed|end of|rejected"):
        opened_by_sequoia(sealed(), payer, secret)


class _Shrinking(io.BytesIO):
    """A source that ends before the size that it gave."""

    def read(self, size: int | None = -1, /) -> bytes:
        return b"" if self.tell() >= MIB else super().read(size)


async def test_a_source_that_ends_early_is_not_sealed(
    sealer: ProcessSealer, output: int, recipient: bytes
) -> None:
    with pytest.raises(SealError, match="gave 1048576 bytes where it has 3145728"):
        await sealer.seal(_Shrinking(bytes(3 * MIB)), recipient, output)


class _Paused(io.BytesIO):
    """A source that says when its second piece is asked for, and gives it when told to."""

    def __init__(self) -> None:
        super().__init__(bytes(3 * MIB))
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= MIB:
            self.reached.set()
            assert self.go_on.wait(30)
        return super().read(size)


async def test_a_killed_child_means_not_sealed_and_the_next_file_gets_a_new_one(
    sealer: ProcessSealer,
    output: int,
    recipient: bytes,
    payer: bytes,
    secret: bytes,
    key_file: Path,
) -> None:
    source = _Paused()
    job = asyncio.create_task(sealer.seal(source, recipient, output))
    await asyncio.to_thread(source.reached.wait, 30)
    (child,) = sealing(key_file)
    child.send_signal(signal.SIGKILL)
    source.go_on.set()
    with pytest.raises(SealError, match="died"):
        await job
    message = await sealer.seal_name("next", recipient)
    assert opened_by_sequoia(message, payer, secret) == (b"next", 1)


async def test_cancelling_kills_the_child_and_the_next_file_gets_a_new_one(
    sealer: ProcessSealer,
    output: int,
    recipient: bytes,
    key_file: Path,
) -> None:
    source = _Paused()
    job = asyncio.create_task(sealer.seal(source, recipient, output))
    await asyncio.to_thread(source.reached.wait, 30)
    (child,) = sealing(key_file)
    job.cancel()
    source.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not child.is_running()
    assert await sealer.seal_name("next", recipient)


async def test_a_file_that_takes_too_long_is_given_up(
    key_file: Path, output: int, recipient: bytes
) -> None:
    sealer = ProcessSealer(key_file, seconds=0.5)
    await sealer.start()
    source = _Paused()
    threading.Timer(3.0, source.go_on.set).start()
    with pytest.raises(SealError, match="not sealed within 2 seconds"):
        await sealer.seal(source, recipient, output)
    assert not sealing(key_file)
    await sealer.close()


@pytest.fixture(scope="module")
def unusable(recipient: bytes) -> dict[str, bytes]:
    """Certificates that Sequoia's binding would seal for, or that are none."""
    revoked = PGPKey.from_blob(generate_partner_key("Payer", "p@example.org").decode())[0]
    revoked |= revoked.revoke(revoked)
    expired = pysequoia.Tsk.generate("Payer", validity_seconds=1)
    time.sleep(2)
    return {
        "revoked": bytes(revoked.pubkey),
        "expired": bytes(expired.extract_certificate()),
        "cut short": recipient[:200],
        "empty": b"",
    }


@pytest.mark.parametrize("kind", ["revoked", "expired", "cut short", "empty"])
async def test_a_certificate_that_went_bad_after_it_was_admitted_is_refused(
    sealer: ProcessSealer, output: int, unusable: dict[str, bytes], kind: str
) -> None:
    with pytest.raises(SealError, match="recipient's certificate can't be used"):
        await sealer.seal(io.BytesIO(b"x"), unusable[kind], output)
    assert os.fstat(output).st_size == 0


async def test_a_child_that_refuses_says_why_and_goes_on(
    sealer: ProcessSealer,
    output: int,
    recipient: bytes,
    monkeypatch: pytest.MonkeyPatch,
    key_file: Path,
) -> None:
    await sealer.start()
    (before,) = sealing(key_file)
    monkeypatch.setattr("gateway.sealer.refusals", lambda _blob, _now: [])
    for certificate in (b"", b"garbage", recipient[:200]):
        with pytest.raises(SealError, match="not sealed") as caught:
            await sealer.seal(io.BytesIO(bytes(5 * MIB)), certificate, output)
        assert "\n" not in str(caught.value)
    assert await sealer.seal_name("next", recipient)
    assert sealing(key_file) == [before]


async def test_a_full_disk_is_an_error(sealer: ProcessSealer, recipient: bytes) -> None:
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(SealError, match="No space left"):
            await sealer.seal(io.BytesIO(bytes(MIB)), recipient, fd)
    finally:
        os.close(fd)


@pytest.mark.parametrize("content", [None, b"garbage", "public"])
async def test_an_unusable_gateway_key_shows_at_the_start_and_is_not_quoted(
    tmp_path: Path, secret: bytes, content: bytes | str | None
) -> None:
    path = tmp_path / "bad.pgp"
    if content is not None:
        path.write_bytes(certificate_of(secret) if isinstance(content, str) else content)
    sealer = ProcessSealer(path)
    with pytest.raises(SealError, match="can't use the gateway's OpenPGP key") as caught:
        await sealer.start()
    assert "\n" not in str(caught.value)
    assert not sealing(path)


async def test_it_says_which_key_it_signs_with(sealer: ProcessSealer, secret: bytes) -> None:
    port: Sealer = sealer
    await sealer.start()
    assert isinstance(port, ProcessSealer)
    assert port.fingerprint == fingerprint(secret)


async def test_closing_ends_the_child(sealer: ProcessSealer, key_file: Path) -> None:
    await sealer.start()
    await sealer.close()
    assert not sealing(key_file)


PARENT = """
import asyncio, sys
from pathlib import Path
from gateway.sealer import ProcessSealer
async def main():
    sealer = ProcessSealer(Path(sys.argv[1]))
    await sealer.start()
    print(sealer._child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_the_child_dies_with_a_killed_parent(key_file: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PARENT, str(key_file)]
    environment = {"PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


async def test_the_child_inherits_no_environment(
    sealer: ProcessSealer,
    monkeypatch: pytest.MonkeyPatch,
    key_file: Path,
) -> None:
    monkeypatch.setenv("LAZARETTO_SECRET", "hush")
    await sealer.start()
    (child,) = sealing(key_file)
    assert set(child.environ()) == set(clean_environment()) | {"RUST_BACKTRACE"}


async def test_the_child_has_no_descriptor_but_its_own(
    sealer: ProcessSealer, output: int, key_file: Path
) -> None:
    """Neither the database nor another file may be open in it."""
    await sealer.start()
    (child,) = sealing(key_file)
    open_in_child = [str(fd.readlink()) for fd in _descriptors(child.pid)]
    assert sorted(name.partition(":")[0] for name in open_in_child) == [
        "/dev/null",
        "/dev/null",
        "/dev/null",
        "socket",
    ]


def _descriptors(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/fd").iterdir())


async def test_the_running_child_is_filtered_and_can_gain_no_privilege(
    sealer: ProcessSealer,
    key_file: Path,
) -> None:
    await sealer.start()
    (child,) = sealing(key_file)
    status = _status(child.pid)
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == 0
    assert sealer.confinement == confinement()


async def test_strict_seals_nothing_where_the_child_is_not_confined(
    key_file: Path, tmp_path: Path
) -> None:
    program = tmp_path / "unfenced_seal.py"
    program.write_text(
        "import sys\nfrom gateway import landlock, seal_process\n"
        "landlock.abi = lambda: 0\nsys.exit(seal_process.main(sys.argv[1:]))\n"
    )
    sealer = ProcessSealer(key_file, strict=True, command=[sys.executable, str(program)])
    with pytest.raises(SealError, match="can't be confined: no Landlock"):
        await sealer.start()
    assert not sealing(key_file)


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.replace("\t", "").split(":", 1) for line in lines)
