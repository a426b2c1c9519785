"""What the flags of an SFTP open mean for a file in the outbox.

OpenSSH puts with ``CREAT|TRUNC`` and resumes with ``CREAT|APPEND``; PuTTY resumes with ``WRITE``
alone; WinSCP and FileZilla do one of these. So: ``TRUNC`` starts anew, anything else goes on with
an unfinished upload if there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container
from typing import Final

import asyncssh

from transports.ports import Intake, Principal, Problem, TransportError, Upload
from transports.sftp_errors import denied
from transports.tree import OutboxFile, not_found

WRITING: Final = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC

Listing = Callable[[], Awaitable[Container[str]]]


async def upload_for(
    intake: Intake, who: Principal, node: OutboxFile, pflags: int, known: Listing
) -> Upload:
    """The upload that an open for writing begins or resumes.

    Args:
        intake: Where it goes.
        who: Whose it is.
        node: The file.
        pflags: The open request's flags.
        known: Gives the names listed on the route; asked only where they matter, since a listing
            costs more than a small file.

    Raises:
        TransportError: As :meth:`Intake.open`; ``CONFLICT`` for ``EXCL`` on a known name;
            ``FORBIDDEN`` for resuming what was submitted; ``BUSY`` if another session sends it.
    """
    if pflags & asyncssh.FXF_EXCL and node.name in await known():
        raise TransportError(Problem.CONFLICT, "a file of this name was already dropped here")
    if pflags & asyncssh.FXF_TRUNC:
        return await intake.open(who, node.route, node.name)
    try:
        return await intake.resume(who, node.route, node.name)
    except TransportError as error:
        if error.problem is not Problem.NOT_FOUND:
            raise
    creates = bool(pflags & asyncssh.FXF_CREAT)
    if (pflags & asyncssh.FXF_APPEND or not creates) and node.name in await known():
        raise denied("this file was already submitted; send a new one whole, don't resume it")
    if not creates:
        raise not_found()
    return await intake.open(who, node.route, node.name)
