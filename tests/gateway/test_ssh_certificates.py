"""What an OpenSSH certificate must be to let somebody in: its form, and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.directory_types import DirectoryError, Trust
from gateway.ssh_certificates import (
    CertificateRefusedError,
    authority,
    check,
    end_of,
    named,
    revocation,
    stands,
)
from tests.support.ssh_certs import HOUR, Wanted, certify, option, packed
from transports.ssh_certificate import (
    CertificateFormError,
    is_certificate,
    public_key,
    read_certificate,
)

CA = asyncssh.generate_private_key("ssh-ed25519")
RSA_CA = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
KEY = asyncssh.generate_private_key("ssh-ed25519")
NAME = CA.get_fingerprint()
TRUST = Trust([CA.public_data, RSA_CA.public_data], {"clinic-bot", "ci"}, ())
HOST = "192.0.2.7"
PLAIN = certify(CA, KEY)


def judge(
    wanted: Wanted,
    *,
    ca: asyncssh.SSHKey = CA,
    trust: Trust = TRUST,
    address: str = HOST,
    now: datetime | None = None,
) -> str:
    """Why it is refused; "" if it isn't."""
    read = read_certificate(certify(ca, KEY, wanted))
    try:
        check(read, trust, address, now or datetime.now(UTC))
    except CertificateRefusedError as error:
        return str(error)
    return ""


def test_a_certificate_of_the_partners_ca_is_taken() -> None:
    assert judge(Wanted()) == ""
    assert judge(Wanted(principals=["x", "ci"])) == ""
    assert judge(Wanted(ends=None)) == ""
    assert judge(Wanted(options=[option("force-command", "internal-sftp")])) == ""
    assert judge(Wanted(algorithm="rsa-sha2-256"), ca=RSA_CA) == ""


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Wanted(principals=[]), "principals"),
        (Wanted(principals=["payer-bot"]), "principals"),
        (Wanted(principals=["clinic-bo"]), "principals"),
        (Wanted(principals=["Clinic-bot"]), "principals"),
        (Wanted(principals=["*"]), "principals"),
        (Wanted(kind=2), "host's"),
        (Wanted(kind=0), "host's"),
        (Wanted(begins=HOUR, ends=2 * HOUR), "valid yet"),
        (Wanted(begins=-2 * HOUR, ends=-HOUR), "expired"),
        (Wanted(options=[option("force-command", "/bin/sh")]), "force-command"),
        (Wanted(options=[option("force-command", "internal-sftp -d /")]), "force-command"),
        (Wanted(options=[option("force-command", None)]), "malformed"),
        (Wanted(options=[option("verify-required", None)]), "malformed"),
        (Wanted(options=[option("unknown@example", "1")]), "unknown@example"),
        (Wanted(options=[option("source-address", "")]), "source-address"),
        (Wanted(options=[option("source-address", "any")]), "source-address"),
        (Wanted(options=[option("source-address", "192.0.2.9,10.0.0.0/8")]), "address"),
        (Wanted(options=[option("source-address", "192.0.2.7/8")]), "source-address"),
    ],
)  # fmt: skip
def test_a_certificate_that_breaks_a_rule_is_refused(wanted: Wanted, why: str) -> None:
    assert why in judge(wanted)


def test_a_host_certificate_with_everything_else_right_is_refused() -> None:
    made = CA.generate_host_certificate(KEY, "host", principals=["clinic-bot"])
    read = read_certificate(made.public_data)
    with pytest.raises(CertificateRefusedError, match="host's"):
        check(read, TRUST, HOST, datetime.now(UTC))


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7"])
def test_a_source_address_that_holds_the_client_lets_it_in(address: str) -> None:
    wanted = Wanted(options=[option("source-address", "10.0.0.0/8,192.0.2.0/24")])
    assert judge(wanted, address=address) == ""
    assert judge(wanted, address="2001:db8::1") != ""
    assert judge(wanted, address="") != ""


