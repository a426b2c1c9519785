"""One piece of a tus upload: received, kept durably or not at all, and submitted if it is the last.

A piece with ``Upload-Checksum`` is written on trial: until its digest was compared nothing of it
counts, whatever happens. Any other keeps what had arrived when its connection broke.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from transports.https_body import Body, cut_short, go_on
from transports.https_tus_headers import Checksum
from transports.observer import Observer
from transports.ports import Declared, DeclaredUpload, Declaring, Principal, Problem, TransportError

PROTOCOL: Final = "https"


class Piece:
    """The body of one ``PATCH`` or ``POST``.

    Args:
        declaring: The way in.
        observer: Told of it.
        request: Its body.
        who: The sender.
        size: Bytes of the body, as its Content-Length says.
        claimed: What Upload-Checksum says, or None.
        timeout: Seconds without a byte.
    """

    def __init__(
        self,
        declaring: Declaring,
        observer: Observer,
        request: web.Request,
        who: Principal,
        size: int,
        claimed: Checksum | None,
        timeout: float,
    ) -> None:
        self._declaring = declaring
        self._observer = observer
        self._request = request
        self._who = who
        self._route = request.match_info["route"]
        self._size = size
        self._claimed = claimed
        self._hash = claimed.begin() if claimed else hashlib.sha256()
        self._timeout = timeout

    async def take(self, found: Declared) -> Declared:
        """Receive it behind the bytes of ``found``; how far the upload is then, durably.

        Raises:
            ProblemError: It is cut short, too slow, or not what its checksum says.
            TransportError: ``CONFLICT``: another piece came first; ``BUSY``: it is coming now; or
                as :class:`transports.ports.DeclaredUpload`.
        """
        if not self._size:
            self._check()
            return found
        upload = await self._declaring.reopen(
            self._who, self._route, found.transfer, on_trial=self._claimed is not None
        )
        self._observer.upload_started(PROTOCOL, self._route)
        try:
            await self._receive(upload, found.offset)
        except BaseException:
            # Also when the server stops: what had come is kept, or what was on trial isn't.
            await asyncio.shield(upload.retract() if self._claimed else upload.suspend())
            self._ended(upload, "suspended")
            raise
        return await self._keep(upload, found)

    async def _receive(self, upload: DeclaredUpload, offset: int) -> None:
        if upload.size != offset:
            raise TransportError(
                Problem.CONFLICT, "another request went on with this upload; ask for its offset"
            )
        go_on(self._request)
        body = Body(self._request, self._timeout)
        while data := await body.next_piece():
            if upload.size + len(data) > offset + self._size:
                raise cut_short()  # not what its Content-Length said
            if self._claimed:
                self._hash.update(data)
            await upload.write(data)
        if upload.size != offset + self._size:
            raise cut_short()
        self._check()

    def _check(self) -> None:
        if self._claimed:
            self._claimed.check(self._hash.digest())

    async def _keep(self, upload: DeclaredUpload, found: Declared) -> Declared:
        try:
            if upload.size == found.length:
                # A stop of the server must not leave a commit half known: it runs to its end.
                await asyncio.shield(upload.commit())
                kept = replace(found, offset=found.length, expires=None)
            else:
                await asyncio.shield(upload.suspend())
                _, time = await self._declaring.limits(self._who, self._route)
                kept = replace(found, offset=upload.size, expires=datetime.now(UTC) + time)
        except BaseException:
            self._ended(upload, "failed")
            raise
        self._ended(upload, "submitted" if kept.is_submitted else "suspended")
        return kept

    def _ended(self, upload: DeclaredUpload, outcome: str) -> None:
        self._observer.upload_finished(PROTOCOL, self._route, upload.size, outcome)
