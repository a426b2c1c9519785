"""What the provider says is fetched once for all who wait; a failure is heard by all of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.console.oidc_kept import FAILURE_KEPT, Kept
from gateway.console.oidc_provider import OidcError
from tests.support.console_bench import Turned

AGE = timedelta(hours=1)


class Provider:
    """Answers, or fails, once it is let."""

    def __init__(self, *, well: bool) -> None:
        self.asked = 0
        self.let = asyncio.Event()
        self._well = well

    async def fetch(self) -> int:
        self.asked += 1
        await self.let.wait()
        if not self._well:
            raise OidcError("unreachable", "it can't be asked")
        return self.asked


async def fault(kept: Kept[int], provider: Provider) -> str:
    with pytest.raises(OidcError) as caught:
        await kept.get(provider.fetch, AGE)
    return caught.value.fault


async def test_who_waits_for_a_dead_provider_waits_once_and_together() -> None:
    kept, dead = Kept[int](Turned()), Provider(well=False)
    waiting = [asyncio.create_task(fault(kept, dead)) for _ in range(5)]
    await asyncio.sleep(0)
    dead.let.set()
    assert await asyncio.gather(*waiting) == ["unreachable"] * 5
    assert dead.asked == 1


async def test_a_dead_provider_is_not_asked_again_for_seconds() -> None:
    times = Turned()
    kept, dead = Kept[int](times), Provider(well=False)
    dead.let.set()
    await fault(kept, dead)
    await fault(kept, dead)
    assert dead.asked == 1
    times.ahead = FAILURE_KEPT
    await fault(kept, dead)
    assert dead.asked == 2


async def test_a_provider_that_is_back_is_taken_at_its_word_again() -> None:
    times = Turned()
    kept, dead, back = Kept[int](times), Provider(well=False), Provider(well=True)
    dead.let.set()
    back.let.set()
    await fault(kept, dead)
    times.ahead = FAILURE_KEPT
    assert await kept.get(back.fetch, AGE) == 1
    assert await kept.get(back.fetch, AGE) == 1


async def test_a_browser_that_goes_away_takes_the_answer_from_nobody() -> None:
    kept, slow = Kept[int](Turned()), Provider(well=True)
    gone = asyncio.create_task(kept.get(slow.fetch, AGE))
    patient = asyncio.create_task(kept.get(slow.fetch, AGE))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    slow.let.set()
    assert await patient == 1
