"""The rules for letting a partner's certificate in, each broken by one made for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.admission import MAX_SIZE, KeyRefusedError, Reason, admit, refusals
from keys.certificate import packets
from keys.interoperable import generate_partner_key
from keys.openpgp import certificate_of, generate_gateway_key
from keys.pgpy_import import (
    PGPUID,
    EllipticCurveOID,
    HashAlgorithm,
    KeyFlags,
    PGPKey,
    PubKeyAlgorithm,
)
from keys.trial import trial

NOW = datetime.now(UTC)
CURVE = (PubKeyAlgorithm.EdDSA, EllipticCurveOID.Ed25519)
CURVE_ENCRYPTION = (PubKeyAlgorithm.ECDH, EllipticCurveOID.Curve25519)
BOTH = frozenset({KeyFlags.EncryptCommunications, KeyFlags.EncryptStorage})
LONG_AGO = NOW - timedelta(days=400)


def made(
    primary: tuple[object, object] = CURVE,
    subkey: tuple[object, object] | None = CURVE_ENCRYPTION,
    *,
    usage: AbstractSet[KeyFlags] = BOTH,
    uid_hash: HashAlgorithm = HashAlgorithm.SHA256,
    sub_hash: HashAlgorithm = HashAlgorithm.SHA256,
    lasts: timedelta | None = None,
    created: datetime | None = None,
) -> PGPKey:
    """A key pair as some program somewhere would make it."""
    key = PGPKey.new(*primary, created=created)
    prefs = {"key_expiration": lasts} if lasts else {}
    key.add_uid(
        PGPUID.new("Payer", email="payer@example.org"),
        usage={KeyFlags.Sign, KeyFlags.Certify},
        hashes=[HashAlgorithm.SHA256, HashAlgorithm.SHA1, HashAlgorithm.MD5],
        hash=uid_hash,
        **prefs,
    )
    if subkey:
        key.add_subkey(PGPKey.new(*subkey, created=created), usage=set(usage), hash=sub_hash)
    return key


def public(key: PGPKey) -> bytes:
    return bytes(key.pubkey)


def _split(certificate: bytes) -> tuple[bytes, bytes]:
    """The primary key's packet, which is short (RFC 9580 section 4.2.1), and the rest."""
    end = 2 + certificate[1]
    assert certificate[0] == 0xC6
    return certificate[:end], certificate[end:]


