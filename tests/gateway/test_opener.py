"""Messages for the gateway are opened in a process of their own, within limits, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pysequoia
import pytest

from dlp.budget import Budget
from dlp.model import NotReadableError, Obstacle
from gateway.opener import ProcessOpener
from gateway.process_ports import OpenError, UnverifiedError
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from tests.support.packed_messages import packed

MIB = 2**20
SECRET = generate_gateway_key("Gateway <gateway@example.org>")
GATEWAY = pysequoia.Cert.from_bytes(certificate_of(SECRET))
CLINIC_KEY = generate_partner_key("Clinic", "clinic@example.org")
CLINIC = pysequoia.Tsk.from_bytes(CLINIC_KEY)
CLINIC_CERTIFICATE = bytes(CLINIC.extract_certificate())
STRANGER = pysequoia.Tsk.generate("Stranger <stranger@example.org>")
CONTENT = b"month,claims\n2026-01,40\n" * 1000


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "openpgp.pgp"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def opener(key_file: Path) -> ProcessOpener:
    return ProcessOpener(key_file)


def sealed(
    content: bytes, *, to: pysequoia.Cert = GATEWAY, signer: pysequoia.Tsk | None = None,
    armor: bool = False,
) -> bytes:  # fmt: skip
    signing = signer.signer() if signer else None
    return pysequoia.encrypt(content, [to], signer=signing, armor=armor)


async def opened(opener: ProcessOpener, message: bytes, *certificates: bytes) -> tuple[bytes, str]:
    out = bytearray()
    signer = await opener.open(io.BytesIO(message), certificates, out.extend)
    return bytes(out), signer


async def obstacle(opener: ProcessOpener, message: bytes) -> Obstacle:
    with pytest.raises(NotReadableError) as error:
        await opened(opener, message)
    return error.value.obstacle


def openers(key_file: Path) -> list[psutil.Process]:
    """The running opener processes of this test."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if str(key_file) in child.cmdline():
                found.append(child)
    return found


@pytest.fixture
def gpg() -> Iterator[Callable[..., bytes]]:
    """GnuPG as a sender has it, with the gateway's certificate in its ring."""
    if not shutil.which("gpg"):
        pytest.skip("GnuPG is not on this machine")
    # Its agent's socket must fit into 108 characters, and pytest's directories may not.
    home = tempfile.mkdtemp(prefix="gpg")

    def run(*arguments: str, data: bytes) -> bytes:
        command = ["gpg", "--homedir", home, "--batch", "--quiet", "--trust-model", "always"]
        done = subprocess.run([*command, *arguments], input=data, capture_output=True, check=True)
        return done.stdout

    try:
        run("--import", data=certificate_of(SECRET))
        yield run
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("armor", [False, True])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT, os.urandom(3 * MIB)])
async def test_a_message_for_the_gateway_opens(
    opener: ProcessOpener, content: bytes, armor: bool
) -> None:
    assert await opened(opener, sealed(content, armor=armor)) == (content, "")


@pytest.mark.parametrize(
    "options",
    [
        ["--recipient", fingerprint(SECRET)],
        ["--recipient", fingerprint(SECRET), "--armor", "--textmode"],
        ["--hidden-recipient", fingerprint(SECRET)],
        ["--recipient", fingerprint(SECRET), "--compress-algo", "zlib"],
        ["--recipient", fingerprint(SECRET), "--symmetric", "--passphrase", "word",
         "--pinentry-mode", "loopback"],
    ],
)  # fmt: skip
async def test_what_gnupg_encrypts_opens(
    opener: ProcessOpener, gpg: Callable[..., bytes], options: list[str]
) -> None:
    message = gpg("--encrypt", *options, data=CONTENT)
    assert (await opened(opener, message))[0].replace(b"\r\n", b"\n") == CONTENT


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--cipher-algo", "3DES"], Obstacle.ENCRYPTED),
        (["--compress-algo", "bzip2"], Obstacle.MALFORMED),
    ],
)
async def test_what_sequoia_does_not_open_is_refused_by_name(
    opener: ProcessOpener, gpg: Callable[..., bytes], options: list[str], expected: Obstacle
) -> None:
    message = gpg("--encrypt", "--recipient", fingerprint(SECRET), *options, data=CONTENT)
    assert await obstacle(opener, message) is expected


