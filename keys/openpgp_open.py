"""Opening an OpenPGP message that is encrypted for the gateway's own key (RFC 9580 section 10.3).

What comes out is not to be believed before :meth:`MessageOpener.open` returned: plaintext streams
long before the integrity check at the end of the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pysequoia import Cert, PyDecryptor, Sig, Tsk, decrypt_file, verify

from keys.certificate import CertificateError, describe, explain
from keys.openpgp_packets import OCB, SED, SEIPD, Lead, lead

_MISPLACED: Final = "Unexpected message structure"
"""What the binding says of a signature within compression, which it doesn't look at."""


class Fault(StrEnum):
    """Why a message isn't opened."""

    FOREIGN = "foreign"
    """Encrypted for other keys."""
    PASSWORD = "password"  # noqa: S105 - a word for a kind of message
    """Encrypted with a password and for no key."""
    NOT_ENCRYPTED = "not-encrypted"
    """A message (signed, compressed, literal) that anybody can read."""
    UNPROTECTED = "unprotected"
    """Encrypted in the old way that protects no integrity."""
    OUTDATED = "outdated"
    """Encrypted with an algorithm that isn't considered secure any more."""
    DAMAGED = "damaged"
    """Cut short, changed on the way, malformed, or packed with bzip2, which this Sequoia lacks."""


class MessageError(Exception):
    """The message can't be opened, and what came out of it is worth nothing.

    Attributes:
        fault: Why.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class SignatureError(Exception):
    """The message has no good signature by any of the certificates; it can be opened without them.

    Attributes:
        signed: Whether it is signed at all.
        packed: Whether it is signed within a compressed packet, which wasn't looked through: see
            :mod:`keys.openpgp_packed`.
    """

    def __init__(self, *, signed: bool, packed: bool = False) -> None:
        super().__init__("no good signature by these certificates")
        self.signed = signed
        self.packed = packed


@dataclass(frozen=True, slots=True)
class _Known:
    """Certificates to check a signature with, as Sequoia's binding asks for them."""

    certificates: tuple[Cert, ...]
    fingerprints: frozenset[str]
    asked: list[tuple[str, ...]]

    def __call__(self, issuers: Sequence[str]) -> list[Cert]:
        """Those of a signature by ``issuers``.

        Raising here ends a hopeless try at the start of a message instead of at its end.
        """
        self.asked.append(tuple(issuers))
        if not any(_is_of(issuer.lower(), self.fingerprints) for issuer in issuers):
            raise SignatureError(signed=bool(issuers))
        return list(self.certificates)


@dataclass(frozen=True, slots=True)
class _Own:
    """One of the gateway's keys."""

    fingerprint: str
    every: frozenset[str]
    decryptor: PyDecryptor

    @classmethod
    def load(cls, secret: bytes) -> _Own:
        key = Tsk.from_bytes(secret)
        info = describe(bytes(key.extract_certificate()))
        every = frozenset(k.fingerprint for k in (info.primary, *info.subkeys))
        return cls(info.fingerprint, every, key.decryptor())


