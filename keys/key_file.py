"""The key file's text: reading, changing and durably replacing it, whoever guards its keys.

One key a line. A key is 64 hexadecimal digits, or ``sealed:PROVIDER:BASE64``::

    # comment
    digest 5f3c…
    wrap 9a01…
    wrap sealed:vault:dmF1bHQ6djE6…
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keys import durable
from keys.sealer import DIGEST, WRAP, KekError, KeySealer

KEY_SIZE: Final = 32
_MAX_FILE: Final = 65_536
_SEALED: Final = "sealed:"
_PURPOSES: Final = {"wrap": WRAP, "digest": DIGEST}

Sealers = Callable[[str], KeySealer]
"""The sealer of a provider's name; raises KekError where settings don't say how to reach it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A key of the file, opened.

    Attributes:
        word: ``wrap`` or ``digest``.
        key: 32 bytes; secret.
        provider: Who sealed it, "" if it stands in the clear.
        text: The line as it stands.
    """

    word: str
    key: bytes = field(repr=False)
    provider: str
    text: str = field(repr=False)

    def __repr__(self) -> str:
        return f"<Line {self.word} {self.provider or 'in the clear'}>"


def no_sealers(name: str) -> KeySealer:
    """For a file whose keys are all in the clear."""
    raise KekError(
        f"a key of the key file is sealed by {name}, and the settings say nothing of it: put "
        f"'provider: {name}' with its options under 'keys' in lazaretto.yaml"
    )


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Be the only one who changes the file: two rotations at once would lose one's new key.

    Waits for whoever is at it. The kernel ends the turn of a process that dies.

    Raises:
        KekError: The directory of the file can't be opened.
    """
    try:
        turn = exclusive(path.parent)
    except OSError as error:
        raise KekError(f"can't open {path.parent}: {error.strerror}") from None
    try:
        yield
    finally:
        os.close(turn)


def exclusive(directory: Path) -> int:
    """Lock a directory of keys; a descriptor to close when done. Blocks while another has it.

    Raises:
        OSError: It can't be opened or locked.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path, sealers: Sealers = no_sealers) -> list[Line]:
    """The file's keys, in order: ``wrap`` lines, and one ``digest`` line among them.

    Raises:
        KekError: It is missing, open to others, malformed, or a key can't be opened.
    """
    found = []
    for number, text in enumerate(_text(path).splitlines(), 1):
        words = text.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if len(words) != 2 or words[0] not in _PURPOSES:  # noqa: PLR2004 - a word and its key
            raise KekError(f"{where}: expected `wrap KEY` or `digest KEY`")
        found.append(_line(words[0], words[1], where, sealers))
    if [line.word for line in found].count("digest") != 1 or len(found) < 2:  # noqa: PLR2004 - one of each
        raise KekError(
            f"{path} needs at least one `wrap` line and exactly one `digest` line: restore it from "
            "the backup (a new key can't open what the old one wrapped)"
        )
    return found


def line(word: str, key: bytes, sealer: KeySealer | None) -> Line:
    """A line that holds ``key``, sealed if somebody seals.

    Raises:
        KekError: It can't be sealed.
    """
    if sealer is None:
        return Line(word, key, "", f"{word} {key.hex()}")
    sealed = base64.b64encode(sealer.seal(key, _PURPOSES[word])).decode()
    return Line(word, key, sealer.name, f"{word} {_SEALED}{sealer.name}:{sealed}")


def write(path: Path, lines: Iterable[Line], *, new: bool = False) -> None:
    """Put the file in place, durably and at once; readers see the old one or the new one.

    Raises:
        KekError: It can't be written, or with ``new`` there is one: a key in use must never be
            overwritten.
    """
    text = (
        "# Key-encryption keys. Whoever can open this file's keys can open every staged payload;\n"
        "# without them nobody can. Back it up apart from the data. The first `wrap` line is in\n"
        "# use; 'lazaretto key kek' changes this file.\n"
    ) + "".join(f"{line.text}\n" for line in lines)
    try:
        # Data wrapped by a key that a power loss took is lost.
        durable.replace(path, text.encode("ascii"), 0o600, new=new)
    except FileExistsError:
        said = f"{path} exists already: a key-encryption key is never overwritten"
        raise KekError(said) from None
    except OSError as error:
        raise KekError(f"can't write {path}: {error.strerror}") from None


def _line(word: str, value: str, where: str, sealers: Sealers) -> Line:
    if not value.startswith(_SEALED):
        return Line(word, _hexadecimal(value, where), "", f"{word} {value}")
    provider, _, encoded = value.removeprefix(_SEALED).partition(":")
    try:
        sealed = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise KekError(f"{where}: a sealed key is written in Base64") from None
    key = sealers(provider).open(sealed, _PURPOSES[word])
    return Line(word, _checked(key, where), provider, f"{word} {value}")


def _hexadecimal(digits: str, where: str) -> bytes:
    try:
        return _checked(bytes.fromhex(digits), where)
    except ValueError:
        raise KekError(f"{where}: a key is written in hexadecimal digits") from None


def _checked(key: bytes, where: str) -> bytes:
    if len(key) != KEY_SIZE:
        raise KekError(
            f"{where}: a key has {KEY_SIZE} bytes ({2 * KEY_SIZE} digits), this one {len(key)}"
        )
    return key


def _text(path: Path) -> str:
    """The file's text, if its owner alone can read it; checked on the open file itself."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise KekError(f"can't open the key-encryption key {path}: {error.strerror}") from None
    try:
        _check_private(path, os.fstat(fd))
        data = os.read(fd, _MAX_FILE)
    finally:
        os.close(fd)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise KekError(f"{path} is not a key file: it has bytes that aren't ASCII") from None


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KekError(f"{path} is not a regular file")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise KekError(
            f"{path} is open to others than its owner (mode {mode:04o}): run `chmod 600 {path}`, "
            "and rotate the key if anybody else has been on this host"
        )
