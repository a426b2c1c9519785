"""Will people get into the console, and the right ones alone?"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from sqlalchemy import select

from config.operations import Role
from gateway import tls_pair
from gateway.console.access import POWERFUL
from gateway.console.composition import provider_client
from gateway.console.desk import tied
from gateway.console.oidc_provider import OidcError
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Account, CredentialKind
from gateway.doctor import Diagnosis, Patient, fail, ok, warn
from gateway.ports import LedgerUnavailableError
from gateway.store.database import Database
from gateway.store.tables import second_factors
from transports.https_names import names_in

SUBJECT: Final = "console"
_LOCAL: Final = frozenset({CredentialKind.PASSKEY})
_ANY: Final = _LOCAL | {CredentialKind.OIDC}


def console(patient: Patient) -> Iterator[Diagnosis]:
    """Where it listens, under which certificate, by which provider, and for whom."""
    settings = patient.site.settings.console
    if not patient.sound or not settings.enabled:
        return
    yield _reach(patient)
    yield _names(patient)
    if settings.oidc.issuer:
        yield _provider(patient)
    yield from _people(patient)


def _reach(patient: Patient) -> Diagnosis:
    listen = patient.site.settings.console.listen
    try:
        inside = ipaddress.ip_address(listen.host).is_loopback
    except ValueError:
        inside = listen.host == "localhost"
    if inside:
        return ok(SUBJECT, f"listens on {listen}: this machine alone")
    fix = "see that only a management network reaches it, or set console.listen to 127.0.0.1:8444"
    return warn(SUBJECT, f"listens on {listen}: other machines reach it", fix)


def _names(patient: Patient) -> Diagnosis:
    """A browser refuses a name that the certificate hasn't, and passkeys with it."""
    names = patient.site.settings.console.names
    try:
        paths = patient.site.paths
        known = names_in(tls_pair.in_use(paths.tls_cert, paths.tls_key).certificate)
    except (OSError, ValueError):
        return fail(SUBJECT, "its TLS certificate can't be read", "mend https.tls_certificate")
    lacking = [name for name in names if not {name, "*." + name.partition(".")[2]} & set(known)]
    if lacking:
        fix = "install a certificate with these names, or mend console.names"
        return warn(SUBJECT, f"the TLS certificate isn't for {', '.join(lacking)}", fix)
    return ok(SUBJECT, f"answers to {', '.join(names)}")


def _provider(patient: Patient) -> Diagnosis:
    try:
        client = provider_client(patient.site)
        if client:
            asyncio.run(client.begin(""))
    except OidcError as error:
        return fail(SUBJECT, str(error), "mend console.oidc, or the way to the provider")
    except (OSError, ssl.SSLError):
        fix = "mend console.oidc.client_secret and authorities"
        return fail(SUBJECT, "the identity provider's files can't be read", fix)
    return ok(SUBJECT, "the identity provider answers")


def _people(patient: Patient) -> Iterator[Diagnosis]:
    try:
        opened = patient.site.database()
    except (LedgerUnavailableError, ValueError):
        return  # said where the database is looked at
    oidc = patient.site.settings.console.oidc
    try:
        local, proven = _proven(opened, _LOCAL), _proven(opened, _ANY if oidc.issuer else _LOCAL)
        accounts = DirectoryReader(opened).accounts()
        opening = _with(opened, {CredentialKind.PASSWORD, CredentialKind.PASSKEY})
    except LedgerUnavailableError:
        return
    finally:
        opened.close()
    able = [a for a in accounts if a.enabled and not a.partner and not POWERFUL.isdisjoint(a.roles)]
    without = sorted(a.id for a in able if a.id not in proven)
    if without:
        fix = f"lazaretto account totp enrol {without[0]}, or have the provider prove it"
        shown = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if without[5:] else "")
        yield warn(SUBJECT, f"no second factor, so nothing to do there: {shown}", fix)
    elif able:
        yield ok(SUBJECT, "everybody who can release or administer has a second factor")
    if oidc.issuer:
        yield _without_provider([a for a in able if a.id in local & opening], tied(oidc))


def _without_provider(able: Sequence[Account], withheld: frozenset[Role]) -> Diagnosis:
    """Its outage must not be the end of deciding: somebody needs another way in."""
    if any((a.roles & POWERFUL) - withheld for a in able):
        return ok(SUBJECT, "somebody can decide while the identity provider is away")
    fix = (
        "keep an account with role admin, a password and a code, and no group for that role: see "
        "docs/console.md"
    )
    return warn(SUBJECT, "while the identity provider is away nobody can decide there", fix)


def _with(opened: Database, kinds: AbstractSet[CredentialKind]) -> frozenset[str]:
    """Accounts with a credential of one of these kinds."""
    found = DirectoryReader(opened).credentials()
    return frozenset(one.account for one in found if one.kind in kinds)


def _proven(opened: Database, kinds: AbstractSet[CredentialKind]) -> frozenset[str]:
    """Accounts with a code in force, or with what vouches for a second factor."""
    confirmed = select(second_factors.c.account).where(second_factors.c.confirmed.is_not(None))
    with opened.read() as connection:
        return _with(opened, kinds).union(connection.execute(confirmed).scalars())
