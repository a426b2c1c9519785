"""Vault's transit engine, by its HTTP API: https://developer.hashicorp.com/vault/api-docs/secret/transit.

Two calls of it are used, ``encrypt`` and ``decrypt`` with ``associated_data``, over TLS alone.
"""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from config.keys import Vault
from gateway.keyring.secrets import secret
from keys.sealer import KekError

_LARGEST: Final = 65_536
_OK: Final = 200
_ADVICE: Final = {
    400: "is the key's type aes256-gcm96, and is this its ciphertext?",
    403: "has the token expired, or has its policy no 'update' on this path?",
    404: "are mount and key right, and is the engine enabled?",
    503: "it is sealed: unseal it",
}


class VaultSealer:
    """Seals with a key that never leaves Vault. (:class:`keys.sealer.KeySealer`)."""

    name: Final = "vault"

    def __init__(self, settings: Vault) -> None:
        self._settings = settings

    def __repr__(self) -> str:
        return f"<VaultSealer {self._settings.url}>"

    def seal(self, key: bytes, purpose: bytes) -> bytes:
        """Encrypt. The ciphertext names the version of Vault's key.

        Raises:
            KekError: Vault can't be reached, or refuses.
        """
        said = self._call("encrypt", {"plaintext": _text(key), "associated_data": _text(purpose)})
        return str(said.get("ciphertext", "")).encode()

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """Decrypt.

        Raises:
            KekError: Likewise.
        """
        asked = {
            "ciphertext": sealed.decode("ascii", "replace"),
            "associated_data": _text(purpose),
        }
        try:
            return base64.b64decode(
                self._call("decrypt", asked).get("plaintext", ""), validate=True
            )
        except (binascii.Error, ValueError, TypeError):
            raise self._trouble("its answer can't be read") from None

    def _call(self, verb: str, body: dict[str, str]) -> dict[str, Any]:
        own = self._settings
        headers = {
            "X-Vault-Token": secret(own.token_file, "VAULT_TOKEN", "Vault token"),
            "X-Vault-Request": "true",
            "Content-Type": "application/json",
        }
        if own.namespace:
            headers["X-Vault-Namespace"] = own.namespace
        status, answer = self._post(f"/v1/{own.mount}/{verb}/{own.key}", body, headers)
        if status != _OK:
            advice = _ADVICE.get(status, "see its audit log")
            raise self._trouble(f"it answers {verb} with {status}; {advice}")
        try:
            data = json.loads(answer)["data"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._trouble("its answer can't be read") from None
        if not isinstance(data, dict):
            raise self._trouble("its answer can't be read")
        return data

    def _post(self, path: str, body: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        """No redirect is followed: the token is for this host alone."""
        host = urlsplit(self._settings.url)
        try:
            trust = ssl.create_default_context(cafile=self._settings.ca_file)
            connection = http.client.HTTPSConnection(
                str(host.hostname), host.port or 443, timeout=self._settings.timeout, context=trust
            )
            try:
                connection.request("POST", path, json.dumps(body), headers)
                response = connection.getresponse()
                return response.status, response.read(_LARGEST)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            raise self._trouble(f"it can't be reached: {said}") from None

    def _trouble(self, what: str) -> KekError:
        return KekError(f"Vault at {self._settings.url}: {what}")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
