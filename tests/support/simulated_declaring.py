"""The way in for uploads of declared length, over the simulated gateway: none is ever there."""

from __future__ import annotations

from datetime import timedelta

from tests.support.simulated_gateway import MAX_FILE, SimulatedGateway
from transports.ports import Declared, DeclaredUpload, Principal, Problem, TransportError


class SimulatedDeclaring:
    def __init__(self, gateway: SimulatedGateway) -> None:
        self._gateway = gateway

    async def limits(self, who: Principal, route: str) -> tuple[int, timedelta]:
        if route not in await self._gateway.routes(who):
            raise TransportError(Problem.UNKNOWN_ROUTE, "there is no such route; see /v1/routes")
        return MAX_FILE, timedelta(days=1)

    async def declare(
        self, who: Principal, route: str, name: str, length: int, metadata: str, key: str = ""
    ) -> Declared:
        limit, _ = await self.limits(who, route)
        if length > limit:
            raise TransportError(Problem.TOO_LARGE, "the file is over the limit of 64 MiB")
        return Declared("t_1", length, 0, metadata)

    async def declared(self, who: Principal, route: str, transfer: str) -> Declared:
        raise TransportError(Problem.NOT_FOUND, "there is no such upload")

    async def reopen(
        self, who: Principal, route: str, transfer: str, *, on_trial: bool = False
    ) -> DeclaredUpload:
        raise TransportError(Problem.NOT_FOUND, "there is no such upload")

    async def withdraw(self, who: Principal, route: str, transfer: str) -> None:
        raise TransportError(Problem.NOT_FOUND, "there is no such upload")
