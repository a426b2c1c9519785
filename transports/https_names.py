"""The names that a TLS certificate is for (RFC 5280 section 4.2.1.6)."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID


def names_in(certificate: Path) -> frozenset[str]:
    """DNS names and addresses of the first certificate in a PEM file, lower case.

    A certificate without alternative names counts for its common name.

    Raises:
        OSError: It can't be read.
        ValueError: It is no PEM certificate.
    """
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return frozenset(str(name.value).lower() for name in common)
    dns = names.get_values_for_type(x509.DNSName)
    addresses = names.get_values_for_type(x509.IPAddress)
    return frozenset(name.lower() for name in dns) | frozenset(map(str, addresses))
