"""Column types that mean the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly.

    Raises:
        ValueError: If ``moment`` has no time zone: a guess at one would be a false record.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone can't be recorded")
    return (moment - EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment, stored as integer microseconds since 1970-01-01 UTC.

    An integer sorts, compares and indexes alike in SQLite and PostgreSQL and carries no zone to
    misread (decision 0020).
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Store."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Read."""
        return None if value is None else EPOCH + timedelta(microseconds=value)
