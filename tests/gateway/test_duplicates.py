"""The same file or the same X12 interchange again: flagged as the route says, once."""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from config.contracts import Rules
from config.policy import Route, shipped_policy
from dlp.budget import Budget
from dlp.inspect import inspect
from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p
from gateway.ledger.export import story
from gateway.ledger.verify import verify_database
from gateway.lifecycle import State
from gateway.migrations import upgrade
from gateway.store.database import open_database
from gateway.store.disk import Disk
from keys.kek import LocalKek
from tests.support.works import CLEAN, LEAK, ReversingOpener, Works

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from config.policy import Policy

BATCH = claims_837p([Claim(who) for who in people(7, 2)], control=41)
OTHER = claims_837p([Claim(who) for who in people(8, 2)], control=41)
NEXT = claims_837p([Claim(who) for who in people(7, 2)], control=42)


def policy(**changes: object) -> Policy:
    given: dict[str, object] = {"from": ["clinic", "billing"], "to": "payer"} | changes
    routes = {
        name: Route.model_validate({**given, "contract": name}) for name in ("totals", "claims")
    }
    return replace(shipped_policy(), routes=routes)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}", create=True)
    upgrade(database)
    (tmp_path / "blobs").mkdir()
    kek = LocalKek.generate(tmp_path / "kek.key")
    yield Works(database, tmp_path / "ledger.db", Disk(tmp_path / "blobs"), kek, policy())
    database.close()


async def sent(works: Works, content: bytes, route: str = "totals") -> str:
    transfer = works.stage(content, route)
    await works.all_steps()
    return transfer


async def test_the_same_bytes_again_are_held_with_the_first_ones_name(works: Works) -> None:
    first = await sent(works, CLEAN)
    again = works.transfers.get(await sent(works, CLEAN))
    assert works.transfers.get(first).state is State.DELIVERED
    assert again.state is State.HELD
    assert f"the same bytes came before, on {again.created:%Y-%m-%d} as {first}" in again.reasons[0]


async def test_an_analyst_can_let_it_pass(works: Works) -> None:
    await sent(works, CLEAN)
    again = await sent(works, CLEAN)
    works.release(again)
    await works.all_steps()
    assert works.transfers.get(again).state is State.DELIVERED
    assert verify_database(works.path).ok


async def test_the_same_interchange_with_other_bytes_is_a_duplicate(works: Works) -> None:
    assert OTHER != BATCH
    await sent(works, BATCH, "claims")
    again = works.transfers.get(await sent(works, OTHER, "claims"))
    assert again.state is State.HELD
    assert "the same batch (ISA13, GS06, ST02" in again.reasons[-1]


async def test_the_next_control_number_is_none(works: Works) -> None:
    await sent(works, BATCH, "claims")
    assert works.transfers.get(await sent(works, NEXT, "claims")).state is State.DELIVERED


async def test_the_same_content_encrypted_anew_is_a_duplicate(works: Works) -> None:
    await sent(works, CLEAN)
    again = await sent(works, ReversingOpener.START + CLEAN[::-1])
    assert works.transfers.get(again).state is State.HELD


@pytest.mark.parametrize(
    ("rule", "state"),
    [("hold", State.HELD), ("refuse", State.REFUSED), ("pass", State.DELIVERED)],
)
async def test_the_route_says_what_becomes_of_it(works: Works, rule: str, state: State) -> None:
    works.policy = policy(duplicates=rule)
    first = await sent(works, CLEAN)
    again = await sent(works, CLEAN)
    assert works.transfers.get(again).state is state
    inspected = story(works.database, again)[2]
    assert (inspected["kind"], inspected["facts"]["duplicate_of"]) == ("transfer.inspected", first)


async def test_a_stricter_verdict_of_the_contract_stands(works: Works) -> None:
    await sent(works, LEAK)
    again = works.transfers.get(await sent(works, LEAK))
    assert (again.state, again.verdict) == (State.HELD, "hold")
    assert len(again.reasons) > 1


async def test_beyond_the_window_it_is_a_file_like_any_other(works: Works) -> None:
    first = await sent(works, CLEAN)
    with works.database.write() as connection:
        connection.exec_driver_sql("UPDATE seen SET created = created - 91 * 86400000000")
    assert works.transfers.get(await sent(works, CLEAN)).state is State.DELIVERED
    assert works.transfers.get(first).state is State.DELIVERED


async def test_what_was_refused_may_be_sent_again(works: Works) -> None:
    works.policy = policy(duplicates="refuse")
    await sent(works, CLEAN)
    refused = await sent(works, CLEAN)
    assert works.transfers.get(refused).state is State.REFUSED
    with works.database.write() as connection:
        connection.exec_driver_sql("UPDATE transfers SET state = 'refused'")
    assert works.transfers.get(await sent(works, CLEAN)).state is State.DELIVERED


async def test_another_recipient_gets_it(works: Works) -> None:
    await sent(works, CLEAN)
    works.policy = policy(to="elsewhere")
    works.certificates.known["elsewhere"] = works.certificates.known["payer"]
    transfer = works.stage(CLEAN)
    with works.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE transfers SET recipient = 'elsewhere' WHERE id = '{transfer}'"
        )
    await works.all_steps()
    assert works.transfers.get(transfer).state is State.DELIVERED


async def test_another_sender_learns_no_transfer_of_somebody_elses(works: Works) -> None:
    first = await sent(works, CLEAN)
    transfer = works.stage(CLEAN)
    with works.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE transfers SET sender = 'billing' WHERE id = '{transfer}'"
        )
    await works.all_steps()
    held = works.transfers.get(transfer)
    assert held.state is State.HELD
    assert "from another sender" in held.reasons[0]
    assert first not in held.reasons[0]


async def test_of_copies_inspected_at_once_one_alone_passes(works: Works) -> None:
    copies = [works.stage(CLEAN) for _ in range(6)]
    leases = [works.queue.claim(f"w{number}", 60) for number in range(6)]
    await asyncio.gather(*(works.pipeline.step(lease) for lease in leases if lease))
    await works.all_steps()
    states = sorted(works.transfers.get(copy).state for copy in copies)
    assert states == [State.DELIVERED, *[State.HELD] * 5]


def test_no_column_holds_a_control_number_or_a_plain_hash_of_one(works: Works) -> None:
    report = inspect(
        io.BytesIO(BATCH), "a.837", shipped_policy().contracts["claims"], Rules(), Budget()
    )
    assert len(report.interchanges) == 1
    (digest,) = report.interchanges
    asyncio.run(sent(works, BATCH, "claims"))
    works.database.forget()
    content = works.path.read_bytes()
    assert digest.encode() not in content
    plain = works.transfers.get("t_" + "1".rjust(26, "0")).sha256
    assert hashlib.sha256(BATCH).hexdigest() == plain
    with works.database.read() as connection:
        digests = connection.exec_driver_sql("SELECT digest FROM seen").scalars().all()
    assert plain not in digests


def test_each_set_of_a_file_is_told_apart() -> None:
    contract = shipped_policy().contracts["claims"]
    whole = [
        inspect(io.BytesIO(content), "a.837", contract, Rules(), Budget()).interchanges
        for content in (BATCH, NEXT, BATCH + NEXT)
    ]
    assert whole[2] == whole[0] | whole[1]
    assert len(whole[2]) == 2
