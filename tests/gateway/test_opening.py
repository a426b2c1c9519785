"""What is in a message for the gateway is inspected, decided on and sealed instead of it."""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from config.policy import Inbound, Policy
from dlp.model import NotReadableError, Obstacle
from gateway.ledger.verify import verify_database
from gateway.lifecycle import State
from gateway.payloads import inner_name
from gateway.ports import LeaseLostError
from gateway.process_ports import OpenError, ScanError
from gateway.store.disk import NoSpaceError
from gateway.store.system import System
from tests.support.works import CLEAN, LEAK, ReversingOpener, Works, policy, redacting

FOREIGN = NotReadableError(Obstacle.ENCRYPTED, "an OpenPGP message for other keys")


def message(content: bytes) -> bytes:
    return ReversingOpener.START + content[::-1]


def inspection(works: Works) -> dict[str, object]:
    """The facts of the log's record of the inspection."""
    with closing(sqlite3.connect(works.path)) as connection:
        rows = connection.execute("SELECT body FROM events ORDER BY seq").fetchall()
    events = [json.loads(body) for (body,) in rows]
    return dict(next(e["facts"] for e in events if e["kind"] == "transfer.inspected"))


def signature_facts(works: Works) -> dict[str, object]:
    """What the log's record of the inspection says of the message's signature."""
    opened = inspection(works)["opened"]
    assert isinstance(opened, dict)
    return {key: opened[key] for key in opened if key.startswith("sign")}


async def test_the_content_goes_to_the_mailbox(works: Works) -> None:
    transfer = works.stage(message(CLEAN))
    assert await works.all_steps() == [
        State.INSPECTED, State.CLEARED, State.SEALED, State.DELIVERED,
    ]  # fmt: skip
    assert works.sealed(transfer) == b"CERT:" + CLEAN[::-1]
    assert verify_database(works.path).ok


async def test_the_content_is_what_is_inspected(works: Works) -> None:
    transfer = works.stage(message(LEAK))
    assert await works.all_steps() == [State.INSPECTED, State.HELD]
    row = works.transfers.get(transfer)
    assert row.format == "delimited/csv"
    assert any("Social Security number" in reason for reason in row.reasons)


async def test_a_persons_release_seals_the_content(works: Works) -> None:
    transfer = works.stage(message(LEAK))
    await works.all_steps()
    works.release(transfer)
    await works.all_steps()
    assert works.sealed(transfer) == b"CERT:" + LEAK[::-1]


async def test_the_content_is_what_is_redacted(works: Works) -> None:
    works.policy = redacting()
    transfer = works.stage(message(LEAK))
    assert (await works.all_steps())[-1] is State.DELIVERED
    left = works.sealed(transfer).removeprefix(b"CERT:")[::-1]
    assert left.startswith(CLEAN)
    assert b"536-22" not in left


async def test_the_record_says_what_came_and_what_was_in_it(works: Works) -> None:
    transfer = works.stage(message(CLEAN))
    await works.all_steps()
    row, content = works.transfers.get(transfer), hashlib.sha256(CLEAN).hexdigest()
    assert row.sha256 == hashlib.sha256(message(CLEAN)).hexdigest()
    assert (row.opened_size, row.opened_sha256) == (len(CLEAN), content)
    assert inspection(works)["opened"] == {
        "size": len(CLEAN), "sha256": content, "signature": "unchecked",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("signed_by", "signature", "note"),
    [
        ("known", {"signature": "verified", "signer": "ab" * 20}, "signed by the sender's"),
        ("stranger", {"signature": "unverified"}, "no certificate of the sender verifies"),
        ("", {"signature": "none"}, "unsigned"),
    ],
)
async def test_the_record_says_whether_the_sender_signed(
    works: Works, signed_by: str, signature: dict[str, str], note: str
) -> None:
    works.senders.known = (b"certificate",)
    works.opener.signed_by = signed_by
    transfer = works.stage(message(CLEAN))
    assert (await works.all_steps())[-1] is State.DELIVERED
    assert signature_facts(works) == signature
    report = works.transfers.get(transfer).report
    assert report
    assert note in str(report["notes"])


