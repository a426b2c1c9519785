"""Opening OpenPGP messages for the gateway's own key, each in a confined process of its own.

See ``docs/decisions/0050-openpgp-input.md``. What a message may become is limited here, while it
streams: a few kilobytes can be made of gigabytes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
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
        async with self._turn:
            # On the event loop's own thread, which outlives any pool's: see OpenChild.start.
            child = OpenChild.start(self._command, *map(str, present(self._gateway_key)))
            work = asyncio.to_thread(self._open, child, message, certificates, write)
            task = asyncio.create_task(work)
            try:
                return await asyncio.shield(task)
            finally:
                if not task.done():
                    child.kill()
                    await asyncio.wait({task})
                    task.exception()  # seen: what it raises is only that its child was killed

    def _open(
        self,
        child: OpenChild,
        message: Source,
        certificates: Sequence[bytes],
        write: Callable[[bytes], None],
    ) -> str:
        try:
            child.wait_ready()
            self._check_confined(child)
            feed = _Message(message)
            child.submit(feed.head, certificates)
            deadline = time.monotonic() + self._budget.seconds
            whole = child.exchange(feed.pieces(), self._limited(feed.size, write), deadline)
            return _signer(child.answer(), whole, feed, child.fingerprint)
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


class _Message:
    """A message as it is fed: its size, its first bytes, and whether anything follows its end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        try:
            self.size = source.seek(0, 2)
            source.seek(0)
            self.head = source.read(HEAD)
            source.seek(0)
        except Exception as error:  # noqa: BLE001 - a source may raise anything, and text may be PHI
            raise _unreadable(error) from None
        self._end = ArmorEnd() if is_armored(self.head) else None

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        while piece := self._read():
            if self._end:
                self._end.feed(piece)
            yield piece

    @property
    def followed(self) -> bool:
        """Whether text came after the end of an armored message."""
        return self._end is not None and self._end.followed

    def _read(self) -> bytes:
        try:
            return self._source.read(_PIECE)
        except Exception as error:  # noqa: BLE001 - likewise
            raise _unreadable(error) from None


def _unreadable(error: Exception) -> OpenError:
    return OpenError(f"the staged message can't be read: {type(error).__name__}")


def _signer(answer: dict[str, Any], whole: bool, message: _Message, fingerprint: str) -> str:
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
        raise UnverifiedError(signed=bool(answer["unverified"]))
    if message.followed:
        raise NotReadableError(
            Obstacle.MALFORMED, "text follows the end of the OpenPGP message: send it by itself"
        )
    if not whole or not isinstance(answer.get("opened"), str):
        # It stopped reading, yet says that all is well: nothing that it says is to be believed.
        raise OpenError("the opener process didn't read the whole message")
    return str(answer["opened"])
