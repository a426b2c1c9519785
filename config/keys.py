"""Who guards the key-encryption keys: the ``keys`` section of the settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Word = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
Seconds = Annotated[float, Field(gt=0, le=300)]


def _https(value: str) -> str:
    if not re.fullmatch(r"https://[^\s/@?#]+/?", value):
        raise ValueError("must be https:// and a host, without a path or user name")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_https)]


class Pkcs11(_Section):
    """An AES-256 key in a hardware module.

    Attributes:
        module: The vendor's PKCS#11 library.
        token: Label of the token.
        label: Label of the key in it.
        pin_file: File that holds the user's PIN, open to the gateway alone; "" to take it from
            the environment variable ``LAZARETTO_PKCS11_PIN``.
    """

    module: Path
    token: Word
    label: Word = "lazaretto"
    pin_file: Path | None = None


class Vault(_Section):
    """A key of HashiCorp Vault's (or OpenBao's) transit engine, of type ``aes256-gcm96``.

    Attributes:
        url: Of the server.
        mount: Where the engine is mounted.
        key: Its name.
        namespace: Of Vault Enterprise, "" for none.
        token_file: File that holds the token, open to the gateway alone; none to take it from the
            environment variable ``VAULT_TOKEN``.
        ca_file: PEM bundle to check the server with; none for the system's.
        timeout: Seconds for one answer.
    """

    url: Url
    mount: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] = "transit"
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$")] = "lazaretto"
    namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/-]{0,200}$")] = ""
    token_file: Path | None = None
    ca_file: Path | None = None
    timeout: Seconds = 10.0


class AwsKms(_Section):
    """A symmetric key of AWS KMS. Credentials come as AWS's own tools take them.

    Attributes:
        key: Its id, ARN or alias.
        region: Where it is.
        endpoint: Of a VPC endpoint; "" for AWS's own.
        timeout: Seconds for one answer.
    """

    key: Word
    region: Word
    endpoint: Annotated[str, AfterValidator(lambda value: _https(value) if value else "")] = ""
    timeout: Seconds = 10.0


Provider = Literal["file", "pkcs11", "vault", "aws-kms"]


class Keys(_Section):
    """Who guards the key file.

    The sections of other providers may stay while ``key kek reseal`` moves from one to another.

    Attributes:
        provider: ``file`` (its mode alone), ``pkcs11``, ``vault`` or ``aws-kms``.
        pkcs11: How to reach the module.
        vault: How to reach Vault.
        aws_kms: How to reach KMS.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    provider: Provider = "file"
    pkcs11: Pkcs11 | None = None
    vault: Vault | None = None
    aws_kms: Annotated[AwsKms | None, Field(alias="aws-kms")] = None

    @model_validator(mode="after")
    def _has_options(self) -> Keys:
        if self.provider != "file" and getattr(self, self.provider.replace("-", "_")) is None:
            raise ValueError(f"needs its options in a section '{self.provider}' beside it")
        return self
