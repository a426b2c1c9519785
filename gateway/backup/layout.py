"""What a backup looks like on its disk.

::

    DEST/blobs/<xx>/<name>            payloads, encrypted as on the site; shared by all snapshots
    DEST/snapshots/<when>/
        database.db                   the database at one moment
        blobs.jsonl                   one line a payload: name, size, SHA-256, in order
        site.tar.pgp                  settings, policies and every key, sealed for recovery
        manifest.json                 canonical JSON: SHA-256 of each of these, and the log's point
        manifest.sig                  Ed25519 by the log's key over the manifest, in hex
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rfc8785

FORMAT: Final = "lazaretto/backup/v1"
DATABASE: Final = "database.db"
BLOBS: Final = "blobs.jsonl"
SITE: Final = "site.tar.pgp"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
PARTS: Final = (DATABASE, BLOBS, SITE)
SIGNED: Final = b"lazaretto/backup/v1\x00"
"""What stands before the manifest where it is signed, so that it passes for nothing else."""
_PIECE: Final = 1 << 20


class BackupError(Exception):
    """A backup can't be made, or isn't whole; the sentence says what and where."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A file by its content.

    Attributes:
        size: Bytes.
        sha256: Hex digest.
    """

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A payload of a snapshot."""

    name: str
    size: int
    sha256: str


def blob_path(base: Path, name: str) -> Path:
    """Where a payload lies, under the backup or under a site's payload directory alike."""
    return base / name.partition(".")[0][-2:] / name


def snapshots(dest: Path) -> list[Path]:
    """The finished ones, oldest first."""
    try:
        found = sorted((dest / "snapshots").iterdir())
    except FileNotFoundError:
        return []
    return [path for path in found if not path.name.startswith(".")]


def listing(snapshot: Path) -> Iterator[Listed]:
    """A snapshot's payloads, in their order.

    Raises:
        BackupError: The list can't be read.
    """
    try:
        with (snapshot / BLOBS).open(encoding="ascii") as lines:
            for line in lines:
                name, size, sha256 = json.loads(line)
                yield Listed(str(name), int(size), str(sha256))
    except (OSError, ValueError, TypeError):
        raise BackupError(f"the list of payloads of {snapshot.name} can't be read") from None


def measure(path: Path) -> Measured:
    """Size and digest of what is on the disk.

    Raises:
        OSError: It can't be read.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Measured(size, digest.hexdigest())


def copied(source: Path, target: Path) -> Measured:
    """Copy durably under a name that counts only when it is whole; what was written.

    Raises:
        OSError: It can't be read or written.
    """
    digest, size = hashlib.sha256(), 0
    draft = target.with_name(target.name + ".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with source.open("rb") as stream, os.fdopen(descriptor, "wb") as written:
        while piece := stream.read(_PIECE):
            written.write(piece)
            digest.update(piece)
            size += len(piece)
        written.flush()
        os.fsync(written.fileno())
    draft.replace(target)
    return Measured(size, digest.hexdigest())


def canonical(manifest: dict[str, Any]) -> bytes:
    """The bytes that are signed, without what stands before them."""
    return rfc8785.dumps(manifest)