def test_validity_is_from_its_first_second_till_before_its_last() -> None:
    read = read_certificate(PLAIN)
    first = datetime.fromtimestamp(read.valid_after, UTC)
    last = end_of(read)
    assert last is not None
    check(read, TRUST, HOST, first)
    check(read, TRUST, HOST, last - timedelta(seconds=1))
    for moment in (first - timedelta(microseconds=1), last):
        with pytest.raises(CertificateRefusedError):
            check(read, TRUST, HOST, moment)


def test_another_partners_ca_lets_nobody_in() -> None:
    assert "no such CA" in judge(Wanted(), ca=asyncssh.generate_private_key("ssh-ed25519"))
    assert "no such CA" in judge(Wanted(), trust=Trust((), {"clinic-bot"}, ()))


def test_a_ca_signature_with_sha_1_is_refused() -> None:
    assert "SHA-1" in judge(Wanted(algorithm="ssh-rsa"), ca=RSA_CA)


def test_a_certificate_signed_by_another_key_than_it_names_is_refused() -> None:
    forger = asyncssh.generate_private_key("ssh-ed25519")
    forged = certify(forger, KEY).replace(packed(forger.public_data), packed(CA.public_data))
    with pytest.raises(CertificateRefusedError, match="signature"):
        check(read_certificate(forged), TRUST, HOST, datetime.now(UTC))


def test_a_changed_certificate_is_refused() -> None:
    changed = PLAIN.replace(b"clinic-bot", b"payer-bots")
    trust = replace(TRUST, principals={"payer-bots"})
    with pytest.raises(CertificateRefusedError, match="signature"):
        check(read_certificate(changed), trust, HOST, datetime.now(UTC))


def test_a_weak_certified_key_is_refused() -> None:
    weak = asyncssh.generate_private_key("ssh-rsa", key_size=1024)
    with pytest.raises(CertificateRefusedError, match="1024 bits"):
        check(read_certificate(certify(CA, weak)), TRUST, HOST, datetime.now(UTC))


@pytest.mark.parametrize(
    "word",
    [revocation(NAME, serial=7), revocation(NAME, key_id="ci@clinic")],
    ids=["serial", "key id"],
)
def test_a_revoked_certificate_is_refused(word: str) -> None:
    assert judge(Wanted(), trust=replace(TRUST, revoked={word})) == "it is revoked"


@pytest.mark.parametrize(
    "word",
    [
        revocation(NAME, serial=70),
        revocation(NAME, key_id="ci"),
        revocation(RSA_CA.get_fingerprint(), serial=7),
    ],
    ids=["longer serial", "shorter key id", "other CA"],
)
def test_revocation_is_of_one_serial_or_key_id_of_one_ca(word: str) -> None:
    assert judge(Wanted(), trust=replace(TRUST, revoked={word})) == ""


@pytest.mark.parametrize(
    "algorithm", ["ssh-ed25519", "ssh-rsa", *(f"ecdsa-sha2-nistp{n}" for n in (256, 384, 521))]
)
def test_every_kind_of_key_can_be_certified(algorithm: str) -> None:
    key = asyncssh.generate_private_key(algorithm)
    read = read_certificate(CA.generate_user_certificate(key, "k", principals=["ci"]).public_data)
    assert read.key == key.public_data
    check(read, TRUST, HOST, datetime.now(UTC))


def test_what_is_read_is_what_asyncssh_wrote() -> None:
    made = CA.generate_user_certificate(
        KEY, "jane@clinic", serial=2**64 - 1, principals=["a", "b"], valid_after=1, valid_before=2,
        source_address=["10.0.0.0/8"], force_command="internal-sftp",
    )  # fmt: skip
    read = read_certificate(made.public_data)
    assert (read.serial, read.key_id, read.principals) == (2**64 - 1, "jane@clinic", ("a", "b"))
    assert (read.valid_after, read.valid_before) == (1, 2)
    assert sorted(read.critical) == ["force-command", "source-address"]
    assert read.is_signed()


