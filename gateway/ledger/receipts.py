"""A receipt: the event that ended a transfer, with the proof that it is on the log. Pure.

``statement`` is the event itself, in the words of the log, and its canonical JSON (RFC 8785) is
the leaf that ``proof`` (C2SP ``tlog-proof``) is of. Nothing else in the file counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from gateway.ledger.clock import timestamp
from gateway.lifecycle import State
from gateway.ports import Json, Transfer

FORMAT: Final = "lazaretto/receipt/v1"
KINDS: Final = frozenset({"transfer.delivered", "transfer.refused", "hold.refused"})
"""Events that a receipt is issued for."""


def facts(transfer: Transfer, reached: State) -> Mapping[str, Json]:
    """What an event that ends a transfer says of the whole of it.

    Args:
        transfer: As it stands with the event's changes.
        reached: The state that the event leads to.
    """
    if reached not in (State.DELIVERED, State.REFUSED):
        return {}
    said: dict[str, Json] = {
        "received": {
            "sha256": transfer.sha256,
            "size": transfer.size,
            "at": timestamp(transfer.staged) if transfer.staged else "",
            "by": transfer.account,
            "credential": transfer.credential,
        },
        "route": transfer.route,
        "verdict": transfer.verdict,
        "policy": transfer.policy,
    }
    if reached is State.DELIVERED:
        said["sealed"] = {
            "sha256": transfer.sealed_sha256,
            "size": transfer.sealed_size,
            "recipient": transfer.recipient,
            "key": transfer.recipient_key,
        }
    return {"receipt": said}


def written(body: str, proof: str) -> str:
    """The receipt as a file: JSON that a person can read, in ASCII.

    Args:
        body: The event as it is on the log.
        proof: Of its inclusion.
    """
    statement: dict[str, Any] = json.loads(body)
    document = {"format": FORMAT, "statement": statement, "proof": proof}
    return json.dumps(document, indent=2) + "\n"
