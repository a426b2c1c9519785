"""Settings of the console: the listener for people, and their identity provider."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.address import Address, Listen
from config.operations import SITE_ROLES

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_URL: Final = re.compile(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?")

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                    "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]  # fmt: skip
"""Signatures only: a provider's HMAC key would be the client's secret, and ``none`` is none."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def checked_https(value: str) -> str:
    """An address by HTTPS; plain HTTP to this machine itself, where a sidecar may listen.

    Raises:
        ValueError: It is another, or has a user, a query or a fragment.
    """
    parts = urlsplit(value) if _URL.fullmatch(value) else None
    if parts is None or not (parts.scheme == "https" or parts.hostname in _LOOPBACK):
        raise ValueError("must be an https:// address without user name, query or fragment")
    return value


def _checked_or_none(value: str) -> str:
    return checked_https(value) if value else value


def _checked_origin(value: str) -> str:
    if value and (not value.startswith("https://") or urlsplit(value).path not in {"", "/"}):
        raise ValueError("must be https:// and a host, with a port if need be, and no path")
    return _checked_or_none(value).rstrip("/")


def _checked_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be a host name in lower case, without a port")
    return value


Name = Annotated[str, AfterValidator(_checked_name)]
Words = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]


class SecondFactor(_Section):
    """What in an ID token says that the provider asked for a second factor; nothing by default.

    Attributes:
        amr: Any of these among ``amr`` (RFC 8176), such as ``mfa``.
        acr: ``acr`` is one of these.
    """

    amr: Words = ()
    acr: Words = ()


class Groups(_Section):
    """Roles that a person has here only while the provider says that they are in a group.

    It can only take away: a role comes from the directory.

    Attributes:
        claim: The claim with a person's groups; "" for no such condition.
        roles: Role to group.
    """

    claim: Annotated[str, Field(max_length=100)] = ""
    roles: dict[str, str] = {}

    @model_validator(mode="after")
    def _effective(self) -> Self:
        """A condition that would never be asked leaves a role to whoever has left its group."""
        unknown = sorted(set(self.roles) - {str(role) for role in SITE_ROLES})
        if unknown:
            known = ", ".join(sorted(SITE_ROLES))
            raise ValueError(f"roles has {unknown[0]!r}, which is none here: write one of {known}")
        if self.roles and not self.claim:
            raise ValueError("roles needs a claim: write the one with a person's groups")
        return self


class Oidc(_Section):
    """Sign-in by an OpenID Connect provider.

    Attributes:
        issuer: Its identifier; "" for none.
        client_id: What it knows us as.
        client_secret: File with our secret; relative paths count from the site; None for a public
            client.
        authorities: PEM file of certificate authorities; None for the system's.
        hosts: Hosts, beside the issuer's, that its endpoints may be at.
        scopes: Asked for.
        algorithms: Of the ID token's signature.
        skew_seconds: Tolerated between its clock and ours.
        second_factor: What stands for one.
        groups: What takes roles away.
    """

    issuer: Annotated[str, AfterValidator(_checked_or_none)] = ""
    client_id: Annotated[str, Field(max_length=200)] = ""
    client_secret: Path | Literal[""] = ""
    authorities: Path | Literal[""] = ""
    hosts: tuple[Name, ...] = ()
    scopes: Words = ("openid",)
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = (
        "RS256",
        "PS256",
        "ES256",
        "Ed25519",
    )
    skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    second_factor: SecondFactor = SecondFactor()
    groups: Groups = Groups()

    @property
    def reachable(self) -> frozenset[str]:
        """Hosts that the provider's endpoints may be at."""
        return frozenset({urlsplit(self.issuer).hostname or "", *self.hosts})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("an issuer needs a client_id: write the one the provider gave you")
        if "openid" not in self.scopes:
            raise ValueError("scopes must have openid: without it there is no ID token")
        return self


class Console(_Section):
    """The listener for people.

    Attributes:
        enabled: Whether it runs.
        listen: Its address.
        names: Host names it answers to; the first is the passkeys' (WebAuthn's RP ID).
        url: Its address in a browser; "" for one made of the first name and the port.
        connections: At a time.
        idle_minutes: A session without a request ends.
        longest_hours: A session ends.
        fresh_minutes: How long a second factor lets release and administer.
        oidc: The identity provider.
    """

    enabled: bool = False
    listen: Listen = Address("127.0.0.1", 8444)
    names: Annotated[tuple[Name, ...], Field(min_length=1)] = ("localhost",)
    url: Annotated[str, AfterValidator(_checked_origin)] = ""
    connections: Annotated[int, Field(ge=1, le=10_000)] = 200
    idle_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 15.0
    longest_hours: Annotated[float, Field(gt=0, le=7 * 24)] = 12.0
    fresh_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 15.0
    oidc: Oidc = Oidc()

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.url and urlsplit(self.url).hostname not in self.names:
            raise ValueError("the host of url must be one of names: requests to others are refused")
        return self

    def address(self, port: int) -> str:
        """Where a browser finds it, listening on ``port``: an origin, without a final slash."""
        if self.url:
            return self.url
        return f"https://{self.names[0]}" + ("" if port == 443 else f":{port}")  # noqa: PLR2004  # HTTPS's own
