"""Before a gateway serves: is the tree in the database that of the last signed checkpoints?

A whole check reads every event (``audit verify``); this one takes milliseconds and finds what a
restored, rolled back or edited database looks like: it stops there and says so.
"""

from __future__ import annotations

from sqlalchemy import select

from gateway.ledger import tree
from gateway.ledger.sequencer import reader
from gateway.ledger.verify_note import Key, Note, NoteFaultError
from gateway.store.database import Database
from gateway.store.tables import events, log_checkpoints, log_head


class LogBrokenError(Exception):
    """The database's log contradicts what was signed; the sentence says how, and what to do."""


_ADVICE = (
    "nothing was changed. Run 'lazaretto audit verify' and keep a copy of the site; if the "
    "database was put back on purpose, use 'lazaretto restore', which records it"
)


def check_log(database: Database, key: Key, kept: str) -> None:
    """Compare the tree with the newest checkpoint in the database and with the one kept beside it.

    Args:
        database: With the newest schema.
        key: The log's public key.
        kept: The checkpoint file's content, "" for none.

    Raises:
        LogBrokenError: They contradict each other.
        LedgerUnavailableError: The database is locked, broken or gone.
    """
    newest = select(log_checkpoints.c.note).order_by(log_checkpoints.c.size.desc()).limit(1)
    with database.read() as connection:
        read = reader(connection)
        text = connection.execute(newest).scalar()
        note = _believed(text, key, "in the database") if text else None
        length = int(connection.execute(select(log_head.c.seq)).scalar_one())
        last = _last_tile(note.size) if note else 0
        bodies = (
            select(events.c.body)
            .where(events.c.seq > last, events.c.seq <= (note.size if note else 0))
            .order_by(events.c.seq)
        )
        leaves = [tree.leaf_hash(body.encode()) for body in connection.execute(bodies).scalars()]
        if note:
            _check_tree(read, note, "in the database", length)
            if b"".join(leaves) != read(0, last // tree.WIDTH)[: tree.HASH * (note.size - last)]:
                raise LogBrokenError(f"the log's last events were edited or deleted: {_ADVICE}")
        if kept:
            outside = _believed(kept, key, "in the checkpoint file")
            _check_tree(read, outside, "in the checkpoint file", note.size if note else 0)


def _last_tile(size: int) -> int:
    """Leaves before the last tile."""
    return (size - 1) // tree.WIDTH * tree.WIDTH if size else 0


def _believed(text: str, key: Key, where: str) -> Note:
    try:
        note = Note.parse(text)
        note.check(key)
    except NoteFaultError as error:
        raise LogBrokenError(
            f"the newest checkpoint {where} is wrong: {error}; {_ADVICE}"
        ) from None
    return note


def _check_tree(read: tree.Read, note: Note, where: str, length: int) -> None:
    if note.size > length:
        raise LogBrokenError(
            f"the checkpoint {where} is of {note.size} events, and the log has {length}: the "
            f"database was cut off or put back to an earlier state; {_ADVICE}"
        )
    try:
        fits = tree.root(read, note.size) == note.root
    except LookupError:
        fits = False
    if not fits:
        raise LogBrokenError(
            f"the log's tree isn't the one that was signed: its root over {note.size} events isn't "
            f"that of the checkpoint {where}; {_ADVICE}"
        )