@pytest.mark.parametrize(
    "options",
    [
        [option("force-command", "internal-sftp")] * 2,
        [option("source-address", HOST), option("force-command", "internal-sftp")],
        [option("", "x")],
    ],
    ids=["doubled", "out of order", "without a name"],
)
def test_options_stand_in_order_and_once(options: Sequence[tuple[bytes, bytes]]) -> None:
    with pytest.raises(CertificateFormError, match="options"):
        read_certificate(certify(CA, KEY, Wanted(options=options)))


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        KEY.public_data,
        PLAIN[:-1],
        PLAIN + b"\0",
        PLAIN.replace(b"-cert-v01@", b"-cert-v00@"),
        packed("x509v3-ssh-rsa") + PLAIN[36:],
        packed("ssh-dss-cert-v01@openssh.com") + PLAIN[36:],
        b"\xff" * 64,
        certify(CA, KEY, Wanted(key_id="x" * 20_000)),
        certify(CA, KEY, Wanted(principals=["x"] * 257)),
    ],
    ids=[
        "nothing", "bare key", "cut short", "longer", "other version", "X.509", "DSA", "no lengths",
        "too long", "too many principals",
    ],
)  # fmt: skip
def test_what_is_no_whole_certificate_is_refused(blob: bytes) -> None:
    with pytest.raises(CertificateFormError):
        read_certificate(blob)


@given(st.integers(0, len(PLAIN) - 1), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_no_changed_byte_goes_unnoticed(at: int, by: int) -> None:
    changed = PLAIN[:at] + bytes([PLAIN[at] ^ by]) + PLAIN[at + 1 :]
    try:
        read = read_certificate(changed)
        check(read, TRUST, HOST, datetime.now(UTC))
    except (CertificateFormError, CertificateRefusedError):
        return
    pytest.fail(f"byte {at} changed by {by} was taken")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_a_form_error(blob: bytes) -> None:
    is_certificate(blob)
    public_key(blob)
    with pytest.raises(CertificateFormError):
        read_certificate(blob)


def test_logs_name_ca_serial_and_key_id_without_blanks() -> None:
    read = read_certificate(certify(CA, KEY, Wanted(key_id="Jane Doe\n\u2028" + "x" * 100)))
    assert named(read) == f"{NAME}/7/Jane_Doe__{'x' * 54}"


def test_a_name_stands_till_its_ca_goes_or_it_is_revoked() -> None:
    name = named(read_certificate(certify(CA, KEY, Wanted(key_id="Jane Doe" + "x" * 100))))

    def after(*revoked: str) -> bool:
        return stands(name, replace(TRUST, revoked=revoked))

    assert after()
    assert after(revocation(NAME, serial=70), revocation(NAME, key_id="Jane"))
    assert after(revocation(RSA_CA.get_fingerprint(), serial=7))
    assert not after(revocation(NAME, serial=7))
    assert not after(revocation(NAME, key_id="Jane Doe" + "x" * 100))
    assert not stands(name, replace(TRUST, authorities=[RSA_CA.public_data]))


def test_a_certificate_without_an_end_has_none() -> None:
    assert end_of(read_certificate(certify(CA, KEY, Wanted(ends=None)))) is None


def test_a_ca_file_holds_one_public_key() -> None:
    line = CA.export_public_key().decode()
    kept = authority("clinic", line)
    assert (kept.fingerprint, kept.blob) == (NAME, CA.public_data)
    for text in (line * 2, "", CA.export_private_key().decode(), "cert-authority " + line):
        with pytest.raises(DirectoryError):
            authority("clinic", text, "ca.pub")
    certificate = CA.generate_user_certificate(KEY, "k", principals=["ci"])
    with pytest.raises(DirectoryError):
        authority("clinic", certificate.export_certificate().decode(), "ca.pub")
