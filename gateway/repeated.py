"""A request that was answered before: its ``Idempotency-Key`` says so, and its bytes must agree."""

from __future__ import annotations

import hashlib

from transports.ports import Problem, Submission, TransportError


class RepeatedUpload:
    """Implements :class:`transports.ports.Upload` for a file that is submitted already.

    It takes the bytes again, keeps none of them, and gives the first answer if they are the same.

    Args:
        submission: What became of the first request.
    """

    def __init__(self, submission: Submission) -> None:
        self._submission = submission
        self._digest = hashlib.sha256()
        self._size = 0

    @property
    def transfer(self) -> str:
        """The first request's transfer."""
        return self._submission.transfer

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    async def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(data)
        self._size += len(data)

    async def commit(self) -> Submission:
        """The first answer.

        Raises:
            TransportError: ``KEY_REUSED``: these are other bytes.
        """
        if self._digest.hexdigest() != self._submission.sha256:
            raise key_reused()
        return self._submission

    async def suspend(self) -> None:
        """Nothing is kept."""

    async def discard(self) -> None:
        """Nothing is kept."""


def key_reused() -> TransportError:
    """For a key that came with another request before."""
    return TransportError(
        Problem.KEY_REUSED,
        "this Idempotency-Key came with another file or route before; use a new one for each file",
    )
