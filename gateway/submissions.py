"""A partner's own transfers, as that partner may see them: names decrypted for the sender alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from config.operations import Deed
from gateway import payload_keys
from gateway.authority import authorise, may, no_such_transfer, sent
from gateway.lifecycle import State
from gateway.partials import Partials
from gateway.ports import Transfer, Transfers, UnknownTransferError
from gateway.store.disk import StoreError
from keys.envelope import EnvelopeError, KeyWrapper
from transports.ports import Principal, Submission

_RECENT: Final = 1_000
_NAMES_KEPT: Final = 8_192
_RETURNED: Final = frozenset({State.HELD, State.REFUSED})


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

    Lists are empty for accounts that may not see them, since clients list before they know.

    Args:
        transfers: The ledger's queries.
        partials: What unfinished uploads have on the disk.
        names: Opens original names.
    """

    def __init__(self, transfers: Transfers, partials: Partials, names: Names) -> None:
        self._transfers = transfers
        self._partials = partials
        self._names = names

    def recent(self, who: Principal, route: str = "") -> Sequence[Submission]:
        """The partner's submissions and unfinished uploads, newest first, at most 1,000."""
        return [self.shown(transfer) for transfer in self._sent(who, route)]

    def returned(self, who: Principal) -> Sequence[Submission]:
        """Those of them that were held or refused, with reasons."""
        return [self.shown(found) for found in self._sent(who) if found.state in _RETURNED]

    def one(self, who: Principal, transfer: str) -> Submission:
        """One, for its sender, or for its recipient once it is in the mailbox.

        The recipient sees no name and no reasons: those are the sender's.

        Raises:
            TransportError: ``NOT_FOUND``.
        """
        found = theirs(self._transfers, who, Deed.SEE, transfer)
        return self.shown(found) if sent(who, found) else _without_secrets(found)

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

    def _sent(self, who: Principal, route: str = "") -> Sequence[Transfer]:
        if not may(who, Deed.LIST_OWN):
            return []
        return self._transfers.sent_by(who.partner, route, _RECENT)

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


def theirs(transfers: Transfers, who: Principal, deed: Deed, transfer: str) -> Transfer:
    """The transfer of that id, if there is one and ``who`` may do that with it.

    Raises:
        TransportError: ``NOT_FOUND``.
        LedgerUnavailableError: The ledger can't be asked.
    """
    try:
        found = transfers.get(transfer)
    except UnknownTransferError:
        raise no_such_transfer() from None
    authorise(who, deed, transfer=found)
    return found
