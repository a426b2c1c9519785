"""What stands where in the virtual tree for one principal, with its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import asyncssh

from config.operations import Area, permits, sftp
from transports import sftp_views as views
from transports import tree
from transports.ports import Principal
from transports.sftp_errors import denied
from transports.sftp_files import OpenFile
from transports.tree import (
    Directory,
    Inbox,
    InboxFile,
    Node,
    Outbox,
    OutboxFile,
    ReceiptFile,
    Receipts,
    Returned,
    ReturnedFile,
    Root,
    RouteDir,
    not_found,
)

_IMPOSSIBLE: Final = MappingProxyType(
    {
        "open": "this is a directory",
        "scandir": "this can't be listed",
        "setstat": "attributes can't be changed here",
        "remove": "this can't be removed",
        "rename": "only files in /outbox/<route>/ can be renamed",
        "mkdir": "directories can't be made here; ask the operator for a route",
        "rmdir": "directories can't be removed here",
    }
)


class Catalogue:
    """Attributes and listings, from the session's views and its open files."""

    def __init__(
        self, who: Principal, listings: views.Views, files: Mapping[OpenFile, OutboxFile | None]
    ) -> None:
        self._who = who
        self._views = listings
        self._open = files

    def resolve(self, path: bytes, verb: str) -> Node:
        """What ``path`` names, if this principal may know of such a place and do that there.

        Raises:
            TransportError: ``BAD_NAME``, ``NOT_FOUND`` or ``FORBIDDEN``.
        """
        node = tree.resolve(path)
        area = _area(node)
        if not self._may("stat", area):
            raise not_found()
        if not self._may(verb, area):
            raise denied(_IMPOSSIBLE[verb])
        return node

    def _may(self, verb: str, area: Area) -> bool:
        return permits(self._who.roles, sftp(verb, area), factor=self._who.factor)

    async def listing(self, node: Directory) -> list[tuple[str, asyncssh.SFTPAttrs]]:
        """Names and attributes in a directory."""
        match node:
            case Root():
                return [(name, views.directory()) for name in self._top()]
            case Outbox():
                routes = await self._views.routes()
                return [(route, views.directory(writable=True)) for route in routes]
            case RouteDir(route):
                submitted = await self._views.submitted(route)
                return [(name, views.of_submission(it)) for name, it in submitted.items()]
            case Inbox():
                inbox = await self._views.inbox()
                return [(name, views.of_entry(entry)) for name, entry in inbox.items()]
            case Returned():
                returned = await self._views.returned()
                return [(name, views.of_report(it)) for name, it in returned.items()]
            case Receipts():
                receipts = await self._views.receipts()
                return [(name, views.of_receipt(it)) for name, it in receipts.items()]

    async def attributes(self, node: Node) -> asyncssh.SFTPAttrs:
        """Attributes of one place.

        Raises:
            TransportError: ``NOT_FOUND``.
        """
        match node:
            case RouteDir(route):
                await self._known_route(route)
                return views.directory(writable=True)
            case OutboxFile():
                return await self._outbox_attributes(node)
            case InboxFile(name):
                entry = await self._views.inbox_entry(name)
                if entry is not None:
                    return views.of_entry(entry)
            case ReturnedFile(name):
                submission = (await self._views.returned()).get(name)
                if submission is not None:
                    return views.of_report(submission)
            case ReceiptFile(name):
                receipt = await self._views.receipt(name)
                if receipt is not None:
                    return views.of_receipt(receipt)
            case Root() | Outbox() | Inbox() | Receipts() | Returned():
                return views.directory()
        raise not_found()

    async def _outbox_attributes(self, node: OutboxFile) -> asyncssh.SFTPAttrs:
        await self._known_route(node.route)
        for file, target in self._open.items():
            if target == node:
                return views.of_upload(file.size)
        submission = (await self._views.submitted(node.route)).get(node.name)
        if submission is None:
            raise not_found()
        return views.of_submission(submission)

    def _top(self) -> list[str]:
        below = sorted(str(area) for area in Area if area is not Area.TOP)
        return [area[1:] for area in below if self._may("stat", Area(area))]

    async def _known_route(self, route: str) -> None:
        if route not in await self._views.routes():
            raise not_found()


def _area(node: Node) -> Area:
    match node:
        case Root():
            return Area.TOP
        case Inbox() | InboxFile():
            return Area.INBOX
        case Receipts() | ReceiptFile():
            return Area.RECEIPTS
        case Returned() | ReturnedFile():
            return Area.RETURNED
        case Outbox() | RouteDir() | OutboxFile():
            return Area.OUTBOX
