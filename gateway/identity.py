"""The one judge of identity, for every protocol.

Refused logins are counted and logged sparingly, and come on the ledger as a count a minute: whoever
can reach the port could else grow it without end (decision 0025).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.client_certificates import pins_of
from gateway.directory_credentials import HASHER, MAX_PASSWORD, ssh_fingerprint, token_digest
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, Login, Trust
from gateway.networks import admits
from gateway.ports import LedgerUnavailableError
from gateway.ssh_certificates import CertificateRefusedError, check, end_of, named
from gateway.throttle import of_account, of_name
from transports.ports import BusyError, Principal, TooManyAttemptsError
from transports.ssh_certificate import UserCertificate

T = TypeVar("T")
Observer = Callable[[str, bool], None]
"""Called with the method and whether it succeeded.

Methods: ``password``, ``ssh-key``, ``ssh-cert``, ``token``, ``client-cert``.
"""

Observed = Callable[[str, str], None]
"""Called for each refusal with the method and the account, "" if there is none of that name."""

HASHING_AT_ONCE: Final = 2
"""Each takes 64 MiB; guessing must not take the memory that transfers need."""

MAX_WAITING: Final = 64
"""Beyond that a password is refused unheard: a queue of guesses has no end otherwise."""

_BUSY_SECONDS: Final = 5.0
"""In which two threads get through more than half of such a queue."""

_LINES_A_MINUTE: Final = 30
_MINUTE: Final = 60.0
_MAX_TOKEN: Final = 256


class Throttling(Protocol):
    """Counts failures; :class:`gateway.throttle.Throttle` says what each means."""

    def wait(self, address: str) -> float:
        """Seconds until somebody from there is heard."""
        ...

    def charge(self, subject: str, address: str) -> float:
        """The same, and count an attempt if that is now."""
        ...

    def failed(self, subject: str, address: str) -> None:
        """What was charged was wrong."""
        ...

    def succeeded(self, subject: str, address: str) -> None:
        """What was charged was right."""
        ...

    def refused(self, address: str) -> None:
        """Count what wasn't charged."""
        ...


