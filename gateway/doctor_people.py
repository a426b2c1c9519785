"""The doctor on accounts: who could not work, and what lets somebody in for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from config.operations import OPERATIONS
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import Account, Credential, CredentialKind
from gateway.doctor import Diagnosis, Patient, ok, warn
from gateway.ports import LedgerUnavailableError

_DECIDING = frozenset(role for rule in OPERATIONS.values() if rule.factor for role in rule.roles)


def accounts(patient: Patient) -> Iterator[Diagnosis]:
    """Whether those who release or administer have a second factor, and every token an end."""
    if not patient.sound:
        return
    try:
        with closing(patient.site.database()) as database:
            reader = DirectoryReader(database)
            yield from judged(reader.accounts(), reader.with_factor(), reader.credentials())
    except LedgerUnavailableError:
        return  # the database's own check says so


def judged(
    found: Sequence[Account], factored: frozenset[str], credentials: Sequence[Credential]
) -> Iterator[Diagnosis]:
    """What is to be said of them."""
    wanting = sorted(
        a.id for a in found if a.enabled and a.roles & _DECIDING and a.id not in factored
    )
    endless = sorted(
        {c.account for c in credentials if c.kind is CredentialKind.TOKEN and c.expires is None}
    )
    if wanting:
        yield warn(
            "second factors",
            f"{_some(wanting)} can neither release nor administer without one",
            f"lazaretto account totp enrol {wanting[0]}",
        )
    if endless:
        yield warn(
            "tokens",
            f"{_some(endless)} has one without an end",
            f"lazaretto account credential {endless[0]} --token, then --remove the old one",
        )
    if not wanting and not endless:
        yield ok("accounts", f"{len(found)} accounts; every token has an end")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - enough to see
    return ", ".join(names[:3]) + more