def reasons(blob: bytes, now: datetime = NOW) -> list[Reason]:
    return [refusal.reason for refusal in refusals(blob, now)]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys made in this very second must not count as made in the future."""
    monkeypatch.setattr(f"{__name__}.NOW", datetime.now(UTC))


@pytest.fixture(scope="module")
def good() -> bytes:
    return bytes(made().pubkey)


@pytest.mark.parametrize("armored", [True, False], ids=["armored", "binary"])
def test_a_good_certificate_is_admitted_in_either_form(armored: bool) -> None:
    key = made()
    blob = str(key.pubkey).encode() if armored else public(key)
    admitted = admit(blob, NOW)
    assert admitted.info.fingerprint == str(key.fingerprint).replace(" ", "").lower()
    assert admitted.info.user_ids == ("Payer <payer@example.org>",)
    assert admitted.info.algorithms == ("EdDSA Ed25519", "ECDH Curve25519")
    assert pysequoia.Cert.from_bytes(admitted.certificate).fingerprint == admitted.info.fingerprint


KINDS = [
    ("RFC4880", "Cv25519"),
    ("RFC4880", "RSA2k"),
    ("RFC4880", "P256"),
    ("RFC9580", "Cv25519"),
    ("RFC9580", "Cv448"),
    ("RFC9580", "P384"),
]


@pytest.mark.parametrize(("profile", "suite"), KINDS)
def test_certificates_of_versions_4_and_6_are_admitted(profile: str, suite: str) -> None:
    key = pysequoia.Tsk.generate(
        "Payer <payer@example.org>",
        profile=getattr(pysequoia.Profile, profile),
        cipher_suite=getattr(pysequoia.CipherSuite, suite),
    )
    info = admit(bytes(key.extract_certificate()), NOW).info
    assert info.primary.version == (4 if profile == "RFC4880" else 6)
    assert len(info.encryption_keys) == 1


@pytest.mark.parametrize("flag", sorted(BOTH))
def test_either_flag_of_encryption_is_enough(flag: KeyFlags) -> None:
    assert reasons(public(made(usage={flag}))) == []


def test_our_own_kinds_of_key_are_admitted() -> None:
    for secret in (
        generate_gateway_key("Gateway <g@example.org>"),
        generate_partner_key("Payer", "payer@example.org"),
    ):
        assert reasons(certificate_of(secret)) == []


ARMOR: dict[str, Callable[[str], bytes]] = {
    "pasted from a mail": lambda text: f"Hi,\nour key:\n\n{text}\n-- \nBob".encode(),
    "with CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "quoted": lambda text: "\n".join("> " + line for line in text.splitlines()).encode(),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16, as PowerShell writes": lambda text: text.encode("utf-16"),
}


@pytest.mark.parametrize("form", ARMOR)
def test_armor_is_read_as_partners_send_it(form: str) -> None:
    assert admit(ARMOR[form](str(made().pubkey)), NOW).info.user_ids


@pytest.mark.parametrize("form", ARMOR)
def test_a_secret_key_is_known_in_any_of_these_forms(form: str) -> None:
    assert reasons(ARMOR[form](str(made()))) == [Reason.SECRET_KEY]


def test_one_key_for_everything_is_admitted() -> None:
    key = PGPKey.new(PubKeyAlgorithm.RSAEncryptOrSign, 2048)
    usage = {KeyFlags.Certify, KeyFlags.Sign, *BOTH}
    key.add_uid(PGPUID.new("Payer"), usage=usage, hash=HashAlgorithm.SHA256)
    assert admit(public(key), NOW).info.encryption_keys[0].bits == 2048


def test_other_peoples_certifications_change_nothing() -> None:
    """Theirs may be by SHA-1, expire, or come later than the owner's own."""
    key, friend = made(), made()
    (uid,) = key.userids
    uid |= friend.certify(uid, hash=HashAlgorithm.SHA1)
    assert reasons(public(key)) == []


def test_a_strangers_revocation_does_not_revoke() -> None:
    key, stranger = made(), made()
    key |= stranger.revoke(key, hash=HashAlgorithm.SHA256)
    assert reasons(public(key)) == []


def _subpacket(kind: int, value: bytes) -> bytes:
    return bytes([len(value) + 1, kind]) + value


def _forged(victim: PGPKey, kind: int, *issuers: PGPKey) -> bytes:
    """A signature that says these keys made it, with a digest's right start and noise behind it.

    RFC 9580 sections 5.2.3 and 5.2.4, version 4: EdDSA and SHA-256.
    """
    names = b"".join(
        _subpacket(33, b"\x04" + bytes.fromhex(str(key.fingerprint).replace(" ", "")))
        for key in issuers
    )
    hashed = _subpacket(2, int(NOW.timestamp()).to_bytes(4, "big")) + names
    head = bytes([4, kind, 22, 8]) + len(hashed).to_bytes(2, "big") + hashed
    own = packets(public(victim))[0].body
    signed = b"\x99" + len(own).to_bytes(2, "big") + own + head
    digest = hashlib.sha256(signed + b"\x04\xff" + len(head).to_bytes(4, "big")).digest()
    body = head + b"\0\0" + digest[:2] + (b"\x01\x00" + b"\xaa" * 32) * 2
    return b"\xc2" + bytes([len(body)]) + body


KEY_REVOCATION, SUBKEY_REVOCATION = 0x20, 0x28


