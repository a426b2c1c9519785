"""A host that tampers: with the database, an export, or a receipt. Each thing it does is caught.

The host has everything but the log's key and the copies of checkpoints that are kept elsewhere;
in the last part it has the key too.
"""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger import tree
from gateway.ledger.export import exported
from gateway.ledger.note import Signer
from gateway.ledger.sequencer import Sequencer
from gateway.ledger.startup import LogBrokenError, check_log
from gateway.ledger.verify import Held, verify_export
from gateway.ledger.verify_note import Note
from gateway.ledger.verify_receipt import ReceiptFaultError, check_receipt
from gateway.lifecycle import EventKind
from tests.ledger.test_verify import forge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ledger.conftest import Bench


@pytest.fixture
def backend() -> str:
    """It is about one file, and what somebody with an editor does to it."""
    return "sqlite"


T1, T2 = (f"t_{number:026}" for number in (1, 2))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def signed(bench: Bench) -> Bench:
    """Two checkpoints: after event 3, and after all 12; transfer 1 was delivered, 2 refused."""
    bench.staged(1)
    bench.ledger.record("policy.loaded", "system", {"policy": "ab" * 32})
    bench.sign()
    for kind in (EventKind.INSPECTED, EventKind.CLEARED, EventKind.SEALED, EventKind.DELIVERED):
        bench.clock.move(1)
        bench.step(T1, kind)
    bench.staged(2)
    bench.step(T2, EventKind.INSPECTED)
    bench.step(T2, EventKind.REFUSED)
    bench.begin(3)
    bench.sign()
    return bench


def held(bench: Bench, since: str = "") -> Held:
    return Held(bench.key, Note.parse(since) if since else None)


def test_an_honest_log_verifies_whole(signed: Bench) -> None:
    found = signed.verify(held(signed))
    assert (found.first_fault, found.events, found.signed, found.transfers) == ("", 12, 12, 3)


def test_events_that_are_not_signed_yet_are_counted_apart(signed: Bench) -> None:
    signed.begin(4)
    found = signed.verify(held(signed))
    assert (found.ok, found.events, found.signed) == (True, 13, 12)


# -- the database, without the key

