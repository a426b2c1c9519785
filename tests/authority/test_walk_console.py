"""Every endpoint of the console, asked by every role, before and after a second factor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.operations import SITE_ROLES, Role
from gateway.console.application import Access, endpoints
from tests.authority.rows import expected
from tests.support.console_bench import ConsoleBench, Person, make_books, plain_settings


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[ConsoleBench]:
    make_books(tmp_path)
    console = ConsoleBench(tmp_path, plain_settings())
    await console.start()
    yield console
    await console.close()


def operations(bench: ConsoleBench) -> dict[str, tuple[str, str]]:
    """Each route of the router, as the table names it, with a request for it."""
    found = {}
    for route in bench.app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        real = path.replace("{id}", "t_none_such").replace("{fingerprint}", "passkey:0")
        found[f"console {route.method} {path}"] = (route.method, real)
    return found


def opening(bench: ConsoleBench) -> set[str]:
    """Endpoints that come before anybody is known."""
    found = endpoints(bench.desk, bench.books)
    return {one.operation for one in found if one.access is Access.NOBODY}


async def seen(person: Person, method: str, path: str) -> str:
    """``x`` allowed, ``F`` only with a second factor, ``.`` refused."""
    reply = await person.ask(method, path, None if method == "GET" else {"reason": "r"})
    assert reply.status < 500
    if reply.status == 401:
        return "."
    if reply.status != 403:
        return "x"
    return "F" if reply.slug.startswith("second-factor") else "."


async def test_every_endpoint_has_a_row_and_every_row_an_endpoint(bench: ConsoleBench) -> None:
    assert sorted(operations(bench)) == sorted(expected("console "))


async def test_nobody_reaches_anything_but_the_ways_in(bench: ConsoleBench) -> None:
    for operation, (method, path) in operations(bench).items():
        reply = await bench.person().ask(method, path, None if method == "GET" else {})
        assert (reply.status == 401 and reply.slug == "sign-in") is (
            operation not in opening(bench)
        ), operation


async def test_a_role_reaches_what_the_table_allows_once_its_second_factor_is_proven(
    bench: ConsoleBench,
) -> None:
    rows, ways_in = expected("console "), opening(bench)
    for role in SITE_ROLES:
        device = bench.device(role)
        for operation, (method, path) in operations(bench).items():
            if operation in ways_in:
                continue
            person = bench.person()
            await person.passkey(device)
            wanted = rows[operation][role]
            got = await seen(person, method, path)
            assert got == ("x" if wanted == "F" else wanted), (role, operation)


async def test_by_password_alone_nothing_is_reached_that_needs_more(bench: ConsoleBench) -> None:
    rows, ways_in = expected("console "), opening(bench)
    powerful = {Role.APPROVER, Role.ADMIN}
    for role in SITE_ROLES:
        for operation, (method, path) in operations(bench).items():
            if operation in ways_in:
                continue
            person = await bench.signed_in(role)
            got = await seen(person, method, path)
            wanted = rows[operation][role]
            if role in powerful and wanted != "." and not is_own(operation):
                wanted = "F"
            assert got == wanted, (role, operation)


def is_own(operation: str) -> bool:
    """Whether it is open to a session that waits for its second factor: not to change factors."""
    method, path = operation.split()[1:]
    changes_factors = path.startswith(("/v1/passkeys", "/v1/totp")) and method != "GET"
    return path.startswith(("/v1/session", "/v1/passkeys", "/v1/totp")) and not changes_factors


@pytest.mark.parametrize("role", sorted(set(Role) - SITE_ROLES))
async def test_a_partners_role_does_not_come_in(bench: ConsoleBench, role: Role) -> None:
    assert (await bench.person().sign_in(role)).status == 403
