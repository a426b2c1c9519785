"""A partner's own transfers, as that partner may see them: names decrypted for the sender alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from gateway import payload_keys
from gateway.lifecycle import State
from gateway.partials import Partials
from gateway.ports import Transfer, Transfers, UnknownTransferError
from gateway.store.disk import StoreError
from keys.envelope import EnvelopeError, KeyWrapper
from transports.ports import Problem, Submission, TransportError

_RECENT: Final = 1_000
_NAMES_KEPT: Final = 8_192
_RETURNED: Final = frozenset({State.HELD, State.REFUSED})
_IN_MAILBOX: Final = frozenset({State.DELIVERED, State.COLLECTED})


class Names:
    """Opens original names, and keeps the last ones opened: clients list a directory again and
    again, and each name costs two key derivations.

    Args:
        keys: Opens data keys.
    """  # noqa: D205 - one sentence

    def __init__(self, keys: KeyWrapper) -> None:
        self._open: Callable[[str, bytes, bytes], str] = lru_cache(_NAMES_KEPT)(self._opened)
        self._keys = keys

    def of(self, transfer: Transfer) -> str:
        """The original name; the transfer's id once its key is destroyed or can't be used."""
        if not transfer.data_key or not transfer.name:
            return transfer.id
        try:
            return self._open(transfer.id, transfer.data_key, transfer.name)
        except EnvelopeError:
            return transfer.id

    def _opened(self, transfer: str, wrapped: bytes, sealed: bytes) -> str:
        key = self._keys.unwrap(wrapped, payload_keys.context(transfer))
        return payload_keys.open_name(key, sealed)


class Submissions:
    """Answers partners' questions. Every method blocks and raises LedgerUnavailableError.

    Args:
        transfers: The ledger's queries.
        partials: What unfinished uploads have on the disk.
        names: Opens original names.
    """

    def __init__(self, transfers: Transfers, partials: Partials, names: Names) -> None:
        self._transfers = transfers
        self._partials = partials
        self._names = names

    def recent(self, partner: str, route: str = "") -> Sequence[Submission]:
        """The partner's submissions and unfinished uploads, newest first, at most 1,000."""
        return [self.shown(t) for t in self._transfers.sent_by(partner, route, _RECENT)]

    def returned(self, partner: str) -> Sequence[Submission]:
        """Those of them that were held or refused, with reasons."""
        sent = self._transfers.sent_by(partner, limit=_RECENT)
        return [self.shown(t) for t in sent if t.state in _RETURNED]

    def one(self, partner: str, transfer: str) -> Submission:
        """One, for its sender, or for its recipient once it is in the mailbox.

        The recipient sees no name and no reasons: those are the sender's.

        Raises:
            TransportError: ``NOT_FOUND``.
        """
        try:
            found = self._transfers.get(transfer)
        except UnknownTransferError:
            raise no_such_transfer() from None
        if found.sender == partner:
            return self.shown(found)
        if found.recipient == partner and found.state in _IN_MAILBOX:
            return _without_secrets(found)
        raise no_such_transfer()

    def shown(self, transfer: Transfer) -> Submission:
        """A transfer as its sender sees it."""
        return Submission(
            transfer.id,
            transfer.route,
            self._names.of(transfer),
            self._size(transfer),
            str(transfer.state),
            transfer.changed,
            transfer.sha256,
            transfer.verdict if transfer.state is not State.INSPECTED else "",
            transfer.reasons if transfer.state in _RETURNED else (),
        )

    def _size(self, transfer: Transfer) -> int:
        if transfer.state is not State.RECEIVING:
            return transfer.size
        try:
            return self._partials.size(transfer)
        except (StoreError, EnvelopeError):
            return 0  # whoever tries to resume it is told why that can't be


def _without_secrets(transfer: Transfer) -> Submission:
    return Submission(
        transfer.id,
        transfer.route,
        "",
        transfer.size,
        str(transfer.state),
        transfer.changed,
        transfer.sha256,
    )


def no_such_transfer() -> TransportError:
    """For one that isn't there and one that is somebody else's alike."""
    return TransportError(Problem.NOT_FOUND, "you have no such transfer")
