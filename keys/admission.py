"""Which OpenPGP certificates of partners are let in, and why others aren't.

Whatever is refused here would be refused again at sealing, with a patient's file waiting; so the
rules come first, each in a sentence with its fix, all of them at once. They believe nothing that
the certificate's own key didn't rightly sign. A certificate that breaks none is then sealed for
once: that makes Sequoia check it under its own policy.

The rules must be asked again before each sealing (:func:`refusals`), not only at import. Sequoia's
Python binding (0.1.35) seals for a revoked or expired certificate without a word, and falls back
to expired subkeys where no other is left.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pysequoia import Cert
from pysequoia.packet import Packet, Tag

from keys.certificate import (
    CertificateError,
    CertificateInfo,
    KeyInfo,
    describe,
    packets,
    tag_of,
)
from keys.trial import trial

MAX_SIZE: Final = 262_144
"""Bytes of a certificate; one flooded with other people's signatures is larger."""
MIN_RSA_BITS: Final = 2048
_VERSIONS: Final = (4, 6)
_UNUSABLE_FIX: Final = "Check it with `gpg --check-sigs` or `sq inspect`, and export it again."
_BEGIN: Final = re.compile(rb"-----BEGIN PGP ([A-Z ]+)-----")
_SECRET: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]*(?:PRIVATE|SECRET) KEY[A-Z ]*-----")
_OTHERS: Final = (
    (re.compile(rb"\A(ssh-|ecdsa-sha2-|sk-)"), "an SSH public key"),
    (re.compile(rb"-----BEGIN (X509 )?CERTIFICATE-----"), "a TLS (X.509) certificate"),
    (re.compile(rb"-----BEGIN PUBLIC KEY-----"), "a PEM public key"),
)


class Reason(StrEnum):
    """The rule that a certificate breaks."""

    NOT_OPENPGP = "not-openpgp"
    SECRET_KEY = "secret-key"  # noqa: S105 - the name of a rule
    MORE_THAN_ONE = "more-than-one"
    TOO_LARGE = "too-large"
    OLD_VERSION = "old-version"
    REVOKED = "revoked"
    EXPIRED = "expired"
    WEAK_KEY = "weak-key"
    WEAK_SIGNATURE = "weak-signature"
    NO_ENCRYPTION_KEY = "no-encryption-key"
    ENCRYPTION_KEY_REVOKED = "encryption-key-revoked"
    ENCRYPTION_KEY_EXPIRED = "encryption-key-expired"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One broken rule.

    Attributes:
        reason: Which.
        detail: What is wrong and how to mend it, in a sentence; quotes nothing of the input but
            fingerprints, dates and sizes.
    """

    reason: Reason
    detail: str


class KeyRefusedError(Exception):
    """A certificate isn't admitted.

    Attributes:
        refusals: Every rule it breaks, the first one first.
        reason: The first.
        detail: All of them, one a line.
    """

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        self.reason = refusals[0].reason
        self.detail = "\n".join(refusal.detail for refusal in refusals)
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A certificate that files may be sealed for.

    Attributes:
        certificate: Binary, as to be stored and given to the sealer.
        info: What it says; ``info.expires`` is when sealing for it will stop.
    """

    certificate: bytes
    info: CertificateInfo


def admit(blob: bytes, now: datetime) -> Admitted:
    """Let a partner's certificate in.

    Args:
        blob: Binary or armored.
        now: With a time zone.

    Raises:
        KeyRefusedError: With every rule it breaks.
    """
    if found := refusals(blob, now):
        raise KeyRefusedError(found)
    plain = _without_marks(blob)
    return Admitted(bytes(Cert.from_bytes(plain)), describe(plain))


def refusals(blob: bytes, now: datetime) -> list[Refusal]:
    """Every rule that the certificate breaks at ``now``; empty if it may be admitted."""
    if now.tzinfo is None:
        raise ValueError("`now` needs a time zone")
    blob = _without_marks(blob)
    if form := _form(blob):
        return [form]
    try:
        if content := _content(packets(blob)):
            return [content]
        info = describe(blob)
    except CertificateError as error:
        return [Refusal(Reason.NOT_OPENPGP, f"{error}. Export the public key again.")]
    broken = [refusal for rule in _RULES for refusal in rule(info, now)]
    if broken:
        return broken
    live = {key.fingerprint for key in _live(info, now)}
    return [Refusal(Reason.UNUSABLE, f"{what} {_UNUSABLE_FIX}") for what in trial(blob, live)]


def _without_marks(blob: bytes) -> bytes:
    """The armor as ASCII again: `gpg --armor --export > key.asc` in PowerShell writes UTF-16.

    Neither mark can begin a binary certificate, whose first packet is a public key.
    """
    if blob.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return blob.decode("utf-16", "replace").encode("ascii", "replace")
    return blob.removeprefix(codecs.BOM_UTF8)


