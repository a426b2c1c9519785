"""Key-encryption keys that follow their file, so that rotating one needs no restart."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from keys.kek import KekError, LocalKek, wrapping_key_id
from keys.key_file import Sealers, no_sealers

_RETRY_SECONDS: Final = 5.0
"""After a reading that failed, till the same file is read again."""

_PATIENCE: Final = 1.0
"""From the start of a reading, till uses go on with the keys in memory: a file is read in a
millisecond, while a provider that is away takes its time-out, and uses are on event loops, too."""

_NEED: Final = 5.0
"""The same for a use that the keys in memory are of no use to."""

_GRACE_SECONDS: Final = 30.0
"""After a change of the file that can't be read, till nothing is wrapped any more: well within
:data:`gateway.rewrapping.SETTLE`, after which the former key may be retired."""

log = structlog.get_logger()


class _Stamp(NamedTuple):
    """What changes when a file is replaced."""

    inode: int
    changed: int
    size: int


@dataclass
class _Reading:
    """One reading of the changed file, by a thread of its own."""

    stamp: _Stamp | None
    began: float
    ended: threading.Event = field(default_factory=threading.Event)
    again: float = 0.0

    def wait(self, patience: float) -> None:
        """Wait for its end, but not beyond ``patience`` seconds from its start."""
        self.ended.wait(max(0.0, self.began + patience - time.monotonic()))


class Keyring:
    """The keys of a key file as it stands now. (:class:`keys.envelope.KeyWrapper`).

    Each use looks whether the file was replaced, which costs a ``stat``. A file that can't be read
    any more leaves the keys that are in memory in use, with an error in the log: what was wrapped
    by them can still be opened. Wrapping by them ends half a minute after the change, since nobody
    could open what a retired key wrapped. A provider that is slow or away keeps nobody waiting:
    the file is read by a thread of its own.

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
        self._reading: _Reading | None = None
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
            keys = self._present(needed=True)
        return keys.unwrap(wrapped, context)

    def derive(self, purpose: bytes) -> bytes:
        """A 32-byte key for one site-wide purpose; rotation doesn't change it."""
        return self._keys.derive(purpose)

    def _current(self) -> LocalKek:
        keys = self._present()
        if self._is_too_old():
            keys = self._present(needed=True)
            if self._is_too_old():
                raise KekError(
                    "the key file changed and can't be read: nothing is wrapped by the former "
                    "keys, since they may be retired; see the log for why"
                )
        return keys

    def _is_too_old(self) -> bool:
        """Whether the keys in memory may be retired any moment."""
        stamp = _stamp(self._path)
        return stamp is not None and stamp != self._stamp and _age(stamp) > _GRACE_SECONDS

    def _present(self, *, needed: bool = False) -> LocalKek:
        if (stamp := _stamp(self._path)) != self._stamp:
            self._read(stamp).wait(_NEED if needed else _PATIENCE)
        return self._keys

    def _read(self, stamp: _Stamp | None) -> _Reading:
        """The reading under way, a new one, or the last one while it isn't time for another."""
        now = time.monotonic()
        with self._lock:  # for no longer than a thread takes to start
            last = self._reading
            if last and not (last.ended.is_set() and (last.stamp != stamp or now >= last.again)):
                return last
            self._reading = reading = _Reading(stamp, now)
            threading.Thread(target=self._reload, args=[reading], daemon=True).start()
            return reading

    def _reload(self, reading: _Reading) -> None:
        try:
            keys = LocalKek.load(self._path, self._sealers, self._provider)
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            problem = str(error) if isinstance(error, KekError) else type(error).__name__
            said = "the key file changed and can't be read; the former keys stay in use"
            log.error(said, problem=problem)  # noqa: TRY400 - its sentence says all
            reading.again = time.monotonic() + _RETRY_SECONDS
        else:
            self._keys, self._stamp = keys, reading.stamp
            log.info("the key file changed", key_id=keys.key_id)
        finally:
            reading.ended.set()


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)


def _age(stamp: _Stamp) -> float:
    """Seconds since the file was written."""
    return time.time() - stamp.changed / 1e9
