"""An upload while the disk fails at every call in turn: OK is never said of what isn't there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest

from gateway.lifecycle import State
from tests.support.staging_bench import CLINIC, StagingBench
from transports.ports import TransportError

CONTENT = os.urandom(2_500_000)
CODES = {
    "create": (errno.ENOSPC, errno.EROFS, errno.EIO),
    "write": (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT),
    "fsync": (errno.ENOSPC, errno.EIO),
    "rename": (errno.ENOSPC, errno.EROFS, errno.EIO),
}


async def send(bench: StagingBench, name: str) -> str:
    """Half of it, an orderly stop, the rest: every kind of file that an upload makes."""
    half = len(CONTENT) // 2
    upload = await bench.intake.open(CLINIC, "claims", name)
    await upload.write(CONTENT[:half])
    await upload.suspend()
    upload = await bench.intake.resume(CLINIC, "claims", name)
    await upload.write(CONTENT[half:])
    return (await upload.commit()).transfer


async def points(bench: StagingBench) -> list[tuple[str, int, int]]:
    """Each call of an upload that goes well, with each way in which it can fail."""
    bench.system.calls.clear()
    await send(bench, "well.837")
    return [
        (call, good, code)
        for call, codes in CODES.items()
        for good in range(bench.system.calls.count(call))
        for code in codes
    ]


@pytest.fixture
def trouble(bench: StagingBench) -> Iterator[StagingBench]:
    yield bench
    bench.system.heal()


async def test_whichever_call_fails_ok_means_whole_and_an_error_means_not_taken(
    trouble: StagingBench,
) -> None:
    wrong = []
    tried = await points(trouble)
    for number, (call, good, code) in enumerate(tried):
        name = f"{number}.837"
        before = len(trouble.transfers.in_state(State.STAGED))
        trouble.system.fail_after(call, good, code)
        try:
            transfer = await send(trouble, name)
        except TransportError:
            trouble.system.heal()
            if len(trouble.transfers.in_state(State.STAGED)) != before:
                wrong.append((call, good, errno.errorcode[code], "taken, and not said so"))
            transfer = await send(trouble, name)
        trouble.system.heal()
        if trouble.plaintext(transfer) != CONTENT:
            wrong.append((call, good, errno.errorcode[code], "not what was sent"))
        if len(trouble.transfers.in_state(State.STAGED)) != before + 1:
            wrong.append((call, good, errno.errorcode[code], "not exactly once"))
    assert len(tried) > 30
    assert wrong == []