class MessageOpener:
    """The gateway's key, ready to open messages.

    Args:
        secret: The OpenPGP secret key, binary or armored, without a password.
        more: Its next and old keys, which partners may still, or already, encrypt for.

    Attributes:
        fingerprint: Of its primary key, lower-case hexadecimal.

    Raises:
        CertificateError: It isn't one, or has no key that decrypts now (it may have expired).
    """

    def __init__(self, secret: bytes, *more: bytes) -> None:
        try:
            first = _Own.load(secret)
        except RuntimeError as error:
            raise CertificateError(f"not a key that decrypts now: {explain(error)}") from None
        self.fingerprint: Final = first.fingerprint
        self._keys = [first]
        for other in more:
            with suppress(RuntimeError, CertificateError):  # an old one may have expired
                self._keys.append(_Own.load(other))
        self._own: Final = frozenset[str]().union(*(key.every for key in self._keys))

    def look(self, head: bytes) -> Lead:
        """See from a message's first bytes whether it can be opened.

        Args:
            head: :data:`keys.openpgp_packets.HEAD` bytes, or all of a shorter message.

        Raises:
            MessageError: It can't be.
        """
        found = lead(head)
        if not found.recipients:
            raise MessageError(_without_recipient(found))
        if found.data == SED:
            raise MessageError(Fault.UNPROTECTED)
        if found.data not in (SEIPD, OCB, None):
            raise MessageError(Fault.DAMAGED)
        if not found.names(self._own) and all(found.recipients) and found.data is not None:
            raise MessageError(Fault.FOREIGN)
        return found

    def open(
        self, found: Lead, source: str, output: str, certificates: Sequence[bytes] = ()
    ) -> str:
        """Open a message, as a stream, at constant memory.

        Args:
            found: What :meth:`look` said of it.
            source: Path of the message, read once from its start to its end; may be a pipe's.
            output: Path to write the plaintext to; may be a pipe's.
            certificates: Of the sender, to check its signature with; none to check nothing.

        Returns:
            Fingerprint of the certificate that signed it, "" without ``certificates``.

        Raises:
            MessageError: It can't be opened.
            SignatureError: With certificates: it isn't signed by any of them.
        """
        known = _known(certificates)
        named = (key for key in self._keys if found.names(key.every))
        decryptor = next(named, self._keys[0]).decryptor
        try:
            if not known:
                decrypt_file(source, output, decryptor)
                return ""
            opened = decrypt_file(source, output, decryptor, store=known)
        except (RuntimeError, OSError) as error:  # OSError: what a read of a damaged message gives
            raise self._explained(error, found, known) from None
        signer: str = opened.valid_sigs[0].certificate
        return signer

    def _explained(
        self, error: Exception, found: Lead, known: _Known | None
    ) -> MessageError | SignatureError:
        """What to make of a failure; Sequoia's sentence may quote the message and isn't passed on.

        Once it has asked for certificates anything may be the signature's fault; if it was damage,
        opening without them says so.
        """
        said = str(error)
        if known and known.asked:
            return SignatureError(signed=True, packed=said.startswith(_MISPLACED))
        if said.startswith("No key to decrypt") and not found.names(self._own):
            return MessageError(Fault.FOREIGN)
        if said.startswith("Policy rejected"):
            return MessageError(Fault.OUTDATED)
        return MessageError(Fault.DAMAGED)


def check_content(content: str, signature: bytes, certificates: Sequence[bytes]) -> str:
    """Check a signature over a file, as a stream, at constant memory.

    Args:
        content: Path of what is signed, read once; may be a pipe's.
        signature: The signature packet.
        certificates: Of the sender.

    Returns:
        Fingerprint of the certificate that made it.

    Raises:
        SignatureError: None of them did.
    """
    known = _known(certificates)
    try:
        found = verify(file=content, store=known, signature=Sig.from_bytes(signature))
    except (RuntimeError, OSError, SignatureError):
        raise SignatureError(signed=True) from None
    signer: str = found.valid_sigs[0].certificate
    return signer


def _known(certificates: Sequence[bytes]) -> _Known | None:
    if not certificates:
        return None
    infos = [describe(certificate) for certificate in certificates]
    keys = (key for info in infos for key in (info.primary, *info.subkeys))
    return _Known(
        tuple(Cert.from_bytes(certificate) for certificate in certificates),
        frozenset(key.fingerprint for key in keys),
        [],
    )


def _without_recipient(found: Lead) -> Fault:
    if found.passwords:
        return Fault.PASSWORD
    if found.data in (None, SED, SEIPD, OCB):
        return Fault.DAMAGED
    return Fault.NOT_ENCRYPTED


def _is_of(name: str, fingerprints: frozenset[str]) -> bool:
    """Whether a fingerprint or key id is that of one of these keys."""
    return any(key.startswith(name) or key.endswith(name) for key in fingerprints)