@pytest.mark.parametrize(
    ("packed_by", "signature"),
    [
        ("known", {"signature": "verified", "signer": "cd" * 20}),
        ("stranger", {"signature": "unverified"}),
    ],
)
async def test_the_signature_of_a_packed_message_is_checked_over_its_content(
    works: Works, packed_by: str, signature: dict[str, str]
) -> None:
    works.senders.known = (b"certificate",)
    works.opener.packed_by = packed_by
    transfer = works.stage(message(CLEAN))
    assert (await works.all_steps())[-1] is State.DELIVERED
    assert signature_facts(works) == signature
    assert works.sealed(transfer) == b"CERT:" + CLEAN[::-1]


async def test_a_check_of_a_packed_message_that_breaks_leaves_nothing_and_is_made_anew(
    works: Works,
) -> None:
    works.senders.known = (b"certificate",)
    works.opener.packed_by, works.opener.breaks_checking = "known", True
    transfer = works.stage(message(CLEAN))
    lease = works.queue.claim("1", 60)
    assert lease
    with pytest.raises(OpenError):
        await works.pipeline.step(lease)
    assert works.disk.names(transfer) == [transfer]
    works.queue.give_back(lease, failed=True)
    works.opener.breaks_checking = False
    assert (await works.all_steps())[-1] is State.DELIVERED


async def test_what_lies_on_the_disk_is_encrypted_and_goes_with_the_transfer(works: Works) -> None:
    transfer = works.stage(message(CLEAN))
    await works.all_steps()
    row = works.transfers.get(transfer)
    assert works.disk.names(transfer) == sorted({row.blob, row.opened_blob, row.sealed_blob})
    assert CLEAN[:30] not in works.disk.get(row.opened_blob)


@pytest.mark.parametrize("obstacle", [Obstacle.ENCRYPTED, Obstacle.MALFORMED, Obstacle.BOMB])
async def test_a_message_that_cannot_be_opened_is_held_by_name(
    works: Works, obstacle: Obstacle
) -> None:
    works.opener.refuses = NotReadableError(obstacle, "what to do")
    transfer = works.stage(message(CLEAN))
    assert await works.all_steps() == [State.INSPECTED, State.HELD]
    row = works.transfers.get(transfer)
    assert row.reasons[0].startswith(obstacle)
    assert "what to do" in row.reasons[0]
    assert works.disk.names(transfer) == [transfer]
    assert works.seen.reports[0].uninspectable[0].obstacle is obstacle


async def test_an_unopened_message_that_a_person_releases_goes_on_as_it_came(works: Works) -> None:
    works.opener.refuses = FOREIGN
    transfer = works.stage(message(CLEAN))
    await works.all_steps()
    works.release(transfer, "the payer has the key")
    await works.all_steps()
    assert works.sealed(transfer) == b"CERT:" + message(CLEAN)[::-1]


async def test_an_opener_that_breaks_leaves_nothing_and_the_next_try_starts_anew(
    works: Works,
) -> None:
    transfer = works.stage(message(CLEAN))
    works.opener.breaks_after = 20
    lease = works.queue.claim("1", 60)
    assert lease
    with pytest.raises(OpenError):
        await works.pipeline.step(lease)
    assert works.disk.names(transfer) == [transfer]
    works.queue.give_back(lease, failed=True)
    works.opener.breaks_after = None
    assert (await works.all_steps())[-1] is State.DELIVERED


