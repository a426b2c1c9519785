"""A hardware module by PKCS#11 2.40: AES-256 in GCM with a key that can't be taken out."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from config.keys import Pkcs11
from gateway.keyring.secrets import secret
from keys.sealer import KekError

try:
    import pkcs11
    from pkcs11.exceptions import PKCS11Error
except ImportError as error:  # pragma: no cover - an extra
    raise KekError(
        "a PKCS#11 module needs python-pkcs11: pip install 'lazaretto[pkcs11]'"
    ) from error

_NONCE: Final = 12
_TAG_BITS: Final = 128
_BITS: Final = 256
_TURN: Final = threading.Lock()


class Pkcs11Sealer:
    """Seals with a key in a token. (:class:`keys.sealer.KeySealer`)."""

    name: Final = "pkcs11"

    def __init__(self, settings: Pkcs11) -> None:
        self._settings = settings

    def __repr__(self) -> str:
        return f"<Pkcs11Sealer {self._settings.token}>"

    def seal(self, key: bytes, purpose: bytes) -> bytes:
        """Nonce (12 bytes), ciphertext and tag.

        Raises:
            KekError: The module can't be used, or has no such key.
        """
        nonce = os.urandom(_NONCE)
        with self._key() as found:
            return nonce + bytes(found.encrypt(key, **_gcm(nonce, purpose)))

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """The key again.

        Raises:
            KekError: Likewise, or it is damaged.
        """
        nonce, ciphertext = sealed[:_NONCE], sealed[_NONCE:]
        with self._key() as found:
            return bytes(found.decrypt(ciphertext, **_gcm(nonce, purpose)))

    def make_key(self) -> None:
        """A new key of that label, which the module never gives out.

        Raises:
            KekError: The module can't be used.
        """
        never = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
        with self._session(rw=True) as session:
            session.generate_key(
                pkcs11.KeyType.AES, _BITS, label=self._settings.label, store=True, template=never
            )

    @contextmanager
    def _key(self) -> Iterator[Any]:
        with self._session() as session:
            yield session.get_key(
                object_class=pkcs11.ObjectClass.SECRET_KEY, label=self._settings.label
            )

    @contextmanager
    def _session(self, *, rw: bool = False) -> Iterator[Any]:
        """One at a time: a module has one login for the whole process."""
        own = self._settings
        pin = secret(own.pin_file, "LAZARETTO_PKCS11_PIN", "PIN")
        with _TURN:
            try:
                token = pkcs11.lib(str(own.module)).get_token(token_label=own.token)
                with token.open(user_pin=pin, rw=rw) as session:
                    yield session
            except (PKCS11Error, RuntimeError, OSError) as error:
                raise KekError(
                    f"PKCS#11 token {own.token}, key {own.label}: {type(error).__name__}; check "
                    "module, token, label and PIN"
                ) from None


def _gcm(nonce: bytes, purpose: bytes) -> dict[str, Any]:
    return {
        "mechanism": pkcs11.Mechanism.AES_GCM,
        "mechanism_param": pkcs11.GCMParams(nonce, purpose, _TAG_BITS),
    }
