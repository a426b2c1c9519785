"""Messages as GnuPG and Bouncy Castle write them: signed, compressed, then encrypted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from cryptography.utils import CryptographyDeprecationWarning

from keys.pgpy_import import CompressionAlgorithm, PGPKey, PGPMessage


def packed(
    content: bytes,
    recipient: bytes,
    signers: Sequence[bytes],
    *,
    compression: CompressionAlgorithm = CompressionAlgorithm.ZIP,
    armor: bool = False,
) -> bytes:
    """A message.

    Args:
        content: What is signed.
        recipient: A certificate.
        signers: Secret keys.
        compression: Of what was signed.
        armor: Whether it is text.
    """
    message = PGPMessage.new(content, compression=compression, format="b")
    for signer in signers:
        key, _ = PGPKey.from_blob(signer)
        message |= key.sign(message)
    certificate, _ = PGPKey.from_blob(recipient)
    with warnings.catch_warnings():
        # PGPy looks at every cipher to choose one, deprecated ones too, and notes that the
        # recipient didn't ask for compression.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        sealed = certificate.encrypt(message)
    return str(sealed).encode() if armor else bytes(sealed)
