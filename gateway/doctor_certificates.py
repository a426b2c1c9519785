"""Partners' OpenPGP certificates: which run out, and which nobody has verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Certificate
from gateway.doctor import Diagnosis, Level, Patient, fail, ok, warn
from gateway.expiring import days_left, in_use
from gateway.ports import LedgerUnavailableError

_SUBJECT: Final = "partners' certificates"


def certificates(patient: Patient) -> Iterator[Diagnosis]:
    """What will keep files from being sealed, before it does."""
    try:
        with closing(patient.site.database()) as database:
            every = DirectoryReader(database).certificates()
    except (LedgerUnavailableError, ValueError):
        return  # the database's own check says so
    required = patient.site.settings.certificates.verified == "required"
    yield from judged(every, datetime.now(UTC), required=required)


def judged(every: Iterable[Certificate], now: datetime, *, required: bool) -> Iterator[Diagnosis]:
    """Of each partner's newest certificate in use: is it verified, and for how long is it good?"""
    newest = in_use(every)
    worst = Level.OK
    for partner, found in newest.items():
        for said in (*_ending(partner, found, now), *_verified(partner, found, required=required)):
            worst = said.level
            yield said
    if newest and worst is Level.OK:
        yield ok(_SUBJECT, f"{len(newest)} in use, in date and verified")


def _ending(partner: str, found: Certificate, now: datetime) -> Iterator[Diagnosis]:
    if found.expires is None:
        return
    fix = f"ask {partner} for a new one: lazaretto key import --partner {partner} FILE"
    step = days_left(found.expires, now)
    if step == 0:
        yield fail(_SUBJECT, f"that of {partner} expired on {found.expires:%Y-%m-%d}", fix)
    elif step:
        said = f"that of {partner} ends within {step} days, on {found.expires:%Y-%m-%d}"
        yield warn(_SUBJECT, said, fix)


def _verified(partner: str, found: Certificate, *, required: bool) -> Iterator[Diagnosis]:
    if found.verified:
        return
    said = f"nobody has compared {found.fingerprint} with {partner}"
    fix = f"telephone, then: lazaretto key verify {partner} --fingerprint HEX"
    yield fail(_SUBJECT, said, fix) if required else warn(_SUBJECT, said, fix)
