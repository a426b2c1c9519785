"""Connections to the outside: to hosts that settings name, at addresses that can be theirs.

A name in the settings is somebody else's to resolve. Were it made to point at this machine or at a
link's own addresses (a cloud's metadata service among them), a request of ours would carry its
content, or an answer's, to where no setting points (DNS rebinding); so addresses are checked where
they are resolved, and the ones checked are the ones connected to.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_CARRIER: Final = ipaddress.ip_network("64:ff9b::/96")
"""NAT64 (RFC 6052): an IPv4 address in the last 32 bits."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingError(OSError):
    """No setting names the host, or it is at an address that can't be its own."""


def hosts_in(urls: Iterable[str]) -> frozenset[str]:
    """The hosts of addresses from the settings."""
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def may_be_at(host: str, address: str) -> bool:
    """Whether ``host`` may be at ``address``: loopback is for its own names, link-local for none.

    Private addresses are allowed: that is where a site's own services are.
    """
    try:
        found = _plain(address)
    except ValueError:
        return False
    # First of all: ::1 is in a block that counts as reserved, too (RFC 4291 section 2.4).
    if found.is_loopback:
        return _is_loopback_name(host)
    return not (
        found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved
    )


def _plain(address: str) -> _Address:
    """The address itself, out of whatever form of IPv6 holds an IPv4 one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return found.ipv4_mapped
        if found.sixtofour:
            return found.sixtofour
        if found in _CARRIER:
            return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def _is_loopback_name(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _plain(host).is_loopback
    except ValueError:
        return False


class CheckedResolver(AbstractResolver):
    """Resolves names that settings have, to addresses that can be theirs.

    Args:
        hosts: The names.
        inner: Who resolves; the system by default.
    """

    def __init__(self, hosts: frozenset[str], inner: AbstractResolver | None = None) -> None:
        self._hosts = hosts
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that it may be at.

        Raises:
            OutgoingError: It isn't named, or is at none.
            OSError: It can't be resolved.
        """
        if host not in self._hosts:
            raise OutgoingError(f"no setting names the host {host}; add it to outgoing.hosts")
        found = await self._inner.resolve(host, port, family)
        fit = [result for result in found if may_be_at(host, result["host"])]
        if not fit:
            raise OutgoingError(f"{host} resolves to an address of this machine or of its link")
        return fit

    async def close(self) -> None:
        """Close what resolves."""
        await self._inner.close()


class Outgoing:
    """The one way to the outside.

    Args:
        hosts: That may be connected to.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)

    def check(self, url: str) -> None:
        """Return if ``url`` may be asked: HTTPS, or HTTP on this machine, at a host of ours.

        Raises:
            OutgoingError: It may not.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host not in self._hosts:
            raise OutgoingError(f"no setting names the host {host}; add it to outgoing.hosts")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback_name(host)):
            raise OutgoingError("only https:// leaves this machine")
        # An address needs no resolver, so the resolver never sees it.
        if _is_address(host) and not may_be_at(host, host):
            raise OutgoingError(f"{host} is an address of this machine's link or of nobody")

    def session(self, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        """A session that connects nowhere else; to be asked with ``allow_redirects=False``."""
        connector = aiohttp.TCPConnector(resolver=CheckedResolver(self._hosts))
        return aiohttp.ClientSession(timeout=timeout, connector=connector)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
