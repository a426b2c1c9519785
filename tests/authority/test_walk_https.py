"""Every route of the router, asked by every role: what answers 403 wasn't allowed."""

from __future__ import annotations

from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from config.operations import PARTNER_ROLES, Role
from tests.authority.rows import expected
from transports.https import HttpsOptions, build_app
from transports.ports import Principal, Problem, TransportError


class EmptyGateway:
    """Has nothing: whatever is asked of it is not found. It refuses nobody."""

    def __getattr__(self, _name: str) -> Any:  # noqa: ANN401 - any method of any port
        async def absent(*_args: object, **_more: object) -> None:
            raise TransportError(Problem.NOT_FOUND, "there is nothing")

        return absent


class RoleJudge:
    """Takes a role's name for a token."""

    async def token(self, token: str, _address: str) -> Principal | None:
        role = Role(token)
        return Principal(f"{role}-1", "clinic" if role in PARTNER_ROLES else "", frozenset({role}))


def application() -> web.Application:
    empty = cast(Any, EmptyGateway())
    return build_app(HttpsOptions(), cast(Any, RoleJudge()), empty, empty, declaring=empty)


def operations(app: web.Application) -> dict[str, tuple[str, str]]:
    """Each route of the router, as the table names it, with a request for it."""
    found = {}
    for route in app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        real = path.replace("{route}", "claims").replace("{name}", "a.837").replace("{id}", "t_1")
        found[f"https {route.method} {path}"] = (route.method, real)
    return found


async def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert sorted(operations(application())) == sorted(expected("https "))


async def test_a_role_reaches_what_the_table_allows_and_nothing_else() -> None:
    rows = expected("https ")
    seen: dict[str, dict[str, str]] = {}
    app = application()
    async with TestClient(TestServer(app)) as http:
        for operation, (method, path) in operations(app).items():
            seen[operation] = {}
            for role in Role:
                headers = {"Authorization": f"Bearer {role}", "Tus-Resumable": "1.0.0"}
                async with http.request(method, path, headers=headers) as answer:
                    assert answer.status < 500
                    seen[operation][role] = "." if answer.status == 403 else "x"
    assert seen == rows


@pytest.mark.parametrize("path", ["/v1/inbox", "/v1/tus/claims/"])
async def test_without_a_token_nothing_is_reached(path: str) -> None:
    async with TestClient(TestServer(application())) as http, http.get(path) as answer:
        assert answer.status in {401, 405}