async def test_a_foreign_key_is_named_with_what_to_do(opener: ProcessOpener) -> None:
    message = sealed(CONTENT, to=STRANGER.extract_certificate())
    with pytest.raises(NotReadableError, match=fingerprint(SECRET)) as error:
        await opened(opener, message)
    assert error.value.obstacle is Obstacle.ENCRYPTED


async def test_a_password_is_named(opener: ProcessOpener) -> None:
    message = pysequoia.encrypt(CONTENT, passwords=["word"], armor=False)
    assert await obstacle(opener, message) is Obstacle.ENCRYPTED


@pytest.mark.parametrize("cut", [1, 30, 5_000])
async def test_a_message_cut_short_is_malformed(opener: ProcessOpener, cut: int) -> None:
    assert await obstacle(opener, sealed(os.urandom(30_000))[:-cut]) is Obstacle.MALFORMED


async def test_damage_at_the_end_of_a_long_message_is_seen_though_plaintext_came(
    opener: ProcessOpener, gpg: Callable[..., bytes]
) -> None:
    options = ("--recipient", fingerprint(SECRET), "--compress-algo", "none")
    message = bytearray(gpg("--encrypt", *options, data=os.urandom(80 * MIB)))
    message[-10] ^= 1
    out: list[int] = []
    with pytest.raises(NotReadableError) as error:
        await opener.open(io.BytesIO(message), (), lambda piece: out.append(len(piece)))
    assert error.value.obstacle is Obstacle.MALFORMED
    assert sum(out) > 0  # so the caller has to drop it


async def test_damage_within_a_chunk_of_a_long_message_is_seen(opener: ProcessOpener) -> None:
    message = bytearray(sealed(os.urandom(40 * MIB)))
    message[-30] ^= 1
    assert await obstacle(opener, bytes(message)) is Obstacle.MALFORMED


async def test_text_after_an_armored_message_is_refused(opener: ProcessOpener) -> None:
    message = sealed(CONTENT, armor=True)
    assert await obstacle(opener, message + b"\nJane Roe\n") is Obstacle.MALFORMED
    assert (await opened(opener, message + b"\r\n \n" * 100_000))[0] == CONTENT


async def test_a_message_that_unpacks_to_far_more_is_a_bomb(
    opener: ProcessOpener, gpg: Callable[..., bytes]
) -> None:
    message = gpg("--encrypt", "--recipient", fingerprint(SECRET), data=bytes(64 * MIB))
    assert len(message) < MIB
    assert await obstacle(opener, message) is Obstacle.BOMB


async def test_a_message_larger_than_the_budget_is_too_large(key_file: Path) -> None:
    small = ProcessOpener(key_file, Budget(bytes=MIB))
    assert await obstacle(small, sealed(os.urandom(2 * MIB))) is Obstacle.TOO_LARGE


async def test_time_runs_out(key_file: Path) -> None:
    hasty = ProcessOpener(key_file, Budget(seconds=0))
    assert await obstacle(hasty, sealed(CONTENT)) is Obstacle.TIMEOUT


async def test_a_signature_of_the_sender_is_named(opener: ProcessOpener) -> None:
    message = sealed(CONTENT, signer=CLINIC)
    assert await opened(opener, message, CLINIC_CERTIFICATE) == (
        CONTENT, fingerprint(CLINIC_CERTIFICATE),
    )  # fmt: skip


@pytest.mark.parametrize(("signer", "signed"), [(None, False), (STRANGER, True)])
async def test_no_signature_of_the_sender_is_said(
    opener: ProcessOpener, signer: pysequoia.Tsk | None, signed: bool
) -> None:
    with pytest.raises(UnverifiedError) as error:
        await opened(opener, sealed(CONTENT, signer=signer), CLINIC_CERTIFICATE)
    assert error.value.signed is signed


