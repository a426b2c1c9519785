"""Copies of checkpoints leave the house; a witness of ours on loopback checks what it is asked."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.ledger import note as notes
from gateway.ledger import tree
from gateway.ledger.sequencer import Signed
from gateway.ledger.verify_note import Key, Note, NoteFaultError
from gateway.ledger.verify_tree import check_consistency
from gateway.publishing import Place, Publisher
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
SIGNER = notes.Signer("log.example/test", LOG_KEY)
NAME = "witness.example"


def grown(size: int) -> tree.Growth:
    growth = tree.Growth(lambda _level, _number: b"", 0)
    growth.add([tree.leaf_hash(b"leaf %d" % number) for number in range(size)])
    return growth


TREE = grown(40)


def signed(size: int, previous: int = 0) -> Signed:
    return Signed(size, SIGNER.sign(size, tree.root(TREE.tile, size)), previous)


def witness_key(name: str = NAME) -> Key:
    public = WITNESS_KEY.public_key().public_bytes_raw()
    identity = notes.key_id(name, 4, public).hex()
    return Key.parse(f"{name}+{identity}+{base64.b64encode(bytes([4]) + public).decode()}")


def cosign(note: Note, moment: int) -> str:
    message = f"cosignature/v1\ntime {moment}\n{note.text}".encode()
    blob = witness_key().identity(NAME) + moment.to_bytes(8, "big") + WITNESS_KEY.sign(message)
    return f"\u2014 {NAME} {base64.b64encode(blob).decode()}\n"


@dataclass
class Witness:
    """Follows C2SP ``tlog-witness``: it cosigns what grew out of what it saw last."""

    note: Note | None = None
    bodies: list[str] = field(default_factory=list)
    lies: bool = False
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def add_checkpoint(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.bodies.append(body)
        head, _, text = body.partition("\n\n")
        old, *hashes = head.split("\n")
        note = Note.parse(text)
        note.check(Key.parse(SIGNER.verifier_key))
        seen = self.note.size if self.note else 0
        if int(old.removeprefix("old ")) != seen:
            return web.Response(status=409, text=f"{seen}\n")
        if self.note and seen < note.size:
            proof = [base64.b64decode(line) for line in hashes]
            check_consistency(seen, self.note.root, note.size, note.root, proof)
        self.note = note
        self.taken.set()
        other = Note.parse(SIGNER.sign(note.size, bytes(32)))
        return web.Response(text=cosign(other if self.lies else note, int(time.time())))


@dataclass
class Keeper:
    """Keeps what it is sent."""

    status: int = 200
    bodies: list[str] = field(default_factory=list)
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def add_checkpoint(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.text())
        self.taken.set()
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


Serve = Callable[["Witness | Keeper"], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[TestServer] = []

    async def start(host: Witness | Keeper) -> str:
        app = web.Application()
        app.router.add_post("/add-checkpoint", host.add_checkpoint)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return str(server.make_url("/add-checkpoint"))

    yield start
    for server in servers:
        await server.close()


@dataclass
class Bench:
    """A publisher with what it stores."""

    file: Path
    places: Sequence[Place]
    cosigned: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publisher = Publisher(
            self.file,
            self.places,
            lambda old, size: tree.consistency(TREE.tile, old, size),
            self.cosigned.__setitem__,
            0.01,
        )

    async def post(self, *checkpoints: Signed, until: asyncio.Event) -> None:
        """Publish one after the other, each once the one before was taken."""
        running = asyncio.create_task(self.publisher.run())
        try:
            for checkpoint in checkpoints:
                until.clear()
                await self.publisher.publish(checkpoint)
                async with asyncio.timeout(10):
                    await until.wait()
            await eventually(lambda: self.places[0].seen == checkpoints[-1].size)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_the_newest_checkpoint_is_in_its_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "checkpoint", ())
    await bench.publisher.publish(signed(3))
    await bench.publisher.publish(signed(5, 3))
    assert (tmp_path / "checkpoint").read_text() == signed(5).note


async def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "missing" / "checkpoint", ())
    await bench.publisher.publish(signed(3))
    assert not (tmp_path / "missing").exists()


async def test_a_keeper_gets_each_checkpoint_as_it_is(tmp_path: Path, serve: Serve) -> None:
    keeper = Keeper()
    bench = Bench(tmp_path / "c", [Place(await serve(keeper))])
    await bench.post(signed(3), signed(5, 3), until=keeper.taken)
    assert keeper.bodies == [signed(3).note, signed(5).note]


async def test_a_witness_sees_that_the_log_only_grew_and_its_cosignature_is_kept(
    tmp_path: Path, serve: Serve
) -> None:
    witness = Witness()
    bench = Bench(tmp_path / "c", [Place(await serve(witness), witness_key())])
    await bench.post(signed(3), signed(17, 3), signed(40, 17), until=witness.taken)
    for size in (3, 17, 40):
        note = Note.parse(bench.cosigned[size])
        note.check(Key.parse(SIGNER.verifier_key))
        assert note.cosigned(witness_key())


async def test_a_witness_that_remembers_more_than_we_do_is_asked_again(
    tmp_path: Path, serve: Serve
) -> None:
    witness = Witness(Note.parse(signed(17).note))
    bench = Bench(tmp_path / "c", [Place(await serve(witness), witness_key())])
    await bench.post(signed(40), until=witness.taken)
    assert [body.split("\n")[0] for body in witness.bodies] == ["old 0", "old 17"]
    assert Note.parse(bench.cosigned[40]).cosigned(witness_key())


async def refused(bench: Bench, until: asyncio.Event, checkpoint: Signed) -> None:
    running = asyncio.create_task(bench.publisher.run())
    await bench.publisher.publish(checkpoint)
    await eventually(lambda: until.is_set() and bench.publisher.failed > 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_cosignature_of_something_else_is_not_kept(tmp_path: Path, serve: Serve) -> None:
    witness = Witness(lies=True)
    bench = Bench(tmp_path / "c", [Place(await serve(witness), witness_key())])
    await refused(bench, witness.taken, signed(3))
    assert bench.cosigned == {}


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_place_that_does_not_take_it_is_tried_with_the_next(
    tmp_path: Path, serve: Serve, status: int
) -> None:
    keeper = Keeper(status)
    bench = Bench(tmp_path / "c", [Place(await serve(keeper))])
    await refused(bench, keeper.taken, signed(3))
    keeper.status = 200
    await bench.post(signed(5, 3), until=keeper.taken)
    assert keeper.bodies[-1] == signed(5).note


@dataclass
class Dribbling(Witness):
    """Its answer comes in two pieces, the second once the first was taken up."""

    async def add_checkpoint(self, request: web.Request) -> web.StreamResponse:
        whole = await super().add_checkpoint(request)
        assert isinstance(whole, web.Response)
        response = web.StreamResponse(status=whole.status)
        await response.prepare(request)
        text = (whole.text or "").encode()
        await response.write(text[:9])
        await asyncio.sleep(0.05)
        await response.write(text[9:])
        return response


async def test_a_cosignature_that_comes_in_pieces_is_kept(tmp_path: Path, serve: Serve) -> None:
    witness = Dribbling()
    bench = Bench(tmp_path / "c", [Place(await serve(witness), witness_key())])
    await bench.post(signed(3), until=witness.taken)
    assert Note.parse(bench.cosigned[3]).cosigned(witness_key())


@dataclass
class Absurd(Witness):
    """Says that it saw a log of another size, which is no size."""

    size: str = ""
    absurd: bool = True

    async def add_checkpoint(self, request: web.Request) -> web.StreamResponse:
        if not self.absurd:
            return await super().add_checkpoint(request)
        self.taken.set()
        return web.Response(status=409, text=self.size)


@pytest.mark.parametrize("size", ["9" * 5000, "\N{SUPERSCRIPT TWO}", "", "-1", "1e3"])
async def test_a_witness_that_talks_nonsense_does_not_end_publishing(
    tmp_path: Path, serve: Serve, size: str
) -> None:
    witness = Absurd(size=size)
    bench = Bench(tmp_path / "c", [Place(await serve(witness), witness_key())])
    running = asyncio.create_task(bench.publisher.run())
    await bench.publisher.publish(signed(3))
    await eventually(lambda: bench.publisher.failed > 0 or running.done())
    witness.absurd = False
    await bench.publisher.publish(signed(5, 3))
    await eventually(lambda: 5 in bench.cosigned or running.done())
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# -- notes


NOTE = signed(40).note
BROKEN = {
    "nothing": "",
    "no signature": NOTE.split("\n\n")[0],
    "no size": NOTE.replace("\n40\n", "\nx\n"),
    "a size with a zero in front": NOTE.replace("\n40\n", "\n040\n"),
    "a root that is too short": NOTE.replace(NOTE.split("\n")[2], "AAAA"),
    "a line that is no signature": NOTE + "witness\n",
    "a signature that is no Base64": NOTE + "\u2014 a !!\n",
    "too long": NOTE + "\u2014 a AAAA\n" * 200_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_checkpoint_is_refused(name: str) -> None:
    with pytest.raises(NoteFaultError):
        Note.parse(BROKEN[name])


KEY = SIGNER.verifier_key


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+00000000+AAAA", KEY.replace("log.example", "log.examplf"), KEY[:-8],
     "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteFaultError):
        Key.parse(text)


def test_a_key_that_another_program_wrote_is_read() -> None:
    # The example of golang.org/x/mod/sumdb/note, whose format signed-note is.
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = Key.parse(text)
    assert (key.name, key.algorithm, key.identity(key.name).hex()) == (
        "PeterNeumann", 1, "c74f20a3",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["", "a b", "a+b", "\u00e9", "x" * 201])
def test_a_log_cannot_be_called_what_notes_cannot_hold(name: str) -> None:
    with pytest.raises(notes.NoteError):
        notes.Signer(name, LOG_KEY)


def test_a_log_without_a_name_is_called_after_its_key() -> None:
    pem = LOG_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert notes.Signer.from_pem(pem).origin.startswith("lazaretto/")
