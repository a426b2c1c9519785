"""The one way in, for every protocol: routes resolved, limits kept, uploads begun and resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import structlog

from config.policy import Policy, Route
from gateway import payload_keys
from gateway.authority import Deed, authorise, may
from gateway.claims import Claim
from gateway.lifecycle import EventKind, IllegalTransitionError, State
from gateway.ports import Event, Ledger, LedgerUnavailableError, Transfer, Transfers
from gateway.staging import LAST, USED, NotOrderlyError, Staging, StagingFile
from gateway.store.disk import Disk, MissingBlobError, NoSpaceError, StoreError
from gateway.submissions import Names, Submissions
from gateway.transfer_ids import new_transfer_id
from gateway.upload import StagedUpload, Surroundings
from keys.envelope import EnvelopeError, KeyWrapper
from transports.ports import Principal, Problem, Submission, TransportError

T = TypeVar("T")
_THREADS: Final = 8

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Taken:
    """An unfinished transfer that is ours."""

    transfer: Transfer
    file: StagingFile
    claim: Claim


class StagingIntake:
    """Implements :class:`transports.ports.Intake` over the ledger and a disk.

    Args:
        ledger: Where transfers are recorded.
        transfers: The ledger's queries.
        disk: Where payloads are.
        keys: Wraps data keys.
        policy: The policy in force, asked at every call; no policy, no route.
        max_bytes: Largest file; a route may say less.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        transfers: Transfers,
        disk: Disk,
        keys: KeyWrapper,
        policy: Callable[[], Policy | None],
        max_bytes: int,
    ) -> None:
        self._ledger = ledger
        self._transfers = transfers
        self._disk = disk
        self._keys = keys
        self._policy = policy
        self._max_bytes = max_bytes
        self._staging = Staging(disk, keys)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="intake")
        self._seen = Submissions(transfers, self._staging.partials, Names(keys))
        self._around = Surroundings(
            ledger, self._threads, self._staging.partials.remove, self._seen.shown, self._digest
        )

    def close(self) -> None:
        """End the threads, once uploads have ended."""
        self._threads.shutdown()

    async def open(self, who: Principal, route: str, name: str) -> StagedUpload:
        """Start a new upload; an unfinished one of the same name that nobody has gives way.

        Raises:
            TransportError: ``UNKNOWN_ROUTE``, ``FORBIDDEN``, ``NO_SPACE`` or ``UNAVAILABLE``.
        """
        found = self._route(who, route)
        got = await self._on_thread(lambda: self._begin(who, route, found, name))
        return self._upload(got, who, found, name)

    async def resume(self, who: Principal, route: str, name: str) -> StagedUpload:
        """Go on with an upload that was suspended, or broke off.

        Raises:
            TransportError: ``NOT_FOUND``, ``BUSY``, or as :meth:`open`.
        """
        found = self._route(who, route)
        got = await self._on_thread(lambda: self._take(who, route, name, USED))
        return self._upload(got, who, found, name)

    async def submit(self, who: Principal, route: str, old: str, new: str) -> Submission:
        """Submit an upload that was closed under a temporary name.

        Raises:
            TransportError: ``NOT_FOUND``; ``CONFLICT`` if it broke off and so isn't known to be
                whole; ``BUSY``; or as :meth:`open`.
        """
        found = self._route(who, route)
        got = await self._on_thread(lambda: self._take(who, route, old, LAST))
        return await self._upload(got, who, found, old).submit_as(new)

    async def routes(self, who: Principal) -> Sequence[str]:
        """The routes this principal may send on, sorted."""
        policy = self._policy()
        if policy is None:
            return []
        return sorted(name for name, it in policy.routes.items() if may(who, Deed.SEND, route=it))

    async def submissions(self, who: Principal, route: str = "") -> Sequence[Submission]:
        """The partner's recent submissions and unfinished uploads, newest first."""
        return await self._on_thread(lambda: self._seen.recent(who, route))

    async def submission(self, who: Principal, transfer: str) -> Submission:
        """One of the partner's own, as sender or as recipient.

        Raises:
            TransportError: ``NOT_FOUND``, also for somebody else's.
        """
        return await self._on_thread(lambda: self._seen.one(who, transfer))

    # -- on a thread

    def _begin(self, who: Principal, route: str, found: Route, name: str) -> _Taken:
        transfer = new_transfer_id()
        digest = self._digest(who.partner, route, name)
        former = self._transfers.unfinished(digest)
        claim = self._claim(transfer)
        if claim is None:
            raise StoreError("a new transfer's id is taken")  # 80 random bits: a broken disk
        with ExitStack() as undo:
            undo.callback(claim.release)
            undo.callback(self._staging.partials.remove, transfer)
            file = self._staging.create(transfer)
            undo.callback(file.close)
            begun = self._ledger.begin(
                _new(transfer, who, route, found, file, name, digest),
                Event(EventKind.BEGUN, _actor(who)),
            )
            undo.pop_all()
        if former:
            self._give_up(former, who)
        return _Taken(begun, file, claim)

    def _give_up(self, former: Transfer, who: Principal) -> None:
        """The client begins anew instead of going on: the part that is there is of no more use."""
        with suppress(StoreError, LedgerUnavailableError, IllegalTransitionError):
            claim = self._claim(former.id)
            if claim is None:
                return  # another session is still sending it
            with claim:
                event = Event(EventKind.ABANDONED, _actor(who), {"cause": "anew"})
                self._ledger.advance(former.id, event)
                self._staging.partials.remove(former.id)

    def _take(self, who: Principal, route: str, name: str, mark: str) -> _Taken:
        found = self._transfers.unfinished(self._digest(who.partner, route, name))
        if found is None:
            raise _nothing_to_resume()
        claim = self._claim(found.id)
        if claim is None:
            raise TransportError(Problem.BUSY, "another session is sending this file")
        try:
            transfer = self._still_unfinished(found.id)
            return _Taken(transfer, self._staging.resume(transfer, mark), claim)
        except BaseException:
            claim.release()
            raise

    def _still_unfinished(self, transfer: str) -> Transfer:
        """Asked anew: it may have been submitted before it was ours."""
        found = self._transfers.get(transfer)
        if found.state is not State.RECEIVING:
            raise _nothing_to_resume()
        return found

    def _claim(self, transfer: str) -> Claim | None:
        try:
            return Claim.take(self._disk.claims, transfer)
        except OSError as error:
            raise StoreError(f"uploads can't be locked: {error.strerror}") from None

    def _digest(self, partner: str, route: str, name: str) -> str:
        return payload_keys.name_digest(self._keys, partner, route, name)

    # -- on the loop

    def _route(self, who: Principal, route: str) -> Route:
        """The route, if it is there and theirs: whoever may not use it doesn't learn of it."""
        policy = self._policy()
        if policy is None:
            raise TransportError(Problem.UNAVAILABLE, "the gateway has no policy; try again later")
        authorise(who, Deed.SEND, route=policy.routes.get(route))
        return policy.routes[route]

    def _upload(self, got: _Taken, who: Principal, route: Route, name: str) -> StagedUpload:
        limit = min(self._max_bytes, int(route.max_bytes or self._max_bytes))
        actor = _actor(who)
        return StagedUpload(self._around, got.transfer, name, actor, limit, got.file, got.claim)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        """Run ``work``, and say what went wrong in words for the client.

        A caller that is cancelled leaves nothing taken: what comes too late is let go again.
        """
        task = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_let_go)
            raise
        except MissingBlobError:
            raise _nothing_to_resume() from None
        except NoSpaceError as error:
            raise TransportError(Problem.NO_SPACE, str(error)) from None
        except NotOrderlyError:
            raise TransportError(
                Problem.CONFLICT,
                "the upload broke off before it was closed; resume it, or send the file again",
            ) from None
        except StoreError as error:
            raise TransportError(Problem.UNAVAILABLE, str(error)) from None
        except LedgerUnavailableError:
            log.warning("ledger unavailable")
            raise TransportError(
                Problem.UNAVAILABLE, "the gateway's records can't be reached; try again later"
            ) from None
        except EnvelopeError as error:
            log.error("data key unusable", error=str(error))  # noqa: TRY400 - no trace needed
            raise TransportError(
                Problem.UNAVAILABLE, "the gateway's keys can't be used; try again later"
            ) from None


def _let_go(done: asyncio.Future[Any]) -> None:
    """Free what a cancelled call had taken; its upload can be resumed."""
    if done.cancelled() or done.exception():
        return
    taken = done.result()
    if isinstance(taken, _Taken):
        taken.file.close()
        taken.claim.release()


def _actor(who: Principal) -> str:
    return f"account:{who.account}"


def _new(
    transfer: str,
    who: Principal,
    route: str,
    found: Route,
    file: StagingFile,
    name: str,
    digest: str,
) -> Transfer:
    now = datetime.now(UTC)
    return Transfer(
        id=transfer,
        route=route,
        sender=who.partner,
        account=who.account,
        recipient=found.to,
        state=State.RECEIVING,
        created=now,
        changed=now,
        data_key=file.wrapped,
        name=payload_keys.seal_name(file.key, name),
        name_digest=digest,
        blob=file.blob,
        credential=who.credential,
    )


def _nothing_to_resume() -> TransportError:
    return TransportError(Problem.NOT_FOUND, "there is no unfinished upload of that name")
