"""Who else can guard the key file: what seals its keys under a key of its own."""

from __future__ import annotations

from typing import Final, Protocol

from keys.envelope import EnvelopeError

WRAP: Final = b"lazaretto/kek/v1/wrap"
"""What a sealed key-encryption key is bound to."""
DIGEST: Final = b"lazaretto/kek/v1/digest"
"""What the sealed root of the digest keys is bound to."""


class KekError(EnvelopeError):
    """The key file can't be used; the message says why and how to mend it, and holds no key."""


class KeySealer(Protocol):
    """A hardware module or key service that seals the keys of the key file.

    It is asked when a process starts and when a key is rotated, never for a single transfer: files
    flow on while the service is away.
    """

    @property
    def name(self) -> str:
        """The provider, as settings and key file call it; a word of letters, digits and hyphens."""
        ...

    def seal(self, key: bytes, purpose: bytes) -> bytes:
        """Encrypt a key, bound to its purpose.

        Raises:
            KekError: The service can't be reached, or refuses.
        """
        ...

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """The key again, under the same purpose.

        Raises:
            KekError: Likewise, or it is damaged, or of another key or purpose.
        """
        ...
