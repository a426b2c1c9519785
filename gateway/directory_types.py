"""What the directory holds: partners, their accounts, credentials and certificates."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from config.operations import PARTNER_ROLES, SITE_ROLES, Role

_PARTNER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ACCOUNT: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
_MAX_NAME: Final = 100


class DirectoryError(Exception):
    """The directory refuses a change; the sentence says what is wrong and what to do."""


class UnknownEntryError(DirectoryError, LookupError):
    """No partner, account, credential or certificate goes by that name."""


class CredentialKind(StrEnum):
    """How an account proves itself."""

    SSH_KEY = "ssh-key"
    PASSWORD = "password"  # noqa: S105 - the name of a kind, not a password
    TOKEN = "token"  # noqa: S105 - likewise
    SSH_PRINCIPAL = "ssh-principal"
    CLIENT_CERTIFICATE = "client-cert"
    CLIENT_KEY = "client-key"
    OIDC = "oidc"
    PASSKEY = "passkey"


PINS: Final = frozenset(
    {CredentialKind.CLIENT_CERTIFICATE, CredentialKind.CLIENT_KEY, CredentialKind.OIDC}
)
"""Kinds that tell an account by themselves and are no secret."""


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation that exchanges files through the gateway.

    Attributes:
        id: As routes name it: lower-case letters, digits and hyphens.
        name: For people.
        enabled: Whether its accounts may log in.
        added: UTC.
        networks: Where they may log in from, as CIDR; none: from anywhere.
    """

    id: str
    name: str
    enabled: bool
    added: datetime
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody or something that logs in: for a partner, or as one of the site's own people.

    Attributes:
        id: The user name.
        partner: Partner id; "" for an account of the site.
        roles: What it is for.
        enabled: Whether it may log in.
        added: UTC.
        networks: Where it may log in from, as CIDR; none: from anywhere.
    """

    id: str
    partner: str
    roles: frozenset[Role]
    enabled: bool
    added: datetime
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential to be stored; made in :mod:`gateway.directory_credentials`.

    Attributes:
        kind: What it is.
        secret: What is stored: the key blob in base64, the Argon2id hash, the token's SHA-256, or
            that of a TLS client certificate or of its public key. Of an SSH principal its name,
            which is no secret.
        fingerprint: What people and the log may see.
        comment: For people.
        lifetime: None for no end.
        roles: Of a token: those of its account's that it has; none: all.
    """

    kind: CredentialKind
    secret: str = field(repr=False)
    fingerprint: str
    comment: str = ""
    lifetime: timedelta | None = None
    roles: frozenset[Role] = frozenset()

    def __repr__(self) -> str:
        return f"NewCredential({self.kind}, {self.fingerprint})"


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored credential, without what proves it.

    Attributes:
        account: The user name.
        kind: What it is.
        fingerprint: For people.
        comment: For people.
        added: UTC.
        expires: UTC, or None.
        roles: Of a token, if it has less than its account.
    """

    account: str
    kind: CredentialKind
    fingerprint: str
    comment: str
    added: datetime
    expires: datetime | None
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Login:
    """What an authenticator needs of an account: one of its credentials' kinds, or none.

    Attributes:
        account: The account; None if there is none by that name.
        allowed: It and its partner are enabled.
        secrets: The stored secrets of one kind that haven't expired.
        networks: Its partner's; none: from anywhere.
        factors_changed: UTC, or None; sessions that began before end.
    """

    account: Account | None
    allowed: bool
    secrets: tuple[str, ...] = field(repr=False)
    networks: tuple[str, ...] = ()
    factors_changed: datetime | None = None

    def __repr__(self) -> str:
        return f"Login({self.account}, {self.allowed})"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A partner's OpenPGP certificate, as admitted.

    Attributes:
        partner: Partner id.
        fingerprint: Lower-case hex.
        content: The certificate's bytes.
        added: UTC.
        expires: UTC, or None.
        retired: UTC, or None while in use.
        verified: UTC, when its fingerprint was compared with the partner out of band, or None.
        revoked: UTC, or None. It is never taken again.
    """

    partner: str
    fingerprint: str
    content: bytes
    added: datetime
    expires: datetime | None
    retired: datetime | None
    verified: datetime | None = None
    revoked: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether files may be sealed for it."""
        return self.retired is None and (self.expires is None or self.expires > now)


def passkey_fingerprint(passkey: str) -> str:
    """What people and the log call a passkey, of its credential id."""
    return f"{CredentialKind.PASSKEY}:{hashlib.sha256(passkey.encode()).hexdigest()[:16]}"


def check_partner_id(partner: str) -> str:
    """A partner's id.

    Raises:
        DirectoryError: It has another form.
    """
    if not _PARTNER.fullmatch(partner):
        raise DirectoryError(
            "a partner's id is 1 to 63 lower-case letters, digits and hyphens, and doesn't begin "
            "with a hyphen; give the full name with --name"
        )
    return partner


def check_roles(roles: Collection[Role], partner: str) -> frozenset[Role]:
    """The roles of an account: of a partner if ``partner`` isn't "", else of the site.

    Raises:
        DirectoryError: There are none, or one of the other kind.
    """
    fitting = PARTNER_ROLES if partner else SITE_ROLES
    if not roles:
        raise DirectoryError("an account without a role is of no use")
    strangers = sorted(set(roles) - fitting)
    if strangers:
        whose = "a partner's account" if partner else "an account of the site"
        raise DirectoryError(
            f"{whose} can't be {strangers[0]}; it can be {', '.join(sorted(fitting))}"
        )
    return frozenset(roles)


def check_partner_name(name: str) -> str:
    """A partner's display name.

    Raises:
        DirectoryError: It is too long or holds control characters.
    """
    if len(name) > _MAX_NAME or not name.isprintable():
        raise DirectoryError(f"a name is up to {_MAX_NAME} printable characters")
    return name


def is_account_id(account: str) -> bool:
    """Whether it has the form of a user name; what hasn't never reaches the database."""
    return _ACCOUNT.fullmatch(account) is not None


def check_account_id(account: str) -> str:
    """A user name.

    Raises:
        DirectoryError: It has another form.
    """
    if not is_account_id(account):
        raise DirectoryError(
            "a user name is 1 to 63 lower-case letters, digits, dots, hyphens, underscores and @, "
            "and begins with a letter or digit"
        )
    return account


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA whose user certificates let a partner's accounts in.

    Attributes:
        partner: Partner id.
        fingerprint: As ``ssh-keygen -l`` shows it.
        key: In the form of an ``authorized_keys`` line.
        comment: For people.
    """

    partner: str
    fingerprint: str
    key: str
    comment: str

    @property
    def blob(self) -> bytes:
        """Wire format."""
        return base64.b64decode(self.key.split()[1])


@dataclass(frozen=True, slots=True)
class Trust:
    """What a partner's certificates are judged by.

    Attributes:
        authorities: Wire format of the partner's CA keys.
        principals: Names that stand for the account: its own and those allowed besides.
        revoked: Words of :func:`revocation` that are revoked.
    """

    authorities: Collection[bytes]
    principals: Collection[str]
    revoked: Collection[str]
