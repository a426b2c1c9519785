"""Puts a site back from a backup: beside its place, checked, then renamed. All of it or nothing."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.settings import FILE_NAME
from gateway.backup import layout
from gateway.backup.check import check_parts, read_manifest
from gateway.backup.layout import BackupError
from gateway.ledger.export import newest_checkpoint
from gateway.ledger.record import SqlLedger
from gateway.ledger.verify_note import Key
from gateway.migrations import upgrade
from gateway.site import Site
from gateway.store.copying import copy_rows, drop_all
from gateway.store.database import Database, open_database, sqlite_path
from gateway.store.postgres import is_postgres
from keys import durable
from keys.recovery import unseal

Progress = Callable[[int], None]

_URL_LINE: Final = re.compile(r"^database_url:.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        site: Where.
        snapshot: Which.
        log_size: Events on the log at its moment: what came later is lost.
        blobs: Payloads.
        damaged: Payloads that were missing or damaged, and left out.
    """

    site: Path
    snapshot: str
    log_size: int
    blobs: int
    damaged: tuple[str, ...]


def restore(
    dest: Path,
    snapshot: Path,
    target: Path,
    secret: bytes,
    passphrase: str = "",
    *,
    skip_damaged: bool = False,
    database_url: str | None = None,
    progress: Progress = lambda _n: None,
) -> Restored:
    """Restore ``snapshot`` of the backup at ``dest`` to ``target``, a new or empty directory.

    ``database_url`` puts the records elsewhere than the backed up settings say: ``""`` for a file
    in the site, else a PostgreSQL database with no tables of ours in it.

    Raises:
        FileExistsError: The PostgreSQL database holds a site.
        LedgerUnavailableError: It can't be reached.
        BackupError: Something is damaged or isn't what was signed, or ``target`` is taken.
        RecoveryError: The key doesn't open it.
        OSError: Something can't be read or written; nothing is left behind.
    """
    target = target.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is taken: name a new or empty directory")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        manifest = read_manifest(snapshot)
        check_parts(snapshot, manifest)
        _unpack(unseal((snapshot / layout.SITE).read_bytes(), secret, passphrase), draft)
        signers = Key.parse((draft / "keys" / "log.pub").read_text()).every
        read_manifest(snapshot, [key.public for key in signers])
        if database_url is not None:
            _redirect(draft / FILE_NAME, database_url)
        site = Site.open(draft)
        blobs, damaged = _payloads(dest, snapshot, site, progress, skip=skip_damaged)
        _database(snapshot, site, manifest)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    durable.flush_directory(target.parent)
    return Restored(target, snapshot.name, int(manifest["log"]["size"]), blobs, tuple(damaged))


def _unpack(content: bytes, draft: Path) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            tar.extractall(draft, filter="data")
    except tarfile.TarError:
        raise BackupError("the sealed settings and keys are damaged") from None
    for path in draft.rglob("*"):
        path.chmod(0o700 if path.is_dir() else path.stat().st_mode & 0o644)
    (draft / "run").mkdir(mode=0o700, exist_ok=True)


def _payloads(
    dest: Path, snapshot: Path, site: Site, progress: Progress, *, skip: bool
) -> tuple[int, list[str]]:
    if not site.paths.data.is_relative_to(site.root):
        raise BackupError("storage.data lies outside the site: restore it there by hand")
    site.paths.blobs.mkdir(parents=True, mode=0o700, exist_ok=True)
    count, damaged = 0, []
    for listed in layout.listing(snapshot):
        target = layout.blob_path(site.paths.blobs, listed.name)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            written = layout.copied(layout.blob_path(dest / "blobs", listed.name), target)
            good = (written.size, written.sha256) == (listed.size, listed.sha256)
        except FileNotFoundError:
            good = False
        if good:
            count += 1
            progress(count)
            continue
        damaged.append(listed.name)
        target.unlink(missing_ok=True)
        if not skip:
            raise BackupError(
                f"the payload {listed.name} is missing or damaged in the backup: try another "
                "snapshot, or leave such payloads out with --skip-damaged"
            )
    return count, damaged


def _redirect(settings: Path, database_url: str) -> None:
    line = f"database_url: {json.dumps(database_url)}"  # a string of JSON is one of YAML
    text, found = _URL_LINE.subn(lambda _match: line, settings.read_text())
    settings.write_text(text if found else f"{text}\n{line}\n")


def _database(snapshot: Path, site: Site, manifest: dict[str, Any]) -> None:
    """Put it back, and say on its log to what point it was put back."""
    path = site.paths.data / "lazaretto.db"
    elsewhere = is_postgres(site.paths.database)
    if not elsewhere:
        path = sqlite_path(site.paths.database)
    layout.copied(snapshot / layout.DATABASE, path)
    with closing(open_database(f"sqlite:///{path}")) as database:
        upgrade(database)
        point = manifest["log"]
        facts = {"snapshot": manifest["made"], "size": point["size"], "head": point["head"]}
        SqlLedger(database).record("site.restored", "system", facts)
        note = newest_checkpoint(database)
        if elsewhere:
            _to_server(database, site.paths.database)
    if elsewhere:
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink()
    # The one in the backup may be newer than this database, if only by a moment.
    site.paths.checkpoint.unlink(missing_ok=True)
    if note:
        durable.create(site.paths.checkpoint, note.encode(), 0o600)


def _to_server(database: Database, url: str) -> None:
    with closing(open_database(url, create=True)) as server:
        try:
            upgrade(server)
            copy_rows(database, server)
        except BaseException:
            drop_all(server)
            raise