@pytest.mark.parametrize("kind", [KEY_REVOCATION, SUBKEY_REVOCATION])
@pytest.mark.parametrize("place", ["behind the primary key", "behind everything"])
def test_a_revocation_that_the_key_did_not_sign_does_not_revoke(kind: int, place: str) -> None:
    key, stranger = made(), made()
    primary, rest = _split(public(key))
    for issuers in ((key,), (key, stranger), (stranger, key), ()):
        forged = _forged(key, kind, *issuers)
        blob = (
            primary + forged + rest
            if place == "behind the primary key"
            else primary + rest + forged
        )
        assert reasons(blob) == []


@pytest.mark.parametrize("profile", ["RFC4880", "RFC9580"])
def test_a_revocation_whose_signature_was_changed_does_not_revoke(profile: str) -> None:
    secret = pysequoia.Tsk.generate("Payer", profile=getattr(pysequoia.Profile, profile))
    certificate = secret.extract_certificate()
    revocation = bytes(certificate.revoke(secret.certifier()))
    primary, rest = _split(bytes(certificate))
    changed = revocation[:-1] + bytes([revocation[-1] ^ 1])
    assert reasons(primary + revocation + rest) == [Reason.REVOKED]
    assert reasons(primary + changed + rest) == []
    assert Reason.REVOKED not in reasons(primary + changed)


def test_the_revocation_of_a_subkey_moved_to_the_primary_key_revokes_the_subkey_alone() -> None:
    key = made()
    (subkey,) = key.subkeys.values()
    revocation = bytes(key.revoke(subkey, hash=HashAlgorithm.SHA256))
    primary, rest = _split(public(key))
    assert reasons(primary + revocation + rest) == [Reason.ENCRYPTION_KEY_REVOKED]


@pytest.mark.parametrize("hash_", [HashAlgorithm.SHA1, HashAlgorithm.MD5])
def test_an_owners_revocation_counts_however_weak_its_hash(hash_: HashAlgorithm) -> None:
    """Believing one too many stops files; believing one too few seals them for a thief."""
    key = made()
    key |= key.revoke(key, hash=hash_)
    assert reasons(public(key)) == [Reason.REVOKED]


def test_an_expiry_that_the_key_did_not_sign_prolongs_nothing() -> None:
    key = made(lasts=timedelta(days=100), created=LONG_AGO)
    (uid,) = key.userids
    prolonged = key.certify(
        uid,
        usage={KeyFlags.Sign, KeyFlags.Certify},
        hash=HashAlgorithm.SHA256,
        key_expiration=timedelta(days=900),
        created=NOW + timedelta(seconds=5),
    )
    forged = bytearray(bytes(prolonged))
    forged[-1] ^= 1
    primary, user, own, *subkey = packets(public(key))
    changed = packets(bytes(forged))
    blob = bytes(pysequoia.Cert.from_packets([primary, user, own, *changed, *subkey]))
    assert reasons(blob) == [Reason.EXPIRED]


def test_packets_that_nobody_knows_change_nothing(good: bytes) -> None:
    assert reasons(good + b"\xfc\x01x") == []


def test_a_key_without_an_encryption_subkey_is_refused() -> None:
    assert reasons(public(made(subkey=None))) == [Reason.NO_ENCRYPTION_KEY]


def test_a_subkey_without_encryption_flags_does_not_count() -> None:
    assert reasons(public(made(usage=frozenset()))) == [Reason.NO_ENCRYPTION_KEY]


def test_an_expired_certificate_is_refused_with_the_day() -> None:
    key = made(lasts=timedelta(days=100), created=LONG_AGO)
    expiry = LONG_AGO + timedelta(days=100)
    (refusal,) = refusals(public(key), NOW)
    assert refusal.reason is Reason.EXPIRED
    assert f"{expiry:%Y-%m-%d}" in refusal.detail


def test_a_certificate_is_good_until_it_expires() -> None:
    blob = public(made(lasts=timedelta(days=10)))
    info = admit(blob, NOW).info
    assert info.expires is not None
    assert reasons(blob, info.expires - timedelta(seconds=1)) == []
    assert reasons(blob, info.expires) == [Reason.EXPIRED]