async def test_a_full_disk_is_said_to_be_one_and_leaves_nothing(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = works.stage(message(CLEAN))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as fault:
        fault.setattr(System, "write", full)
        lease = works.queue.claim("1", 60)
        assert lease
        with pytest.raises(NoSpaceError):
            await works.pipeline.step(lease)
    assert works.disk.names(transfer) == [transfer]


async def test_a_worker_that_overslept_spoils_nothing_of_its_successors(works: Works) -> None:
    transfer = works.stage(message(CLEAN))
    asleep = works.queue.claim("asleep", 60)
    assert asleep
    works.queue.give_back(asleep, failed=False)  # as if it had run out
    await works.step()
    opened = works.disk.get(works.transfers.get(transfer).opened_blob)
    with pytest.raises(LeaseLostError):
        await works.pipeline.step(asleep)
    assert works.disk.get(works.transfers.get(transfer).opened_blob) == opened
    assert (await works.all_steps())[-1] is State.DELIVERED
    assert len(works.disk.names(transfer)) == 3


async def test_a_blob_put_in_the_place_of_what_was_opened_is_never_sealed(works: Works) -> None:
    transfer = works.stage(message(CLEAN))
    await works.step()
    await works.step()
    row = works.transfers.get(transfer)
    works.disk.put(row.opened_blob, works.disk.get(row.blob))
    lease = works.queue.claim("1", 60)
    assert lease
    with pytest.raises(Exception, match=r"plaintext|authentic|damaged|record"):
        await works.pipeline.step(lease)
    assert works.transfers.get(transfer).state is State.CLEARED


async def test_a_report_about_the_message_itself_decides_nothing(works: Works) -> None:
    transfer = works.stage(message(CLEAN))
    works.scanner.claims_sha256 = hashlib.sha256(message(CLEAN)).hexdigest()
    with pytest.raises(ScanError):
        await works.step()
    assert works.transfers.get(transfer).state is State.STAGED


async def test_only_what_begins_as_a_message_is_opened(works: Works) -> None:
    works.stage(CLEAN)
    works.stage(b"see below\n" + message(CLEAN))
    await works.all_steps()
    assert works.opener.asked == []


async def test_a_message_within_a_message_is_held(works: Works) -> None:
    transfer = works.stage(message(message(CLEAN)))
    assert await works.all_steps() == [State.INSPECTED, State.HELD]
    assert works.transfers.get(transfer).reasons[0].startswith("encrypted")
    assert len(works.opener.asked) == 1


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("claims.837.pgp", "claims.837"),
        ("claims.837.GPG", "claims.837"),
        ("claims.837", "claims.837"),
        (".pgp", ".pgp"),
        ("a.pgp.asc", "a.pgp"),
    ],
)
def test_the_content_is_named_without_the_messages_ending(name: str, inner: str) -> None:
    assert inner_name(name) == inner


async def test_the_recipient_learns_the_contents_name(works: Works) -> None:
    works.policy = policy(original_name="sealed", contract="no-phi")
    works.name = "march.csv.pgp"
    transfer = works.stage(message(CLEAN))
    await works.all_steps()
    assert works.transfers.get(transfer).sealed_name == b"CERT:" + b"march.csv"[::-1]


@pytest.mark.parametrize(
    ("wants", "content", "word"),
    [
        ({"openpgp": "required"}, CLEAN, "encrypt it"),
        ({"signed": "required"}, CLEAN, "sign and encrypt"),
        ({"signed": "required"}, message(CLEAN), "good signature"),
    ],
)
async def test_what_a_route_must_come_in_is_held_otherwise(
    works: Works, wants: dict[str, str], content: bytes, word: str
) -> None:
    works.policy = wanting(works.policy, wants)
    transfer = works.stage(content)
    assert await works.all_steps() == [State.HELD]
    assert word in works.transfers.get(transfer).reasons[0]


async def test_a_message_passes_where_messages_are_required(works: Works) -> None:
    works.policy = wanting(works.policy, {"openpgp": "required"})
    works.stage(message(CLEAN))
    assert (await works.all_steps())[-1] is State.DELIVERED


def wanting(former: Policy, wants: dict[str, str]) -> Policy:
    inbound = Inbound.model_validate(wants)
    routes = {n: r.model_copy(update={"inbound": inbound}) for n, r in former.routes.items()}
    return replace(former, routes=routes)
