"""One SSH connection's way to a principal: which methods, in which order, for one user name.

asyncssh 2.24.1 (read in full) decides here too much by itself, so two of its connection's methods
are taken over:

- ``validate_public_key``: it verifies signatures with SHA-1 whatever ``signature_algs`` says, and
  judges certificates without us (see :mod:`transports.ssh_certificate`). Here an offer counts only
  once its signature is verified; a mere question whether a key would do binds nothing.
- ``send_userauth_failure``: it never says "partial success" (RFC 4252 section 5.1), which a client
  must hear to go on with the second factor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Final

import asyncssh
from asyncssh.packet import PacketDecodeError, SSHPacket, String

from config.operations import SFTP_SESSION, permits
from transports.ports import (
    Authenticator,
    BusyError,
    HalfProven,
    Principal,
    TooManyAttemptsError,
)
from transports.ssh_certificate import (
    SIGNATURES,
    CertificateFormError,
    is_certificate,
    public_key,
    read_certificate,
)

MAX_CODES: Final = 3
"""Codes tried in one connection; authenticators show a new one every 30 seconds."""

_PASSWORD: Final = ("", "", "", (("Password: ", False),))
_CODE: Final = ("", "", "", (("Verification code: ", False),))

_log = logging.getLogger(__name__)

Judged = Principal | HalfProven | None
Challenge = tuple[str, str, str, tuple[tuple[str, bool], ...]]


class Login:
    """The state of one connection's authentication.

    ``failed`` is called for each failure and may raise to end the connection; ``observe`` with a
    method and whether it succeeded. ``began`` is when the first factor was last looked at, UTC.
    """

    def __init__(
        self,
        conn: asyncssh.SSHServerConnection,
        auth: Authenticator,
        *,
        failed: Callable[[], None],
        observe: Callable[[str, bool], None],
    ) -> None:
        self._conn = conn
        self._auth = auth
        self._failed = failed
        self._observe = observe
        self._username: str | None = None
        self._claim: Principal | None = None
        self._half: HalfProven | None = None
        self._partial = False
        self._asked = ""
        self._codes = 0
        self.began = datetime.now(UTC)
        self._say_failure = conn.send_userauth_failure
        conn.validate_public_key = self.public_key  # type: ignore[method-assign,assignment]  # see above
        conn.send_userauth_failure = self._fail  # type: ignore[method-assign,assignment]  # likewise

    @property
    def half(self) -> bool:
        """Whether a first factor is proven and the second is due."""
        return self._half is not None

    def begin(self, username: str) -> None:
        """A user name comes up.

        Raises:
            asyncssh.DisconnectError: Another one than before: whoever proved something as one user
                could else go on as another.
        """
        if self._username is not None and username != self._username:
            self._claim = self._half = None
            raise asyncssh.DisconnectError(
                asyncssh.DISC_PROTOCOL_ERROR, "the user name can't change; connect again"
            )
        self._username = username

    def complete(self, username: str) -> Principal:
        """Whom the finished authentication proved.

        Raises:
            asyncssh.PermissionDenied: Nobody, or somebody else (never seen; a guard against a
                change of order in asyncssh).
        """
        if self._claim is None or username != self._username:
            raise asyncssh.PermissionDenied("authentication out of order")
        return self._claim

    # -- the first factor

    async def password(self, username: str, password: str) -> bool:
        """Whether the password alone is enough."""
        return await self._first("password", self._auth.password(username, password, self.address))

    async def public_key(
        self, username: str, blob: bytes, message: bytes, signature: bytes
    ) -> bool:
        """Whether a key or certificate would do, or, with a signature, does alone."""
        kind = "certificate" if is_certificate(blob) else "publickey"
        self._forget()
        if self._half is not None:
            return self._refuse(kind)
        judging = self._offer(username, blob)
        if judging is None:
            return self._refuse(kind)
        if not message:
            return await self._would_do(kind, judging)
        if not self._proves(blob, message, signature):
            judging.close()
            return self._refuse(kind)
        return await self._first(kind, judging)

    def _offer(self, username: str, blob: bytes) -> Coroutine[object, object, Judged] | None:
        if not is_certificate(blob):
            return self._auth.public_key(username, blob, self.address)
        try:
            certificate = read_certificate(blob)
        except CertificateFormError:
            return None
        return self._auth.certificate(username, certificate, self.address)

    def _proves(self, blob: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the client holds the key: RFC 4252 section 7."""
        try:
            held = read_certificate(blob).key if is_certificate(blob) else blob
            algorithm = SSHPacket(signature).get_string().decode("ascii", "replace")
        except (CertificateFormError, PacketDecodeError):
            return False
        key = public_key(held)
        if key is None or algorithm not in SIGNATURES:
            return False
        key.set_touch_required(True)
        return key.verify(String(self._conn._session_id) + message, signature)  # noqa: SLF001 - it has no public name

    async def _would_do(self, kind: str, judging: Coroutine[object, object, Judged]) -> bool:
        return await self._ask(judging) is not None or self._refuse(kind)

    async def _first(self, kind: str, judging: Coroutine[object, object, Judged]) -> bool:
        self._forget()
        if self._half is not None:
            judging.close()
            return self._refuse(kind)
        # Before the judge looks: a password that is replaced meanwhile was proven before that.
        self.began = datetime.now(UTC)
        found = await self._ask(judging)
        if found is None:
            return self._refuse(kind)
        self._observe(kind, True)
        if isinstance(found, HalfProven):
            self._half, self._partial = found, True
            return False
        self._claim = found
        return True

    # -- keyboard-interactive: a password, or the second factor

    def challenge(self) -> Challenge:
        """What to ask next."""
        self._forget()
        self._asked = "code" if self.half else "password"
        return _CODE if self.half else _PASSWORD

    async def answer(self, username: str, answers: list[str]) -> Challenge | bool:
        """Judge the answer to the last question, which is asked once."""
        asked, self._asked = self._asked, ""
        if len(answers) != 1 or not asked:
            return self._refuse("keyboard-interactive")
        if asked == "code":
            return await self._second(answers[0])
        if await self.password(username, answers[0]):
            return True
        if not self._partial:
            return False
        # The exchange goes on, so nothing needs to be said of a part.
        self._partial = False
        return self.challenge()

    async def _second(self, code: str) -> bool:
        half = self._half
        if half is None or not self._belongs(half):
            return self._refuse("code")
        self._codes += 1
        if self._codes > MAX_CODES:
            raise asyncssh.DisconnectError(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "too many wrong codes"
            )
        found = await self._ask(self._auth.second_factor(half, code, self.address))
        if not isinstance(found, Principal) or found.account != half.who.account:
            return self._refuse("code")
        self._observe("code", True)
        self._claim, self._half = found, None
        return True

    def _belongs(self, half: HalfProven) -> bool:
        return half.who.account == self._username

    # -- what all share

    @property
    def address(self) -> str:
        """Where the client is."""
        peer = self._conn.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    async def _ask(self, judging: Coroutine[object, object, Judged]) -> Judged:
        try:
            found = await judging
        except (TooManyAttemptsError, BusyError):
            return None
        except Exception as error:  # noqa: BLE001 - whatever the judge's trouble, nobody gets in
            _log.error("authenticator failed: %s", type(error).__name__)
            return None
        if isinstance(found, Principal) and not permits(
            found.roles, SFTP_SESSION, factor=found.factor
        ):
            return None
        return found

    def _forget(self) -> None:
        self._claim, self._partial = None, False

    def _refuse(self, kind: str) -> bool:
        self._observe(kind, False)
        self._failed()
        return False

    def _fail(self, partial: bool) -> None:
        said, self._partial = partial or self._partial, False
        self._say_failure(said)
