"""Key-encryption keys that follow their file, so that rotating one needs no restart."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from keys.kek import KekError, LocalKek, wrapping_key_id
from keys.key_file import Sealers, no_sealers

_RETRY_SECONDS: Final = 5.0

_GRACE_SECONDS: Final = 30.0
"""After a change of the file that can't be read, till nothing is wrapped any more: well within
:data:`gateway.rewrapping.SETTLE`, after which the former key may be retired."""

log = structlog.get_logger()


class _Stamp(NamedTuple):
    """What changes when a file is replaced."""

    inode: int
    changed: int
    size: int


class Keyring:
    """The keys of a key file as it stands now. (:class:`keys.envelope.KeyWrapper`).

    Each use looks whether the file was replaced, which costs a ``stat``. A file that can't be read
    any more leaves the keys that are in memory in use, with an error in the log: what was wrapped
    by them can still be opened. Wrapping by them ends half a minute after the change, since nobody
    could open what a retired key wrapped.

    Args:
        path: The key file.
        sealers: Open what is sealed in it.
        provider: Who must have sealed it, "" for nobody.

    Raises:
        KekError: It can't be used now.
    """

    def __init__(self, path: Path, sealers: Sealers = no_sealers, provider: str = "") -> None:
        self._path = path
        self._sealers = sealers
        self._provider = provider
        self._lock = threading.Lock()
        self._again = 0.0
        self._stamp = _stamp(path)
        self._keys = LocalKek.load(path, sealers, provider)

    def __repr__(self) -> str:
        """The current key's id and nothing else."""
        return f"<Keyring {self._keys.key_id}>"

    @property
    def key_id(self) -> str:
        """Which key wraps now; public.

        Raises:
            KekError: As for :meth:`wrap`: what it wrapped before is to be wrapped anew, perhaps.
        """
        return self._current().key_id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Every id that can be unwrapped, the current one first."""
        return self._present().key_ids

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Encrypt a data key under the current key, bound to ``context``.

        Raises:
            KekError: The file changed a while ago and can't be read, so nobody knows which key is
                the current one.
        """
        return self._current().wrap(data_key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key again.

        Raises:
            EnvelopeError: See :meth:`keys.kek.LocalKek.unwrap`.
        """
        keys = self._present()
        if wrapped and wrapping_key_id(wrapped) not in keys.key_ids:
            keys = self._present(at_once=True)
        return keys.unwrap(wrapped, context)

    def derive(self, purpose: bytes) -> bytes:
        """A 32-byte key for one site-wide purpose; rotation doesn't change it."""
        return self._keys.derive(purpose)

    def _current(self) -> LocalKek:
        keys = self._present()
        stamp = _stamp(self._path)
        if stamp and stamp != self._stamp and _age(stamp) > _GRACE_SECONDS:
            raise KekError(
                "the key file changed and can't be read: nothing is wrapped by the former keys, "
                "since they may be retired; see the log for why"
            )
        return keys

    def _present(self, *, at_once: bool = False) -> LocalKek:
        if (stamp := _stamp(self._path)) == self._stamp:
            return self._keys
        with self._lock:  # others wait rather than wrap under a key that is about to retire
            if stamp != self._stamp and (at_once or time.monotonic() >= self._again):
                self._reload(stamp)
        return self._keys

    def _reload(self, stamp: _Stamp | None) -> None:
        try:
            keys = LocalKek.load(self._path, self._sealers, self._provider)
        except KekError as error:
            self._again = time.monotonic() + _RETRY_SECONDS
            said = "the key file changed and can't be read; the former keys stay in use"
            log.error(said, problem=str(error))  # noqa: TRY400 - its sentence says all
            return
        self._keys, self._stamp = keys, stamp
        log.info("the key file changed", key_id=keys.key_id)


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)


def _age(stamp: _Stamp) -> float:
    """Seconds since the file was written."""
    return time.time() - stamp.changed / 1e9
