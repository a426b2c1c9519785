"""Makes a backup of a site, running or not.

The database first, then the payloads that *it* names: those are there already, and never change. A
payload that retention took away in between is listed as gone.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.backup import layout
from gateway.backup.layout import BackupError, Listed, Measured
from gateway.migrations import upgrade
from gateway.site import Site
from gateway.store.copying import copy_rows
from gateway.store.database import open_database, sqlite_path
from gateway.store.postgres import is_postgres
from gateway.version import running
from keys import durable
from keys.openpgp import fingerprint
from keys.recovery import seal

_WITH_PAYLOAD: Final = (
    "SELECT id, state, blob, opened_blob, sealed_blob FROM transfers "
    "WHERE state NOT IN ('receiving', 'abandoned', 'purged') ORDER BY id"
)
_PAGES: Final = 1_000
_MOST_GONE: Final = 1_000

_TRIES: Final = 3
_OWN: Final = 0o600
"""Of a consistent reading, which only changes of keys or settings spoil."""

Progress = Callable[[int], None]


class _File(NamedTuple):
    """A small file as it was read."""

    content: bytes
    mode: int
    changed: int

    def __repr__(self) -> str:
        return f"<_File of {len(self.content)} bytes>"


@dataclass
class Made:
    """What was written.

    Attributes:
        snapshot: Its name.
        log_size: Events on the log at its moment: what came later isn't in it.
        log_head: Hash of the last of them.
        blobs: Payloads in it.
        copied: Payloads that were not there before.
        copied_bytes: Their bytes.
        gone: Payloads that retention took away meanwhile.
        pruned: Names of snapshots that were removed.
    """

    snapshot: str = ""
    log_size: int = 0
    log_head: str = ""
    blobs: int = 0
    copied: int = 0
    copied_bytes: int = 0
    gone: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)


def make(site: Site, dest: Path, recovery: bytes, progress: Progress = lambda _n: None) -> Made:
    """Write a new snapshot, verified.

    Args:
        site: What to back up.
        dest: Where; made if it isn't there.
        recovery: OpenPGP certificate that the keys are sealed for.
        progress: Told how many payloads were gone through.

    Raises:
        BackupError: Something written reads back as something else.
        LedgerUnavailableError: The database is gone, or of another version than this one.
        RecoveryError: The certificate can't be used.
        OSError: Something can't be read or written; the snapshots before are untouched.
    """
    seal(b"", recovery)  # a certificate that can't be used is known before any work is done
    former = layout.snapshots(dest)
    made = Made(datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ"))
    draft = dest / "snapshots" / f".{made.snapshot}"
    for folder in (dest, dest / "blobs", dest / "snapshots", draft):
        folder.mkdir(mode=0o700, parents=folder is dest, exist_ok=folder is not draft)
    try:
        files = _database_and_files(site, draft / layout.DATABASE)
        _payloads(site, dest, draft, former[-1] if former else None, made, progress)
        durable.create(draft / layout.SITE, seal(_tar(site, files), recovery), _OWN)
        manifest = _manifest(draft, made, fingerprint(recovery))
        durable.create(draft / layout.MANIFEST, manifest, _OWN)
        durable.create(draft / layout.SIGNATURE, _signature(site, files, manifest), _OWN)
        durable.flush_directory(draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    draft.rename(draft.with_name(made.snapshot))
    durable.flush_directory(draft.parent)
    return made


def prune(dest: Path, keep: int) -> list[str]:
    """Remove all but the newest ``keep`` snapshots, and payloads that none of those has.

    Raises:
        BackupError: A list of those that stay can't be read; nothing was removed.
    """
    every = layout.snapshots(dest)
    old, kept = every[:-keep], every[-keep:]
    if not old:
        return []
    needed = {listed.name for snapshot in kept for listed in layout.listing(snapshot)}
    for snapshot in old:
        shutil.rmtree(snapshot)
    for path in (dest / "blobs").glob("*/*"):
        if path.name not in needed:
            path.unlink()
    return [snapshot.name for snapshot in old]


def _database_and_files(site: Site, target: Path) -> dict[Path, _File]:
    """The database, and the small files as they were at its moment.

    A key made or retired between the two readings would leave payloads that no key in the backup
    opens. So both are read again if a file changed meanwhile.
    """
    before = _read(site)
    for _ in range(_TRIES):
        _snapshot(site, target)
        after = _read(site)
        # Checkpoints are written all the time, and restoring makes its own of the database.
        if _but(before, site.paths.checkpoint) == _but(after, site.paths.checkpoint):
            return after
        before = after
        target.unlink()
    raise BackupError("keys or settings change all the time: back up when that is done")


def _but(files: Mapping[Path, _File], path: Path) -> dict[Path, _File]:
    return {each: file for each, file in files.items() if each != path}


def _read(site: Site) -> dict[Path, _File]:
    """The small files by path; one that is renamed meanwhile is in one of two readings at most."""
    found = {}
    for path in _small_files(site):
        with suppress(FileNotFoundError), path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            found[path] = _File(stream.read(), stat.S_IMODE(status.st_mode), int(status.st_mtime))
    return found


def _tar(site: Site, files: Mapping[Path, _File]) -> bytes:
    """Settings, policies and keys, by their places in the site."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, file in sorted(files.items()):
            entry = tarfile.TarInfo(str(path.relative_to(site.root)))
            entry.size, entry.mode, entry.mtime = len(file.content), file.mode, file.changed
            tar.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def _small_files(site: Site) -> Iterator[Path]:
    paths = site.paths
    roots = [paths.settings, paths.policy, paths.keys, paths.policies, paths.checkpoint]
    others = [paths.client_ca] if paths.client_ca else []
    for root in [*roots, paths.tls_cert, paths.tls_key, *others]:
        found = [root] if root.is_file() else root.rglob("*") if root.is_dir() else ()
        yield from {path for path in found if _whole(path) and path.is_relative_to(site.root)}


