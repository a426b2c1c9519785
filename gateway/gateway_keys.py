"""The gateway's own keys: what each consists of, and how the next one is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from gateway import staged_keys, tls_pair
from gateway.site import SitePaths
from gateway.staged_keys import PUBLIC, SECRET, RotationError, next_of, old_of
from keys import durable
from keys.openpgp import certificate_of, describe, fingerprint, generate_gateway_key
from keys.site import generate_log_key, generate_ssh_host_keys, generate_tls


class GatewayKey(Protocol):
    """One of the gateway's keys through its stages."""

    def rotate(self) -> str:
        """Make the next one; what people should know it by."""
        ...

    def switch(self) -> str:
        """Put it in use; what people should know it by."""
        ...

    def retire(self) -> None:
        """Remove the old one."""
        ...


class OpenPgp:
    """Signs what is sealed, and opens what was encrypted for the gateway.

    Every stage opens messages; the one in use signs.
    """

    def __init__(self, paths: SitePaths) -> None:
        self._secret, self._public = paths.openpgp_secret, paths.openpgp_public

    def rotate(self) -> str:
        """The next one, of the same user id; partners get its certificate."""
        info = describe(self._public.read_bytes())
        secret = generate_gateway_key(info.user_ids[0] if info.user_ids else "Lazaretto gateway")
        made = {self._secret: (secret, SECRET), self._public: (certificate_of(secret), PUBLIC)}
        staged_keys.put_next(made, what="openpgp")
        return fingerprint(secret)

    def switch(self) -> str:
        """Sign with it from now on."""
        staged_keys.switch([self._secret, self._public], what="openpgp")
        return fingerprint(self._public.read_bytes())

    def retire(self) -> None:
        """Open nothing more that was encrypted for the old one."""
        staged_keys.retire([self._secret, self._public], what="openpgp")


class SshHost:
    """Host keys: the next ones and the old ones are announced and proven, the present ones used."""

    def __init__(self, paths: SitePaths) -> None:
        self._keys = self._ed25519, self._rsa = paths.ssh_host_keys

    def rotate(self) -> str:
        """The next ones."""
        made = generate_ssh_host_keys()
        files: Mapping[Path, tuple[bytes, int]] = {
            self._ed25519: (made.ed25519, SECRET),
            self._ed25519.with_suffix(".pub"): (made.ed25519_public, PUBLIC),
            self._rsa: (made.rsa, SECRET),
            self._rsa.with_suffix(".pub"): (made.rsa_public, PUBLIC),
        }
        staged_keys.put_next(files, what="ssh")
        return b"".join((made.ed25519_public, made.rsa_public)).decode().strip()

    def switch(self) -> str:
        """Prove ourselves by them from now on."""
        staged_keys.switch(self._files(), what="ssh")
        return "".join(key.with_suffix(".pub").read_text() for key in self._keys).strip()

    def retire(self) -> None:
        """Stop announcing the old ones; OpenSSH's clients then forget them."""
        staged_keys.retire(self._files(), what="ssh")

    def _files(self) -> list[Path]:
        return [path for key in self._keys for path in (key, key.with_suffix(".pub"))]


class Log:
    """Signs checkpoints: every stage does, and ``log.pub`` holds all that ever did."""

    def __init__(self, paths: SitePaths) -> None:
        self._secret, self._public = paths.log_key, paths.log_pub

    def rotate(self) -> str:
        """The next one, which signs beside the present one at once."""
        staged_keys.check_none_waits([self._secret], what="log")
        secret, public = generate_log_key()
        # Published before it can sign: nobody may meet a checkpoint by a key that isn't.
        self._publish(self._public.read_bytes() + public)
        staged_keys.put_next({self._secret: (secret, SECRET)}, what="log")
        return public.decode().strip()

    def switch(self) -> str:
        """Put it first."""
        secret = next_of(self._secret)
        if secret.exists():
            first = _public_pem(secret.read_bytes())
            self._publish(first + self._public.read_bytes().replace(first, b""))
        staged_keys.switch([self._secret], what="log")
        return _public_pem(self._secret.read_bytes()).decode().strip()

    def retire(self) -> None:
        """Sign with the old one no more; its public half stays, for older checkpoints."""
        staged_keys.retire([self._secret], what="log")

    def _publish(self, content: bytes) -> None:
        durable.replace(self._public, content, PUBLIC)


