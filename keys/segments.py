"""The cipher of bytes at rest: Tink's streaming AEAD ``AES256_GCM_HKDF_1MB``, written and read.

The wire format is Tink's (https://developers.google.com/tink/wire-format and
``streaming-aead/aes_gcm_hkdf_streaming``), so a staged file can be opened by anybody's Tink:

- header: one byte with its own length (40), a 32-byte salt, a 7-byte nonce prefix;
- a file key of 32 bytes: HKDF-SHA256 (RFC 5869) of the data key, that salt, and the associated
  data as info;
- segments of 1 MiB of ciphertext, the first one shorter by the header, the last one possibly
  shorter, each AES-256-GCM with a 16-byte tag and the nonce ``prefix || index || last``, with
  the index in 4 bytes, big-endian, and ``last`` 1 in the last segment alone and 0 elsewhere.

The index stops reordering, the last flag stops truncation and appending, the associated data
(the transfer's id) stops one file being passed off as another.

Tink's own reader can't seek. :class:`SegmentReader` can, so an archive opens in place.
"""

from __future__ import annotations

from keys.segment_format import (
    HEADER_SIZE,
    KEY_SIZE,
    SEGMENT,
    TAG_SIZE,
    SegmentError,
    ciphertext_size,
    plaintext_capacity,
    plaintext_size,
)
from keys.segment_reader import SegmentReader, read_prefix
from keys.segment_writer import SegmentWriter

__all__ = [
    "HEADER_SIZE",
    "KEY_SIZE",
    "SEGMENT",
    "TAG_SIZE",
    "SegmentError",
    "SegmentReader",
    "SegmentWriter",
    "ciphertext_size",
    "plaintext_capacity",
    "plaintext_size",
    "read_prefix",
]
