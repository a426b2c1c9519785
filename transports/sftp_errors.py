"""The words SFTP has for a refusal (draft-ietf-secsh-filexfer-02 section 7)."""

from __future__ import annotations

from typing import Final

import asyncssh

from transports.ports import Problem, TransportError

_DENIED: Final = frozenset({Problem.FORBIDDEN, Problem.CONFLICT})
_MISSING: Final = frozenset({Problem.NOT_FOUND, Problem.UNKNOWN_ROUTE})


def to_sftp(error: TransportError) -> asyncssh.SFTPError:
    """The status that tells a client what went wrong, with the same sentence."""
    if error.problem in _MISSING:
        return asyncssh.SFTPNoSuchFile(error.detail)
    if error.problem in _DENIED:
        return asyncssh.SFTPPermissionDenied(error.detail)
    if error.problem is Problem.NO_SPACE:
        return asyncssh.SFTPNoSpaceOnFilesystem(error.detail)
    if error.problem is Problem.BAD_NAME:
        return asyncssh.SFTPInvalidFilename(error.detail)
    return asyncssh.SFTPFailure(error.detail)


def denied(sentence: str) -> TransportError:
    """A refusal of something that nobody may do here."""
    return TransportError(Problem.FORBIDDEN, sentence)
