"""Sending over HTTPS: the streaming ``PUT``, and what became of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable, Coroutine
from typing import Final

from aiohttp import web

from transports.https_auth import PRINCIPAL
from transports.https_body import Body, cut_short, go_on
from transports.https_conditions import claimed_sha256
from transports.https_problems import ProblemError
from transports.names import normalise
from transports.observer import Observer
from transports.ports import (
    Intake,
    Problem,
    Submission,
    TransportError,
    Upload,
)

Ended = Callable[[str], None]
EndUpload = Callable[[], Coroutine[object, object, None]]

PROTOCOL: Final = "https"
_KEY: Final = re.compile(r"[!-~]{1,255}")


class Sending:
    """Handlers of the sender's side."""

    def __init__(self, intake: Intake, observer: Observer, body_timeout: float) -> None:
        self._intake = intake
        self._observer = observer
        self._body_timeout = body_timeout

    async def put(self, request: web.Request) -> web.Response:
        """``PUT /v1/outbox/{route}/{name}``: stream, make durable, answer 201."""
        who = request[PRINCIPAL]
        route = request.match_info["route"]
        name = normalise(request.match_info["name"])
        claimed = claimed_sha256(request.headers.get("Repr-Digest"))
        _check_whole_identity(request)
        upload = await self._intake.open(who, route, name, idempotency_key(request))
        self._observer.upload_started(PROTOCOL, route)
        submission = await Receiving(request, upload, claimed, self._body_timeout).run(
            lambda outcome: self._observer.upload_finished(PROTOCOL, route, upload.size, outcome)
        )
        location = f"/v1/transfers/{submission.transfer}"
        return web.json_response(shown(submission), status=201, headers={"Location": location})

    async def routes(self, request: web.Request) -> web.Response:
        """``GET /v1/routes``."""
        who = request[PRINCIPAL]
        return web.json_response({"routes": list(await self._intake.routes(who))})

    async def transfers(self, request: web.Request) -> web.Response:
        """``GET /v1/transfers``, newest first."""
        who = request[PRINCIPAL]
        route = request.query.get("route", "")
        if route and route not in await self._intake.routes(who):
            raise TransportError(Problem.UNKNOWN_ROUTE, "there is no such route; see /v1/routes")
        listed = await self._intake.submissions(who, route)
        return web.json_response({"transfers": [shown(submission) for submission in listed]})

    async def transfer(self, request: web.Request) -> web.Response:
        """``GET /v1/transfers/{id}``."""
        who = request[PRINCIPAL]
        submission = await self._intake.submission(who, request.match_info["id"])
        return web.json_response(shown(submission))


class Receiving:
    """One body on its way into one upload. It is submitted whole and as claimed, or not at all."""

    def __init__(
        self, request: web.Request, upload: Upload, claimed: bytes | None, timeout: float
    ) -> None:
        self._request = request
        self._upload = upload
        self._claimed = claimed
        self._hash = hashlib.sha256() if claimed else None
        self._timeout = timeout
        self._gone = False

    async def run(self, ended: Ended) -> Submission:
        """Receive and submit.

        Raises:
            TransportError: As :class:`transports.ports.Upload`.
            ProblemError: The body is cut short, too slow, or not what its digest says.
        """
        try:
            await self._receive()
            submission = await self._commit()
        except asyncio.CancelledError:
            # The server is stopping: what is durable can be resumed over SFTP.
            await self._end(self._upload.suspend)
            ended("suspended")
            raise
        except BaseException:
            await self._end(self._upload.discard)
            ended("failed" if self._gone else "discarded")
            raise
        ended("submitted")
        return submission

    async def _receive(self) -> None:
        go_on(self._request)
        body = Body(self._request, self._timeout)
        while data := await body.next_piece():
            if self._hash:
                self._hash.update(data)
            await self._write(data)
        expected = self._request.content_length
        if expected is not None and self._upload.size != expected:
            raise cut_short()
        if self._hash and not hmac.compare_digest(self._hash.digest(), self._claimed or b""):
            raise ProblemError(
                422, "digest-mismatch", "the bytes received don't have the digest in Repr-Digest"
            )

    async def _write(self, data: bytes) -> None:
        try:
            await self._upload.write(data)
        except TransportError:
            self._gone = True
            raise

    async def _commit(self) -> Submission:
        try:
            # A stop of the server must not leave a commit half known: it runs to its end.
            return await asyncio.shield(self._upload.commit())
        except BaseException:
            # It may have been submitted all the same: nothing of it may be discarded.
            self._gone = True
            raise

    async def _end(self, how: EndUpload) -> None:
        if not self._gone:
            await asyncio.shield(how())


def shown(submission: Submission) -> dict[str, object]:
    """A submission as JSON."""
    return {
        "transfer": submission.transfer,
        "route": submission.route,
        "name": submission.name,
        "size": submission.size,
        "state": submission.state,
        "modified": submission.modified.isoformat(),
        "sha256": submission.sha256,
        "verdict": submission.verdict,
        "reasons": list(submission.reasons),
    }


def idempotency_key(request: web.Request) -> str:
    """The key, "" for none (draft-ietf-httpapi-idempotency-key-header, quoted or not).

    Raises:
        ProblemError: It is empty, too long or no visible ASCII.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return ""
    key = given.strip().strip('"')
    if not _KEY.fullmatch(key):
        raise ProblemError(
            400, "idempotency-key", "an Idempotency-Key is 1 to 255 visible ASCII characters"
        )
    return key


def _check_whole_identity(request: web.Request) -> None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding != "identity":
        raise ProblemError(
            415,
            "content-encoding",
            "send the file as it is, without Content-Encoding",
            {"Accept-Encoding": "identity"},
        )
    if "Content-Range" in request.headers:
        raise ProblemError(400, "partial-put", "a PUT takes a whole file; leave out Content-Range")