async def signer_of(opener: ProcessOpener, message: bytes, content: bytes) -> str:
    """What the sender's signature in a packed message says, once it is known to be packed."""
    with pytest.raises(UnverifiedError) as error:
        await opened(opener, message, CLINIC_CERTIFICATE)
    assert error.value.packed
    assert (await opened(opener, message))[0] == content
    return await opener.signer(io.BytesIO(message), io.BytesIO(content), [CLINIC_CERTIFICATE])


@pytest.mark.parametrize("options", [(), ("--armor",), ("--compress-algo", "zlib")])
async def test_what_gnupg_signs_and_packs_names_its_signer(
    opener: ProcessOpener, gpg: Callable[..., bytes], options: tuple[str, ...]
) -> None:
    gpg("--import", data=CLINIC_KEY)
    message = gpg("--sign", "--encrypt", "--recipient", fingerprint(SECRET), *options, data=CONTENT)
    assert await signer_of(opener, message, CONTENT) == fingerprint(CLINIC_CERTIFICATE)


@pytest.mark.parametrize("content", [b"x", CONTENT, b"-----BEGIN PGP MESSAGE-----\nand text"])
async def test_the_signer_of_a_packed_message_is_named(
    opener: ProcessOpener, content: bytes
) -> None:
    message = packed(content, certificate_of(SECRET), [CLINIC_KEY])
    assert await signer_of(opener, message, content) == fingerprint(CLINIC_CERTIFICATE)


async def test_of_several_signatures_the_senders_counts(opener: ProcessOpener) -> None:
    stranger = generate_partner_key("Stranger", "stranger@example.org")
    message = packed(CONTENT, certificate_of(SECRET), [CLINIC_KEY, stranger])
    signer = await opener.signer(io.BytesIO(message), io.BytesIO(CONTENT), [CLINIC_CERTIFICATE])
    assert signer == fingerprint(CLINIC_CERTIFICATE)


async def test_a_signature_over_other_content_is_nobodys(opener: ProcessOpener) -> None:
    message = packed(CONTENT, certificate_of(SECRET), [CLINIC_KEY])
    with pytest.raises(UnverifiedError):
        await opener.signer(io.BytesIO(message), io.BytesIO(b"else"), [CLINIC_CERTIFICATE])


async def test_a_message_whose_signatures_cannot_be_found_is_unverified(
    opener: ProcessOpener,
) -> None:
    message = sealed(CONTENT, signer=CLINIC)  # in version 2 of the encrypted packet
    with pytest.raises(UnverifiedError):
        await opener.signer(io.BytesIO(message), io.BytesIO(CONTENT), [CLINIC_CERTIFICATE])


async def test_the_check_of_a_packed_message_runs_out_of_time(key_file: Path) -> None:
    hasty = ProcessOpener(key_file, Budget(seconds=0))
    message = packed(CONTENT, certificate_of(SECRET), [CLINIC_KEY])
    with pytest.raises(NotReadableError) as error:
        await hasty.signer(io.BytesIO(message), io.BytesIO(CONTENT), [CLINIC_CERTIFICATE])
    assert error.value.obstacle is Obstacle.TIMEOUT


async def test_memory_does_not_grow_with_the_message(opener: ProcessOpener, key_file: Path) -> None:
    """100 MiB through a process that stays under 250 MiB, each byte as it was."""
    content = os.urandom(MIB) * 100
    peak, at = 0, 0

    def write(piece: bytes) -> None:
        nonlocal peak, at
        assert content[at : at + len(piece)] == piece
        at += len(piece)
        peak = max(peak, *(child.memory_info().rss for child in openers(key_file)))

    await opener.open(io.BytesIO(sealed(content)), (), write)
    assert at == len(content)
    assert 0 < peak < 250 * MIB


