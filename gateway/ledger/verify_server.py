"""``audit verify`` on a PostgreSQL server: reads rows with psycopg, in one read-only transaction.

Part of the verifier; shares no code with the writer's store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from gateway.ledger.verify import Held, Verification, verify_rows

_PAGE: Final = 2_000


def verify_server(url: str, held: Held | None = None) -> Verification:
    """Verify the log in a PostgreSQL database against itself and the transfers table.

    Works beside a running gateway: one transaction sees one moment.
    """
    plain = "postgresql:" + url.partition(":")[2]
    try:
        with psycopg.connect(plain, connect_timeout=5, row_factory=dict_row) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            return verify_rows(_Rows(connection), held)
    except psycopg.Error as error:
        said = type(error).__name__
        return Verification(False, 0, "", 0, first_fault=f"the database can't be read: {said}")


class _Rows:
    """Rows of a query through a cursor of the server, so that memory stays flat."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection
        self._names = count()

    def __call__(self, sql: str) -> Iterator[Mapping[str, Any]]:
        with self._connection.cursor(f"verify{next(self._names)}") as cursor:
            cursor.itersize = _PAGE
            # The order of ids must be that of their bytes, as the verifier compares them.
            text = sql.replace("/*all*/", "").replace("BY id", 'BY id COLLATE "C"')
            cursor.execute(text.replace("BY transfer", 'BY transfer COLLATE "C"').encode())
            yield from cursor
