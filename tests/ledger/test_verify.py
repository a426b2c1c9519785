"""Whatever somebody with the database file in an editor does, the verifier names it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.ledger.chain import DOMAIN
from gateway.ledger.export import exported
from gateway.ledger.verify import Expected, Held, Verification, verify_database, verify_export
from gateway.lifecycle import EventKind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ledger.conftest import Bench


@pytest.fixture
def backend() -> str:
    """It is about one file, and what somebody with an editor does to it."""
    return "sqlite"


@pytest.fixture
def full(bench: Bench) -> Bench:
    """Ten events: six of transfer 1 and one record, then two of transfer 2, then one more."""
    bench.delivered(1)
    bench.ledger.record("policy.loaded", "system", {"policy": "ab" * 32})
    bench.staged(2)
    bench.clock.move(1)
    bench.begin(3)
    return bench


def rows(bench: Bench) -> list[tuple[int, str, str, str]]:
    with closing(sqlite3.connect(bench.path)) as connection:
        return list(connection.execute("SELECT seq, transfer, body, hash FROM events ORDER BY seq"))


def forge(bench: Bench, first: int, change: Callable[[list[dict[str, object]]], None]) -> None:
    """Rewrite the log from event ``first`` on, with every hash made to fit again."""
    stored = rows(bench)
    bodies = [json.loads(body) for _, _, body, _ in stored[first - 1 :]]
    previous = stored[first - 2][3] if first > 1 else "0" * 64
    change(bodies)
    with closing(sqlite3.connect(bench.path)) as connection:
        connection.execute("DELETE FROM events WHERE seq >= ?", (first,))
        seq = first - 1
        for body in bodies:
            seq += 1
            body |= {"seq": seq, "prev": previous}
            text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous = hashlib.sha256(DOMAIN + text.encode()).hexdigest()
            row = (seq, body["transfer"], text, previous)
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)
        connection.execute("UPDATE log_head SET seq = ?, hash = ?", (seq, previous))
        connection.commit()


def test_an_honest_log_verifies(full: Bench) -> None:
    found = full.verify()
    assert (found.ok, found.first_fault, found.events, found.transfers) == (True, "", 10, 3)
    assert found.head == rows(full)[-1][3]


def test_an_empty_log_verifies(bench: Bench) -> None:
    assert bench.verify().ok


def test_it_verifies_beside_a_writer_in_mid_transaction(full: Bench) -> None:
    with full.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM events")
        assert full.verify().ok
        connection.rollback()


T1, T2, T3 = (f"t_{number:026}" for number in (1, 2, 3))

ATTACKS = {
    "a fact edited": (
        [("UPDATE events SET body = replace(body, 'account:clinic-1', 'account:clinic-2') "
         "WHERE seq = 1")],
        "event 1: its hash doesn't fit",
    ),
    "a hash edited": (
        ["UPDATE events SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 4"],
        "event 4: its hash doesn't fit",
    ),
    "an event deleted": (["DELETE FROM events WHERE seq = 4"], "event 4: missing"),
    "an event deleted and the gap closed": (
        ["DELETE FROM events WHERE seq = 4",
         "UPDATE events SET seq = -(seq - 1) WHERE seq > 4",
         "UPDATE events SET seq = -seq WHERE seq < 0"],
        "event 4: it calls itself 5",
    ),
    "two events exchanged": (
        ["UPDATE events SET seq = -3 WHERE seq = 4", "UPDATE events SET seq = 4 WHERE seq = 3",
         "UPDATE events SET seq = 3 WHERE seq = -3"],
        "event 3: it calls itself 4",
    ),
    "an event back-dated": (
        ["UPDATE events SET body = replace(body, '2026-03-01T', '2026-02-01T') WHERE seq = 5"],
        "event 5: its hash doesn't fit",
    ),
    "an event put in twice": (
        ["INSERT INTO events SELECT 11, transfer, body, hash FROM events WHERE seq = 10"],
        "event 11: it calls itself 10",
    ),
    "the end cut off": (
        ["DELETE FROM events WHERE seq > 8"],
        "after event 8: the log ends here, but its recorded head is elsewhere",
    ),
    "the end cut off and the head moved": (
        ["DELETE FROM events WHERE seq > 9",
         "UPDATE log_head SET seq = 9, hash = (SELECT hash FROM events WHERE seq = 9)"],
        f"transfer {T3}: it is in the table, and no event began it",
    ),
    "a step cut off and the head moved": (
        ["DELETE FROM events WHERE seq > 8", f"DELETE FROM transfers WHERE id = '{T3}'",
         "UPDATE log_head SET seq = 8, hash = (SELECT hash FROM events WHERE seq = 8)"],
        f"transfer {T2}: the table's",
    ),
    "the whole log emptied": (
        ["DELETE FROM events", "UPDATE log_head SET seq = 0, hash = printf('%064d', 0)"],
        f"transfer {T1}: it is in the table, and no event began it",
    ),
    "the head removed": (["DELETE FROM log_head"], "after event 10: the log ends here"),
    "a state edited": (
        [f"UPDATE transfers SET state = 'cleared' WHERE id = '{T2}'"],
        f"transfer {T2}: the table's state isn't what its events say",
    ),
    "a recipient edited": (
        [f"UPDATE transfers SET recipient = 'mallory' WHERE id = '{T2}'"],
        f"transfer {T2}: the table's recipient",
    ),
    "a digest edited": (
        [f"UPDATE transfers SET sha256 = '{'cd' * 32}' WHERE id = '{T2}'"],
        f"transfer {T2}: the table's sha256",
    ),
    "a verdict put where none was": (
        [f"UPDATE transfers SET verdict = 'release' WHERE id = '{T2}'"],
        f"transfer {T2}: the table's verdict",
    ),
    "a delivery re-dated": (
        [f"UPDATE transfers SET delivered = delivered - 1 WHERE id = '{T1}'"],
        f"transfer {T1}: the table's delivered",
    ),
    "a transfer removed": (
        [f"DELETE FROM transfers WHERE id = '{T2}'"],
        f"transfer {T2}: the log tells of it, and the table lost it",
    ),
    "the last transfer removed": (
        [f"DELETE FROM transfers WHERE id = '{T3}'"],
        f"transfer {T3}: the log tells of it, and the table lost it",
    ),
    "a transfer put in": (
        ["CREATE TEMP TABLE copy AS SELECT * FROM transfers LIMIT 1",
         "UPDATE copy SET id = 't_zzz'", "INSERT INTO transfers SELECT * FROM copy"],
        "transfer t_zzz: it is in the table, and no event began it",
    ),
    "an event filed under another transfer": (
        [f"UPDATE events SET transfer = '{T2}' WHERE seq = 2"],
        "event 2: filed under another transfer",
    ),
    "an event filed under none": (
        ["UPDATE events SET transfer = NULL WHERE seq = 2"],
        "event 2: filed under another transfer",
    ),
    "a body made binary": (
        ["UPDATE events SET body = CAST(body AS BLOB) WHERE seq = 2"],
        "event 2: its text is no text",
    ),
    "a body that is no JSON": (
        ["UPDATE events SET body = 'gone' WHERE seq = 2"],
        "event 2: its text can't be read",
    ),
    "white space put in": (
        ["UPDATE events SET body = replace(body, ':{', ': {') WHERE seq = 2"],
        "event 2: its text isn't in canonical form",
    ),
    "a member given twice": (
        ["UPDATE events SET body = replace(body, '\"v\":1}', '\"v\":1,\"v\":1}') WHERE seq = 2"],
        "event 2: its text isn't in canonical form",
    ),
    "an endless body": (
        ["UPDATE events SET body = hex(zeroblob(20000)) WHERE seq = 2"],
        "event 2: 40000 bytes",
    ),
    "a table dropped": (["DROP TABLE log_head"], "the database can't be read"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_tampering_is_named(full: Bench, attack: str) -> None:
    statements, fault = ATTACKS[attack]
    full.tamper(*statements)
    found = full.verify()
    assert not found.ok
    assert found.first_fault.startswith(fault)


def edit(place: int, **members: object) -> Callable[[list[dict[str, object]]], None]:
    return lambda bodies: bodies[place].update(members)


FORGERIES = {
    "a step left out": (3, lambda bodies: bodies.pop(0), "transfer.cleared is not legal"),
    "a step put in": (
        8,
        lambda bodies: bodies.insert(0, bodies[0] | {"kind": "transfer.sealed", "transfer": T1}),
        "transfer.sealed is not legal in state delivered",
    ),
    "a float": (2, edit(0, facts={"size": 1.5}), "event 2: its text can't be read"),
    "not a number": (2, edit(0, facts={"size": float("nan")}), "event 2: its text can't be read"),
    "a member too many": (2, edit(0, extra=1), "event 2: its members"),
    "another version": (2, edit(0, v=2), "event 2: of version 2"),
    "a time of another form": (2, edit(0, time="yesterday"), "event 2: its time is no time"),
    "a month too many": (2, edit(0, time="2026-13-01T00:00:00.000000Z"), "event 2: its time"),
    "a fact list for a map": (2, edit(0, facts=[]), "event 2: a member is of the wrong type"),
    "a transfer without a name": (2, edit(0, transfer=None), "event 2: a transfer.staged must be"),
    "a record about a transfer": (7, edit(0, transfer=T1), "event 7: a policy.loaded must be"),
    "a value of its own": (
        2,
        edit(0, set={"size": 8, "sha256": "ab" * 32}),
        "event 6: its receipt's received size",
    ),
    "a route of its own": (
        1,
        edit(0, set={"route": "other", "sender": "clinic"}),
        f"transfer {T1}: the table's",
    ),
    "a final step re-dated": (
        10,
        edit(0, time="2026-02-28T00:00:00.000000Z"),
        f"transfer {T3}: the table's changed",
    ),
    "a delivery taken back": (
        6,
        lambda bodies: bodies.pop(0),
        f"transfer {T1}: the table's",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_with_fitting_hashes_is_named_where_law_or_table_disagree(
    full: Bench, name: str
) -> None:
    first, change, fault = FORGERIES[name]
    forge(full, first, change)
    found = full.verify()
    assert not found.ok
    assert fault in found.first_fault


def test_a_log_rewritten_whole_is_caught_by_a_head_noted_before(full: Bench) -> None:
    before = full.verify()
    noted = Expected(before.events, before.head)
    forge(full, 7, edit(0, facts={"policy": "cd" * 32}))
    assert full.verify().ok, "nothing inside the site can tell; that is why heads are noted"
    found = verify_database(full.path, Held(expected=noted))
    assert found.first_fault == (
        "event 10: its hash isn't the one noted earlier: the log was rewritten"
    )


def test_a_database_put_back_to_an_earlier_copy_is_caught_by_a_head_noted_since(
    bench: Bench, tmp_path: Path
) -> None:
    bench.begin(1)
    with closing(sqlite3.connect(bench.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old = tmp_path / "old.db"
    shutil.copy(bench.path, old)
    bench.step(T1, EventKind.STAGED)
    now = bench.verify()
    found = verify_database(old, Held(expected=Expected(now.events, now.head)))
    assert found.first_fault.startswith("after event 1: the log ends, but had 2 events")


def test_a_log_that_grew_since_the_head_was_noted_verifies(full: Bench) -> None:
    before = full.verify()
    full.begin(4)
    assert verify_database(full.path, held(before)).ok


def held(found: Verification) -> Held:
    return Held(expected=Expected(found.events, found.head))


@pytest.mark.parametrize("text", ["", "5", "x:" + "0" * 64, "5:abc"])
def test_a_head_of_the_wrong_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SEQ:HASH"):
        Expected.parse(text)


def test_a_clock_set_back_is_noticed_and_no_fault(full: Bench) -> None:
    full.clock.move(-3600)
    full.begin(4)
    found = full.verify()
    assert found.ok
    assert found.notices == ("event 11: its time is 1:00:00 before the one before",)


def test_a_missing_database_is_a_fault(tmp_path: Path) -> None:
    found = verify_database(tmp_path / "none.db")
    assert found.first_fault.startswith("the database can't be read")


def test_an_export_verifies_to_the_same_head(full: Bench) -> None:
    lines = list(exported(full.database))
    found = verify_export(lines)
    assert (found.ok, found.events, found.head) == (True, 10, full.verify().head)


@pytest.mark.parametrize("drop", range(10))
def test_an_export_with_a_line_missing_is_caught(full: Bench, drop: int) -> None:
    before = full.verify()
    lines = list(exported(full.database))
    del lines[drop]
    assert not verify_export(lines, held(before)).ok


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"event":{}}', "[" * 5000])
def test_an_export_that_is_none_is_a_fault(line: str) -> None:
    assert verify_export([line]).first_fault.startswith("event 1:")
