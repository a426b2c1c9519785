"""An unfinished blob as a value: what it is called, how far it got, what was held back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateway import payload_keys
from keys.segments import HEADER_SIZE, SEGMENT, plaintext_capacity

CLEAN: Final = "tail"
"""End of the name of a tail that may be gone on from."""
USED: Final = "used"
"""Of one that was gone on from."""
LAST: Final = "last"
"""Of one that was to be submitted."""
CHECK: Final = "check"
"""Of one that was gone on from on trial: nothing behind it counts until the next clean tail."""


class NotOrderlyError(Exception):
    """The upload broke off without an orderly stop, so that nobody said that it is whole."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Plaintext held back behind so many whole segments."""

    segments: int
    pending: bytes

    @property
    def size(self) -> int:
        """Bytes of plaintext in all."""
        return before(self.segments) + len(self.pending)


@dataclass(frozen=True, slots=True)
class Partial:
    """An unfinished blob.

    Attributes:
        transfer: Id.
        blob: Its name in the store.
        key: Its data key.
        wrapped: The data key, wrapped.
    """

    transfer: str
    blob: str
    key: bytes = field(repr=False)
    wrapped: bytes

    @property
    def context(self) -> bytes:
        """Associated data."""
        return payload_keys.context(self.transfer)


def before(segments: int) -> int:
    """Bytes of plaintext in so many whole segments."""
    first = plaintext_capacity(0) if segments else 0
    return first + max(0, segments - 1) * plaintext_capacity(1)


def file_size(segments: int) -> int:
    """Bytes of a file that was stopped in order behind so many segments."""
    return segments * SEGMENT if segments else HEADER_SIZE
