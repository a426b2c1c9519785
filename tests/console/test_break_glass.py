"""The identity provider is away: who can still work, and who can't."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.code_app import enrolled, prove
from tests.support.console_bench import ConsoleBench, with_provider

NOBODY = "http://127.0.0.1:1"
TIED = {"claim": "groups", "roles": {"approver": "gateway-approvers"}}


@pytest.fixture
async def bench(tmp_path: Path, books: Path) -> AsyncIterator[ConsoleBench]:
    """A console whose provider can't be reached, and which has approvers by its word alone."""
    shutil.copy(books, tmp_path)
    console = ConsoleBench(tmp_path, with_provider(NOBODY, groups=TIED))
    await console.start()
    yield console
    await console.close()


async def test_a_local_administrator_decides_while_the_provider_is_away(
    bench: ConsoleBench,
) -> None:
    app, held = enrolled(bench, "admin"), bench.held()
    assert (await bench.person().get("/v1/session/oidc")).status == 503
    anna = await bench.signed_in("admin")
    assert await prove(anna, app.code()) == 200
    reply = await anna.post(f"/v1/holds/{held}/release", {"reason": "the provider is away"})
    assert (reply.status, bench.log()[-1]["actor"]) == (200, "person:admin")


async def test_a_role_of_the_providers_word_is_had_by_nobody_meanwhile(bench: ConsoleBench) -> None:
    app = enrolled(bench, "approver")
    anna = bench.person()
    assert (await anna.sign_in("approver")).status == 403
    assert await prove(anna, app.code()) == 401
