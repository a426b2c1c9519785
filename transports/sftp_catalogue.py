"""What stands where in the virtual tree for one principal, with its attributes."""

from __future__ import annotations

from collections.abc import Mapping

import asyncssh

from transports import sftp_views as views
from transports import tree
from transports.ports import Principal, Scope
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


class Catalogue:
    """Attributes and listings, from the session's views and its open files."""

    def __init__(
        self, who: Principal, listings: views.Views, files: Mapping[OpenFile, OutboxFile | None]
    ) -> None:
        self._who = who
        self._views = listings
        self._open = files

    def resolve(self, path: bytes) -> Node:
        """What ``path`` names, if this principal may know of such a place.

        Raises:
            TransportError: ``BAD_NAME`` or ``NOT_FOUND``.
        """
        node = tree.resolve(path)
        match node:
            case Root():
                return node
            case Inbox() | InboxFile():
                needed = Scope.RECEIVE
            case _:
                needed = Scope.SEND
        if needed not in self._who.scopes:
            raise not_found()
        return node

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
        names = []
        if Scope.RECEIVE in self._who.scopes:
            names.append("inbox")
        if Scope.SEND in self._who.scopes:
            names += ["outbox", "receipts", "returned"]
        return names

    async def _known_route(self, route: str) -> None:
        if route not in await self._views.routes():
            raise not_found()
