"""Whether a session may: the table that commands ask, with the console's second factor. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from config.operations import OPERATIONS, Role, permits
from gateway.console.sessions import Session
from transports.https_problems import ProblemError

POWERFUL: Final = frozenset(
    role for rule in OPERATIONS.values() if rule.factor for role in rule.roles
)
"""Roles that release or administer. Without a second factor they do nothing at all here."""


def is_waiting(session: Session) -> bool:
    """Whether the session is good for proving (or enrolling) a second factor, and nothing else."""
    return session.factored is None and (session.enrolled or not POWERFUL.isdisjoint(session.roles))


def is_fresh(session: Session, now: datetime, fresh: timedelta) -> bool:
    """Whether a second factor was proven lately."""
    return session.factored is not None and now - session.factored < fresh


def admit(session: Session, operation: str, now: datetime, fresh: timedelta) -> None:
    """Return if the session may.

    Raises:
        ProblemError: 403, with what would help.
    """
    if not permits(session.roles, operation, factor=True):
        raise ProblemError(403, "forbidden", _needs(operation))
    if is_waiting(session):
        raise ProblemError(
            403,
            "second-factor",
            "prove a second factor first, at /v1/session/factor",
        )
    if not permits(session.roles, operation, factor=is_fresh(session, now, fresh)):
        raise ProblemError(
            403,
            "second-factor-again",
            "this needs a second factor proven lately: prove it again, then repeat the request",
        )


def check_may_enrol(session: Session, now: datetime, fresh: timedelta) -> None:
    """Return if the session may change the account's second factors.

    With a factor there, or a role that needs one, only somebody who has just proven one: a stolen
    password must not be enough to bring one's own. Else a sign-in of just now will do. A role that
    this session alone is without counts, too: the factor would be the account's in the next.

    Raises:
        ProblemError: 403.
    """
    if is_fresh(session, now, fresh):
        return
    if is_waiting(session) or session.enrolled or not POWERFUL.isdisjoint(session.withheld):
        raise ProblemError(
            403,
            "second-factor",
            "prove a second factor first; if you have none, an administrator gives you one",
        )
    if now - session.created >= max(fresh, timedelta(minutes=1)):
        raise ProblemError(403, "sign-in-again", "sign in again first")


def _needs(operation: str) -> str:
    rule = OPERATIONS.get(operation)
    roles: frozenset[Role] = rule.roles if rule else frozenset()
    return f"your account may not do that; it needs role {' or '.join(sorted(roles)) or '(none)'}"
