"""Receiving over HTTPS: the mailbox, its files with ranges, and what came back."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import quote

from aiohttp import web

from transports.https_auth import PRINCIPAL
from transports.https_conditions import (
    Span,
    etag_listed,
    range_applies,
    repr_digest,
    requested_span,
)
from transports.https_outbox import PROTOCOL, shown
from transports.observer import Observer
from transports.ports import Mailbox, Parcel, Principal, Reading

CHUNK: Final = 256 * 1024


class Receiving:
    """Handlers of the recipient's side."""

    def __init__(self, mailbox: Mailbox, observer: Observer, timeout: float) -> None:
        self._mailbox = mailbox
        self._timeout = timeout
        self._observer = observer

    async def inbox(self, request: web.Request) -> web.Response:
        """``GET /v1/inbox``, oldest first."""
        who = request[PRINCIPAL]
        parcels = await self._mailbox.parcels(who)
        return web.json_response({"files": [listed(parcel) for parcel in parcels]})

    async def acknowledge(self, request: web.Request) -> web.Response:
        """``POST /v1/inbox/{id}/ack``: collected, once or again."""
        who = request[PRINCIPAL]
        parcel = await self._mailbox.acknowledge(who, request.match_info["id"])
        return web.json_response(listed(parcel))

    async def returned(self, request: web.Request) -> web.Response:
        """``GET /v1/returned``, newest first."""
        who = request[PRINCIPAL]
        submissions = await self._mailbox.returned(who)
        return web.json_response({"transfers": [shown(submission) for submission in submissions]})

    async def receipt(self, request: web.Request) -> web.Response:
        """``GET /v1/transfers/{id}/receipt``."""
        who = request[PRINCIPAL]
        body = await self._mailbox.receipt(who, request.match_info["id"])
        return web.Response(body=body, content_type="application/json")

    async def content(self, request: web.Request) -> web.StreamResponse:
        """``GET`` and ``HEAD /v1/inbox/{id}/content``, whole or one range of it."""
        who = request[PRINCIPAL]
        reading = await self._mailbox.open(who, request.match_info["id"])
        download = Download(request, reading, self._timeout)
        try:
            return await download.run()
        finally:
            self._observer.download_finished(PROTOCOL, download.sent, complete=download.complete)
            await reading.close(received=download.complete)

    async def sealed_name(self, request: web.Request) -> web.Response:
        """``GET /v1/inbox/{id}/name``: the original name as an OpenPGP message."""
        who = request[PRINCIPAL]
        parcel = await self._parcel(who, request.match_info["id"])
        if not parcel.sealed_name:
            raise web.HTTPNotFound
        return web.Response(body=parcel.sealed_name, content_type="application/pgp-encrypted")

    async def _parcel(self, who: Principal, transfer: str) -> Parcel:
        for parcel in await self._mailbox.parcels(who):
            if parcel.transfer == transfer:
                return parcel
        raise web.HTTPNotFound


class Download:
    """One answer with the bytes of one sealed file, each piece to be read within ``timeout``.

    Attributes:
        sent: Bytes handed to the client's connection.
        complete: Everything asked for was; a range alone never collects a file, because the
            reading knows that it wasn't read whole.
    """

    def __init__(self, request: web.Request, reading: Reading, timeout: float) -> None:
        self._request = request
        self._reading = reading
        self._timeout = timeout
        self._etag = f'"{reading.parcel.sha256}"'
        self.sent = 0
        self.complete = False

    async def run(self) -> web.StreamResponse:
        """Answer.

        Raises:
            ProblemError: 416.
        """
        parcel = self._reading.parcel
        headers = self._request.headers
        if etag_listed(headers.get("If-None-Match"), self._etag):
            return web.Response(status=304, headers={"ETag": self._etag})
        span = None
        if range_applies(headers.get("If-Range"), self._etag):
            span = requested_span(headers.get("Range"), parcel.size)
        response = self._response(parcel, span)
        await response.prepare(self._request)
        if self._request.method != "HEAD":
            await self._send(response, span or Span(0, parcel.size))
        return response

    def _response(self, parcel: Parcel, span: Span | None) -> web.StreamResponse:
        response = web.StreamResponse(
            status=206 if span else 200,
            headers={
                "Content-Type": "application/pgp-encrypted",
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(parcel.listed_name)}",
                "ETag": self._etag,
                "Repr-Digest": repr_digest(parcel.sha256),
                "Accept-Ranges": "bytes",
            },
        )
        response.content_length = span.end - span.start if span else parcel.size
        if span:
            whole = f"bytes {span.start}-{span.end - 1}/{parcel.size}"
            response.headers["Content-Range"] = whole
        return response

    async def _send(self, response: web.StreamResponse, span: Span) -> None:
        offset = span.start
        while offset < span.end:
            data = await self._reading.read(offset, min(CHUNK, span.end - offset))
            if not data:
                raise ConnectionError("the sealed file is shorter than recorded")
            await self._write(response, data)
            offset += len(data)
            self.sent += len(data)
        await response.write_eof()
        self.complete = True

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await response.write(data)
        except TimeoutError:
            if self._request.transport:
                self._request.transport.abort()
            raise ConnectionError("the client doesn't read") from None


def listed(parcel: Parcel) -> dict[str, object]:
    """A parcel as JSON."""
    return {
        "transfer": parcel.transfer,
        "route": parcel.route,
        "sender": parcel.sender,
        "name": parcel.listed_name,
        "size": parcel.size,
        "sha256": parcel.sha256,
        "delivered": parcel.delivered.isoformat(),
        "collected": parcel.collected.isoformat() if parcel.collected else None,
        "sealed_name": bool(parcel.sealed_name),
    }
