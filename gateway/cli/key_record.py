"""A step with a key on the log: that it begins, before anything changes, and how it ended.

A step changes files, and the log is in the database: no transaction holds both. So a step that
can't be recorded isn't taken, and one whose command was killed is a beginning without an end.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from gateway.cli.acting import actor
from gateway.cli.common import CliError
from gateway.ledger.vocabulary import RecordKind
from gateway.ports import LedgerUnavailableError

if TYPE_CHECKING:
    from gateway.ports import Json
    from gateway.site import Site


@contextmanager
def on_the_log(
    site: Site, args: argparse.Namespace, key: str, step: str, **known: str
) -> Iterator[dict[str, Json]]:
    """Take a step inside; what it puts in the dictionary is told of its end.

    Args:
        site: Whose key it is.
        args: The command's; say who acts.
        key: ``kek``, ``openpgp``, ``ssh``, ``log`` or ``tls``.
        step: The command's word.
        known: Facts that are known before.

    Raises:
        LedgerUnavailableError: Its beginning can't be recorded; nothing was done.
        CliError: It was taken, and its end can't be recorded.
    """
    from gateway.ledger.record import SqlLedger  # noqa: PLC0415 - slow to import

    facts: dict[str, Json] = {"key": key, "step": step, **known}
    with closing(site.database()) as database:
        ledger, who = SqlLedger(database), actor(args)

        def record(outcome: str) -> None:
            ledger.record(RecordKind.KEY_ROTATED, who, {**facts, "outcome": outcome})

        record("begun")
        try:
            yield facts
        except Exception:
            with suppress(LedgerUnavailableError):
                record("failed")
            raise
        try:
            record("done")
        except LedgerUnavailableError:
            raise CliError(
                f"'key {key} {step}' is done, but the log has only that it was begun: the database "
                "can't be written now",
                "nothing is to be done again; 'lazaretto doctor' says how the database is",
            ) from None
