"""What only a recovery key opens: an OpenPGP message for a certificate whose key is elsewhere."""

from __future__ import annotations

from pysequoia import Cert, Tsk, decrypt, encrypt

from keys.certificate import explain


class RecoveryError(Exception):
    """It can't be sealed or opened; the sentence says why and holds nothing of it."""


def seal(content: bytes, certificate: bytes) -> bytes:
    """Encrypt for the certificate, binary.

    Raises:
        RecoveryError: It isn't a certificate that can be encrypted for.
    """
    try:
        return encrypt(content, [Cert.from_bytes(certificate)], armor=False)
    except RuntimeError as error:
        raise RecoveryError(f"the recovery certificate can't be used: {explain(error)}") from None


def unseal(sealed: bytes, secret: bytes, passphrase: str = "") -> bytes:
    """Open it with the recovery certificate's secret key.

    Raises:
        RecoveryError: It isn't that key, its passphrase is another, or the message is damaged.
    """
    try:
        key = Tsk.from_bytes(secret)
        decryptor = key.decryptor(passphrase) if passphrase else key.decryptor()
        return decrypt(sealed, decryptor=decryptor).bytes or b""
    except (RuntimeError, ValueError, TypeError) as error:
        raise RecoveryError(f"the recovery key doesn't open it: {explain(error)}") from None