def _form(blob: bytes) -> Refusal | None:
    """What shows before parsing."""
    if len(blob) > MAX_SIZE:
        return Refusal(
            Reason.TOO_LARGE,
            f"The file has {len(blob)} bytes, more than {MAX_SIZE}: export the certificate without "
            "other people's signatures (gpg --export-options export-minimal).",
        )
    if _SECRET.search(blob):
        return _SECRET_REFUSAL
    if len(_BEGIN.findall(blob)) > 1:
        return _more_than_one(len(_BEGIN.findall(blob)))
    for pattern, what in _OTHERS:
        if pattern.search(blob):
            return Refusal(
                Reason.NOT_OPENPGP,
                f"This is {what}, not an OpenPGP certificate: ask the partner for their OpenPGP "
                "public key (gpg --armor --export THEIR@ADDRESS).",
            )
    return None


_SECRET_REFUSAL: Final = Refusal(
    Reason.SECRET_KEY,
    "This is a SECRET key, which nobody but its owner may have. Nothing of it was kept. Whoever "
    "sent it must treat it as exposed: revoke it, make a new one, and send only the public part "
    "(gpg --armor --export).",
)


def _more_than_one(count: int) -> Refusal:
    return Refusal(
        Reason.MORE_THAN_ONE,
        f"There are {count} OpenPGP blocks or certificates in it where one is wanted: export the "
        "one certificate to seal for, by its fingerprint.",
    )


def _content(pile: list[Packet]) -> Refusal | None:
    """What the packets are, before what they say."""
    tags = [tag_of(packet) for packet in pile]
    if Tag.SecretKey in tags or Tag.SecretSubkey in tags:
        return _SECRET_REFUSAL
    primaries = tags.count(Tag.PublicKey)
    return _more_than_one(primaries) if primaries > 1 else None


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "never"


def _is_over(key: KeyInfo, now: datetime) -> bool:
    return key.expires is not None and key.expires <= now


def _version(info: CertificateInfo, _now: datetime) -> Iterator[Refusal]:
    if info.primary.version not in _VERSIONS:
        yield Refusal(
            Reason.OLD_VERSION,
            f"The key is of version {info.primary.version}, which is broken or not standard: ask "
            "for a new one of version 4 or 6.",
        )


def _revoked(info: CertificateInfo, _now: datetime) -> Iterator[Refusal]:
    if info.primary.revoked:
        yield Refusal(
            Reason.REVOKED,
            "Its owner has revoked the certificate: ask for the one that takes its place.",
        )


def _expired(info: CertificateInfo, now: datetime) -> Iterator[Refusal]:
    if _is_over(info.primary, now):
        yield Refusal(
            Reason.EXPIRED,
            f"The certificate expired on {_day(info.primary.expires)}: its owner can prolong it "
            "(gpg --quick-set-expire) and export it again.",
        )


def _is_weak(key: KeyInfo) -> bool:
    return key.algorithm in ("DSA", "ElGamal") or (
        key.algorithm == "RSA" and key.bits < MIN_RSA_BITS
    )


def _live(info: CertificateInfo, now: datetime) -> list[KeyInfo]:
    """The encryption keys that are neither revoked nor expired."""
    return [key for key in info.encryption_keys if not key.revoked and not _is_over(key, now)]


def _weak(info: CertificateInfo, now: datetime) -> Iterator[Refusal]:
    for key in dict.fromkeys((info.primary, *_live(info, now))):
        if _is_weak(key):
            yield Refusal(
                Reason.WEAK_KEY,
                f"Key {key.fingerprint} is {key}: RSA needs {MIN_RSA_BITS} bits or more, and DSA "
                "and ElGamal are no longer accepted. Ask for a new key (Curve25519, or RSA 3072).",
            )


def _weak_signature(info: CertificateInfo, _now: datetime) -> Iterator[Refusal]:
    for key in dict.fromkeys((info.primary, *info.encryption_keys)):
        if key.binding == "weak" and not key.revoked:
            yield Refusal(
                Reason.WEAK_SIGNATURE,
                f"Key {key.fingerprint} is bound by SHA-1, MD5 or RIPEMD-160 signatures alone, "
                "which can be forged: its owner can sign it anew (gpg --cert-digest-algo SHA512 "
                "--quick-set-expire, for subkeys too) and export it again.",
            )


def _encryption(info: CertificateInfo, now: datetime) -> Iterator[Refusal]:
    """One encryption key that is neither revoked nor expired is enough."""
    able = info.encryption_keys
    if not able:
        yield Refusal(
            Reason.NO_ENCRYPTION_KEY,
            "No key in it may be used for encryption: flags allow signing or certifying alone, or "
            "the owner's signature on them is wrong or from before the key. Add an encryption "
            "subkey (gpg --quick-add-key) and export it again.",
        )
    if _live(info, now):
        return
    for key in able:
        if key.revoked:
            yield Refusal(
                Reason.ENCRYPTION_KEY_REVOKED,
                f"Its encryption key {key.fingerprint} is revoked: add a new one "
                "(gpg --quick-add-key) and export it again.",
            )
        elif key is not info.primary:
            yield Refusal(
                Reason.ENCRYPTION_KEY_EXPIRED,
                f"Its encryption key {key.fingerprint} expired on {_day(key.expires)}: prolong it "
                "(gpg --quick-set-expire FINGERPRINT 1y '*') and export it again.",
            )


_RULES: Final[tuple[Callable[[CertificateInfo, datetime], Iterator[Refusal]], ...]] = (
    _version,
    _revoked,
    _expired,
    _weak,
    _weak_signature,
    _encryption,
)
