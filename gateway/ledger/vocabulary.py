"""What an event may say: the words, and the shape of the facts, so that no PHI fits by accident.

Names of patients come as "LAST, FIRST" or "First Last". A fact is therefore a number, a truth
value or a token without blanks, save under the few keys of :data:`PROSE`, whose sentences are our
own (reasons, which hold places and categories) or a person's, checked by the detectors at entry
(``hold release --reason``). Floats have no canonical form that every reader agrees on; there are
none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from gateway.lifecycle import EventKind
from gateway.ports import Json

VERSION: Final = 1
"""Of the event's encoding; a reader refuses what it doesn't know."""


class RecordKind(StrEnum):
    """What is logged besides the life of transfers."""

    SITE_INITIALISED = "site.initialised"
    SITE_STARTED = "site.started"
    SITE_STOPPED = "site.stopped"
    SITE_RECONCILED = "site.reconciled"
    SITE_BACKED_UP = "site.backed_up"
    SITE_RESTORED = "site.restored"
    POLICY_LOADED = "policy.loaded"
    POLICY_REFUSED = "policy.refused"
    PARTNER_ADDED = "partner.added"
    PARTNER_DISABLED = "partner.disabled"
    PARTNER_ENABLED = "partner.enabled"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_CHANGED = "account.changed"
    PARTNER_CHANGED = "partner.changed"
    FACTOR_CHANGED = "factor.changed"
    LOGIN_LOCKED = "login.locked"
    LOGIN_UNLOCKED = "login.unlocked"
    CREDENTIAL_ADDED = "credential.added"
    CREDENTIAL_REMOVED = "credential.removed"
    CERTIFICATE_ADMITTED = "certificate.admitted"
    CERTIFICATE_RETIRED = "certificate.retired"
    CERTIFICATE_VERIFIED = "certificate.verified"
    CERTIFICATE_REVOKED = "certificate.revoked"
    SSH_AUTHORITY_ADDED = "ssh_authority.added"
    SSH_AUTHORITY_REMOVED = "ssh_authority.removed"
    SSH_CERTIFICATE_REVOKED = "ssh_certificate.revoked"
    KEY_ROTATED = "key.rotated"
    LOGINS_REFUSED = "logins.refused"
    HOLD_VIEWED = "hold.viewed"
    LOG_EXPORTED = "log.exported"


PROSE: Final = frozenset({"who", "why", "by", "reason", "reasons", "error"})
"""Keys whose strings may hold blanks."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TOKEN = re.compile(r"[\x21-\x7e]{0,256}")
_SENTENCE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{0,500}")
_ACTOR = re.compile(r"system|(?:account|worker|person):[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,128}")
_MAX_INT = 2**53 - 1
_MAX_DEPTH = 4
_MAX_ITEMS = 200


def check_kind(kind: str) -> RecordKind:
    """The word for something that isn't about one transfer.

    Raises:
        ValueError: It isn't in the vocabulary.
    """
    try:
        return RecordKind(kind)
    except ValueError:
        raise ValueError(f"{kind!r} is no kind of record: add it to RecordKind first") from None


def check_transfer_kind(kind: str) -> EventKind:
    """The word for something that happens to a transfer.

    Raises:
        ValueError: It isn't in the vocabulary.
    """
    return EventKind(kind)


def check_actor(actor: str) -> str:
    """``account:ID``, ``worker:N``, ``person:NAME`` or ``system``.

    Raises:
        ValueError: It is something else.
    """
    if not _ACTOR.fullmatch(actor):
        raise ValueError("an actor is system, account:ID, worker:N or person:NAME")
    return actor


def check_facts(facts: Mapping[str, Json]) -> Mapping[str, Json]:
    """Refuse facts of the wrong shape; messages name the place and never the value.

    Raises:
        ValueError: A key, string, number, list or the nesting is out of bounds.
        TypeError: A value is of another type (a float, say).
    """
    _check_map(facts, "facts", 1)
    return facts


def _check_map(value: Mapping[str, Json], where: str, depth: int, *, prose: bool = False) -> None:
    _check_size(value, where, depth)
    for key, item in value.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise ValueError(f"{where}: a key must match {_KEY.pattern}")
        _check(item, f"{where}.{key}", depth, prose=prose or key in PROSE)


def _check(value: Json, where: str, depth: int, *, prose: bool) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if not -_MAX_INT <= value <= _MAX_INT:
            raise ValueError(f"{where}: beyond 2^53, which JSON readers round")
    elif isinstance(value, str):
        _check_string(value, where, prose=prose)
    elif isinstance(value, Mapping):
        _check_map(value, where, depth + 1, prose=prose)
    elif isinstance(value, list | tuple):
        _check_size(value, where, depth + 1)
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]", depth + 1, prose=prose)
    else:
        raise TypeError(f"{where}: {type(value).__name__} can't be logged")


def _check_size(value: Sequence[object] | Mapping[str, object], where: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"{where}: nested deeper than {_MAX_DEPTH}")
    if len(value) > _MAX_ITEMS:
        raise ValueError(f"{where}: more than {_MAX_ITEMS} items")


def _check_string(value: str, where: str, *, prose: bool) -> None:
    if prose and not _SENTENCE.fullmatch(value):
        raise ValueError(f"{where}: a sentence has up to 500 characters and no control characters")
    if not prose and not _TOKEN.fullmatch(value):
        raise ValueError(
            f"{where}: must be up to 256 visible ASCII characters without blanks; sentences go "
            f"under {', '.join(sorted(PROSE))}"
        )
