"""The virtual tree of DESIGN section 6: what a client's path means. Pure; no real path anywhere.

``..`` moves inside the virtual tree and stops at its root. Whether a route or a file exists is for
the caller to ask the Intake or the Mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from transports.names import BadNameError, normalise
from transports.ports import Parcel, Problem, TransportError

MAX_PATH_BYTES: Final = 4096
COMPANION_SUFFIX: Final = ".name.pgp"
REPORT_SUFFIX: Final = ".txt"
RECEIPT_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Root:
    """``/``."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """``/outbox``: one directory per route."""


@dataclass(frozen=True, slots=True)
class RouteDir:
    """``/outbox/<route>``: files are dropped here."""

    route: str


@dataclass(frozen=True, slots=True)
class OutboxFile:
    """``/outbox/<route>/<name>``: a submission, or an upload on its way."""

    route: str
    name: str


@dataclass(frozen=True, slots=True)
class Inbox:
    """``/inbox``: what is sealed for this partner."""


@dataclass(frozen=True, slots=True)
class InboxFile:
    """``/inbox/<listed name>``."""

    name: str


@dataclass(frozen=True, slots=True)
class Receipts:
    """``/receipts``: one for each transfer that ended."""


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """``/receipts/<transfer>.json``."""

    name: str


@dataclass(frozen=True, slots=True)
class Returned:
    """``/returned``: one report per held or refused submission."""


@dataclass(frozen=True, slots=True)
class ReturnedFile:
    """``/returned/<transfer>.txt``."""

    name: str


Directory = Root | Outbox | RouteDir | Inbox | Receipts | Returned
File = OutboxFile | InboxFile | ReceiptFile | ReturnedFile
Node = Directory | File

_TOP: Final[Mapping[str, Directory]] = {
    "outbox": Outbox(),
    "inbox": Inbox(),
    "receipts": Receipts(),
    "returned": Returned(),
}


def parts(path: bytes) -> tuple[str, ...]:
    """The names along ``path`` from the virtual root, normalised, with ``.`` and ``..`` applied.

    Raises:
        BadNameError: It isn't UTF-8, is over 4096 bytes, or one of its names is unfit.
    """
    if len(path) > MAX_PATH_BYTES:
        raise BadNameError(f"the path is longer than {MAX_PATH_BYTES} bytes; use a shorter one")
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise BadNameError("the path is not UTF-8; set the client to UTF-8 names") from None
    walked: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del walked[-1:]
        elif part not in {"", "."}:
            walked.append(normalise(part))
    return tuple(walked)


def canonical(path: bytes) -> bytes:
    """The absolute form of ``path``, as ``realpath`` gives it.

    Raises:
        BadNameError: As :func:`parts`.
    """
    return ("/" + "/".join(parts(path))).encode()


def resolve(path: bytes) -> Node:  # noqa: PLR0911 - one line per kind of place
    """What ``path`` names.

    Raises:
        BadNameError: As :func:`parts`.
        TransportError: ``NOT_FOUND`` for a place that the tree doesn't have.
    """
    match parts(path):
        case ():
            return Root()
        case (top,) if top in _TOP:
            return _TOP[top]
        case ("outbox", route):
            return RouteDir(route)
        case ("outbox", route, name):
            return OutboxFile(route, name)
        case ("inbox", name):
            return InboxFile(name)
        case ("receipts", name):
            return ReceiptFile(name)
        case ("returned", name):
            return ReturnedFile(name)
        case _:
            raise not_found()


def not_found() -> TransportError:
    """The one answer for what doesn't exist and for what is somebody else's."""
    return TransportError(Problem.NOT_FOUND, "there is no such file or directory here")


@dataclass(frozen=True, slots=True)
class Companion:
    """The original name of a parcel as a small OpenPGP message, beside the sealed file."""

    parcel: Parcel


def inbox_entries(parcels: Sequence[Parcel]) -> dict[str, Parcel | Companion]:
    """Listing name to what it stands for, oldest first.

    Listed names are opaque and unique by default; where a site lists real ones, two files may
    share one: the older keeps it, the newer gets its transfer id appended, so that names stay
    stable while a client is downloading and neither hides the other.
    """
    entries: dict[str, Parcel | Companion] = {}
    for parcel in parcels:
        name = parcel.listed_name
        if name in entries:
            name = f"{name}.{parcel.transfer}"
        entries[name] = parcel
        if parcel.sealed_name:
            entries[name + COMPANION_SUFFIX] = Companion(parcel)
    return entries
