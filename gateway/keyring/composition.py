"""From settings to a keyring: the only place that names the providers.

Libraries of providers are extras of the distribution, and load only where one is configured.
"""

from __future__ import annotations

from config.keys import Keys
from gateway.keyring.watched import Keyring
from gateway.site import Site
from keys.key_file import Sealers
from keys.sealer import KekError, KeySealer


def keyring_of(site: Site) -> Keyring:
    """The site's key-encryption keys, which follow a change of their file.

    Raises:
        KekError: They can't be used.
    """
    return Keyring(site.paths.kek, sealers_of(site.settings.keys), _name(site.settings.keys))


def sealer_of(settings: Keys) -> KeySealer | None:
    """Who guards new keys of the file; None for nobody but its mode.

    Raises:
        KekError: It can't be reached, or its library isn't installed.
    """
    name = _name(settings)
    return sealers_of(settings)(name) if name else None


def sealers_of(settings: Keys) -> Sealers:
    """Every provider that has its options in the settings, by name."""

    def find(name: str) -> KeySealer:
        if name == "pkcs11" and settings.pkcs11:
            from gateway.keyring.pkcs11 import Pkcs11Sealer  # noqa: PLC0415 - an extra

            return Pkcs11Sealer(settings.pkcs11)
        if name == "vault" and settings.vault:
            from gateway.keyring.vault import VaultSealer  # noqa: PLC0415 - seldom needed

            return VaultSealer(settings.vault)
        if name == "aws-kms" and settings.aws_kms:
            from gateway.keyring.aws_kms import AwsKmsSealer  # noqa: PLC0415 - an extra

            return AwsKmsSealer(settings.aws_kms)
        raise KekError(
            f"a key of the key file is sealed by {name}, and the settings don't say how to reach "
            f"it: put a section '{name}' under 'keys' in lazaretto.yaml"
        )

    return find


def _name(settings: Keys) -> str:
    return "" if settings.provider == "file" else settings.provider
