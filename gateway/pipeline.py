"""The way of a file, one step a function: inspect, decide, seal, deliver.

A worker leases a transfer and calls :meth:`Pipeline.step`, which takes the one step that the
transfer's state calls for and records it. Every step can be taken again, since a worker can die
after doing and before recording: inspecting twice gives the same report, and a sealed blob that
was left behind is written anew. A step that can never succeed ends in ``held`` with its reason
(:class:`HoldError`); any other exception is a failed try, and the worker counts those.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Final, Protocol

from config.contracts import Action, Contract, Rules
from config.policy import Policy, Route
from dlp.export import stored
from dlp.model import NotReadableError, Report
from dlp.redact import Redaction
from dlp.verdict import decide
from gateway import payload_keys, redacting, sealed_blobs
from gateway.duplicates import sighting
from gateway.lifecycle import Cleared, EventKind, HumanRelease, Staged, State
from gateway.opening import Opened, Opening, Signature, unopened
from gateway.outcomes import decided, held, inspected_from, summary
from gateway.payloads import Payload, Payloads, check_bytes, inner_name, original
from gateway.ports import Changes, Event, Lease, Ledger, Transfer
from gateway.process_ports import Scanner, SealedFile, Sealer, SealError
from gateway.store.disk import Disk, NoSpaceError
from keys.envelope import KeyWrapper
from keys.segments import SegmentReader

_FULL: Final = 2**20


class HoldError(Exception):
    """The step can't be taken, now or later, without a person; the sentences are for the sender."""


class Certificates(Protocol):
    """The recipients' OpenPGP certificates."""

    def for_sealing(self, partner: str) -> tuple[str, bytes] | None:
        """Fingerprint and bytes of the certificate to seal for, or None if none is usable."""
        ...


class Releases(Protocol):
    """The log's record of what people released."""

    def latest(self, transfer: str) -> HumanRelease | None:
        """The last release of this transfer by a person, or None."""
        ...


class Watcher(Protocol):
    """Whoever counts what the pipeline does."""

    def inspected(self, report: Report) -> None:
        """An inspection ended with ``report``."""
        ...


