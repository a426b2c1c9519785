"""Between a row of the transfers table and :class:`gateway.ports.Transfer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Row

from gateway.lifecycle import State
from gateway.ports import Changes, Transfer
from gateway.store.tables import transfers

_NAMES: Final = tuple(field.name for field in fields(Transfer))

COLUMNS: Final = tuple(transfers.c[name] for name in _NAMES)
"""What a Transfer is made of."""

LISTED: Final = tuple(column for column in COLUMNS if column.name != "report")
"""The same without the report, which may be large: lists of thousands leave it out."""

CHANGEABLE: Final = frozenset(Changes.__annotations__)


def to_transfer(row: Row[Any]) -> Transfer:
    """The row as an immutable value."""
    found = row._mapping  # noqa: SLF001 - documented SQLAlchemy API, underscored against name clashes
    values = {name: found[name] for name in _NAMES if name in found}
    values["state"] = State(values["state"])
    values["reasons"] = tuple(values["reasons"] or ())
    return Transfer(**values)


def to_values(transfer: Transfer) -> dict[str, object]:
    """Column values of a new row."""
    values: dict[str, object] = {name: getattr(transfer, name) for name in _NAMES}
    return _stored(values)


def changed_values(changes: Mapping[str, object]) -> dict[str, object]:
    """Column values of an event's changes.

    Raises:
        ValueError: A key that no event may set, such as ``state``.
    """
    foreign = set(changes) - CHANGEABLE
    if foreign:
        raise ValueError(f"an event may not set {', '.join(sorted(foreign))}")
    return _stored(dict(changes))


def _stored(values: dict[str, object]) -> dict[str, object]:
    if isinstance(values.get("reasons"), tuple):
        values["reasons"] = list(values["reasons"])  # type: ignore[call-overload]  # a tuple, by the line above
    if isinstance(values.get("state"), State):
        values["state"] = str(values["state"])
    if isinstance(values.get("report"), Mapping):
        values["report"] = dict(values["report"])  # type: ignore[call-overload]  # likewise
    return values
