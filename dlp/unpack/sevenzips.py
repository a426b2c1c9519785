"""7z archives through py7zr, in memory: members of a solid archive can't be read one by one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import py7zr
from py7zr.exceptions import PasswordRequired
from py7zr.io import BytesIOFactory

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import read_exactly, size_of
from dlp.unpack.entry import Entry, fault, name_faults

_LONGEST: Final = 64 * 2**20
"""Packed bytes, held in memory."""
_SIGNATURE: Final = 32
"""Bytes of the signature header."""
_MOST: Final = 256 * 2**20
"""Unpacked bytes over all members, held in memory."""


def entries(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """An archive's members in the order of its header.

    Raises:
        NotReadableError: ``too-large``, ``encrypted``, ``malformed``, ``bomb`` or a spent budget.
    """
    size = size_of(source)
    if size > _LONGEST:
        raise NotReadableError(Obstacle.TOO_LARGE, f"a 7z archive of more than {_LONGEST} bytes")
    names, contents = _unpacked(read_exactly(source, 0, size), meter)
    for ordinal, name in enumerate(names, 1):
        meter.enter(depth)
        faults = name_faults(name)
        if names.count(name) > 1:
            faults.append(fault("it has the name of another member, and only one can be read"))
        content = contents.get(name)
        if content is None:
            faults.append(fault("its content can't be read"))
        yield Entry(ordinal, name, content, faults=tuple(faults))


def _unpacked(data: bytes, meter: Meter) -> tuple[list[str], dict[str, io.BytesIO]]:
    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
            names = _checked(archive, len(data), meter)
            factory = BytesIOFactory(_MOST)
            archive.extractall(factory=factory)
            made = factory.products.items()
            return names, {name: io.BytesIO(product.read()) for name, product in made}
    except (NotReadableError, MemoryError):
        raise
    except PasswordRequired:
        raise _encrypted() from None
    except Exception:  # noqa: BLE001 - py7zr raises whatever its parts do, struct.error among them
        raise NotReadableError(Obstacle.MALFORMED, "the 7z archive is damaged") from None


def _checked(archive: py7zr.SevenZipFile, packed: int, meter: Meter) -> list[str]:
    """The names of an archive that may be unpacked."""
    if archive.needs_password():
        raise _encrypted()
    _check_end(archive, packed)
    members = [member for member in archive.list() if not member.is_directory]
    total = sum(member.uncompressed for member in members)
    meter.check_ratio(packed, total)
    if total > _MOST:
        raise NotReadableError(
            Obstacle.TOO_LARGE, f"a 7z archive that unpacks to more than {_MOST} bytes"
        )
    return [member.filename for member in members]


def _check_end(archive: py7zr.SevenZipFile, size: int) -> None:
    """See that the archive ends where its start header says (7zFormat.txt, SignatureHeader)."""
    head = archive.sig_header
    if _SIGNATURE + head.nextheaderofs + head.nextheadersize != size:
        raise NotReadableError(Obstacle.MALFORMED, "the 7z archive has bytes after its end")


def _encrypted() -> NotReadableError:
    return NotReadableError(
        Obstacle.ENCRYPTED,
        "an encrypted 7z archive can't be opened here; send it without a password",
    )