def test_an_expired_encryption_subkey_is_refused() -> None:
    key = pysequoia.Tsk.generate("Payer", validity_seconds=86_400)
    blob = bytes(key.extract_certificate())
    found = reasons(blob, NOW + timedelta(days=2))
    assert Reason.ENCRYPTION_KEY_EXPIRED in found
    assert Reason.EXPIRED in found


def test_a_revoked_certificate_is_refused() -> None:
    key = made()
    key |= key.revoke(key, hash=HashAlgorithm.SHA256)
    assert reasons(public(key)) == [Reason.REVOKED]


def test_a_revoked_encryption_subkey_is_refused() -> None:
    key = made()
    (subkey,) = key.subkeys.values()
    subkey |= key.revoke(subkey, hash=HashAlgorithm.SHA256)
    assert reasons(public(key)) == [Reason.ENCRYPTION_KEY_REVOKED]


def test_one_good_encryption_subkey_beside_a_revoked_one_is_enough() -> None:
    key = made()
    (subkey,) = key.subkeys.values()
    subkey |= key.revoke(subkey, hash=HashAlgorithm.SHA256)
    key.add_subkey(PGPKey.new(*CURVE_ENCRYPTION), usage=set(BOTH), hash=HashAlgorithm.SHA256)
    assert reasons(public(key)) == []


@pytest.mark.parametrize("bits", [1024, 1536])
def test_a_short_rsa_encryption_key_is_refused_with_its_size(bits: int) -> None:
    (refusal,) = refusals(public(made(subkey=(PubKeyAlgorithm.RSAEncryptOrSign, bits))), NOW)
    assert refusal.reason is Reason.WEAK_KEY
    assert f"RSA {bits}" in refusal.detail


def test_a_short_rsa_primary_key_is_refused() -> None:
    blob = public(made(primary=(PubKeyAlgorithm.RSAEncryptOrSign, 1024)))
    assert reasons(blob) == [Reason.WEAK_KEY]


def test_a_dsa_primary_key_is_refused() -> None:
    assert reasons(public(made(primary=(PubKeyAlgorithm.DSA, 2048)))) == [Reason.WEAK_KEY]


@pytest.mark.parametrize("hash_", [HashAlgorithm.SHA1, HashAlgorithm.MD5])
def test_a_weak_binding_of_the_encryption_subkey_is_refused(hash_: HashAlgorithm) -> None:
    assert reasons(public(made(sub_hash=hash_))) == [Reason.WEAK_SIGNATURE]


def test_a_weak_binding_of_the_primary_key_is_refused() -> None:
    assert reasons(public(made(uid_hash=HashAlgorithm.SHA1))) == [Reason.WEAK_SIGNATURE]


def test_a_sound_signature_beside_a_sha1_one_is_enough() -> None:
    key = made(sub_hash=HashAlgorithm.SHA1)
    (subkey,) = key.subkeys.values()
    subkey |= key.bind(subkey, usage=set(BOTH), hash=HashAlgorithm.SHA256)
    assert reasons(public(key)) == []


def test_every_fault_is_told_at_once() -> None:
    key = made(
        primary=(PubKeyAlgorithm.RSAEncryptOrSign, 1024),
        subkey=None,
        uid_hash=HashAlgorithm.SHA1,
        lasts=timedelta(days=1),
        created=LONG_AGO,
    )
    with pytest.raises(KeyRefusedError) as caught:
        admit(public(key), NOW)
    assert {refusal.reason for refusal in caught.value.refusals} == {
        Reason.EXPIRED,
        Reason.WEAK_KEY,
        Reason.WEAK_SIGNATURE,
        Reason.NO_ENCRYPTION_KEY,
    }
    assert caught.value.reason is Reason.EXPIRED
    assert len(caught.value.detail.splitlines()) == 4


SSH_PRIVATE = (
    b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"
)