def _whole(path: Path) -> bool:
    """Whether it is a file, and not the draft of one that is about to be put in place."""
    return path.is_file() and not (path.name.startswith(".") and path.name.endswith(".new"))


def _snapshot(site: Site, target: Path) -> None:
    """The database at one moment, while others write: an SQLite file, wherever the site's is."""
    if is_postgres(site.paths.database):
        _from_server(site, target)
    else:
        _from_file(sqlite_path(site.paths.database), target)
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise BackupError(f"the copy of the database is damaged: {verdict}")
    _flush(target)


def _from_file(source: Path, target: Path) -> None:
    """SQLite's online backup."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy, pages=_PAGES)


def _from_server(site: Site, target: Path) -> None:
    """Row by row, since both have one schema: no tool of the server's version is needed."""
    with (
        closing(site.database()) as server,
        closing(open_database(f"sqlite:///{target}", create=True)) as copy,
    ):
        upgrade(copy)
        copy_rows(server, copy)


def _flush(target: Path) -> None:
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _payloads(
    site: Site, dest: Path, draft: Path, former: Path | None, made: Made, progress: Progress
) -> None:
    known = layout.listing(former) if former else iter(())
    before = next(known, None)
    descriptor = os.open(draft / layout.BLOBS, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as lines:
        for name in _named(draft / layout.DATABASE, made):
            while before and before.name < name:
                before = next(known, None)
            listed = before if before and before.name == name else None
            done = _payload(site, dest, name, listed, made)
            if done is None:
                made.gone = [*made.gone, name][:_MOST_GONE]
                continue
            lines.write(f'["{name}",{done.size},"{done.sha256}"]\n')
            made.blobs += 1
            progress(made.blobs)
        lines.flush()
        os.fsync(lines.fileno())


def _named(database: Path, made: Made) -> Iterator[str]:
    """Names of payloads in the snapshot, sorted, as the lists are."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        head = connection.execute("SELECT seq, hash FROM log_head").fetchone()
        made.log_size, made.log_head = int(head[0]), str(head[1])
        for _id, _state, *blobs in connection.execute(_WITH_PAYLOAD):
            yield from sorted(name for name in blobs if name)


def _payload(
    site: Site, dest: Path, name: str, known: Listed | None, made: Made
) -> Measured | None:
    target = layout.blob_path(dest / "blobs", name)
    if known and target.is_file() and target.stat().st_size == known.size:
        return Measured(known.size, known.sha256)
    target.parent.mkdir(exist_ok=True, mode=0o700)
    try:
        written = layout.copied(layout.blob_path(site.paths.blobs, name), target)
    except FileNotFoundError:
        return None
    durable.flush_directory(target.parent)
    if layout.measure(target) != written:
        raise BackupError(f"the payload {name} reads back as something else: the disk is failing")
    made.copied += 1
    made.copied_bytes += written.size
    return written


def _manifest(draft: Path, made: Made, recovery: str) -> bytes:
    parts = {name: layout.measure(draft / name) for name in layout.PARTS}
    content: dict[str, Any] = {
        "format": layout.FORMAT,
        "made": made.snapshot,
        "version": running(),
        "log": {"size": made.log_size, "head": made.log_head},
        "recovery": recovery,
        "blobs": made.blobs,
        "gone": made.gone,
        "files": {name: {"size": part.size, "sha256": part.sha256} for name, part in parts.items()},
    }
    return layout.canonical(content)


def _signature(site: Site, files: Mapping[Path, _File], manifest: bytes) -> bytes:
    """By the log's key as it is in the backup: restoring knows no newer one."""
    kept = files.get(site.paths.log_key)
    key = load_pem_private_key(kept.content if kept else site.paths.log_key.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BackupError("the log's key is not an Ed25519 key")
    return key.sign(layout.SIGNED + manifest).hex().encode()
