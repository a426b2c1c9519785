"""AWS KMS, through botocore: ``Encrypt`` and ``Decrypt`` with an encryption context."""

from __future__ import annotations

from typing import Any, Final

from config.keys import AwsKms
from keys.sealer import KekError

try:
    import botocore.config  # type: ignore[import-untyped] # it brings no types
    import botocore.session  # type: ignore[import-untyped] # likewise
    from botocore.exceptions import (  # type: ignore[import-untyped] # likewise
        BotoCoreError,
        ClientError,
    )
except ImportError as error:  # pragma: no cover - an extra
    raise KekError("AWS KMS needs botocore: pip install 'lazaretto[aws]'") from error


class AwsKmsSealer:
    """Seals with a key that never leaves KMS. (:class:`keys.sealer.KeySealer`)."""

    name: Final = "aws-kms"

    def __init__(self, settings: AwsKms) -> None:
        self._settings = settings
        own = botocore.config.Config(
            connect_timeout=settings.timeout,
            read_timeout=settings.timeout,
            retries={"max_attempts": 3, "mode": "standard"},
        )
        try:
            self._client: Any = botocore.session.get_session().create_client(
                "kms",
                region_name=settings.region,
                endpoint_url=settings.endpoint or None,
                config=own,
            )
        except BotoCoreError as error:
            raise self._trouble(error) from None

    def __repr__(self) -> str:
        return f"<AwsKmsSealer {self._settings.key}>"

    def seal(self, key: bytes, purpose: bytes) -> bytes:
        """Encrypt.

        Raises:
            KekError: KMS can't be reached, or refuses.
        """
        return self._call("encrypt", purpose, "CiphertextBlob", Plaintext=key)

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """Decrypt, with this key and no other.

        Raises:
            KekError: Likewise.
        """
        return self._call("decrypt", purpose, "Plaintext", CiphertextBlob=sealed)

    def _call(self, verb: str, purpose: bytes, wanted: str, **asked: bytes) -> bytes:
        bound = {"purpose": purpose.decode()}
        try:
            answer = getattr(self._client, verb)(
                KeyId=self._settings.key, EncryptionContext=bound, **asked
            )
        except (BotoCoreError, ClientError) as error:
            raise self._trouble(error) from None
        return bytes(answer[wanted])

    def _trouble(self, error: Exception) -> KekError:
        """By its code alone: a message may quote the request."""
        code = type(error).__name__
        if isinstance(error, ClientError):
            code = str(error.response.get("Error", {}).get("Code", code))
        return KekError(
            f"AWS KMS, key {self._settings.key} in {self._settings.region}: {code}; check "
            "credentials, key policy and network"
        )