class Pipeline:
    """Takes transfers from ``staged`` to ``delivered``, or to ``held`` or ``refused``.

    Args:
        ledger: Where each step is recorded.
        disk: Where staged and sealed bytes are.
        keys: Opens data keys.
        payloads: Opens staged bytes.
        scanner: Inspects.
        sealer: Signs and encrypts.
        opening: Opens OpenPGP messages for the gateway.
        policy: The policy in force, asked at every step.
        certificates: Whom to seal for.
        releases: Who let a held file pass.
        watcher: Told of every inspection.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        disk: Disk,
        keys: KeyWrapper,
        payloads: Payloads,
        scanner: Scanner,
        sealer: Sealer,
        opening: Opening,
        policy: Callable[[], Policy],
        certificates: Certificates,
        releases: Releases,
        watcher: Watcher,
    ) -> None:
        self._ledger = ledger
        self._disk = disk
        self._keys = keys
        self._payloads = payloads
        self._scanner = scanner
        self._sealer = sealer
        self._opening = opening
        self._policy = policy
        self._certificates = certificates
        self._releases = releases
        self._watcher = watcher

    async def step(self, lease: Lease) -> Transfer:
        """Take the next step of the leased transfer and record it, which ends the lease.

        Raises:
            LeaseLostError: Another worker has it; nothing was recorded.
            LedgerUnavailableError: Nothing was recorded.
            Exception: The step failed; nothing was recorded, and it can be tried again.
        """
        transfer = lease.transfer
        actor = f"worker:{lease.owner}"
        try:
            event = await self._next(lease, actor)
        except HoldError as stop:
            event = held(actor, stop.args)
        return await asyncio.to_thread(self._ledger.advance, transfer.id, event, lease)

    async def _next(self, lease: Lease, actor: str) -> Event:
        transfer = lease.transfer
        match transfer.state:
            case State.STAGED:
                return await self._inspect(lease, actor)
            case State.INSPECTED:
                return decided(inspected_from(transfer), actor)
            case State.CLEARED:
                blob = sealed_blobs.name(transfer.blob, lease.claim)
                return await self._seal(await self._cleared(transfer), transfer, blob, actor)
            case State.SEALED:
                return await self._deliver(transfer, actor)
            case other:
                raise ValueError(f"no worker has anything to do in state {other}")

    async def _inspect(self, lease: Lease, actor: str) -> Event:
        policy = self._policy()
        route = _route(policy, lease.transfer)
        contract = policy.contracts[route.contract]
        try:
            opened = await self._opening.open(lease)
        except NotReadableError as error:
            opened, report = None, unopened(lease.transfer, error)
        else:
            _check_inbound(route, opened)
            report = await self._report(lease.transfer, opened, contract, policy)
        self._watcher.inspected(report)
        verdict = decide(report, contract)
        changes = Changes(
            format=report.format,
            report=stored(report),
            verdict=str(verdict.action),
            reasons=verdict.reasons,
            policy=policy.digest,
        )
        facts = summary(report, contract.contract)
        seen = lease.transfer
        if opened:
            changes |= opened.changes()
            facts |= opened.facts()
            seen = replace(seen, **opened.changes())
        before = sighting(self._keys, seen, report, route)
        return Event(EventKind.INSPECTED, actor, facts, changes, before)

    async def _report(
        self, transfer: Transfer, opened: Opened | None, contract: Contract, policy: Policy
    ) -> Report:
        """What inspection says of the file, or of what was opened of it."""
        if opened:
            transfer = replace(transfer, **opened.changes())
        async with self._payloads.inspected(transfer) as payload:
            report = await self._scanner.scan(*payload, contract, _rules(policy, payload))
        check_bytes(report.sha256, transfer)
        return replace(report, notes=(*report.notes, opened.note())) if opened else report

    async def _cleared(self, transfer: Transfer) -> Cleared:
        """The leave under which this transfer may be sealed, from the ledger's own records."""
        release = await asyncio.to_thread(self._releases.latest, transfer.id)
        if release:
            staged = Staged(transfer.id, transfer.size, transfer.sha256)
            return Cleared.by_person(staged, release)
        return Cleared.by_policy(inspected_from(transfer))

    async def _redaction(self, cleared: Cleared, transfer: Transfer) -> Redaction | None:
        """What to take out before sealing, None for nothing, by the contract in force now.

        Raises:
            HoldError: The file with its edits made would not release by itself.
        """
        if not cleared.redact:
            return None
        policy = self._policy()
        contract = policy.contracts[_route(policy, transfer).contract]
        pseudonyms = payload_keys.pseudonym_key(self._keys, contract.contract)
        async with self._payloads.inspected(transfer) as payload:
            rules = _rules(policy, payload)
            redaction = await self._scanner.redact(*payload, contract, rules, pseudonyms)
        verdict = redaction.verdict(contract)
        if verdict.action is not Action.RELEASE:
            raise HoldError(*verdict.reasons)
        check_bytes(redaction.report.sha256, transfer)
        return redaction

    async def _seal(self, cleared: Cleared, transfer: Transfer, blob: str, actor: str) -> Event:
        found = await asyncio.to_thread(self._certificates.for_sealing, transfer.recipient)
        if not found:
            raise HoldError(
                "the recipient has no usable OpenPGP certificate: once they have sent one and it "
                "is imported, this can be released"
            )
        fingerprint, certificate = found
        key = payload_keys.data_key(self._keys, transfer)
        redaction = await self._redaction(cleared, transfer)
        sealed = await self._sealed(transfer, redaction, certificate, blob)
        listed, sealed_name = await self._name(transfer, key, certificate)
        changes = Changes(
            sealed_blob=blob,
            sealed_size=sealed.size,
            sealed_sha256=sealed.sha256,
            recipient_key=fingerprint,
            listed_name=listed,
            sealed_name=sealed_name,
        )
        facts = {"by": cleared.by, **redacting.facts(redaction)}
        return Event(EventKind.SEALED, actor, facts, changes)

    async def _sealed(
        self, transfer: Transfer, redaction: Redaction | None, certificate: bytes, blob: str
    ) -> SealedFile:
        await asyncio.to_thread(self._make_room, transfer, blob)
        async with self._payloads.inspected(transfer) as (source, key, context, _):
            size = original(transfer).size
            reader = await asyncio.to_thread(SegmentReader, source, key, context, size=size)
            output = await asyncio.to_thread(self._disk.replace, blob)
            try:
                with closing(reader):
                    plaintext = redacting.sealable(reader, redaction)
                    sealed = await self._sealer.seal(plaintext, certificate, output)
                redacting.check_sealed(plaintext, redaction, original(transfer).sha256)
                await asyncio.to_thread(self._disk.flush, output, blob)
            except SealError:
                await asyncio.to_thread(self._check_not_full, blob)
                raise
            finally:
                os.close(output)
        return sealed

    def _check_not_full(self, blob: str) -> None:
        """The sealing process writes past the store, and can't say that the disk was full."""
        try:
            self._disk.check_room(_FULL)
        except NoSpaceError:
            self._disk.remove(blob)  # it would keep the room that others, and the next try, need
            raise

    def _make_room(self, transfer: Transfer, blob: str) -> None:
        """Remove what former tries left, and see that there is room for this one."""
        left = sealed_blobs.older(self._disk.names(transfer.id), blob)
        self._disk.remove(*(name for name in left if name != transfer.opened_blob))
        self._disk.check_room(original(transfer).size)

    async def _deliver(self, transfer: Transfer, actor: str) -> Event:
        size = await asyncio.to_thread(self._disk.size, transfer.sealed_blob)
        if size != transfer.sealed_size:
            raise HoldError(
                "the sealed file on the disk isn't the one on record: ask the gateway's operator"
            )
        return Event(EventKind.DELIVERED, actor, {"mailbox": transfer.recipient})

    async def _name(self, transfer: Transfer, key: bytes, certificate: bytes) -> tuple[str, bytes]:
        """The name in the recipient's listing, and the original name sealed, as the route says."""
        opaque = f"{transfer.id}.pgp"
        route = self._policy().routes.get(transfer.route)
        disclosure = route.original_name if route else "withheld"
        if disclosure == "sealed":
            name = payload_keys.open_name(key, transfer.name)
            told = inner_name(name) if transfer.opened_blob else name
            return opaque, await self._sealer.seal_name(told, certificate)
        # An original name can hold PHI, so a listed one has no column: the mailbox opens it.
        return ("" if disclosure == "listed" else opaque), b""


def _check_inbound(route: Route, opened: Opened | None) -> None:
    """See that a file came as its route wants it.

    Raises:
        HoldError: It didn't; says how to send it.
    """
    wants_signed = route.inbound.signed == "required"
    if opened is None and (route.inbound.openpgp == "required" or wants_signed):
        raise HoldError(
            "this route takes files only as OpenPGP messages for the gateway's certificate: "
            + ("sign and encrypt" if wants_signed else "encrypt")
            + " it, and send it again"
        )
    if wants_signed and opened and opened.signature is not Signature.VERIFIED:
        raise HoldError(
            "this route takes files only with a good signature by a certificate that the gateway "
            "has of the sender: sign it with that one, or have the new one imported"
        )


def _rules(policy: Policy, payload: Payload) -> Rules:
    return policy.rules.model_copy(update={"digest_key": payload_keys.digest_key(payload.key)})


def _route(policy: Policy, transfer: Transfer) -> Route:
    route = policy.routes.get(transfer.route)
    if route is None or route.to != transfer.recipient:
        raise HoldError(
            "the policy has no such route to this recipient any more: ask the gateway's operator"
        )
    return route
