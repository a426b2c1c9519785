"""Is a snapshot whole? Everything that its signed manifest names is read and hashed again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.backup import layout
from gateway.backup.layout import BackupError

Progress = Callable[[int], None]


def read_manifest(snapshot: Path, keys: Sequence[bytes] = ()) -> dict[str, Any]:
    """The manifest, and that one of the log's keys signed it if ``keys`` (32 bytes each) are given.

    Raises:
        BackupError: It can't be read, or somebody else wrote it.
    """
    try:
        raw = (snapshot / layout.MANIFEST).read_bytes()
        signature = bytes.fromhex((snapshot / layout.SIGNATURE).read_text())
        manifest: dict[str, Any] = json.loads(raw)
        known = manifest["format"] == layout.FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupError(f"{snapshot.name}: its manifest can't be read") from None
    if not known:
        raise BackupError(f"{snapshot.name}: a backup of another version")
    if keys and not any(_signed(key, signature, layout.SIGNED + raw) for key in keys):
        raise BackupError(f"{snapshot.name}: its manifest isn't the one that the gateway signed")
    return manifest


def _signed(key: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except InvalidSignature:
        return False
    return True


def check_parts(snapshot: Path, manifest: dict[str, Any]) -> None:
    """Hash the database, the list and the sealed keys again.

    Raises:
        BackupError: One isn't what the manifest says.
    """
    for name in layout.PARTS:
        said = manifest["files"][name]
        try:
            found = layout.measure(snapshot / name)
        except OSError:
            raise BackupError(f"{snapshot.name}: {name} can't be read") from None
        if (found.size, found.sha256) != (said["size"], said["sha256"]):
            raise BackupError(f"{snapshot.name}: {name} isn't what was backed up: it is damaged")


def damaged(dest: Path, snapshot: Path, progress: Progress = lambda _n: None) -> list[str]:
    """Names of payloads that are missing or aren't what was backed up.

    Raises:
        BackupError: The list of them can't be read.
    """
    wrong = []
    for number, listed in enumerate(layout.listing(snapshot), 1):
        try:
            found = layout.measure(layout.blob_path(dest / "blobs", listed.name))
            good = (found.size, found.sha256) == (listed.size, listed.sha256)
        except OSError:
            good = False
        if not good:
            wrong.append(listed.name)
        progress(number)
    return wrong
