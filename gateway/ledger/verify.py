"""``audit verify``: is the log whole, legal, signed, and what the transfers table says?

Reads the site's database with the standard library (or psycopg), read-only, or a stream of
exported events. Shares no code with the writer's store (import-linter holds it to that). What it
can't see: a forger who holds the log's key and rewrites the whole log, its checkpoints *and* the
table to match. Against that one keeps a checkpoint somewhere else and passes it as ``since``.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gateway.ledger.fault import FaultError
from gateway.ledger.replay import Replay, canonical
from gateway.ledger.verify_note import Key, Note
from gateway.ledger.verify_table import check_receipts, check_table
from gateway.ledger.verify_tiles import TileCheck

_PLAIN: Final = re.compile(
    r"""\{"event":(?P<event>\{.*\}),"hash":"(?P<hash>[0-9a-f]{64})"\}\n?""", re.DOTALL
)

Query = Callable[[str], Iterable[Mapping[str, Any]]]
"""Rows of a query, by column, all of them as of one moment."""


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
class Held:
    """What the auditor holds the log against, all of it from elsewhere.

    Attributes:
        key: The log's public key.
        since: A checkpoint of earlier, believed already.
        expected: A head of earlier.
    """

    key: Key | None = None
    since: Note | None = None
    expected: Expected | None = None

    def replay(self) -> Replay:
        """A verifier at the log's start."""
        return Replay(self.key, {self.since.size: self.since} if self.since else {})


@dataclass(frozen=True, slots=True)
class Verification:
    """What the verifier found.

    Attributes:
        ok: Nothing wrong.
        events: How many were good, from the first on.
        head: Hash of the last good one.
        transfers: How many transfers these tell of.
        signed: How many events the last good checkpoint covers.
        root: Root of the tree over the good events, in hex.
        first_fault: The first thing wrong, "" if nothing.
        notices: Oddities that prove nothing.
    """

    ok: bool
    events: int
    head: str
    transfers: int
    signed: int = 0
    root: str = ""
    first_fault: str = ""
    notices: tuple[str, ...] = ()


def verify_export(lines: Iterable[str], held: Held | None = None) -> Verification:
    """Verify an export: a line an event, ``{"event": …, "hash": …}``, or a checkpoint.

    An export has no transfers table to compare with; the chain, the transitions, the tree and the
    checkpoints are checked.
    """
    held = held or Held()
    replay = held.replay()

    def check() -> None:
        for line in lines:
            _take_line(line, replay, held)
        _check_reached(replay, held)

    return _judged(replay, check)


def verify_database(path: Path, held: Held | None = None) -> Verification:
    """Verify the log in a site's SQLite file against itself and the transfers table.

    Works beside a running gateway: one read transaction sees one moment.
    """
    held = held or Held()
    replay = held.replay()

    def check() -> None:
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("BEGIN")
                # An index that disagrees with its table must not hide rows from us.
                _check_rows(
                    lambda sql: map(
                        dict, connection.execute(sql.replace("/*all*/", "NOT INDEXED"))
                    ),
                    replay,
                    held,
                )
        except sqlite3.Error as error:
            raise FaultError(f"the database can't be read: {error}") from None

    return _judged(replay, check)


def verify_rows(query: Query, held: Held | None = None) -> Verification:
    """Verify the log in a database that answers queries as of one moment."""
    held = held or Held()
    replay = held.replay()
    return _judged(replay, lambda: _check_rows(query, replay, held))


def _judged(replay: Replay, check: Callable[[], None]) -> Verification:
    fault = ""
    try:
        check()
    except FaultError as found:
        fault = str(found)
    transfers = len(replay.states)
    replay.states.close()
    return Verification(
        not fault,
        replay.seq,
        replay.head,
        transfers,
        replay.signed,
        replay.tree.root().hex(),
        fault,
        tuple(replay.notices),
    )


