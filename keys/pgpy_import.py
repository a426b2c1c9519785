"""PGPy, without the warning that it is imported with."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # PGPy 0.6.0 (its latest) imports imghdr, which Python 3.11 and 3.12 call deprecated and
    # which comes from standard-imghdr, with a warning of its own, from 3.13 on.
    warnings.filterwarnings("ignore", "'?imghdr'? (is deprecated|was removed)", DeprecationWarning)
    from pgpy import PGPUID, PGPKey, PGPMessage
    from pgpy.constants import (
        CompressionAlgorithm,
        EllipticCurveOID,
        HashAlgorithm,
        KeyFlags,
        PubKeyAlgorithm,
        SymmetricKeyAlgorithm,
    )
    from pgpy.packet import Packet

__all__ = [
    "PGPUID",
    "CompressionAlgorithm",
    "EllipticCurveOID",
    "HashAlgorithm",
    "KeyFlags",
    "PGPKey",
    "PGPMessage",
    "Packet",
    "PubKeyAlgorithm",
    "SymmetricKeyAlgorithm",
]
