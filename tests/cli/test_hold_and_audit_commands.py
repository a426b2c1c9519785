"""``hold``, ``transfer`` and ``audit`` as an analyst and an auditor type them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.operations import Role
from gateway.cli.main import main
from gateway.directory import Directory
from gateway.ledger.export import exported
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.lifecycle import EventKind, State
from gateway.migrations import upgrade
from gateway.ports import Changes, Event, Transfer
from gateway.store.database import Database, open_database
from tests.support.log_keys import give_log_key

T1 = "t_" + "1" * 26
T2 = "t_" + "2" * 26
REASON = "name in free text at 837P ST#1 CLM#1 NTE#1-02"
REPORT = {
    "findings": [
        {"category": "name", "expected": False, "confidence": 0.98, "where": "NTE#1-02",
         "detector": "same-file-identity", "member_place": "entry 1"},
        {"category": "name", "expected": True, "confidence": 1.0, "where": "NM1#3",
         "detector": "position", "member_place": ""},
    ],
    "uninspectable": [{"obstacle": "encrypted", "detail": "needs a password", "where": ""}],
}  # fmt: skip


class Terminal:
    """Runs commands on one site."""

    def __init__(self, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.site = site
        self.file = site / "data" / "lazaretto.db"
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        status = main([*words[:2], "--site", str(self.site), *words[2:]])
        self.out, self.err = self._capsys.readouterr()
        return status

    def data(self, *words: str) -> Any:  # noqa: ANN401 - whatever the JSON holds
        assert self(*words, "--json") == 0, self.err
        return json.loads(self.out)


def flag_ssn(text: str) -> str | None:
    return "ssn" if "123-45-6789" in text else None


@pytest.fixture
def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    (tmp_path / "lazaretto.yaml").write_text("https:\n  enabled: false\n")
    (tmp_path / "data").mkdir()
    give_log_key(tmp_path)
    contracts = tmp_path / "policy" / "contracts"
    contracts.mkdir(parents=True)
    (contracts / "any.yaml").write_text("contract: any\nformats: ['*']\n")
    (tmp_path / "policy" / "routes.yaml").write_text("routes: {}\n")
    (tmp_path / "policy" / "rules.yaml").write_text("patterns: []\n")
    # The detectors have their own tests, and take seconds to load.
    monkeypatch.setattr("gateway.cli.hold.reason_check", lambda _rules: flag_ssn)
    return Terminal(tmp_path, capsys)


@pytest.fixture
def database(run: Terminal) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{run.file}", create=True)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def held(run: Terminal, database: Database) -> Terminal:
    """One held transfer and one that is coming in."""
    ledger, now = SqlLedger(database), datetime.now(UTC)
    for transfer in (T1, T2):
        row = Transfer(
            transfer, "claims", "clinic", "c1", "payer", State.RECEIVING, now, now,
            b"KEYCANARY", b"NAMECANARY", "DIGESTCANARY", "BLOBCANARY",
        )  # fmt: skip
        ledger.begin(row, Event(EventKind.BEGUN, "account:c1"))
    steps: list[tuple[EventKind, Changes]] = [
        (EventKind.STAGED, {"size": 7, "sha256": "ab" * 32}),
        (EventKind.INSPECTED, {"format": "x12/837P", "report": REPORT}),
        (EventKind.HELD, {"verdict": "hold", "reasons": (REASON, "another")}),
    ]
    for kind, changes in steps:
        ledger.advance(T1, Event(kind, "worker:1", changes=changes))
    return run


def last_event(run: Terminal) -> dict[str, Any]:
    return dict(run.data("audit", "show", T1)[-1])


def looks(database: Database) -> list[tuple[str, object]]:
    events = [json.loads(line).get("event", {}) for line in exported(database)]
    return [(it["actor"], it["facts"]) for it in events if it.get("kind") == "hold.viewed"]


def test_holds_are_listed_with_their_reason(held: Terminal) -> None:
    assert [t["transfer"] for t in held.data("hold", "list")] == [T1]
    held("hold", "list")
    assert f"{REASON} (and 1 more)" in held.out


def test_nothing_held_is_said(run: Terminal, database: Database) -> None:
    assert run("hold", "list") == 0
    assert run.out == "nothing is held\n"


def test_a_hold_is_shown_with_the_places_of_what_was_not_expected(held: Terminal) -> None:
    assert held("hold", "show", T1) == 0
    assert "found: name at entry 1 NTE#1-02 (same-file-identity, confidence 0.98)" in held.out
    assert "not inspected: encrypted: needs a password" in held.out
    assert "NM1#3" not in held.out


def test_a_release_clears_it_and_the_log_says_who_and_why(
    held: Terminal, database: Database
) -> None:
    words = ("--as", "Dana Reyes", "--reason", "A provider's  name, seen twice")
    assert held.data("hold", "release", T1, *words)["state"] == "cleared"
    event = last_event(held)
    assert (event["kind"], event["actor"]) == ("hold.released", "person:Dana Reyes")
    assert event["facts"]["why"] == "A provider's name, seen twice"
    assert SqlTransfers(database).get(T1).state is State.CLEARED


def test_a_refusal_is_final_and_the_sender_gets_the_reason(
    held: Terminal, database: Database
) -> None:
    assert held("hold", "refuse", T1, "--reason", "Wrong recipient") == 0
    refused = SqlTransfers(database).get(T1)
    assert (refused.state, refused.verdict) == (State.REFUSED, "refuse")
    assert refused.reasons == (REASON, "another", "refused after review: Wrong recipient")
    assert held("hold", "release", T1, "--reason", "On second thoughts") == 1
    assert "is refused and not held" in held.err


@pytest.mark.parametrize("word", ["release", "refuse"])
def test_a_reason_that_holds_phi_never_reaches_the_log(held: Terminal, word: str) -> None:
    assert held("hold", word, T1, "--reason", "SSN 123-45-6789 is made up") == 1
    assert "the reason seems to hold ssn" in held.err
    assert "123-45-6789" not in held.err
    assert last_event(held)["kind"] == "transfer.held"
    assert b"123-45-6789" not in held.file.read_bytes()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 401, "a\x00b"])
def test_a_decision_needs_a_reason_that_can_be_kept(held: Terminal, reason: str) -> None:
    assert held("hold", "release", T1, "--reason", reason) == 1
    assert last_event(held)["kind"] == "transfer.held"


def test_a_decision_without_the_word_reason_is_no_call(held: Terminal) -> None:
    with pytest.raises(SystemExit) as caught:
        held("hold", "release", T1)
    assert caught.value.code == 2


def test_a_reason_is_not_judged_while_the_policy_cannot_be_read(held: Terminal) -> None:
    (held.site / "policy" / "rules.yaml").unlink()
    assert held("hold", "release", T1, "--reason", "fine") == 1
    assert last_event(held)["kind"] == "transfer.held"


def test_what_is_not_held_cannot_be_released(held: Terminal) -> None:
    assert held("hold", "release", T2, "--reason", "early") == 1
    assert f"{T2} is receiving and not held" in held.err


def test_an_unknown_transfer_is_named(held: Terminal) -> None:
    for words in (("hold", "show"), ("transfer", "show"), ("audit", "show")):
        assert held(*words, "t_none") == 1
        assert "no transfer t_none" in held.err or "no such transfer" in held.err


def test_transfers_are_listed_newest_first_and_by_state(held: Terminal) -> None:
    assert [t["transfer"] for t in held.data("transfer", "list")] == [T2, T1]
    assert [t["transfer"] for t in held.data("transfer", "list", "--state", "held")] == [T1]
    assert len(held.data("transfer", "list", "--limit", "1")) == 1


def test_a_listing_of_no_line_is_a_wrong_call(held: Terminal) -> None:
    with pytest.raises(SystemExit, match="2"):
        held("transfer", "list", "--limit", "0")


@pytest.mark.parametrize("words", [("transfer", "list"), ("transfer", "show", T1),
                                   ("hold", "list"), ("hold", "show", T1)])  # fmt: skip
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_keys_names_and_places_on_disk_are_never_shown(
    held: Terminal, words: tuple[str, ...], form: tuple[str, ...]
) -> None:
    assert held(*words, *form) == 0
    assert T1 in held.out
    assert "CANARY" not in held.out


def test_who_runs_the_gateway_sees_no_findings_by_any_command(held: Terminal) -> None:
    with closing(open_database(f"sqlite:///{held.file}")) as database:
        for role in (Role.OPERATOR, Role.ANALYST):
            Directory(database).add_account(str(role), "", {role}, "system")
    assert held("hold", "show", T1, "--as", "operator") == 1
    assert "report" not in held.data("transfer", "show", T1, "--as", "operator")
    assert held.data("transfer", "show", T1, "--as", "analyst")["report"]
    assert held.data("transfer", "show", T1)["report"]


@pytest.mark.parametrize("words", [("hold", "show", T1), ("transfer", "show", T1, "--json")])
def test_whoever_sees_findings_is_on_the_log_by_whatever_command(
    held: Terminal, database: Database, words: tuple[str, ...]
) -> None:
    assert held(*words, "--as", "Dana Reyes") == 0
    assert looks(database) == [("person:Dana Reyes", {"transfer": T1})]


def test_who_sees_no_findings_is_not_said_to_have_looked(
    held: Terminal, database: Database
) -> None:
    Directory(database).add_account("operator", "", {Role.OPERATOR}, "system")
    assert held("transfer", "show", T1) == 0
    assert held("transfer", "show", T1, "--json", "--as", "operator") == 0
    assert looks(database) == []


def test_a_transfer_is_shown_with_its_reasons(held: Terminal) -> None:
    assert held("transfer", "show", T1) == 0
    assert REASON in held.out


def test_a_legal_hold_is_set_shown_and_lifted_with_who_and_why_on_the_log(
    held: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cli.transfer.reason_check", lambda _rules: flag_ssn)
    words = ("--as", "Dana Reyes", "--reason", "A claim is disputed")
    after = held.data("transfer", "legal-hold", T1, *words)
    assert (after["state"], after["legal_hold"]) == ("held", True)
    event = last_event(held)
    assert (event["kind"], event["actor"]) == ("legal_hold.set", "person:Dana Reyes")
    assert held("transfer", "list") == 0
    assert "held, legal hold" in held.out
    assert held.data("transfer", "legal-release", T1, *words)["legal_hold"] is False
    assert last_event(held)["kind"] == "legal_hold.lifted"


def test_the_reason_of_a_legal_hold_holds_no_phi_either(
    held: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cli.transfer.reason_check", lambda _rules: flag_ssn)
    assert held("transfer", "legal-hold", T1, "--reason", "SSN 123-45-6789 is made up") == 1
    assert "123-45-6789" not in held.err
    assert last_event(held)["kind"] == "transfer.held"


def test_a_whole_log_verifies_with_a_head_to_note(held: Terminal) -> None:
    found = held.data("audit", "verify")
    assert (found["ok"], found["events"], found["transfers"]) == (True, 5, 2)
    assert held("audit", "verify", "--head", found["head"]) == 0
    assert f"head {found['head']}" in held.out


def test_a_log_that_was_edited_exits_with_1_and_names_the_event(held: Terminal) -> None:
    with closing(sqlite3.connect(held.file)) as connection:
        connection.execute(
            "UPDATE events SET body = replace(body, 'account:c1', 'account:c2') WHERE seq = 2"
        )
        connection.commit()
    assert held("audit", "verify") == 1
    assert "THE LOG IS NOT WHOLE. event 2: its hash doesn't fit" in held.out
    assert held("audit", "verify", "--json") == 1
    assert json.loads(held.out)["first_fault"].startswith("event 2:")


def test_a_head_of_the_wrong_form_is_no_call(held: Terminal) -> None:
    assert held("audit", "verify", "--head", "12") == 2


def test_an_export_verifies_without_the_site(held: Terminal, tmp_path: Path) -> None:
    assert held("audit", "export") == 0
    file = tmp_path / "export.jsonl"
    file.write_text(held.out)
    key = ["--log-key", str(held.site / "keys" / "log.pub")]
    assert main(["audit", "verify", str(file), *key, "--site", "/nowhere"]) == 0
    file.write_text(held.out.replace("clinic", "klinic"))
    assert main(["audit", "verify", str(file), *key, "--site", "/nowhere"]) == 1


def test_a_transfers_story_reads_in_order(held: Terminal) -> None:
    assert held("audit", "show", T1) == 0
    words = [line.split()[2] for line in held.out.splitlines()[1:]]
    assert words == ["transfer.begun", "transfer.staged", "transfer.inspected", "transfer.held"]
