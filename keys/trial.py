"""Sealing nothing for a certificate, to see whether and for which of its keys Sequoia would seal.

That makes Sequoia check every signature under its own policy, which no reading of packets does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pysequoia import Cert, encrypt
from pysequoia.packet import Tag

from keys.certificate import explain, packets

_PKESK_V3: Final = 3


def trial(blob: bytes, live: set[str]) -> list[str]:
    """Why the certificate can't be sealed for, in sentences; empty if it can.

    Args:
        blob: The certificate.
        live: Fingerprints of the keys that are to be sealed for, and no other.
    """
    try:
        sealed = encrypt(b"", [Cert.from_bytes(blob)], armor=False)
    except RuntimeError as error:
        return [f"Sequoia can't seal for it: {explain(error)}."]
    strangers = [name for name in _sealed_for(sealed) if not _names_one_of(name, live)]
    return [f"Sequoia would seal for key {name}, which isn't live." for name in strangers]


def _sealed_for(message: bytes) -> Iterator[str]:
    """Key id (version 3) or fingerprint (version 6) in each session key packet.

    RFC 9580 sections 5.1.1 and 5.1.2.
    """
    for packet in packets(message):
        if packet.tag == Tag.PKESK:
            body = packet.body
            yield (body[1:9] if body[0] == _PKESK_V3 else body[3 : 2 + body[1]]).hex()


def _names_one_of(name: str, live: set[str]) -> bool:
    """Whether a fingerprint, or a key id (either end of one), is one of ``live``."""
    return any(key.startswith(name) or key.endswith(name) for key in live)
