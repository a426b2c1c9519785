"""Do database, disk, directory, ports, libraries and clock let the gateway work?"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dlp import ocr
from dlp.names import MODEL_SHA256, REMEDY, ModelError, load
from gateway import migrations
from gateway.directory_queries import DirectoryReader
from gateway.doctor import Diagnosis, Level, Patient, fail, ok, warn
from gateway.listening import ListenError, listen, wanted
from gateway.ops import check_database, check_disk
from gateway.ports import LedgerUnavailableError
from gateway.running import is_served
from gateway.store.database import Database

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


def database(patient: Patient) -> Iterator[Diagnosis]:
    """Whether it opens, is of this version and can be written; then what it knows of routes."""
    try:
        opened = patient.site.database()
    except (LedgerUnavailableError, ValueError) as error:
        yield fail("database", str(error), "restore it, or mend database_url in lazaretto.yaml")
        return
    try:
        writable = check_database(opened)
        if not writable.ok:
            yield fail("database", writable.detail, "free its disk, or stop what locks it")
            return
        schema = _schema(opened)
        yield schema
        if schema.level is Level.OK:
            yield from _routes(patient, opened)
    finally:
        opened.close()


def _schema(opened: Database) -> Diagnosis:
    """Whether the tables are those of this version."""
    known = ScriptDirectory(str(Path(migrations.__file__).parent))
    with opened.read() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == known.get_current_head():
        return ok("database", "opens, is of this version, can be written")
    if present in {None, *(revision.revision for revision in known.walk_revisions())}:
        fix = "'lazaretto serve' brings it up to date when it starts"
        return warn("database", "is of an earlier version", fix)
    return fail(
        "database", "is of a later version", "run the version that wrote it, or a later one"
    )


def _routes(patient: Patient, opened: Database) -> Iterator[Diagnosis]:
    if patient.policy is None or not patient.policy.routes:
        return
    directory = DirectoryReader(opened)
    known = {partner.id for partner in directory.partners() if partner.enabled}
    partners = {route.to for route in patient.policy.routes.values()}
    partners |= {sender for route in patient.policy.routes.values() for sender in route.senders}
    for partner in sorted(partners - known):
        fix = f"lazaretto partner add {partner} (or mend policy/routes.yaml)"
        yield fail("routes", f"a route names the partner '{partner}', which isn't active", fix)
    recipients = {route.to for route in patient.policy.routes.values()} & known
    for partner in sorted(recipients):
        yield _certificate(directory, partner)


def _certificate(directory: DirectoryReader, partner: str) -> Diagnosis:
    now = datetime.now(UTC)
    fix = f"lazaretto key import FILE --partner {partner}"
    certificate = directory.sealing_certificate(partner)
    if certificate is None or not certificate.usable(now):
        return fail("certificates", f"nothing can be sealed for '{partner}'", fix)
    return ok("certificates", f"'{partner}' has one in date")


def payload_store(patient: Patient) -> Iterator[Diagnosis]:
    """Whether payloads can be written, and room is left above the reserve."""
    blobs = patient.site.paths.blobs
    try:
        with tempfile.NamedTemporaryFile(dir=blobs, prefix=".doctor.") as probe:
            probe.write(b"x")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        yield fail(
            "payload store",
            f"{blobs} can't be written: {(error.strerror or '').lower()}",
            "make it, free space on it, and give it to this user",
        )
        return
    space = check_disk(patient.site)
    if space.ok:
        yield ok("payload store", "writable, with room above the reserve")
    else:
        fix = "free space, or lower storage.reserve"
        yield fail("payload store", space.detail, fix)


def ports(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the addresses are free, or ours already."""
    if not patient.sound:
        return
    if is_served(patient.site):
        yield ok("ports", "the gateway runs and has them")
        return
    for name, address in wanted(patient.site.settings).items():
        try:
            listen(name, address).close()
        except ListenError as error:
            yield fail("ports", str(error), error.fix)
        else:
            yield ok("ports", f"{name} can listen on {address}")


def libraries(_patient: Patient) -> Iterator[Diagnosis]:
    """Whether type detection works, and whether there is a model for names."""
    try:
        import magic  # noqa: PLC0415  # needs a system library, whose absence is the finding

        magic.from_buffer(b"ISA*00*", mime=True)
    except (ImportError, OSError, AttributeError):
        fix = "install libmagic (Debian: libmagic1), or the package pylibmagic"
        yield fail("libmagic", "can't be loaded", fix)
    else:
        yield ok("libmagic", "loads")


def names_model(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the model that finds names of strangers in free text is there, and the pinned one."""
    subject = "names in free text"
    try:
        model = load()
    except ModelError as error:
        yield fail(subject, str(error), REMEDY)
        return
    if model is not None:
        yield ok(subject, f"the model is installed, SHA-256 {MODEL_SHA256[:16]}…")
        return
    required = patient.policy is not None and patient.policy.rules.names_model == "required"
    found = "no model is installed: strangers' names are found by dictionary and pattern alone"
    yield (fail if required else warn)(subject, found, REMEDY)


def text_in_images(_patient: Patient) -> Iterator[Diagnosis]:
    """Whether OCR is there, so that text in images and scans is read."""
    subject = "text in images"
    lacking = ocr.warm()
    if not lacking:
        yield ok(subject, "Tesseract and its English data are installed")
        return
    fix = "install tesseract-ocr-eng, or let the contract release what is not-read"
    yield warn(subject, f"{lacking}: files with images are held", fix)


def clock(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the time can be right: certificates, leases and the log go by it."""
    now = datetime.now(UTC)
    newest = max(_times(patient.site.root), default=_EARLIEST)
    if now < _EARLIEST or newest - now > timedelta(hours=1):
        yield fail("clock", f"it says {now:%Y-%m-%d %H:%M}, which is in the past", "set it (NTP)")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def _times(root: Path) -> Iterator[datetime]:
    for path in (root, root / "data", root / "run", root / "policy"):
        if path.exists():
            yield datetime.fromtimestamp(path.stat().st_mtime, UTC)