class DirectoryAuthenticator:
    """The judge of every first factor, on the directory.

    :class:`gateway.ssh_identity.SshAuthenticator` adds the second for SSH.

    ``close`` ends its threads.
    """

    def __init__(
        self,
        directory: DirectoryReader,
        throttle: Throttling,
        *,
        hasher: PasswordHasher = HASHER,
        observe: Observer = lambda _method, _ok: None,
        refused: Observed = lambda _method, _account: None,
    ) -> None:
        self._directory = directory
        self._throttle = throttle
        self._hasher = hasher
        self._observe = observe
        self._refused = refused
        self._lookups = ThreadPoolExecutor(2, thread_name_prefix="login")
        self._hashing = ThreadPoolExecutor(HASHING_AT_ONCE, thread_name_prefix="argon2")
        self._checks: set[asyncio.Task[Principal | None]] = set()
        # Verified for users that don't exist, so that they take as long as those that do.
        self._nobody = hasher.hash("nobody has this password")
        self._refusals = _Sparing()

    def close(self) -> None:
        """End the threads; what runs is finished first."""
        self._lookups.shutdown()
        self._hashing.shutdown()

    async def password(self, username: str, password: str, address: str) -> Principal | None:
        """The principal, or None for any failure whatever.

        Raises:
            BusyError: Too many wait for the hasher; not counted, since it is no guess.
            TooManyAttemptsError: Too many failures; not looked at.
        """
        if len(self._checks) >= MAX_WAITING:
            self._observe("password", False)
            self._refusals.log("login.busy", method="password", address=address)
            raise BusyError(_BUSY_SECONDS)
        return await self._to_its_end(self._password(username, password, address))

    async def _to_its_end(
        self, check: Coroutine[object, object, Principal | None]
    ) -> Principal | None:
        """Settle a guess though whoever made it leaves: none is free, and none is a lasting charge.

        Were it dropped, its charge would have to be dropped or kept: the one lets an attacker try
        without end, the other has a client pay that was right and lost its line.
        """
        task = asyncio.create_task(check)
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)
        return await asyncio.shield(task)

    async def _password(self, username: str, password: str, address: str) -> Principal | None:
        login = await self._find(lambda: self._directory.login(username, CredentialKind.PASSWORD))
        known = login.account if login else None
        subject = of_account(known.id) if known else of_name(username)
        if not await self._charged("password", subject, address):
            return None
        proven = await self._hash_fits(login, password)
        who = self._decide("password", login, address, proven=proven, credential="password")
        settle = self._throttle.succeeded if who else self._throttle.failed
        await self._find(lambda: settle(subject, address))
        return who

    async def public_key(self, username: str, key: bytes, address: str) -> Principal | None:
        """The principal if ``key`` (SSH wire format, RFC 4253 section 6.6) is one of theirs."""
        login = await self._find(lambda: self._directory.login(username, CredentialKind.SSH_KEY))
        blobs = [base64.b64decode(secret) for secret in login.secrets] if login else []
        # A list, not any(): every key is compared, so that the time says nothing of which fits.
        fits = [hmac.compare_digest(blob, key) for blob in blobs]
        fingerprint = ssh_fingerprint(key)
        return self._decide("ssh-key", login, address, proven=True in fits, credential=fingerprint)

    async def certificate(
        self, username: str, certificate: UserCertificate, address: str
    ) -> Principal | None:
        """The principal if an OpenSSH certificate of the partner's CAs is for this account."""
        login, trust = await self._trust(username)
        refusal = ""
        try:
            check(certificate, trust, address, datetime.now(UTC))
        except CertificateRefusedError as error:
            refusal = str(error)
        name = named(certificate)
        if refusal and certificate.authority in trust.authorities:
            # Of strangers' certificates nothing is logged: they write what they like into them.
            self._refusals.log("certificate.refused", credential=name, reason=refusal)
        who = self._decide("ssh-cert", login, address, proven=not refusal, credential=name)
        if who is None:
            return None
        names = frozenset(certificate.principals)
        return replace(who, expires=end_of(certificate), principals=names)

    async def token(self, token: str, address: str) -> Principal | None:
        """The principal an HTTPS API token belongs to, or None.

        The look-up is by the token's SHA-256: its time may tell of the hash, and that helps nobody
        to a token.
        """
        await self._heard("token", address)
        digest = token_digest(token[:_MAX_TOKEN])
        login = await self._find(lambda: self._directory.token_login(digest))
        proven = login is not None and digest in login.secrets
        fingerprint = f"sha256:{digest[:16]}"
        who = self._decide("token", login, address, proven=proven, credential=fingerprint)
        if who is None:
            await self._find(lambda: self._throttle.refused(address))
        return who

    async def client_certificate(self, der: bytes, address: str) -> Principal | None:
        """The principal that a TLS client certificate is pinned to, or None."""
        await self._heard("client-cert", address)
        pins = pins_of(der, datetime.now(UTC))
        login = await self._find(lambda: self._directory.pinned_login(pins)) if pins else None
        fitting = login.secrets[0] if login and login.secrets else ""
        who = self._decide("client-cert", login, address, proven=bool(fitting), credential=fitting)
        if who is None:
            await self._find(lambda: self._throttle.refused(address))
        return who

    async def _charged(self, method: str, subject: str, address: str) -> bool:
        """Whether an attempt is counted and may be looked at; not if it can't be counted.

        Raises:
            TooManyAttemptsError: It has to wait.
        """
        left = await self._find(lambda: self._throttle.charge(subject, address))
        self._check_wait(method, left, address)
        return left is not None

    async def _heard(self, method: str, address: str) -> None:
        """Return if somebody from there is heard.

        Raises:
            TooManyAttemptsError: Not now.
        """
        left = await self._find(lambda: self._throttle.wait(address))
        self._check_wait(method, left, address)

    def _check_wait(self, method: str, left: float | None, address: str) -> None:
        if left:
            self._observe(method, False)
            self._refusals.log("login.throttled", method=method, address=address)
            raise TooManyAttemptsError(left)

    async def _trust(self, username: str) -> tuple[Login | None, Trust]:
        def look() -> tuple[Login, Trust]:
            login = self._directory.login(username, CredentialKind.SSH_PRINCIPAL)
            return login, self._directory.trust(login)

        return await self._find(look) or (None, Trust((), (), ()))

    async def _hash_fits(self, login: Login | None, password: str) -> bool:
        stored = login.secrets[0] if login and login.secrets else self._nobody
        given = password.encode("utf-8", "surrogatepass")
        loop = asyncio.get_running_loop()
        fits = await loop.run_in_executor(self._hashing, self._verify, stored, given[:MAX_PASSWORD])
        return fits and stored is not self._nobody and len(given) <= MAX_PASSWORD

    def _verify(self, stored: str, given: bytes) -> bool:
        try:
            return self._hasher.verify(stored, given)
        except (VerificationError, InvalidHashError):
            return False

    async def _find(self, look: Callable[[], T]) -> T | None:
        """Look up on a thread; an unreachable database lets nobody in."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._lookups, look)
        except LedgerUnavailableError as error:
            self._refusals.log("login.unavailable", reason=str(error))
            return None

    def _decide(
        self, method: str, login: Login | None, address: str, *, proven: bool, credential: str
    ) -> Principal | None:
        account = login.account if login else None
        accepted = proven and login is not None and account is not None and admits(login, address)
        self._observe(method, accepted)
        if accepted and account is not None:
            return Principal(account.id, account.partner, account.roles, credential)
        self._refused(method, account.id if account else "")
        # Only names that we gave out: people type passwords where the user name goes.
        known = account.id if account else "(unknown)"
        self._refusals.log("login.refused", method=method, address=address, account=known)
        return None


class _Sparing:
    """A log that an attacker can't fill: so many lines a minute, then a count of the rest."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("gateway.identity")
        self._began = -_MINUTE
        self._lines = 0
        self._withheld = 0

    def log(self, event: str, **fields: str) -> None:
        now = time.monotonic()
        if now - self._began >= _MINUTE:
            if self._withheld:
                self._log.warning("login.lines_withheld", count=self._withheld)
            self._began, self._lines, self._withheld = now, 0, 0
        if self._lines >= _LINES_A_MINUTE:
            self._withheld += 1
            return
        self._lines += 1
        self._log.warning(event, **fields)
