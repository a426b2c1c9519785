"""Uploads of declared length (tus 1.0.0): begun, gone on with and ended by id, in the one Intake.

Such an upload is a transfer like any other. Its length and metadata are sealed in its record, so
that any process can go on with it after any restart. Its offset is told to be its length only once
it is submitted: a client that sees that never comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from config.policy import Policy, Route
from gateway import payload_keys
from gateway.intake import Keyed, StagingIntake, Taken, actor_of, nothing_to_resume, unlisted
from gateway.lifecycle import EventKind, State
from gateway.payload_keys import Declaration
from gateway.ports import Event, Ledger, Transfer, Transfers, UnknownTransferError
from gateway.repeated import key_reused
from gateway.staging import CHECK, USED
from gateway.store.disk import Disk
from gateway.transfer_ids import made_at
from gateway.upload import StagedUpload
from keys.envelope import EnvelopeError, KeyWrapper
from transports.ports import Declared, Principal, Problem, TransportError

_KEPT: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class _Known(Taken):
    """One that is taken, with what is sealed in its record."""

    name: str
    said: Declaration


class DeclaringIntake(StagingIntake):
    """Implements :class:`transports.ports.Declaring` besides :class:`transports.ports.Intake`.

    Args:
        ledger: As for :class:`StagingIntake`, like all others but
        kept: How long an upload can be gone on with after its last byte.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        transfers: Transfers,
        keyed: Keyed,
        disk: Disk,
        keys: KeyWrapper,
        policy: Callable[[], Policy | None],
        max_bytes: int,
        kept: timedelta = _KEPT,
    ) -> None:
        super().__init__(
            ledger=ledger,
            transfers=transfers,
            keyed=keyed,
            disk=disk,
            keys=keys,
            policy=policy,
            max_bytes=max_bytes,
        )
        self._kept = kept

    async def limits(self, who: Principal, route: str) -> tuple[int, timedelta]:
        """The largest length, and how long an unfinished upload is kept.

        Raises:
            TransportError: ``UNKNOWN_ROUTE``, ``FORBIDDEN`` or ``UNAVAILABLE``.
        """
        return self._limit(self._route(who, route)), self._kept

    async def declare(
        self, who: Principal, route: str, name: str, length: int, metadata: str, key: str = ""
    ) -> Declared:
        """Create one, durably; one of no length is submitted at once.

        Raises:
            TransportError: As :meth:`open`; ``TOO_LARGE``.
        """
        found = self._route(who, route)
        if length > self._limit(found):
            raise TransportError(
                Problem.TOO_LARGE,
                f"the file is larger than this route takes: {self._limit(found)} bytes",
            )
        token = payload_keys.idempotency_digest(self._keys, who.account, key) if key else ""
        if token:
            said = Declaration(length, metadata)
            before = await self._on_thread(lambda: self._begun(who, route, name, said, token))
            if before:
                return await self.declared(who, route, before)
        return await self._create(who, route, found, name, Declaration(length, metadata), token)

    async def declared(self, who: Principal, route: str, transfer: str) -> Declared:
        """How far it is; one that broke off is put in order, and one that is whole submitted.

        Raises:
            TransportError: ``NOT_FOUND``; ``BUSY`` while a session has it; else as :meth:`open`.
        """
        self._route(who, route)
        seen = await self._on_thread(lambda: self._look(who, route, transfer))
        if isinstance(seen, Declared):
            return seen
        return await self._in_order(self._going_on(who, seen), seen.said)

    async def reopen(
        self, who: Principal, route: str, transfer: str, *, on_trial: bool = False
    ) -> StagedUpload:
        """Go on with it; ``on_trial``, what is written counts only once it is kept.

        Raises:
            TransportError: ``NOT_FOUND``, ``BUSY``, or as :meth:`open`.
        """
        self._route(who, route)
        mark = CHECK if on_trial else USED
        got = await self._on_thread(lambda: self._take_theirs(who, route, transfer, mark))
        return self._going_on(who, got)

    async def withdraw(self, who: Principal, route: str, transfer: str) -> None:
        """Forget an unfinished one.

        Raises:
            TransportError: ``NOT_FOUND``, ``BUSY``; ``CONFLICT`` if it is submitted.
        """
        self._route(who, route)
        await self._on_thread(lambda: self._forget(who, route, transfer))

    # -- on the loop

    async def _create(
        self, who: Principal, route: str, found: Route, name: str, said: Declaration, token: str
    ) -> Declared:
        got = await self._on_thread(lambda: self._begin(who, route, found, name, token, said))
        known = _Known(got.transfer, got.file, got.claim, name, said)
        return await self._in_order(self._going_on(who, known), said)

    async def _in_order(self, upload: StagedUpload, said: Declaration) -> Declared:
        """Submit it if it is whole, else keep it."""
        if upload.size >= said.length:
            await upload.commit()
            return Declared(upload.transfer, said.length, said.length, said.metadata)
        await upload.suspend()
        expires = datetime.now(UTC) + self._kept
        return Declared(upload.transfer, said.length, upload.size, said.metadata, expires)

    def _going_on(self, who: Principal, got: _Known) -> StagedUpload:
        # What was declared is the limit: the route's was asked when it was declared.
        return StagedUpload(
            self._around,
            got.transfer,
            got.name,
            actor_of(who),
            got.said.length,
            got.file,
            got.claim,
            got.said,
        )

    # -- on a thread

    def _begun(self, who: Principal, route: str, name: str, said: Declaration, token: str) -> str:
        """The upload that this key created before, "" for none."""
        found = next(iter(self._with_key(token)), None)
        if found is None:
            return ""
        same = {
            self._digest(who.partner, route, name),
            self._digest(who.partner, route, unlisted(found.id, name)),
        }
        if found.declared is None or found.route != route or found.name_digest not in same:
            raise key_reused()
        if found.data_key and self._opened(found)[1].length != said.length:
            raise key_reused()
        return found.id

    def _theirs(self, who: Principal, route: str, transfer: str) -> Transfer:
        """The transfer, if that account declared it on that route and it wasn't given up."""
        try:
            found = self._transfers.get(transfer) if made_at(transfer) else None
        except UnknownTransferError:
            found = None
        if found is None or found.declared is None or found.state is State.ABANDONED:
            raise _no_such_upload()
        if (found.sender, found.account, found.route) != (who.partner, who.account, route):
            raise _no_such_upload()
        return found

    def _look(self, who: Principal, route: str, transfer: str) -> Declared | _Known:
        """How far it is; taken, if it isn't in order."""
        found = self._theirs(who, route, transfer)
        if found.state is not State.RECEIVING:
            return self._submitted(found)
        with ExitStack() as undo:
            claim = self._claimed(transfer)
            undo.callback(claim.release)
            found = self._theirs(who, route, transfer)
            if found.state is not State.RECEIVING:
                return self._submitted(found)
            name, said = self._opened(found)
            size = self._staging.partials.clean_size(found)
            if size is not None and size < said.length:
                return self._unfinished(found, said, size)
            file = self._staging.resume(found)
            undo.pop_all()
        return _Known(found, file, claim, name, said)

    def _take_theirs(self, who: Principal, route: str, transfer: str, mark: str) -> _Known:
        self._theirs(who, route, transfer)
        with ExitStack() as undo:
            claim = self._claimed(transfer)
            undo.callback(claim.release)
            found = self._theirs(who, route, transfer)
            if found.state is not State.RECEIVING:
                raise nothing_to_resume()
            name, said = self._opened(found)
            file = self._staging.resume(found, mark)
            undo.pop_all()
        return _Known(found, file, claim, name, said)

    def _forget(self, who: Principal, route: str, transfer: str) -> None:
        self._theirs(who, route, transfer)
        with self._claimed(transfer):
            if self._theirs(who, route, transfer).state is not State.RECEIVING:
                raise TransportError(
                    Problem.CONFLICT, "this file was submitted and can't be taken back"
                )
            event = Event(EventKind.ABANDONED, actor_of(who), {"cause": "discarded"})
            self._ledger.advance(transfer, event)
            self._staging.partials.remove(transfer)

    def _opened(self, transfer: Transfer) -> tuple[str, Declaration]:
        """Name and declaration of an upload whose key is there.

        Raises:
            EnvelopeError: They can't be opened.
        """
        key = payload_keys.data_key(self._keys, transfer)
        said = payload_keys.open_declaration(key, transfer.declared or b"")
        return payload_keys.open_name(key, transfer.name), said

    def _unfinished(self, found: Transfer, said: Declaration, size: int) -> Declared:
        touched = self._staging.partials.touched(found.id)
        last = datetime.fromtimestamp(touched, UTC) if touched else found.changed
        return Declared(found.id, said.length, size, said.metadata, last + self._kept)

    def _submitted(self, found: Transfer) -> Declared:
        try:
            metadata = self._opened(found)[1].metadata if found.data_key else ""
        except EnvelopeError:
            metadata = ""
        return Declared(found.id, found.size, found.size, metadata)


def _no_such_upload() -> TransportError:
    return TransportError(
        Problem.NOT_FOUND, "there is no such upload: it was never yours, or given up; begin anew"
    )