async def test_what_the_writer_raises_comes_out_and_leaves_no_process(
    opener: ProcessOpener, key_file: Path
) -> None:
    def full(_: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await opener.open(io.BytesIO(sealed(CONTENT)), (), full)
    assert not openers(key_file)


async def test_cancelling_leaves_no_process(opener: ProcessOpener, key_file: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_: bytes) -> None:
        loop.call_soon_threadsafe(begun.set)
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(20)

    task = asyncio.create_task(opener.open(io.BytesIO(sealed(CONTENT)), (), hold))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not openers(key_file)


async def test_an_opener_that_is_killed_gives_nothing(
    opener: ProcessOpener, key_file: Path
) -> None:
    def kill(_: bytes) -> None:
        for child in openers(key_file):
            child.send_signal(signal.SIGKILL)

    with pytest.raises(OpenError):
        await opener.open(io.BytesIO(sealed(os.urandom(60 * MIB))), (), kill)
    assert (await opened(opener, sealed(CONTENT)))[0] == CONTENT


def liar(key_file: Path, tmp_path: Path, lie: str) -> ProcessOpener:
    """An opener that its message captured: it writes what it likes and says ``lie``."""
    script = tmp_path / "liar.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, socket, struct, sys
        control = socket.socket(fileno=int(sys.argv[1]))
        say = lambda text: control.sendall(struct.pack("!I", len(text)) + text.encode())
        say('{{"fingerprint": "", "confinement": {{"landlock": 9, "seccomp": true, '
            '"network_namespace": true, "no_capabilities": true}}}}')
        os.write(int(sys.argv[3]), b"made up")
        if {lie!r} == "all well":
            os.close(int(sys.argv[3]))
            while os.read(int(sys.argv[2]), 2**20):
                pass
            say('{{"opened": ""}}')
        elif {lie!r}:
            say({lie!r})
        control.recv(2**20)
        """)
    )
    return ProcessOpener(key_file, command=(sys.executable, "-P", str(script)))


@pytest.mark.parametrize(
    "lie",
    [
        '{"opened": ""}',  # having read nothing
        '{"opened": 7}',
        '{"fault": "nonsense"}',
        "[]",
        "nonsense",
        "",
    ],
)
async def test_an_opener_that_lies_gives_nothing(key_file: Path, tmp_path: Path, lie: str) -> None:
    with pytest.raises(OpenError):
        await opened(liar(key_file, tmp_path, lie), sealed(os.urandom(5 * MIB)))


async def test_an_opener_that_makes_signatures_up_verifies_nothing(
    key_file: Path, tmp_path: Path
) -> None:
    message = io.BytesIO(packed(CONTENT, certificate_of(SECRET), [CLINIC_KEY]))
    with pytest.raises(OpenError, match="gave no signatures"):
        await liar(key_file, tmp_path, "all well").signer(
            message, io.BytesIO(CONTENT), [CLINIC_CERTIFICATE]
        )


@pytest.fixture
def public_key_file(key_file: Path) -> Path:
    key_file.write_bytes(certificate_of(SECRET))
    return key_file


async def test_a_key_that_does_not_decrypt_is_the_gateways_fault(public_key_file: Path) -> None:
    with pytest.raises(OpenError, match="no message can be opened"):
        await opened(ProcessOpener(public_key_file), sealed(CONTENT))


async def test_the_opener_can_do_nothing_but_read_and_write(key_file: Path) -> None:
    """Under strict mode it works, so the layers hold in it as they do in the scanner."""
    strict = ProcessOpener(key_file, strict=True)
    status = ""

    def look(_: bytes) -> None:
        nonlocal status
        (child,) = openers(key_file)
        status = Path(f"/proc/{child.pid}/status").read_text()

    await strict.open(io.BytesIO(sealed(os.urandom(60 * MIB))), (), look)
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (told["Seccomp"], told["NoNewPrivs"], int(told["CapEff"], 16)) == ("2", "1", 0)


async def test_bytes_that_cannot_be_read_are_not_the_messages_fault(opener: ProcessOpener) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > MIB:
                raise ValueError("Jane Roe")
            return super().read(size)

    with pytest.raises(OpenError) as error:
        await opener.open(Broken(sealed(os.urandom(5 * MIB))), (), lambda _: None)
    assert "Jane" not in str(error.value)
