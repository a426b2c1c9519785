"""Opening OpenPGP messages for the gateway's own key, each in a confined process of its own.

See ``docs/decisions/0050-openpgp-input.md``. What a message may become is limited here, while it
streams: a few kilobytes can be made of gigabytes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from dlp.budget import Budget, Meter
from dlp.model import NotReadableError, Obstacle, Source
from gateway.open_child import COMMAND, OpenChild
from gateway.process_ports import OpenError, UnverifiedError
from gateway.staged_keys import present
from keys.openpgp_open import Fault
from keys.openpgp_packets import HEAD, ArmorEnd, is_armored
from keys.openpgp_stream import StreamError, parted

_PIECE: Final = 2**20
_ADVICE: Final = (
    "encrypt it for the gateway's certificate {fingerprint}, or send it unencrypted: SFTP and "
    "HTTPS protect it on the way"
)
_FAULTS: Final = {
    Fault.FOREIGN: (Obstacle.ENCRYPTED, "an OpenPGP message for other keys; " + _ADVICE),
    Fault.PASSWORD: (Obstacle.ENCRYPTED, "an OpenPGP message with a password; " + _ADVICE),
    Fault.NOT_ENCRYPTED: (
        Obstacle.UNSUPPORTED_TYPE,
        "an OpenPGP message that is signed or packed and not encrypted; send its content, or "
        + _ADVICE,
    ),
    Fault.UNPROTECTED: (
        Obstacle.MALFORMED,
        "an OpenPGP message without integrity protection: use a newer program to encrypt it",
    ),
    Fault.OUTDATED: (
        Obstacle.ENCRYPTED,
        "an OpenPGP message with a cipher that isn't secure any more: encrypt it with AES",
    ),
    Fault.DAMAGED: (
        Obstacle.MALFORMED,
        "an OpenPGP message that is damaged, cut short or packed with bzip2: make it anew",
    ),
}

log = structlog.get_logger()


class ProcessOpener:
    """Opens messages one at a time. (:class:`gateway.process_ports.Opener`).

    Args:
        gateway_key: The gateway's OpenPGP secret key, on disk, with its next and old ones beside
            it. Only the child reads them.
        budget: What one message may become.
        strict: Open nothing where files and system calls can't be fenced off.
        command: What to run as the opener.
    """

    def __init__(
        self,
        gateway_key: Path,
        budget: Budget | None = None,
        *,
        strict: bool = False,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._gateway_key = gateway_key
        self._budget = budget or Budget()
        self._strict = strict
        self._command = tuple(command)
        self._turn = asyncio.Lock()

    async def open(
        self, message: Source, certificates: Sequence[bytes], write: Callable[[bytes], None]
    ) -> str:
        """Hand the plaintext of ``message`` to ``write``, piece by piece, on another thread.

        Cancelling kills the process, and returns only when its thread has ended.

        Raises:
            NotReadableError: It can't be opened, now or later.
            UnverifiedError: It isn't signed by any of ``certificates``.
            OpenError: It may be opened later.
        """
        return await self._run("open", lambda: _Message(message), certificates, write)

    async def signer(self, message: Source, content: Source, certificates: Sequence[bytes]) -> str:
        """Check a packed message's signatures over what was opened of it.

        Raises:
            NotReadableError: There was no time for it.
            UnverifiedError: None is a good one by any of ``certificates``, or they can't be found.
            OpenError: It may be checked later.
        """
        found = bytearray()
        try:
            await self._run("signatures", lambda: _Message(message), (), found.extend)
        except NotReadableError as error:
            if error.obstacle is Obstacle.TIMEOUT:
                raise
            raise UnverifiedError(signed=True) from None
        for signature in _parted(bytes(found)):
            with suppress(UnverifiedError):
                feed = partial(_Content, content, signature)
                return await self._run("verify", feed, certificates, _nothing)
        raise UnverifiedError(signed=True)

    async def _run(
        self,
        work: str,
        feed: Callable[[], _Feed],
        certificates: Sequence[bytes],
        write: Callable[[bytes], None],
    ) -> str:
        async with self._turn:
            # On the event loop's own thread, which outlives any pool's: see OpenChild.start.
            keys = map(str, present(self._gateway_key))
            child = OpenChild.start(self._command, work, *keys)
            task = asyncio.create_task(
                asyncio.to_thread(self._work, child, feed, certificates, write)
            )
            try:
                return await asyncio.shield(task)
            finally:
                if not task.done():
                    child.kill()
                    await asyncio.wait({task})
                    task.exception()  # seen: what it raises is only that its child was killed

    def _work(
        self,
        child: OpenChild,
        feed: Callable[[], _Feed],
        certificates: Sequence[bytes],
        write: Callable[[bytes], None],
    ) -> str:
        try:
            child.wait_ready()
            self._check_confined(child)
            fed = feed()
            child.submit(fed.head, certificates)
            deadline = time.monotonic() + self._budget.seconds
            whole = child.exchange(fed.pieces(), self._limited(fed.size, write), deadline)
            return _signer(child.answer(), whole, fed, child.fingerprint)
        except TimeoutError:
            child.kill()
            raise NotReadableError(
                Obstacle.TIMEOUT, f"not opened within {self._budget.seconds:g} seconds"
            ) from None
        except BaseException:
            child.kill()  # before its pipes close, which it could take for the message's end
            raise
        finally:
            child.stop()

    def _limited(self, size: int, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        meter = Meter(self._budget)

        def take(piece: bytes) -> None:
            meter.take(len(piece))
            meter.check_ratio(size, meter.spent_bytes)
            write(piece)

        return take

    def _check_confined(self, child: OpenChild) -> None:
        missing = child.confinement.missing("opener") if child.confinement else ("nothing holds",)
        if missing and self._strict:
            raise OpenError(f"the opener can't be confined: {'; '.join(missing)}")
        if missing:
            log.warning("opener not fully confined", problem="; ".join(missing))


class _Feed:
    """What is fed to a process: its size, and what is said of it before."""

    followed = False

    def __init__(self, source: Source) -> None:
        self._source = source
        self.size, self.head = self._look()

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        while piece := self._read():
            yield piece

    def _look(self) -> tuple[int, bytes]:
        try:
            size = self._source.seek(0, 2)
            self._source.seek(0)
            head = self._source.read(HEAD)
            self._source.seek(0)
        except Exception as error:  # noqa: BLE001 - a source may raise anything, and text may be PHI
            raise _unreadable(error) from None
        return size, head

    def _read(self) -> bytes:
        try:
            return self._source.read(_PIECE)
        except Exception as error:  # noqa: BLE001 - likewise
            raise _unreadable(error) from None


class _Message(_Feed):
    """A message: its first bytes are said, and whether text follows its armor is looked at."""

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        end = ArmorEnd() if is_armored(self.head) else None
        for piece in super().pieces():
            if end:
                end.feed(piece)
                self.followed = end.followed
            yield piece


class _Content(_Feed):
    """What was opened of a message: the signature to check is said."""

    def __init__(self, source: Source, signature: bytes) -> None:
        super().__init__(source)
        self.head = signature


def _parted(found: bytes) -> list[bytes]:
    try:
        return list(parted(found))
    except StreamError:
        # It has read a hostile message: what it says is looked at before it is believed.
        raise OpenError("the opener process gave no signatures") from None


def _nothing(piece: bytes) -> None:
    """Nothing is written where a signature is checked."""


def _unreadable(error: Exception) -> OpenError:
    return OpenError(f"the staged message can't be read: {type(error).__name__}")


def _signer(answer: dict[str, Any], whole: bool, message: _Feed, fingerprint: str) -> str:
    """The signer, "" for none that was asked for.

    Raises:
        NotReadableError: The message can't be opened.
        UnverifiedError: It isn't signed by a certificate that was given.
        OpenError: The process says what can't be.
    """
    if answer.get("fault") in set(Fault):
        obstacle, detail = _FAULTS[answer["fault"]]
        raise NotReadableError(obstacle, detail.format(fingerprint=fingerprint))
    if "unverified" in answer:
        packed = bool(answer.get("packed"))
        raise UnverifiedError(signed=bool(answer["unverified"]), packed=packed)
    if message.followed:
        raise NotReadableError(
            Obstacle.MALFORMED, "text follows the end of the OpenPGP message: send it by itself"
        )
    if not whole or not isinstance(answer.get("opened"), str):
        # It stopped reading, yet says that all is well: nothing that it says is to be believed.
        raise OpenError("the opener process didn't read the whole message")
    return str(answer["opened"])
