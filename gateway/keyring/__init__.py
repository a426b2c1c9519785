"""A site's key-encryption keys: who guards them, and how processes follow a change of them."""

from gateway.keyring.composition import keyring_of, sealer_of, sealers_of
from gateway.keyring.watched import Keyring

__all__ = ["Keyring", "keyring_of", "sealer_of", "sealers_of"]
