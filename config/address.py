"""``host:port``, as settings write it."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")


class Address(NamedTuple):
    """Where a listener listens.

    Attributes:
        host: Name or address, without brackets.
        port: 0 for any free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """``host:port``, with brackets round an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(value: object) -> Address:
    """``host:port`` as an :class:`Address`.

    Raises:
        ValueError: It has another form, or the port is over 65535.
    """
    if isinstance(value, Address):
        return value
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be host:port; write such as 0.0.0.0:2022 or [::]:2022")
    port = int(match["port"])
    if port > 65535:  # noqa: PLR2004  # the highest port there is
        raise ValueError("the port is out of range; use 0 to 65535")
    return Address(match["host"].strip("[]"), port)


Listen = Annotated[Address, BeforeValidator(parse_address)]
