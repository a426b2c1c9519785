"""Where somebody may log in from, and how an address is counted. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

from gateway.directory_types import DirectoryError, Login

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_NETWORKS: Final = 64
_SUBSCRIBER: Final = 64
"""Whoever has an IPv6 address has 2^64 of them (RFC 6177): its /64 is what is counted."""


def check_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Networks in CIDR form, without doubles.

    Raises:
        DirectoryError: One isn't a network, or there are more than 64.
    """
    found = []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text.strip())))
        except ValueError:
            raise DirectoryError(
                "a network is such as 192.0.2.0/24 or 2001:db8::/32, with no bits set behind the "
                "prefix"
            ) from None
    if len(found) > MAX_NETWORKS:
        raise DirectoryError(f"up to {MAX_NETWORKS} networks can be named; name larger ones")
    return tuple(dict.fromkeys(found))


def parse_address(text: str) -> Address | None:
    """A client's address, an IPv4 one inside IPv6 as IPv4; None for anything else."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def within(address: str, networks: Iterable[str]) -> bool:
    """Whether it is in one of them; what is no address is in none."""
    parsed = parse_address(address)
    return parsed is not None and any(parsed in ipaddress.ip_network(it) for it in networks)


def admits(login: Login, address: str) -> bool:
    """Whether it is enabled, and may come from there."""
    own = login.account.networks if login.account else ()
    return login.allowed and all(
        within(address, networks) for networks in (own, login.networks) if networks
    )


def counted_as(address: str) -> str:
    """What failures from there are counted under: the address, or its /64."""
    parsed = parse_address(address)
    if parsed is None:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _SUBSCRIBER), strict=False))
    return str(parsed)