DATABASE = {
    "a checkpoint's size edited": (
        ["UPDATE log_checkpoints SET size = 4 WHERE size = 3"],
        "after event 4: the checkpoint here is of 3 events",
    ),
    "a checkpoint's root edited": (
        [("UPDATE log_checkpoints SET note = replace(note, substr(note, 20, 4), 'AAAA') "
         "WHERE size = 3")],
        "after event 3: the checkpoint isn't signed",
    ),
    "a checkpoint's signature cut off": (
        ["UPDATE log_checkpoints SET note = substr(note, 1, instr(note, char(10) || char(10)))"],
        "after event 3: not a signed checkpoint",
    ),
    "a checkpoint of the future": (
        ["INSERT INTO log_checkpoints SELECT 99, note, signed FROM log_checkpoints LIMIT 1"],
        "after event 12: the log ends, and a checkpoint here is of 99 events",
    ),
    "a checkpoint put at another size": (
        ["INSERT INTO log_checkpoints SELECT 5, note, signed FROM log_checkpoints WHERE size = 3"],
        "after event 5: the checkpoint here is of 3 events",
    ),
    "the last checkpoint deleted": (
        ["DELETE FROM log_checkpoints WHERE size = 12"],
        "the tree's tile 0 of level 0",
    ),
    "a tile edited": (
        ["UPDATE log_tiles SET hashes = zeroblob(384)"],
        "the tree's tile 0 of level 0",
    ),
    "a tile deleted": (["DELETE FROM log_tiles"], "the tree's tile 0 of level 0"),
    "a tile put in": (
        ["INSERT INTO log_tiles VALUES (0, 1, zeroblob(32))"],
        "the tree's tile 1 of level 0",
    ),
    "a level put in": (
        ["INSERT INTO log_tiles VALUES (1, 0, zeroblob(32))"],
        "the tree's tile 0 of level 1",
    ),
    "a receipt deleted": (
        [f"DELETE FROM receipts WHERE transfer = '{T1}'"],
        f"transfer {T1}: its receipt is missing",
    ),
    "a receipt edited": (
        ["UPDATE receipts SET body = replace(body, '\"size\": 7', '\"size\": 8')"],
        f"transfer {T1}: its receipt is wrong",
    ),
    "a receipt exchanged for another's": (
        [f"UPDATE receipts SET body = (SELECT body FROM receipts WHERE transfer = '{T2}')"],
        f"transfer {T1}: its receipt is that of another event",
    ),
    "a receipt of nothing": (
        ["INSERT INTO receipts SELECT 't_zzz', body, issued FROM receipts LIMIT 1"],
        "transfer t_zzz: there is a receipt of what didn't happen",
    ),
    "the newest events cut off with their checkpoint": (
        ["DELETE FROM events WHERE seq > 3", "DELETE FROM log_checkpoints WHERE size > 3",
         "UPDATE log_head SET seq = 3, hash = (SELECT hash FROM events WHERE seq = 3)"],
        "the tree's tile 0 of level 0",
    ),
    "the log emptied": (
        ["DELETE FROM events", "DELETE FROM log_checkpoints", "DELETE FROM log_tiles",
         "DELETE FROM receipts", f"UPDATE log_head SET seq = 0, hash = '{'0' * 64}'"],
        f"transfer {T1}: it is in the table, and no event began it",
    ),
    "a legal hold lifted in the table": (
        ["UPDATE transfers SET legal_hold = 1"],
        f"transfer {T1}: the table's legal_hold",
    ),
    "a purge hidden": (
        ["UPDATE transfers SET purged = 5"],
        f"transfer {T1}: the table's purged",
    ),
    "a credential exchanged": (
        ["UPDATE transfers SET credential = 'SHA256:another'"],
        f"transfer {T1}: the table's credential",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", DATABASE)
def test_tampering_with_the_database_is_named(signed: Bench, attack: str) -> None:
    statements, fault = DATABASE[attack]
    signed.tamper(*statements)
    assert signed.verify(held(signed)).first_fault.startswith(fault)


FORGED: dict[str, tuple[int, Callable[[list[dict[str, Any]]], Any]]] = {
    "an event edited": (3, lambda bodies: bodies[0].update(facts={"policy": "cd" * 32})),
    "an event deleted": (3, lambda bodies: bodies.pop(0)),
    "an event put in": (3, lambda bodies: bodies.insert(0, dict(bodies[0]))),
    "two events exchanged": (2, lambda bodies: bodies.insert(0, bodies.pop(1))),
    "an event back-dated": (3, lambda bodies: bodies[0].update(time="2026-02-01T00:00:00.000000Z")),
    "another actor": (3, lambda bodies: bodies[0].update(actor="person:somebody else")),
}


@pytest.mark.parametrize("attack", FORGED)
def test_history_rewritten_with_fitting_hashes_breaks_the_signed_tree(
    signed: Bench, attack: str
) -> None:
    first, change = FORGED[attack]
    forge(signed, first, change)
    found = signed.verify(held(signed))
    assert "the log up to here isn't the one of the checkpoint signed here" in found.first_fault


def test_a_database_put_back_is_caught_by_a_checkpoint_kept_elsewhere(
    signed: Bench, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(signed.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(signed.path, old)
    signed.begin(4)
    kept = signed.sign()
    signed.database.close()
    shutil.copy(old, signed.path)
    assert signed.verify(held(signed)).ok, "nothing in it is wrong; it is only old"
    found = signed.verify(held(signed, kept))
    assert found.first_fault.startswith("after event 12: the log ends, and a checkpoint kept")


# -- the database, with the key


def rewritten(bench: Bench, signer: Signer) -> str:
    """Event 3 exchanged for another, and everything after it made to fit and signed anew."""
    forge(bench, 3, lambda bodies: bodies[0].update(facts={"policy": "cd" * 32}))
    bench.tamper("DELETE FROM log_checkpoints", "DELETE FROM log_tiles", "DELETE FROM receipts")
    bench.clock.move(60)
    sequencer = Sequencer(bench.database, signer, "forger", bench.clock)
    signed = sequencer.step()
    assert signed
    return signed.note


def test_a_fork_signed_with_another_key_is_caught(signed: Bench) -> None:
    rewritten(signed, Signer("log.example/test", OTHER_KEY))
    assert "isn't signed by the log's key" in signed.verify(held(signed)).first_fault


def test_a_fork_under_another_name_is_caught(signed: Bench) -> None:
    rewritten(signed, Signer("log.example/other", OTHER_KEY))
    assert "is of the log log.example/other" in signed.verify(held(signed)).first_fault


def test_a_fork_signed_with_the_stolen_key_is_caught_by_a_checkpoint_kept_elsewhere(
    signed: Bench,
) -> None:
    kept = signed.sign()
    rewritten(signed, signed.signer)
    assert signed.verify(held(signed)).ok, "whoever has the key can sign anything"
    found = signed.verify(held(signed, kept))
    assert "isn't the one of the checkpoint kept elsewhere" in found.first_fault


# -- an export

Lines = list[dict[str, Any]]


def cut(lines: Lines, count: int) -> None:
    del lines[-count:]


def exchange(lines: Lines, one: int, other: int) -> None:
    lines[one], lines[other] = lines[other], lines[one]


EXPORT: dict[str, tuple[Callable[[Lines], Any], str]] = {
    "a fact edited": (lambda lines: lines[2]["event"]["facts"].update(policy="cd" * 32), "event 3"),
    "an event deleted": (lambda lines: lines.pop(1), "event 2"),
    "an event doubled": (lambda lines: lines.insert(1, lines[0]), "event 2"),
    "two events exchanged": (lambda lines: exchange(lines, 0, 1), "event 1"),
    "an event back-dated": (
        lambda lines: lines[1]["event"].update(time="2026-02-01T00:00:00.000000Z"),
        "event 2",
    ),
    "a checkpoint moved forward": (lambda lines: exchange(lines, 3, 4), "after event 4"),
    "a checkpoint edited": (
        lambda lines: lines[3].update(checkpoint=lines[3]["checkpoint"].replace("\n3\n", "\n2\n")),
        "after event 3",
    ),
    "a checkpoint of another log": (
        lambda lines: lines[3].update(
            checkpoint=Signer("log.example/other", OTHER_KEY).sign(3, bytes(32))
        ),
        "after event 3",
    ),
    "a checkpoint that is none": (lambda lines: lines[3].update(checkpoint="x"), "after event 3"),
    "a line that is none": (lambda lines: lines.insert(2, {"what": 1}), "event 3"),
    "the end cut off": (lambda lines: cut(lines, 6), "after event 7"),
    "all cut off": (lambda lines: lines.clear(), "after event 0"),
    "cut off at an earlier checkpoint": (lambda lines: cut(lines, 10), "after event 3"),
}


@pytest.mark.parametrize("attack", EXPORT)
def test_tampering_with_an_export_is_named(signed: Bench, attack: str) -> None:
    kept = signed.sign()
    lines = [json.loads(line) for line in exported(signed.database)]
    change, fault = EXPORT[attack]
    change(lines)
    found = verify_export(map(json.dumps, lines), held(signed, kept))
    assert found.first_fault.startswith(fault)


def test_an_honest_export_verifies_against_an_earlier_checkpoint(signed: Bench) -> None:
    kept = signed.sign()
    signed.begin(4)
    signed.sign()
    found = verify_export(exported(signed.database), held(signed, kept))
    assert (found.first_fault, found.events, found.signed) == ("", 13, 13)


# -- a receipt


def receipt(bench: Bench, transfer: str = T1) -> str:
    with closing(sqlite3.connect(bench.path)) as connection:
        (body,) = connection.execute(
            "SELECT body FROM receipts WHERE transfer = ?", (transfer,)
        ).fetchone()
    return str(body)


def test_an_honest_receipt_holds(signed: Bench) -> None:
    found = check_receipt(receipt(signed), signed.key)
    assert (found.transfer, found.kind, found.index) == (T1, "transfer.delivered", 6)
    assert found.facts["received"] | {} == {
        "sha256": "ab" * 32, "size": 7, "at": "2026-03-01T12:00:00.000000Z",
        "by": "clinic-1", "credential": "",
    }  # fmt: skip


def test_a_refused_transfer_has_a_receipt_without_a_sealed_file(signed: Bench) -> None:
    found = check_receipt(receipt(signed, T2), signed.key)
    assert (found.kind, "sealed" in found.facts) == ("transfer.refused", False)


def proof_with(change: Callable[[list[str]], Any]) -> Callable[[dict[str, Any]], Any]:
    def apply(document: dict[str, Any]) -> None:
        lines = document["proof"].split("\n")
        change(lines)
        document["proof"] = "\n".join(lines)

    return apply


RECEIPTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another size": lambda d: d["statement"]["facts"]["receipt"]["received"].update(size=8),
    "another time": lambda d: d["statement"].update(time="2026-02-01T00:00:00.000000Z"),
    "a member more": lambda d: d["statement"].update(more=1),
    "no statement": lambda d: d.update(statement={}),
    "a statement of a wrong type": lambda d: d.update(statement=[]),
    "another format": lambda d: d.update(format="lazaretto/receipt/v2"),
    "another index": proof_with(lambda lines: lines.__setitem__(1, "index 5")),
    "an index beyond the end": proof_with(lambda lines: lines.__setitem__(1, "index 500")),
    "a hash altered": proof_with(
        lambda lines: lines.__setitem__(2, base64.b64encode(bytes(32)).decode())
    ),
    "a hash left out": proof_with(lambda lines: lines.pop(2)),
    "a hash too many": proof_with(lambda lines: lines.insert(2, lines[2])),
    "no checkpoint": proof_with(lambda lines: lines.__delitem__(slice(6, None))),
    "the checkpoint of a smaller log": lambda d: d.update(
        proof=d["proof"].replace("\n12\n", "\n11\n")
    ),
    "no proof": lambda d: d.update(proof="c2sp.org/tlog-proof@v1"),
}


@pytest.mark.parametrize("attack", RECEIPTS)
def test_an_altered_receipt_proves_nothing(signed: Bench, attack: str) -> None:
    document = json.loads(receipt(signed))
    RECEIPTS[attack](document)
    with pytest.raises(ReceiptFaultError):
        check_receipt(json.dumps(document), signed.key)


def test_a_receipt_signed_by_another_key_proves_nothing(signed: Bench) -> None:
    body = receipt(signed)
    signed.signer = Signer("log.example/test", OTHER_KEY)
    with pytest.raises(ReceiptFaultError, match="isn't signed by the log's key"):
        check_receipt(body, signed.key)


def test_an_event_that_ends_nothing_is_no_receipt(signed: Bench) -> None:
    leaves = [
        json.dumps(json.loads(line)["event"], sort_keys=True, separators=(",", ":")).encode()
        for line in exported(signed.database)
        if "event" in line[:9]
    ]
    growth = tree.Growth(lambda _level, _number: b"", 0)
    growth.add([tree.leaf_hash(leaf) for leaf in leaves])
    note = signed.signer.sign(12, tree.root(growth.tile, 12))
    hashes = [base64.b64encode(h).decode() for h in tree.inclusion(growth.tile, 2, 12)]
    proof = "\n".join(["c2sp.org/tlog-proof@v1", "index 2", *hashes, "", note])
    document = {
        "format": "lazaretto/receipt/v1", "statement": json.loads(leaves[2]), "proof": proof
    }  # fmt: skip
    with pytest.raises(ReceiptFaultError, match="no end of a transfer"):
        check_receipt(json.dumps(document), signed.key)


# -- a restart

RESTARTS = {
    "the last checkpoint edited": (
        [("UPDATE log_checkpoints SET note = replace(note, char(10) || '12' || char(10), "
         "char(10) || '11' || char(10))")],
        "the newest checkpoint in the database is wrong",
    ),
    "a tile edited": (["UPDATE log_tiles SET hashes = zeroblob(384)"], "the log's tree isn't"),
    "a tile deleted": (["DELETE FROM log_tiles"], "the log's tree isn't"),
    "an event edited": (
        ["UPDATE events SET body = replace(body, 'policy', 'p0licy') WHERE seq = 3"],
        "the log's last events were edited",
    ),
    "an event deleted": (["DELETE FROM events WHERE seq = 5"], "the log's last events"),
    "the log cut off": (
        ["UPDATE log_head SET seq = 3", "DELETE FROM events WHERE seq > 3"],
        "the checkpoint in the database is of 12 events, and the log has 3",
    ),
    "cut off with its checkpoint": (
        ["UPDATE log_head SET seq = 3", "DELETE FROM events WHERE seq > 3",
         "DELETE FROM log_checkpoints WHERE size > 3"],
        "the checkpoint in the checkpoint file is of 12 events, and the log has 3",
    ),
    "emptied": (
        ["UPDATE log_head SET seq = 0", "DELETE FROM events", "DELETE FROM log_checkpoints"],
        "the checkpoint in the checkpoint file is of 12 events, and the log has 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", RESTARTS)
def test_a_restart_stops_where_the_log_contradicts_what_was_signed(
    signed: Bench, attack: str
) -> None:
    kept = signed.sign()
    statements, fault = RESTARTS[attack]
    signed.tamper(*statements)
    with pytest.raises(LogBrokenError, match=fault):
        check_log(signed.database, signed.key, kept)


@pytest.mark.parametrize("kept", [True, False])
def test_a_restart_of_an_honest_log_goes_on(signed: Bench, *, kept: bool) -> None:
    note = signed.sign()
    signed.begin(4)
    check_log(signed.database, signed.key, note if kept else "")


def test_a_new_log_has_nothing_to_contradict(bench: Bench) -> None:
    check_log(bench.database, bench.key, "")
