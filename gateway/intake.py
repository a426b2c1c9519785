"""The one way in, for every protocol: routes resolved, limits kept, uploads begun and resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar, overload

import structlog

from config.operations import Deed
from config.policy import Policy, Route
from gateway import payload_keys
from gateway.authority import authorise, may
from gateway.claims import Claim
from gateway.lifecycle import EventKind, IllegalTransitionError, State
from gateway.payload_keys import Declaration
from gateway.ports import Event, Ledger, LedgerUnavailableError, Transfer, Transfers
from gateway.repeated import RepeatedUpload, key_reused
from gateway.staging import LAST, USED, NotOrderlyError, Staging, StagingFile
from gateway.store.disk import Disk, MissingBlobError, NoSpaceError, StoreError
from gateway.submissions import Names, Submissions
from gateway.transfer_ids import new_transfer_id
from gateway.upload import StagedUpload, Surroundings
from keys.envelope import EnvelopeError, KeyWrapper
from transports.ports import Principal, Problem, Submission, TransportError

T = TypeVar("T")
_THREADS: Final = 8
KEY_KEPT: Final = timedelta(days=30)
"""How long an Idempotency-Key is stood by."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """An unfinished transfer that is ours, for as long as its claim lasts."""

    transfer: Transfer
    file: StagingFile
    claim: Claim


class Keyed(Protocol):
    """Whoever knows which requests came with which Idempotency-Key."""

    def with_key(self, idempotency: str, since: datetime) -> Sequence[Transfer]:
        """Transfers begun with that key since then, but for abandoned ones, newest first."""
        ...


class StagingIntake:
    """Implements :class:`transports.ports.Intake` over the ledger and a disk.

    Args:
        ledger: Where transfers are recorded.
        transfers: The ledger's queries.
        keyed: Likewise.
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
        keyed: Keyed,
        disk: Disk,
        keys: KeyWrapper,
        policy: Callable[[], Policy | None],
        max_bytes: int,
    ) -> None:
        self._ledger = ledger
        self._transfers = transfers
        self._keyed = keyed
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

    @overload
    async def open(self, who: Principal, route: str, name: str) -> StagedUpload: ...

    @overload
    async def open(
        self, who: Principal, route: str, name: str, key: str = ""
    ) -> StagedUpload | RepeatedUpload: ...

    async def open(
        self, who: Principal, route: str, name: str, key: str = ""
    ) -> StagedUpload | RepeatedUpload:
        """Start a new upload; an unfinished one of the same name that nobody has gives way.

        With ``key``, one that was submitted under it is answered as it was.

        Raises:
            TransportError: ``UNKNOWN_ROUTE``, ``FORBIDDEN``, ``NO_SPACE`` or ``UNAVAILABLE``;
                with ``key`` also ``KEY_REUSED`` or ``BUSY``.
        """
        found = self._route(who, route)
        token = payload_keys.idempotency_digest(self._keys, who.account, key) if key else ""
        if token:
            before = await self._on_thread(lambda: self._answered(who, route, name, token))
            if before:
                return RepeatedUpload(before)
        got = await self._on_thread(lambda: self._begin(who, route, found, name, token))
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

    def _answered(self, who: Principal, route: str, name: str, token: str) -> Submission | None:
        """What became of the first request with this key, None if there is none to stand by."""
        found = next(iter(self._with_key(token)), None)
        if found is None:
            return None
        if (found.route, found.name_digest) != (route, self._digest(who.partner, route, name)):
            raise key_reused()
        if found.state is not State.RECEIVING:
            return self._seen.shown(found)
        if self._is_taken(found.id):
            raise still_under_way()
        return None  # it broke off: the new upload takes its place

    def _begin(
        self,
        who: Principal,
        route: str,
        found: Route,
        name: str,
        token: str = "",
        declared: Declaration | None = None,
    ) -> Taken:
        transfer = new_transfer_id()
        # What is gone on with by its id is nobody's to find, or to replace, by its name.
        known_as = unlisted(transfer, name) if declared else name
        digest = self._digest(who.partner, route, known_as)
        former = self._transfers.unfinished(digest)
        claim = self._claim(transfer)
        if claim is None:
            raise StoreError("a new transfer's id is taken")  # 80 random bits: a broken disk
        with ExitStack() as undo:
            undo.callback(claim.release)
            undo.callback(self._staging.partials.remove, transfer)
            file = self._staging.create(transfer)
            undo.callback(file.close)
            new = replace(_new(transfer, who, route, found, file, name, digest), idempotency=token)
            if declared:
                new = replace(new, declared=payload_keys.seal_declaration(file.key, declared))
            begun = self._ledger.begin(new, Event(EventKind.BEGUN, actor_of(who)))
            undo.pop_all()
        if token and self._has_rival(begun):
            file.close()
            claim.release()
            self._give_up(begun, who)
            raise still_under_way()
        if former:
            self._give_up(former, who)
        return Taken(begun, file, claim)

    def _has_rival(self, begun: Transfer) -> bool:
        """Whether another request with this key began at the same moment: both then give way."""
        others = (other for other in self._with_key(begun.idempotency) if other.id != begun.id)
        return any(
            other.state is not State.RECEIVING
            or other.declared is not None
            or self._is_taken(other.id)
            for other in others
        )

    def _is_taken(self, transfer: str) -> bool:
        claim = self._claim(transfer)
        if claim:
            claim.release()
        return claim is None

    def _with_key(self, token: str) -> Sequence[Transfer]:
        return self._keyed.with_key(token, datetime.now(UTC) - KEY_KEPT)

    def _give_up(self, former: Transfer, who: Principal) -> None:
        """The client begins anew instead of going on: the part that is there is of no more use."""
        with suppress(StoreError, LedgerUnavailableError, IllegalTransitionError):
            claim = self._claim(former.id)
            if claim is None:
                return  # another session is still sending it
            with claim:
                event = Event(EventKind.ABANDONED, actor_of(who), {"cause": "anew"})
                self._ledger.advance(former.id, event)
                self._staging.partials.remove(former.id)

    def _take(self, who: Principal, route: str, name: str, mark: str) -> Taken:
        found = self._transfers.unfinished(self._digest(who.partner, route, name))
        if found is None:
            raise nothing_to_resume()
        claim = self._claimed(found.id)
        try:
            transfer = self._still_unfinished(found.id)
            return Taken(transfer, self._staging.resume(transfer, mark), claim)
        except BaseException:
            claim.release()
            raise

    def _claimed(self, transfer: str) -> Claim:
        claim = self._claim(transfer)
        if claim is None:
            raise TransportError(Problem.BUSY, "another session is sending this file")
        return claim

    def _still_unfinished(self, transfer: str) -> Transfer:
        """Asked anew: it may have been submitted before it was ours."""
        found = self._transfers.get(transfer)
        if found.state is not State.RECEIVING:
            raise nothing_to_resume()
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

    def _upload(self, got: Taken, who: Principal, route: Route, name: str) -> StagedUpload:
        actor, limit = actor_of(who), self._limit(route)
        return StagedUpload(self._around, got.transfer, name, actor, limit, got.file, got.claim)

    def _limit(self, route: Route) -> int:
        return min(self._max_bytes, int(route.max_bytes or self._max_bytes))

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
            raise nothing_to_resume() from None
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
    if isinstance(taken, Taken):
        taken.file.close()
        taken.claim.release()


def actor_of(who: Principal) -> str:
    """The word in the log."""
    return f"account:{who.account}"


def unlisted(transfer: str, name: str) -> str:
    """What an upload that is addressed by its id is looked up by: no name holds NUL."""
    return f"{transfer}\0{name}"


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


def still_under_way() -> TransportError:
    """For a second request with an Idempotency-Key while the first one hasn't been answered."""
    return TransportError(
        Problem.BUSY, "the first request with this Idempotency-Key is under way; ask again later"
    )


def nothing_to_resume() -> TransportError:
    """For an upload that isn't there, or no longer unfinished."""
    return TransportError(Problem.NOT_FOUND, "there is no unfinished upload of that name")
