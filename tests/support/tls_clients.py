"""A certificate authority for TLS clients, and a server certificate for loopback."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class Client:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path
    private: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        found = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return found.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        found = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return found.fingerprint(hashes.SHA256()).hex()


_SIGNING = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str = "Clinic CA") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named(name)
        own = self._builder(self._name, self._key, -DAY, 10 * DAY)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        own = own.add_extension(_SIGNING, critical=True)
        self.bundle = folder / f"{name.replace(' ', '-')}.pem"
        self.bundle.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def issue(
        self,
        name: str,
        *,
        begins: timedelta = -DAY,
        ends: timedelta = DAY,
        key: ec.EllipticCurvePrivateKey | None = None,
        usage: ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        address: str = "",
    ) -> Client:
        private = key or ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(named(name), private, begins, ends).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if address:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
                critical=False,
            )
        made = builder.sign(self._key, hashes.SHA256())
        where = self._folder / f"{name}-{made.serial_number}"
        where.with_suffix(".crt").write_bytes(made.public_bytes(PEM))
        where.with_suffix(".key").write_bytes(
            private.private_bytes(
                PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Client(where.with_suffix(".crt"), where.with_suffix(".key"), private)

    def server(self) -> tuple[Path, Path]:
        made = self.issue("gateway", usage=ExtendedKeyUsageOID.SERVER_AUTH, address="127.0.0.1")
        return made.certificate, made.key

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins: timedelta,
        ends: timedelta,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        # Python 3.13 checks by RFC 5280 to the letter, which wants both identifiers.
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return (
            x509.CertificateBuilder()
            .add_extension(own, critical=False)
            .add_extension(issuer, critical=False)
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
        )
