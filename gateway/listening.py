"""The listening sockets, opened once by the supervisor and inherited by the edges."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final

from config.settings import Address, Settings

BACKLOG: Final = 1024


class ListenError(Exception):
    """An address can't be listened on.

    Attributes:
        fix: What to do.
    """

    def __init__(self, name: str, address: Address, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        super().__init__(f"{name} can't listen on {address}: {reason}")
        self.fix = "stop what holds it, or set another address in lazaretto.yaml"


def wanted(settings: Settings) -> dict[str, Address]:
    """Every listener that is on, by name."""
    found = {"health": settings.ops.health, "metrics": settings.ops.metrics}
    if settings.sftp.enabled:
        found["sftp"] = settings.sftp.listen
    if settings.https.enabled:
        found["https"] = settings.https.listen
    if settings.console.enabled:
        found["console"] = settings.console.listen
    return found


def listen(name: str, address: Address) -> socket.socket:
    """A listening socket.

    Raises:
        ListenError: The address is taken, unknown or forbidden.
    """
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, target = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            _prepare(listener, target)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ListenError(name, address, error) from None
    return listener


def _prepare(listener: socket.socket, target: tuple[object, ...]) -> None:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listener.family == socket.AF_INET6 and target[0] == "::":
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.setblocking(False)
    listener.bind(target)
    listener.listen(BACKLOG)


def listen_all(settings: Settings) -> dict[str, socket.socket]:
    """Every socket, or none.

    Raises:
        ListenError: One of the addresses can't be listened on.
    """
    opened: dict[str, socket.socket] = {}
    try:
        for name, address in wanted(settings).items():
            opened[name] = listen(name, address)
    except ListenError:
        for listener in opened.values():
            listener.close()
        raise
    return opened


def addresses(sockets: Mapping[str, socket.socket]) -> dict[str, str]:
    """Where each socket listens in fact, a free port having been picked for 0."""
    return {name: str(Address(*sock.getsockname()[:2])) for name, sock in sockets.items()}
