"""The operations of the command line that people have in the console, by the same functions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from config.operations import permits
from gateway.console.desk import SESSION
from gateway.console.guard import body, text
from gateway.decisions import MAX_REASON, DecisionError, Decisions
from gateway.ledger.export import newest_checkpoint, story
from gateway.ledger.queries import SqlTransfers
from gateway.lifecycle import State
from gateway.ports import Ledger, Transfer, UnknownTransferError
from gateway.shown import transfer_json
from gateway.store.database import Database
from transports.https_problems import ProblemError

MOST: Final = 1_000
_USUAL: Final = 50


@dataclass(frozen=True, slots=True)
class Books:
    """What the operations read and write.

    Attributes:
        database: For the log's own questions.
        ledger: Records.
        transfers: Questions about transfers.
        decisions: Takes them.
    """

    database: Database
    ledger: Ledger
    transfers: SqlTransfers
    decisions: Decisions


class Operations:
    """Handlers of ``/v1/holds``, ``/v1/transfers`` and ``/v1/audit``."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def holds(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/holds``: what waits for a decision, the oldest first."""
        limit = _limit(request)
        held = await asyncio.to_thread(self._books.transfers.in_state, State.HELD, limit)
        return web.json_response({"holds": [transfer_json(one) for one in held]})

    async def hold(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/holds/{id}``: with places and categories found; looking is on the log."""
        found = await self._get(request)
        await self._viewed(request, found)
        return web.json_response(transfer_json(found) | {"report": _plain(found.report)})

    async def release(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/holds/{id}/release``."""
        return await self._decide(request, self._books.decisions.release)

    async def refuse(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/holds/{id}/refuse``."""
        return await self._decide(request, self._books.decisions.refuse)

    async def transfers(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/transfers``: the newest; ``?state=`` and ``?limit=``."""
        limit = _limit(request)
        try:
            states = [State(word) for word in request.query.getall("state", [])]
        except ValueError:
            known = ", ".join(State)
            raise ProblemError(400, "bad-request", f"'state' is one of {known}") from None
        found = await asyncio.to_thread(self._books.transfers.newest, states, limit)
        return web.json_response({"transfers": [transfer_json(one) for one in found]})

    async def transfer(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/transfers/{id}``; findings as, and with the record that, a hold has."""
        found = await self._get(request)
        shown = transfer_json(found)
        if permits(request[SESSION].roles, "console GET /v1/holds/{id}"):
            await self._viewed(request, found)
            shown["report"] = _plain(found.report)
        return web.json_response(shown)

    async def legal_hold(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/transfers/{id}/legal-hold``: no purging."""
        return await self._decide(request, self._keep)

    async def legal_release(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/transfers/{id}/legal-release``: retention goes on."""
        return await self._decide(request, self._let_go)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/transfers/{id}/events``: its story on the log."""
        found = await self._get(request)
        told = await asyncio.to_thread(story, self._books.database, found.id)
        return web.json_response({"events": _plain(told)})

    async def head(self, _request: web.Request) -> web.StreamResponse:
        """``GET /v1/audit/head``: the newest signed checkpoint, to be kept elsewhere."""
        note = await asyncio.to_thread(newest_checkpoint, self._books.database)
        if not note:
            raise ProblemError(404, "not-found", "the log has no checkpoint yet")
        return web.json_response({"checkpoint": note})

    def _keep(self, transfer: str, who: str, why: str) -> Transfer:
        return self._books.decisions.legal_hold(transfer, who, why, held=True)

    def _let_go(self, transfer: str, who: str, why: str) -> Transfer:
        return self._books.decisions.legal_hold(transfer, who, why, held=False)

    async def _viewed(self, request: web.Request, found: Transfer) -> None:
        actor, facts = f"person:{request[SESSION].account}", {"transfer": found.id}
        await asyncio.to_thread(self._books.ledger.record, "hold.viewed", actor, facts)

    async def _get(self, request: web.Request) -> Transfer:
        try:
            return await asyncio.to_thread(self._books.transfers.get, request.match_info["id"])
        except UnknownTransferError:
            raise ProblemError(404, "not-found", "there is no transfer of that id") from None

    async def _decide(
        self, request: web.Request, decide: Callable[[str, str, str], Transfer]
    ) -> web.StreamResponse:
        reason = text(await body(request), "reason", MAX_REASON)
        who = request[SESSION].account
        try:
            after = await asyncio.to_thread(decide, request.match_info["id"], who, reason)
        except UnknownTransferError:
            raise ProblemError(404, "not-found", "there is no transfer of that id") from None
        except DecisionError as error:
            raise ProblemError(409, "not-decided", str(error)) from None
        return web.json_response(transfer_json(after))


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", str(_USUAL))
    # Of a few digits only: int() of thousands is refused, and zeros in front hide what they lead.
    if not re.fullmatch("[0-9]{1,4}", given) or not 1 <= int(given) <= MOST:
        raise ProblemError(400, "bad-request", f"'limit' is a number from 1 to {MOST}")
    return int(given)


def _plain(value: object) -> object:
    """As JSON has it: reports are kept in mappings and tuples that it doesn't know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
