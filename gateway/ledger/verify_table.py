"""Compares what stands beside the log with it: the transfers table, and the receipts.

Part of the verifier; shares no code with the writer's store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from gateway.ledger.fault import FaultError
from gateway.ledger.replay import Replay, decode, parse_time
from gateway.ledger.verify_note import Key
from gateway.ledger.verify_receipt import ReceiptFaultError, check_receipt

Query = Callable[[str], Iterable[Mapping[str, Any]]]

_ATTESTED: Final = {
    "route": "", "sender": "", "account": "", "recipient": "", "size": 0, "sha256": "",
    "format": "", "verdict": "", "policy": "", "sealed_size": 0, "sealed_sha256": "",
    "recipient_key": "", "opened_size": 0, "opened_sha256": "", "credential": "", "legal_hold": 0,
}  # fmt: skip
"""Columns that events repeat, with what they hold until an event sets them."""

_STAMPS: Final = {
    "transfer.staged": "staged",
    "transfer.delivered": "delivered",
    "transfer.collected": "collected",
    "transfer.purged": "purged",
}
_TIMES: Final = frozenset({"changed", *_STAMPS.values()})
_RECEIPTED: Final = frozenset({"transfer.delivered", "transfer.refused", "hold.refused"})


def check_table(query: Query, replay: Replay) -> None:
    """Compare each transfer's row with its events; both come sorted, so memory stays flat.

    Raises:
        FaultError: The table isn't what the events say.
    """
    told = _told(query)
    for row in query("SELECT * FROM transfers /*all*/ ORDER BY id"):
        transfer = str(row["id"])
        told_id, wanted = next(told, (None, {}))
        if told_id is None or transfer < told_id:
            raise FaultError(f"transfer {transfer}: it is in the table, and no event began it")
        if told_id != transfer:
            raise FaultError(f"transfer {told_id}: the log tells of it, and the table lost it")
        _compare(row, wanted | {"state": replay.states.get(transfer)[0]})
    left = next(told, None)
    if left is not None:
        raise FaultError(f"transfer {left[0]}: the log tells of it, and the table lost it")


def check_receipts(query: Query, key: Key | None, signed: int) -> None:
    """Check that every transfer that ended under a checkpoint has its receipt, and that it holds.

    Raises:
        FaultError: One is missing, altered, or of something that didn't happen.
    """
    if not signed or key is None:
        return
    stored = iter(query("SELECT transfer, body FROM receipts /*all*/ ORDER BY transfer"))
    for transfer, seq in _ended(query, signed):
        row = next(stored, None)
        if row is None or row["transfer"] != transfer:
            raise FaultError(f"transfer {transfer}: its receipt is missing")
        try:
            receipt = check_receipt(str(row["body"]), key)
        except ReceiptFaultError as error:
            raise FaultError(f"transfer {transfer}: its receipt is wrong: {error}") from None
        if (receipt.transfer, receipt.index + 1) != (transfer, seq):
            raise FaultError(f"transfer {transfer}: its receipt is that of another event")
    for row in stored:
        raise FaultError(f"transfer {row['transfer']}: there is a receipt of what didn't happen")


def _ended(query: Query, signed: int) -> Iterator[tuple[str, int]]:
    """Transfers with the event that a receipt is due for, by id."""
    rows = query(
        "SELECT seq, transfer, body FROM events /*all*/ WHERE transfer IS NOT NULL "  # noqa: S608 - a number
        f"AND seq <= {signed} ORDER BY transfer, seq"
    )
    for row in rows:
        event = json.loads(row["body"])
        # Events of a version before receipts don't hold what one says.
        if event["kind"] in _RECEIPTED and "receipt" in event["facts"]:
            yield str(row["transfer"]), int(row["seq"])


def _told(query: Query) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each transfer with the columns that its events add up to, by id."""
    rows = query(
        "SELECT seq, transfer, body FROM events /*all*/ WHERE transfer IS NOT NULL "
        "ORDER BY transfer, seq"
    )
    for transfer, group in groupby(rows, key=lambda row: row["transfer"]):
        wanted: dict[str, Any] = {**_ATTESTED, **dict.fromkeys(_TIMES)}
        for row in group:
            event = decode(str(row["body"]).encode(), int(row["seq"]))
            wanted |= event["set"] | {"changed": event["time"]}
            if event["kind"] in _STAMPS:
                wanted[_STAMPS[event["kind"]]] = event["time"]
        yield transfer, wanted


def _compare(row: Mapping[str, Any], wanted: dict[str, Any]) -> None:
    # A database of an earlier version lacks the columns that came since; nothing has set them.
    values = _ATTESTED | dict(row)
    for column, value in wanted.items():
        if column not in values:
            continue
        told = _microseconds(value) if column in _TIMES and value is not None else value
        if values[column] != told:
            raise FaultError(
                f"transfer {row['id']}: the table's {column} isn't what its events say; "
                "the table was edited"
            )


def _microseconds(text: str) -> int:
    moment = parse_time(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
