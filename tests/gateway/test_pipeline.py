"""The way of a file through the steps, with a ledger, a disk and an inspection that are real."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from config.contracts import Action
from dlp.redact import Edit
from gateway.ledger.verify import verify_database
from gateway.lifecycle import State
from gateway.ports import LeaseLostError
from gateway.process_ports import ScanError, SealError
from gateway.store.disk import NoSpaceError
from gateway.store.system import System
from tests.support.works import CLEAN, LEAK, NAME, Works, policy, redacting


async def test_a_clean_file_goes_all_the_way_to_the_mailbox(works: Works) -> None:
    transfer = works.stage(CLEAN)
    assert await works.all_steps() == [
        State.INSPECTED, State.CLEARED, State.SEALED, State.DELIVERED,
    ]  # fmt: skip
    assert works.sealed(transfer) == b"CERT:" + CLEAN[::-1]
    assert verify_database(works.path).ok


async def test_a_leaking_file_is_held_with_a_reason_and_no_value(works: Works) -> None:
    transfer = works.stage(LEAK)
    assert await works.all_steps() == [State.INSPECTED, State.HELD]
    row = works.transfers.get(transfer)
    assert any("Social Security number" in reason for reason in row.reasons)
    assert "536-22" not in str((row.reasons, row.report))
    assert "KESSELRING" not in str((row.reasons, row.report)).upper()


async def test_nothing_is_sealed_of_a_held_file(works: Works) -> None:
    transfer = works.stage(LEAK)
    await works.all_steps()
    assert works.disk.names(transfer) == [transfer]


async def test_a_persons_release_goes_the_same_way(works: Works) -> None:
    transfer = works.stage(LEAK)
    await works.all_steps()
    works.release(transfer)
    assert await works.all_steps() == [State.SEALED, State.DELIVERED]
    assert works.sealed(transfer) == b"CERT:" + LEAK[::-1]


async def test_a_cleared_row_without_a_verdict_or_a_release_is_never_sealed(works: Works) -> None:
    works.stage(LEAK)
    await works.step()
    await works.step()
    with works.database.write() as connection:
        connection.exec_driver_sql("UPDATE transfers SET state = 'cleared', due = 0")
    with pytest.raises(ValueError, match="clears nothing"):
        await works.all_steps()


async def test_a_dead_scanner_is_a_named_verdict_and_holds(works: Works) -> None:
    works.scanner.dead = True
    transfer = works.stage(CLEAN)
    assert await works.all_steps() == [State.INSPECTED, State.HELD]
    assert works.transfers.get(transfer).reasons[0].startswith("parser-crash")


async def test_a_contract_may_refuse_what_it_does_not_expect(works: Works) -> None:
    strict = works.policy.contracts["totals"].model_copy(update={"unexpected": Action.REFUSE})
    works.policy = replace(works.policy, contracts={**works.policy.contracts, "totals": strict})
    works.stage(LEAK)
    assert await works.all_steps() == [State.INSPECTED, State.REFUSED]


async def test_a_recipient_without_a_certificate_holds_until_there_is_one(works: Works) -> None:
    certificate = works.certificates.known.pop("payer")
    transfer = works.stage(CLEAN)
    assert (await works.all_steps())[-1] is State.HELD
    assert "no usable OpenPGP certificate" in works.transfers.get(transfer).reasons[0]
    works.certificates.known["payer"] = certificate
    works.release(transfer, "their certificate came")
    assert (await works.all_steps())[-1] is State.DELIVERED


async def test_a_route_that_was_taken_away_holds(works: Works) -> None:
    works.stage(CLEAN)
    works.policy = replace(works.policy, routes={})
    assert await works.all_steps() == [State.HELD]


async def test_a_route_that_turned_to_somebody_else_holds(works: Works) -> None:
    works.stage(CLEAN)
    works.policy = policy(to="other")
    assert await works.all_steps() == [State.HELD]


async def test_a_seal_that_breaks_leaves_the_file_cleared_and_the_next_try_starts_anew(
    works: Works,
) -> None:
    transfer = works.stage(CLEAN)
    await works.step()
    await works.step()
    works.sealer.broken = True
    lease = works.queue.claim("1", 60)
    assert lease
    with pytest.raises(SealError):
        await works.pipeline.step(lease)
    assert works.transfers.get(transfer).state is State.CLEARED
    works.queue.give_back(lease, failed=True)
    works.sealer.broken = False
    assert await works.all_steps() == [State.SEALED, State.DELIVERED]
    assert works.sealed(transfer) == b"CERT:" + CLEAN[::-1]


async def test_a_seal_that_fills_the_disk_is_no_failure_of_the_file_and_gives_the_room_back(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = works.stage(CLEAN)
    await works.step()
    await works.step()
    works.sealer.broken = True
    free = iter([10**9, 0])  # room enough when it begins, none once it broke
    monkeypatch.setattr(System, "free", lambda *_: next(free))
    lease = works.queue.claim("1", 60)
    assert lease
    with pytest.raises(NoSpaceError):
        await works.pipeline.step(lease)
    assert works.disk.names(transfer) == [transfer]


@pytest.mark.parametrize("steps", range(4))
async def test_a_worker_that_dies_before_recording_costs_nothing(works: Works, steps: int) -> None:
    """The step is done, then the lease is gone before it was recorded; another takes it again."""
    transfer = works.stage(CLEAN)
    for _ in range(steps):
        await works.step()
    lost = works.queue.claim("dead", 60)
    assert lost
    works.queue.give_back(lost, failed=False)
    with pytest.raises(LeaseLostError):
        await works.pipeline.step(lost)
    assert (await works.all_steps())[-1] is State.DELIVERED
    assert works.sealed(transfer) == b"CERT:" + CLEAN[::-1]
    assert verify_database(works.path).ok


async def test_a_worker_that_overslept_spoils_nothing_of_its_successors(works: Works) -> None:
    """It wakes in the middle of sealing, when the file is sealed and delivered already."""
    transfer = works.stage(CLEAN)
    await works.step()
    await works.step()
    asleep = works.queue.claim("asleep", 60)
    assert asleep
    works.queue.give_back(asleep, failed=False)  # as if it had run out
    await works.all_steps()
    sealed = works.sealed(transfer)
    works.certificates.known["payer"] = ("cd" * 20, b"ANOTHER:")
    with pytest.raises(LeaseLostError):
        await works.pipeline.step(asleep)
    assert works.sealed(transfer) == sealed


async def test_what_a_broken_try_sealed_is_removed_by_the_next(works: Works) -> None:
    transfer = works.stage(CLEAN)
    await works.step()
    await works.step()
    works.sealer.broken = True
    lease = works.queue.claim("1", 60)
    assert lease
    with pytest.raises(SealError):
        await works.pipeline.step(lease)
    works.queue.give_back(lease, failed=True)
    works.sealer.broken = False
    await works.all_steps()
    assert works.disk.names(transfer) == [transfer, works.transfers.get(transfer).sealed_blob]


async def test_a_sealed_file_that_is_gone_is_not_delivered(works: Works) -> None:
    transfer = works.stage(CLEAN)
    for _ in range(3):
        await works.step()
    works.disk.remove(works.transfers.get(transfer).sealed_blob)
    assert await works.step() is State.HELD
    works.release(transfer)
    assert await works.all_steps() == [State.SEALED, State.DELIVERED]


async def test_a_report_about_other_bytes_decides_nothing(works: Works) -> None:
    transfer = works.stage(CLEAN)
    works.scanner.claims_sha256 = "ab" * 32  # a scanner that was taken over
    with pytest.raises(ScanError):
        await works.step()
    assert works.transfers.get(transfer).state is State.STAGED


@pytest.mark.parametrize(
    ("disclosure", "listed", "sealed"),
    [
        ("withheld", "t_{n}.pgp", b""),
        ("sealed", "t_{n}.pgp", b"CERT:" + NAME.encode()[::-1]),
        ("listed", "", b""),
    ],
)
async def test_the_recipient_learns_the_name_only_as_the_route_allows(
    works: Works, disclosure: str, listed: str, sealed: bytes
) -> None:
    works.policy = policy(original_name=disclosure, contract="no-phi")
    transfer = works.stage(CLEAN)
    while (state := works.transfers.get(transfer).state) is not State.DELIVERED:
        await works.step()
        if works.transfers.get(transfer).state is State.HELD:
            works.release(transfer)  # the name itself names somebody
    row = works.transfers.get(transfer)
    assert state is State.DELIVERED
    assert (row.listed_name, row.sealed_name) == (listed.format(n=f"{1:026}"), sealed)


async def test_the_log_counts_findings_and_says_nothing_of_where_or_whom(works: Works) -> None:
    works.stage(LEAK)
    await works.all_steps()
    log = works.path.read_bytes()
    assert b"536-22-8714" not in log
    assert b"Kesselring" not in log
    assert works.seen.reports


async def test_finding_hashes_differ_from_transfer_to_transfer(works: Works) -> None:
    digests = []
    for _ in range(2):
        transfer = works.stage(LEAK)
        await works.all_steps()
        report = works.transfers.get(transfer).report
        assert report
        digests.append({finding["digest"] for finding in report["findings"]})  # type: ignore[attr-defined]  # stored JSON
    assert digests[0]
    assert digests[0].isdisjoint(digests[1])


@pytest.mark.parametrize("style", ["mask", "remove", "pseudonym"])
async def test_a_redacted_file_goes_on_without_its_phi_and_releases_by_itself(
    works: Works, style: str
) -> None:
    works.policy = redacting(style)
    transfer = works.stage(LEAK)
    assert await works.all_steps() == [
        State.INSPECTED, State.CLEARED, State.SEALED, State.DELIVERED,
    ]  # fmt: skip
    left = works.sealed(transfer).removeprefix(b"CERT:")[::-1]
    assert b"536-22" not in left
    assert b"Kesselring" not in left
    assert left.startswith(CLEAN + b"2026-12,41,SSN ")
    again = works.stage(left)
    works.policy = policy()
    assert (await works.all_steps())[-1] is State.DELIVERED
    assert works.sealed(again) == works.sealed(transfer)


async def test_the_sender_is_told_what_was_taken_out_and_the_log_how_much(works: Works) -> None:
    works.policy = redacting()
    transfer = works.stage(LEAK)
    await works.all_steps()
    row = works.transfers.get(transfer)
    assert row.verdict == "redact"
    assert any("Social Security number" in reason for reason in row.reasons)
    assert verify_database(works.path).ok


async def test_what_can_not_be_redacted_is_held(works: Works) -> None:
    works.policy = redacting()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("totals.csv", LEAK)
    works.stage(packed.getvalue())
    assert await works.all_steps() == [State.INSPECTED, State.HELD]


async def test_a_file_that_would_not_release_when_redacted_is_held(works: Works) -> None:
    works.policy = redacting()
    works.scanner.lies_of_redaction = {"edits": (), "after": None}
    transfer = works.stage(LEAK)
    assert (await works.all_steps())[-1] is State.HELD
    assert any("when redacted" in reason for reason in works.transfers.get(transfer).reasons)


async def test_edits_other_than_those_inspected_seal_nothing(works: Works) -> None:
    works.policy = redacting()
    works.scanner.lies_of_redaction = {"edits": (Edit(0, 1, b"x"),)}
    works.stage(LEAK)
    with pytest.raises(ScanError, match="isn't the one that was inspected"):
        await works.all_steps()


async def test_a_persons_release_of_a_held_file_seals_it_as_it_came(works: Works) -> None:
    transfer = works.stage(LEAK)
    await works.all_steps()
    works.policy = redacting()
    works.release(transfer)
    assert (await works.all_steps())[-1] is State.DELIVERED
    assert works.sealed(transfer) == b"CERT:" + LEAK[::-1]
