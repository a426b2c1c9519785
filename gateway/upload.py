"""An upload as listeners see it: a staging file, an owner, and its place in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from gateway import payload_keys
from gateway.claims import Claim
from gateway.lifecycle import EventKind, IllegalTransitionError
from gateway.ports import Changes, Event, Ledger, LedgerUnavailableError, Transfer
from gateway.staging import StagedBytes, StagingFile
from gateway.store.disk import FlushError, NoSpaceError, StoreError
from keys.envelope import EnvelopeError
from transports.ports import Problem, Submission, TransportError

T = TypeVar("T")
_PIECE: Final = 256 * 1024
"""What is gathered before a thread is asked: a hop costs as much as encrypting 100 KiB."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every upload of a process uses.

    Attributes:
        ledger: Where it is recorded.
        threads: Where it is encrypted and written.
        remove: Removes every blob of a transfer.
        shown: A transfer as its sender sees it.
        digest: Of a name, for look-up: partner, route, name.
    """

    ledger: Ledger
    threads: ThreadPoolExecutor
    remove: Callable[[str], None]
    shown: Callable[[Transfer], Submission]
    digest: Callable[[str, str, str], str]


class StagedUpload:
    """Implements :class:`transports.ports.Upload`.

    Args:
        around: What every upload uses.
        transfer: In ``receiving``.
        name: Its original name.
        actor: Whose session it is, for the log: not always that of the account that began it.
        limit: Bytes it may have.
        file: Its bytes.
        claim: The right to it; released when the upload ends.
        declared: What its creation said of it, if anything.
    """

    def __init__(
        self,
        around: Surroundings,
        transfer: Transfer,
        name: str,
        actor: str,
        limit: int,
        file: StagingFile,
        claim: Claim,
        declared: payload_keys.Declaration | None = None,
    ) -> None:
        self._around = around
        self._transfer = transfer
        self._name = name
        self._actor = actor
        self._limit = limit
        self._file = file
        self._claim = claim
        self._declared = declared
        self._gathered = bytearray()
        self._size = file.size
        self._running: asyncio.Future[None] | None = None
        self._ended = False

    @property
    def transfer(self) -> str:
        """The transfer's id."""
        return self._transfer.id

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    async def write(self, data: bytes) -> None:
        """Take the next bytes.

        Encryption and disk run behind by one piece; a fault shows at the next call.

        Raises:
            TransportError: ``TOO_LARGE`` (and it is gone), ``NO_SPACE`` or ``UNAVAILABLE`` (and
                what was durable can be resumed).
        """
        self._check_open()
        if self._size + len(data) > self._limit:
            await self.discard()
            raise TransportError(
                Problem.TOO_LARGE, f"the file is larger than this route takes: {self._limit} bytes"
            )
        self._size += len(data)
        self._gathered += data
        if len(self._gathered) >= _PIECE:
            await self._guarded(self._send())

    async def commit(self) -> Submission:
        """Make it durable, record it, and only then return.

        Raises:
            TransportError: It is not submitted.
        """
        self._check_open()
        return await self._to_the_end(self._guarded(self._commit(self._name)))

    async def submit_as(self, name: str) -> Submission:
        """Commit under another name.

        Raises:
            TransportError: It is not submitted.
        """
        self._check_open()
        return await self._to_the_end(self._guarded(self._commit(name)))

    async def suspend(self) -> None:
        """Keep everything taken so far, durably, to be resumed; again is no error.

        Raises:
            TransportError: Less than that is durable.
        """
        if not self._ended:
            await self._to_the_end(self._guarded(self._suspend()))

    async def retract(self) -> None:
        """Forget what came since it was reopened on trial; again is no error."""
        if not self._ended:
            await self._to_the_end(self._abort(retract=True))

    async def discard(self) -> None:
        """Forget it; again is no error."""
        if not self._ended:
            self._ended = True
            await self._to_the_end(self._discard("discarded"))

    # -- what runs to its end, whatever becomes of the client

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """A cancelled caller doesn't stop ``work``: half of it is no state to leave behind."""
        task = asyncio.create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
            raise

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work``; after a fault the upload is over, and the client is told which one."""
        try:
            return await work
        except FlushError as error:
            # The kernel can't say what reached the disk: nothing of it may count as received.
            log.error("upload lost", transfer=self.transfer, error=str(error))  # noqa: TRY400 - no trace needed
            await self._discard("lost")
            raise _unavailable("the file could not be stored safely; send it again") from None
        except NoSpaceError as error:
            await self._abort()
            raise TransportError(Problem.NO_SPACE, str(error)) from None
        except StoreError as error:
            await self._abort()
            raise _unavailable(str(error)) from None
        except EnvelopeError as error:
            log.error("data key unusable", transfer=self.transfer, error=str(error))  # noqa: TRY400 - no trace needed
            await self._abort()
            raise _unavailable("the gateway's keys can't be used; try again later") from None
        except LedgerUnavailableError:
            await self._abort()
            raise _unavailable("the gateway can't record files now; try again later") from None
        except IllegalTransitionError:
            await self._abort()
            raise TransportError(
                Problem.CONFLICT, "this upload was given up meanwhile; send the file again"
            ) from None

    async def _send(self) -> None:
        """Hand what was gathered to a thread, once it has done with the piece before."""
        await self._idle()
        piece, self._gathered = bytes(self._gathered), bytearray()
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(self._around.threads, self._file.write, piece)

    async def _idle(self) -> None:
        running, self._running = self._running, None
        if running:
            try:
                await asyncio.shield(running)
            except asyncio.CancelledError:
                self._running = running
                raise

    async def _drained(self) -> None:
        self._ended = True
        await self._send()
        await self._idle()

    async def _commit(self, name: str) -> Submission:
        await self._drained()
        staged = await self._thread(self._file.finish)
        transfer = await self._thread(lambda: self._recorded(staged, name))
        await self._thread(self._file.forget_past)
        self._claim.release()
        return self._around.shown(transfer)

    def _recorded(self, staged: StagedBytes, name: str) -> Transfer:
        before = self._transfer
        changes = Changes(
            blob=staged.blob,
            data_key=staged.wrapped,
            size=staged.size,
            sha256=staged.sha256,
            name=payload_keys.seal_name(staged.key, name),
            name_digest=self._around.digest(before.sender, before.route, name),
        )
        if self._declared:  # the data key may be another than it was
            changes["declared"] = payload_keys.seal_declaration(staged.key, self._declared)
        event = Event(EventKind.STAGED, self._actor, {}, changes)
        return self._around.ledger.advance(before.id, event)

    async def _suspend(self) -> None:
        await self._drained()
        await self._thread(self._file.suspend)
        self._claim.release()

    async def _discard(self, why: str) -> None:
        await self._abort(release=False)
        with suppress(LedgerUnavailableError, IllegalTransitionError, StoreError):
            await self._thread(lambda: self._abandon(why))
        self._claim.release()

    def _abandon(self, why: str) -> None:
        event = Event(EventKind.ABANDONED, self._actor, {"cause": why})
        self._around.ledger.advance(self.transfer, event)
        self._around.remove(self.transfer)

    async def _abort(self, *, release: bool = True, retract: bool = False) -> None:
        """Close the file as it is."""
        self._ended = True
        self._gathered.clear()
        with suppress(StoreError):
            await self._idle()
        await self._thread(self._file.retract if retract else self._file.close)
        if release:
            self._claim.release()

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._around.threads, work)

    def _check_open(self) -> None:
        if self._ended:
            raise TransportError(Problem.CONFLICT, "this upload has ended; send the file again")


def _unavailable(detail: str) -> TransportError:
    return TransportError(Problem.UNAVAILABLE, detail)
