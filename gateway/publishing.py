"""Sees that copies of the log's checkpoints exist off the host: a file, and HTTPS POST.

Whoever takes over the host holds the log's key and can sign another history. Copies elsewhere are
what that history is found out by; a witness (C2SP ``tlog-witness``) refuses to cosign it at all.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog

from gateway.accepted import replace_text
from gateway.ledger.sequencer import Signed
from gateway.ledger.verify_note import Key, Note, NoteFaultError
from gateway.outgoing import Outgoing, OutgoingError, hosts_in
from gateway.ports import LedgerUnavailableError

_TIMEOUT: Final = 15.0
_MOST: Final = 65_536
_CONFLICT: Final = 409
_OK: Final = 200
_SIZE: Final = re.compile(r"\s*([0-9]{1,18})\s*")
_DASH: Final = "\u2014 "

Consistency = Callable[[int, int], Sequence[bytes]]
"""Old and new size of the log to the proof that the one begins the other."""

log = structlog.get_logger()


@dataclass
class Place:
    """Somewhere that checkpoints are sent.

    Attributes:
        url: Gets them by POST.
        witness: Whose cosignature is expected, None for a keeper of copies.
        seen: Events under the checkpoint that it has, as far as we know.
    """

    url: str
    witness: Key | None = None
    seen: int = 0


class Publisher:
    """Writes each checkpoint to a file at once, and posts the newest one every so often.

    Attributes:
        failed: How many posts were not taken.

    Args:
        file: Where the newest checkpoint is kept.
        places: Where it is sent.
        consistency: Makes proofs for witnesses; blocks.
        cosigned: Stores a checkpoint with its cosignatures; blocks.
        pause: Seconds between two posts.
        tls: How servers are checked; None for the system's authorities.
        hosts: That settings name besides those of ``places``.
    """

    def __init__(
        self,
        file: Path,
        places: Sequence[Place],
        consistency: Consistency,
        cosigned: Callable[[int, str], None],
        pause: float,
        tls: ssl.SSLContext | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        self._outgoing = Outgoing(hosts_in(place.url for place in places).union(hosts))
        self._file = file
        self._places = places
        self._consistency = consistency
        self._cosigned = cosigned
        self._pause = pause
        self._tls = tls
        self._newest: Signed | None = None
        self.failed = 0
        self._new = asyncio.Event()

    async def publish(self, signed: Signed) -> None:
        """Keep it; what can't be kept now is kept with the next one."""
        self._newest = signed
        self._new.set()
        try:
            await asyncio.to_thread(replace_text, self._file, signed.note)
        except OSError as error:
            log.error("checkpoint not written to its file", code=error.errno)  # noqa: TRY400 - no trace needed

    async def run(self) -> None:
        """Post until cancelled."""
        if not self._places:
            return
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
        async with self._outgoing.session(timeout) as session:
            while True:
                await self._new.wait()
                self._new.clear()
                if self._newest:
                    await asyncio.gather(
                        *(self._send(session, place, self._newest) for place in self._places)
                    )
                await asyncio.sleep(self._pause)

    async def _send(self, session: aiohttp.ClientSession, place: Place, signed: Signed) -> None:
        try:
            if place.witness:
                await self._witnessed(session, place, place.witness, signed)
            else:
                await self._post(session, place, signed.note)
                place.seen = signed.size
        except (
            aiohttp.ClientError, TimeoutError, NoteFaultError, LedgerUnavailableError, OutgoingError
        ) as error:  # fmt: skip
            self.failed += 1
            ours = isinstance(error, NoteFaultError | OutgoingError)
            said = str(error) if ours else type(error).__name__
            # The host alone: what follows in a URL can be its password.
            where = urlsplit(place.url).hostname
            log.warning("checkpoint not taken; the next one is tried", where=where, reason=said)

    async def _witnessed(
        self, session: aiohttp.ClientSession, place: Place, witness: Key, signed: Signed
    ) -> None:
        """``add-checkpoint`` of ``tlog-witness``: what it saw last, a proof, the checkpoint."""
        body = await asyncio.to_thread(self._asked, place.seen, signed)
        status, answer = await self._post(session, place, body, expected=_CONFLICT)
        if status == _CONFLICT:
            # It knows another size than we remember, as after our restart.
            place.seen = _size_in(answer, signed.size)
            body = await asyncio.to_thread(self._asked, place.seen, signed)
            status, answer = await self._post(session, place, body)
        await asyncio.to_thread(self._keep, witness, signed, answer)
        place.seen = signed.size

    def _asked(self, old: int, signed: Signed) -> str:
        proof = self._consistency(old, signed.size) if 0 < old < signed.size else ()
        lines = [f"old {old}", *(base64.b64encode(value).decode() for value in proof)]
        return "\n".join(lines) + "\n\n" + signed.note

    def _keep(self, witness: Key, signed: Signed, answer: str) -> None:
        """Put the witness's lines under the checkpoint, if its own is among them and fits.

        Raises:
            NoteFaultError: It isn't, or doesn't.
        """
        lines = "".join(f"{line}\n" for line in answer.splitlines() if line.startswith(_DASH))
        note = signed.note + lines
        if Note.parse(note).cosigned(witness) is None:
            raise NoteFaultError(f"the answer lacks the cosignature of {witness.name}")
        self._cosigned(signed.size, note)

    async def _post(
        self, session: aiohttp.ClientSession, place: Place, body: str, expected: int = _OK
    ) -> tuple[int, str]:
        self._outgoing.check(place.url)
        context = self._tls or True
        # A redirect would carry the log's name to a host that no setting names.
        async with session.post(
            place.url, data=body.encode(), ssl=context, allow_redirects=False
        ) as answer:
            text = (await _read(answer.content)).decode("utf-8", "replace")
            if not (_OK <= answer.status < 300 or answer.status == expected):  # noqa: PLR2004 - success
                raise NoteFaultError(f"the answer was {answer.status}")
            return answer.status, text


def _size_in(answer: str, most: int) -> int:
    """What a witness says that it saw last: a decimal (``tlog-witness``), at most ``most``.

    Raises:
        NoteFaultError: It is none, or more.
    """
    # Bounded before it is read: int() raises on thousands of digits, and on digits of no number.
    found = _SIZE.fullmatch(answer)
    if not found:
        raise NoteFaultError("the witness answered with no size of a log")
    if int(found[1]) > most:
        raise NoteFaultError("the witness saw a longer log than this one")
    return int(found[1])


async def _read(content: aiohttp.StreamReader) -> bytes:
    """An answer's body, which comes in as many pieces as the network likes.

    Raises:
        NoteFaultError: It is too long.
    """
    found = bytearray()
    async for piece in content.iter_any():
        found += piece
        if len(found) > _MOST:
            raise NoteFaultError(f"the answer has over {_MOST} bytes")
    return bytes(found)
