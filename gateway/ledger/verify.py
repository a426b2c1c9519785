"""``audit verify``: is the log whole, legal, and what the transfers table says?

Reads the SQLite file with the standard library, read-only, or a stream of exported events. Shares
no code with the writer's store (import-linter holds it to that). What it can't see: a forger who
rewrites the whole log *and* the table to match. Against that one keeps a head somewhere else and
passes it as ``expected``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gateway.ledger.replay import FaultError, Replay, decode, parse_time

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


@dataclass(frozen=True, slots=True)
class Expected:
    """A head noted down earlier, outside the site: event ``seq`` must still have ``hash``."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Expected:
        """From ``SEQ:HASH``, as ``audit verify`` prints it.

        Raises:
            ValueError: It has another form.
        """
        seq, _, digest = text.partition(":")
        if not seq.isdecimal() or len(digest) != len("0" * 64):
            raise ValueError("a head is SEQ:HASH with a hash of 64 hex digits")
        return cls(int(seq), digest.lower())


@dataclass(frozen=True, slots=True)
class Verification:
    """What the verifier found.

    Attributes:
        ok: Nothing wrong.
        events: How many were good, from the first on.
        head: Hash of the last good one.
        transfers: How many transfers these tell of.
        first_fault: The first thing wrong, "" if nothing.
        notices: Oddities that prove nothing.
    """

    ok: bool
    events: int
    head: str
    transfers: int
    first_fault: str = ""
    notices: tuple[str, ...] = ()


def verify_export(lines: Iterable[str], expected: Expected | None = None) -> Verification:
    """Verify exported events, one ``{"event": …, "hash": …}`` a line.

    An export has no transfers table to compare with; the chain and the transitions are checked.
    """
    replay = Replay()
    try:
        for line in lines:
            body, stored_hash = _exported(line, replay.seq + 1)
            replay.take(body, stored_hash)
            _check_expected(replay, expected)
        _check_reached(replay, expected)
    except FaultError as fault:
        return _result(replay, str(fault))
    return _result(replay)


def verify_database(path: Path, expected: Expected | None = None) -> Verification:
    """Verify the log in a site's SQLite file against itself and the transfers table.

    Works beside a running gateway: one read transaction sees one moment.
    """
    replay = Replay()
    try:
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            _check_log(connection, replay, expected)
            _check_table(connection, replay)
    except FaultError as fault:
        return _result(replay, str(fault))
    except sqlite3.Error as error:
        return _result(replay, f"the database can't be read: {error}")
    return _result(replay)


def _result(replay: Replay, fault: str = "") -> Verification:
    return Verification(
        not fault, replay.seq, replay.head, len(replay.states), fault, tuple(replay.notices)
    )


def _exported(line: str, place: int) -> tuple[bytes, str]:
    try:
        record = json.loads(line)
        body = json.dumps(
            record["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return body.encode(), str(record["hash"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FaultError(f"event {place}: the line can't be read as an exported event") from None


def _check_log(connection: sqlite3.Connection, replay: Replay, expected: Expected | None) -> None:
    rows = connection.execute("SELECT seq, transfer, body, hash FROM events ORDER BY seq")
    for row in rows:
        if row["seq"] != replay.seq + 1:
            raise FaultError(f"event {replay.seq + 1}: missing; the next row is {row['seq']}")
        event = replay.take(_bytes(row["body"], replay), str(row["hash"]))
        if event["transfer"] != row["transfer"]:
            raise FaultError(f"event {replay.seq}: filed under another transfer than it tells of")
        _check_expected(replay, expected)
    _check_reached(replay, expected)
    head = connection.execute("SELECT seq, hash FROM log_head").fetchall()
    if [tuple(row) for row in head] != [(replay.seq, replay.head)]:
        raise FaultError(
            f"after event {replay.seq}: the log ends here, but its recorded head is elsewhere: "
            "events were cut off or put on"
        )


def _bytes(body: object, replay: Replay) -> bytes:
    if not isinstance(body, str):
        raise FaultError(f"event {replay.seq + 1}: its text is no text")
    return body.encode()


def _check_expected(replay: Replay, expected: Expected | None) -> None:
    if expected and replay.seq == expected.seq and replay.head != expected.hash:
        raise FaultError(
            f"event {replay.seq}: its hash isn't the one noted earlier: the log was rewritten"
        )


def _check_reached(replay: Replay, expected: Expected | None) -> None:
    if expected and replay.seq < expected.seq:
        raise FaultError(
            f"after event {replay.seq}: the log ends, but had {expected.seq} events when its head "
            "was noted: it was cut off or replaced"
        )


def _check_table(connection: sqlite3.Connection, replay: Replay) -> None:
    """Compare each transfer's row with its events; both come sorted, so memory stays flat."""
    # NOT INDEXED: an index that disagrees with its table must not hide rows from us.
    rows = connection.execute("SELECT * FROM transfers NOT INDEXED ORDER BY id")
    told = _told(connection)
    for row in rows:
        transfer = str(row["id"])
        told_id, wanted = next(told, (None, {}))
        if told_id is None or transfer < told_id:
            raise FaultError(f"transfer {transfer}: it is in the table, and no event began it")
        if told_id != transfer:
            raise FaultError(f"transfer {told_id}: the log tells of it, and the table lost it")
        _compare(row, wanted | {"state": str(replay.states[transfer])})
    left = next(told, None)
    if left is not None:
        raise FaultError(f"transfer {left[0]}: the log tells of it, and the table lost it")


def _told(connection: sqlite3.Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each transfer with the columns that its events add up to, by id."""
    rows = connection.execute(
        "SELECT seq, transfer, body FROM events NOT INDEXED WHERE transfer IS NOT NULL "
        "ORDER BY transfer, seq"
    )
    for transfer, group in groupby(rows, key=lambda row: row["transfer"]):
        wanted: dict[str, Any] = {
            **_ATTESTED,
            "changed": None,
            **dict.fromkeys(_STAMPS.values()),
        }
        for row in group:
            event = decode(row["body"].encode(), row["seq"])
            wanted |= event["set"] | {"changed": event["time"]}
            if event["kind"] in _STAMPS:
                wanted[_STAMPS[event["kind"]]] = event["time"]
        yield transfer, wanted


def _compare(row: sqlite3.Row, wanted: dict[str, Any]) -> None:
    # A database of an earlier version lacks the columns that came since; nothing has set them.
    values = _ATTESTED | dict(row)
    for column, value in wanted.items():
        if column not in values:
            continue  # a stamp of a later version
        if column in {"changed", *_STAMPS.values()}:
            value = None if value is None else _microseconds(value)  # noqa: PLW2901 - the log writes times as text, the table as integers
        if values[column] != value:
            raise FaultError(
                f"transfer {row['id']}: the table's {column} isn't what its events say; "
                "the table was edited"
            )


def _microseconds(text: str) -> int:
    moment = parse_time(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