class Tls:
    """The HTTPS listener's certificate and key."""

    def __init__(self, paths: SitePaths) -> None:
        self._certificate, self._key = paths.tls_cert, paths.tls_key

    def renew(self) -> str:
        """The next self-signed one, for the same names; clients can be told to trust it ahead.

        Raises:
            RotationError: A CA signed the present one, so only that can renew it.
        """
        self._settle()
        present = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        if present.issuer != present.subject:
            raise RotationError(
                "a CA signed the present certificate: have it renewed there, then "
                "'lazaretto key tls install CERTIFICATE KEY'"
            )
        sans = present.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(name.value) for name in sans]
        certificate, key = generate_tls(names[0][:64], names)
        made = {self._certificate: (certificate, PUBLIC), self._key: (key, SECRET)}
        for path in made:
            old_of(path).unlink(missing_ok=True)  # nobody meets it any more
        staged_keys.put_next(made, what="tls", then="install")
        return _described(certificate)

    def install(self, certificate: bytes, key: bytes) -> str:
        """Put this pair in use; killed at any point, one of the two is.

        Raises:
            RotationError: They don't belong together, or aren't in date, or can't be read.
        """
        _check_pair(certificate, key)
        self._settle()
        # Half of this pair with half of a renewed one would be in the way of both commands.
        next_of(self._certificate).unlink(missing_ok=True)
        durable.replace(next_of(self._key), key, SECRET)
        durable.replace(next_of(self._certificate), certificate, PUBLIC)
        tls_pair.put_in_use(self._certificate, self._key)
        return _described(certificate)

    def install_next(self) -> str:
        """Put the renewed one in use, or finish an installation that was killed.

        Raises:
            RotationError: There is none, or it isn't in date.
        """
        settled = self._settle()
        files = [next_of(self._certificate), next_of(self._key)]
        if all(path.exists() for path in files):
            _check_pair(*(path.read_bytes() for path in files))
            tls_pair.put_in_use(self._certificate, self._key)
        elif not settled:
            raise RotationError("nothing was renewed: name CERTIFICATE and KEY")
        return _described(self._certificate.read_bytes())

    def _settle(self) -> bool:
        if self._certificate == self._key:
            raise RotationError(
                "the settings name one file for certificate and key: put another in its place, at "
                "once (mv), and the gateway takes it up"
            )
        return tls_pair.settle(self._certificate, self._key)


def _check_pair(certificate: bytes, key: bytes) -> None:
    try:
        fit = tls_pair.belong_together(certificate, key)
    except (ValueError, TypeError):
        raise RotationError("a PEM certificate and its unencrypted PEM key are needed") from None
    if not fit:
        raise RotationError("the certificate is not of this key")
    found = x509.load_pem_x509_certificate(certificate)
    now = datetime.now(UTC)
    if not found.not_valid_before_utc <= now < found.not_valid_after_utc:
        raise RotationError(
            f"the certificate is valid from {found.not_valid_before_utc:%Y-%m-%d} to "
            f"{found.not_valid_after_utc:%Y-%m-%d}, not now"
        )


def _described(certificate: bytes) -> str:
    found = x509.load_pem_x509_certificate(certificate)
    return f"serial {found.serial_number:x}, valid until {found.not_valid_after_utc:%Y-%m-%d}"


def _public_pem(secret: bytes) -> bytes:
    key = load_pem_private_key(secret, None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
