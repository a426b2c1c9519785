"""Sessions from before a change of an account's factors end (OWASP ASVS 5.0, 7.4.3).

Whoever stole a factor, or came in before there was one, would else still be there when its owner
has mended it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, update

from gateway.store.tables import accounts, sessions


def end_sessions(connection: Connection, account: str, now: datetime, keep: str = "") -> None:
    """End an account's sessions but the console's of digest ``keep``, which made the change.

    The console's are rows and go at once. Edges learn ``now`` when the directory's revision moves,
    which is the caller's to do, and cut off what began before (:mod:`gateway.revocation`).
    """
    # The account first, whoever calls: two that wait for each other's rows would never end.
    here = accounts.c.id == account
    connection.execute(update(accounts).where(here).values(factors_changed=now))
    others = (sessions.c.account == account) & (sessions.c.digest != keep)
    connection.execute(delete(sessions).where(others))