@pytest.mark.parametrize("form", ["armored", "binary", "half", "ssh"])
def test_a_secret_key_is_refused_loudly_and_not_echoed(form: str) -> None:
    key = made()
    armored = str(key).encode()
    blob = {
        "armored": armored,
        "binary": bytes(key),
        "half": armored[: len(armored) // 2],
        "ssh": SSH_PRIVATE,
    }[form]
    (refusal,) = refusals(blob, NOW)
    assert refusal.reason is Reason.SECRET_KEY
    assert "SECRET" in refusal.detail
    assert not any(line in refusal.detail for line in armored.decode().split())


def test_two_certificates_are_refused_binary_or_armored() -> None:
    one, two = made(), made()
    assert reasons(public(one) + public(two)) == [Reason.MORE_THAN_ONE]
    armored = str(one.pubkey) + "\n" + str(two.pubkey)
    assert reasons(armored.encode()) == [Reason.MORE_THAN_ONE]


def test_a_flood_of_signatures_is_refused(good: bytes) -> None:
    assert reasons(good + bytes(MAX_SIZE)) == [Reason.TOO_LARGE]


@pytest.mark.parametrize(
    ("blob", "hint"),
    [
        (b"", "no packet"),
        (b"hello", "damaged"),
        (b"ssh-ed25519 AAAAC3Nz somebody", "SSH public key"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "TLS"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nzzz\n", "damaged"),
    ],
)
def test_something_else_is_refused_by_what_it_is(blob: bytes, hint: str) -> None:
    (refusal,) = refusals(blob, NOW)
    assert refusal.reason is Reason.NOT_OPENPGP
    assert hint in refusal.detail


def test_an_openpgp_message_is_no_certificate(good: bytes) -> None:
    message = pysequoia.encrypt(b"hi", [pysequoia.Cert.from_bytes(good)], armor=False)
    assert reasons(message) == [Reason.NOT_OPENPGP]


def test_an_encryption_subkey_bound_by_a_forged_signature_does_not_count(good: bytes) -> None:
    (refusal,) = refusals(good[:-1] + bytes([good[-1] ^ 1]), NOW)
    assert refusal.reason is Reason.NO_ENCRYPTION_KEY
    assert "signature" in refusal.detail


def test_a_certificate_from_the_future_is_refused() -> None:
    blob = public(made(created=NOW + timedelta(days=30)))
    assert reasons(blob) == [Reason.NO_ENCRYPTION_KEY]


def test_a_forged_user_id_is_unusable() -> None:
    primary, _, own, *subkey = packets(public(made()))
    other = packets(b"\xcd\x05Other")
    blob = bytes(pysequoia.Cert.from_packets([primary, *other, own, *subkey]))
    assert reasons(blob) == [Reason.UNUSABLE]


@pytest.mark.parametrize("profile", ["RFC4880", "RFC9580"])
def test_sealing_for_a_key_that_is_not_live_is_noticed(profile: str) -> None:
    """Sequoia's binding falls back to expired keys where it finds no other."""
    key = pysequoia.Tsk.generate("Payer", profile=getattr(pysequoia.Profile, profile))
    blob = bytes(key.extract_certificate())
    live = {key.fingerprint for key in admit(blob, NOW).info.encryption_keys}
    assert trial(blob, live) == []
    assert "isn't live" in trial(blob, {"0" * 64})[0]


def test_user_ids_can_not_drive_a_terminal() -> None:
    key = pysequoia.Tsk.generate("Payer \x1b[2J\x07", profile=pysequoia.Profile.RFC4880)
    info = admit(bytes(key.extract_certificate()), NOW).info
    assert info.user_ids == ("Payer ?[2J?",)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_gives_a_refusal_or_a_usable_certificate(
    good: bytes, data: st.DataObject
) -> None:
    blob = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(blob[: data.draw(st.integers(len(blob) // 2, len(blob)))])
    if not refusals(cut, NOW):
        pysequoia.encrypt(b"", [pysequoia.Cert.from_bytes(cut)], armor=False)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_and_nothing_else_happens(blob: bytes) -> None:
    assert refusals(blob, NOW)


def test_a_time_without_a_zone_is_a_mistake(good: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        refusals(good, datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake
