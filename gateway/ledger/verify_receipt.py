"""``audit check-receipt``: does the log say what the receipt says? Pure; needs only the log's key.

Written from ``docs/log.md``, and shares nothing with the code that issues receipts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.ledger.fault import FaultError
from gateway.ledger.replay import decode
from gateway.ledger.verify_note import Key, Note, NoteFaultError, Proof
from gateway.ledger.verify_tree import check_inclusion, leaf_hash

_FORMAT: Final = "lazaretto/receipt/v1"
_MAX: Final = 1 << 20
_KINDS: Final = frozenset({"transfer.delivered", "transfer.refused", "hold.refused"})


class ReceiptFaultError(ValueError):
    """The receipt proves nothing, or not what it is held against; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that holds.

    Attributes:
        transfer: Its id.
        kind: ``transfer.delivered``, ``transfer.refused`` or ``hold.refused``.
        time: When, as the log writes it.
        index: The event's place on the log, from 0.
        checkpoint: What it was checked against.
        facts: ``received``, ``verdict``, ``policy``, ``route``, and ``sealed`` if delivered.
    """

    transfer: str
    kind: str
    time: str
    index: int
    checkpoint: Note
    facts: Mapping[str, Any]


def check_receipt(text: str, key: Key) -> Receipt:
    """Check a receipt against the log's public key.

    Raises:
        ReceiptFaultError: It proves nothing.
    """
    try:
        statement, proof = _read(text)
        body = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        note = Note.parse(proof.checkpoint)
        note.check(key)
        leaf = leaf_hash(body.encode())
        check_inclusion(leaf, proof.index, note.size, proof.hashes, note.root)
        event = decode(body.encode(), proof.index + 1)
    except FaultError as error:
        raise ReceiptFaultError(f"the statement is no event of the log: {error}") from None
    except NoteFaultError as error:
        raise ReceiptFaultError(str(error)) from None
    except ValueError as error:
        raise ReceiptFaultError(
            f"the log doesn't hold this statement ({error}): it was altered, or the log was"
        ) from None
    if event["kind"] not in _KINDS or "receipt" not in event["facts"]:
        raise ReceiptFaultError(f"the event is {event['kind']}, which is no end of a transfer")
    facts = event["facts"]["receipt"]
    return Receipt(event["transfer"], event["kind"], event["time"], proof.index, note, facts)


def check_payload(receipt: Receipt, size: int, sha256: str) -> None:
    """Check that these are the bytes that were received.

    Raises:
        ReceiptFaultError: They aren't.
    """
    _check("received", receipt, size, sha256)


def check_sealed(receipt: Receipt, size: int, sha256: str) -> None:
    """Check that these are the bytes that were delivered.

    Raises:
        ReceiptFaultError: They aren't, or nothing was.
    """
    if "sealed" not in receipt.facts:
        raise ReceiptFaultError("the receipt is of a file that was refused: nothing was delivered")
    _check("sealed", receipt, size, sha256)


def _check(what: str, receipt: Receipt, size: int, sha256: str) -> None:
    said = receipt.facts[what]
    if (said["size"], said["sha256"]) != (size, sha256):
        raise ReceiptFaultError(
            f"the file isn't the one that was {what}: it has {size} bytes and SHA-256 {sha256}, "
            f"the receipt says {said['size']} and {said['sha256']}"
        )


def _read(text: str) -> tuple[dict[str, Any], Proof]:
    try:
        document = json.loads(text) if len(text) <= _MAX else {}
        known = document["format"] == _FORMAT
        statement, proof = document["statement"], str(document["proof"])
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise ReceiptFaultError(f"the file is no receipt of format {_FORMAT}")
    return statement, Proof.parse(proof)