def _check_rows(query: Query, replay: Replay, held: Held) -> None:
    _check_log(query, replay, held)
    check_table(query, replay)
    check_receipts(query, held.key, replay.signed)


def _take_line(line: str, replay: Replay, held: Held) -> None:
    plain = _PLAIN.fullmatch(line)
    if plain:
        # As we write it: the event's own text, which has to be canonical, so parse it only once.
        note, body, stored = "", plain["event"].encode(errors="surrogatepass"), plain["hash"]
    else:
        note, body, stored = _read_line(line, replay.seq + 1)
    if note:
        replay.checkpoint(note)
        return
    replay.take(body, stored)
    _check_expected(replay, held)


def _read_line(line: str, place: int) -> tuple[str, bytes, str]:
    """A checkpoint, or an event's body and hash, however the line was written."""
    try:
        record = json.loads(line)
        if "checkpoint" in record:
            return str(record["checkpoint"]), b"", ""
        return "", canonical(record["event"]), str(record["hash"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FaultError(f"event {place}: the line can't be read as an exported event") from None


def _check_log(query: Query, replay: Replay, held: Held) -> None:
    checkpoints = _checkpoints(query)
    due = next(checkpoints, None)
    tiles = TileCheck(query, _signed(query))
    for row in query("SELECT seq, transfer, body, hash FROM events ORDER BY seq"):
        if row["seq"] != replay.seq + 1:
            raise FaultError(f"event {replay.seq + 1}: missing; the next row is {row['seq']}")
        event = replay.take(_bytes(row["body"], replay), str(row["hash"]))
        if event["transfer"] != row["transfer"]:
            raise FaultError(f"event {replay.seq}: filed under another transfer than it tells of")
        _check_expected(replay, held)
        tiles.add(replay.leaf)
        while due is not None and due[0] <= replay.seq:
            replay.checkpoint(due[1])
            due = next(checkpoints, None)
    if due is not None:
        raise FaultError(
            f"after event {replay.seq}: the log ends, and a checkpoint here is of {due[0]} events: "
            "it was cut off"
        )
    if replay.signed:
        tiles.end()
    _check_reached(replay, held)
    heads = [(row["seq"], row["hash"]) for row in query("SELECT seq, hash FROM log_head")]
    if heads != [(replay.seq, replay.head)]:
        raise FaultError(
            f"after event {replay.seq}: the log ends here, but its recorded head is elsewhere: "
            "events were cut off or put on"
        )


def _signed(query: Query) -> int:
    if not _has(query, "log_checkpoints"):
        return 0
    return max(int(row["n"] or 0) for row in query("SELECT max(size) AS n FROM log_checkpoints"))


def _checkpoints(query: Query) -> Iterator[tuple[int, str]]:
    if not _has(query, "log_checkpoints"):
        return
    for row in query("SELECT size, note FROM log_checkpoints ORDER BY size"):
        yield int(row["size"]), str(row["note"])


def _has(query: Query, table: str) -> bool:
    """Whether the database, of whatever version, has that table."""
    try:
        list(query(f"SELECT 1 FROM {table} LIMIT 1"))  # noqa: S608 - a name of our own
    except sqlite3.OperationalError:
        return False
    return True


def _bytes(body: object, replay: Replay) -> bytes:
    if not isinstance(body, str):
        raise FaultError(f"event {replay.seq + 1}: its text is no text")
    return body.encode()


def _check_expected(replay: Replay, held: Held) -> None:
    expected = held.expected
    if expected and replay.seq == expected.seq and replay.head != expected.hash:
        raise FaultError(
            f"event {replay.seq}: its hash isn't the one noted earlier: the log was rewritten"
        )


def _check_reached(replay: Replay, held: Held) -> None:
    replay.end()
    if held.expected and replay.seq < held.expected.seq:
        raise FaultError(
            f"after event {replay.seq}: the log ends, but had {held.expected.seq} events when its "
            "head was noted: it was cut off or replaced"
        )
