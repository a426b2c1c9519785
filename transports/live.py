"""Sessions that go on after their login: what the gateway looks at again while they last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiohttp import web

from transports.ports import Principal


class LiveSession(Protocol):
    """A connection or request of somebody who is logged in."""

    @property
    def who(self) -> Principal:
        """Whose it is."""
        ...

    @property
    def address(self) -> str:
        """Where it comes from."""
        ...

    @property
    def since(self) -> datetime:
        """When what let them in was looked at, at the latest, UTC."""
        ...

    def revoke(self) -> None:
        """Cut it off; what is durable of its uploads is kept."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LiveRequest:
    """An HTTPS request under way.

    Attributes:
        who: Whose it is.
        address: Where it comes from.
        since: When it began, UTC.
        request: The request.
    """

    who: Principal
    address: str
    since: datetime
    request: web.Request

    def revoke(self) -> None:
        """Cut its connection off: its handler sees what it sees when a client leaves."""
        transport = self.request.transport
        if transport is not None:
            transport.abort()
