"""A console on a real database, and people who use it as curl or a browser would."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer, unused_port
from argon2 import PasswordHasher

from config.console import Console
from config.operations import PARTNER_ROLES, Role
from config.settings import Limits
from gateway.console.application import build
from gateway.console.desk import Desk
from gateway.console.judge import ConsoleJudge
from gateway.console.oidc_client import OidcClient
from gateway.console.oidc_outside import HttpOutside
from gateway.console.operations import Books
from gateway.console.passkey_store import Passkeys
from gateway.console.sessions import Sessions
from gateway.console.webauthn import Party, challenge, creation, handle_of, registered
from gateway.decisions import Decisions
from gateway.directory import Directory
from gateway.directory_credentials import oidc_subject
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, NewCredential
from gateway.identity import DirectoryAuthenticator
from gateway.ledger.clock import utc_now
from gateway.ledger.export import exported
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.lifecycle import EventKind, State
from gateway.migrations import upgrade
from gateway.ports import Changes, Event, Transfer
from gateway.second_factors import SecondFactors
from gateway.store.database import open_database
from gateway.throttle import Throttle
from tests.support.authenticator import Authenticator
from tests.support.provider_process import CLIENT, SECRET
from transports.observer import NullObserver

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery staple"
REASON = "name in free text at NTE#1"


class _Derived:
    """The site's key-encryption key, as far as second factors know of it."""

    def derive(self, purpose: bytes) -> bytes:
        return hashlib.sha256(purpose).digest()


@dataclass
class Turned:
    """The time, and how far it was put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    data: Any
    cookies: SimpleCookie

    @property
    def slug(self) -> str:
        """Of a problem."""
        return str(self.data["type"]).rpartition(":")[2]


@dataclass
class Person:
    """Somebody with a cookie jar of their own."""

    bench: ConsoleBench
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    async def ask(self, method: str, path: str, data: object = None, **headers: str) -> Reply:
        """A request with cookies and CSRF token; ``headers`` have _ for -, "" to leave out."""
        given = {"Host": self.bench.host, "X-CSRF-Token": self.csrf}
        if data is not None:
            given["Content-Type"] = "application/json"
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        given = {name: value for name, value in given.items() if value}
        url = self.bench.server.make_url(path)
        async with self.bench.http.request(
            method, url, data=None if data is None else json.dumps(data), headers=given,
            allow_redirects=False,
        ) as answer:  # fmt: skip
            body = await answer.read()
            data = _json(body) if "json" in answer.content_type else body.decode()
            reply = Reply(answer.status, answer.headers, data, answer.cookies)
        for name, morsel in reply.cookies.items():
            self.cookies[name] = morsel.value
            if morsel["max-age"] == "0":
                del self.cookies[name]
        if isinstance(reply.data, dict) and "csrf" in reply.data:
            self.csrf = reply.data["csrf"]
        return reply

    async def get(self, path: str) -> Reply:
        return await self.ask("GET", path)

    async def post(self, path: str, data: object = None, **headers: str) -> Reply:
        return await self.ask("POST", path, {} if data is None else data, **headers)

    async def sign_in(self, account: str, password: str = PASSWORD) -> Reply:
        return await self.post("/v1/session/password", {"account": account, "password": password})

    async def passkey(self, device: Authenticator, path: str = "/v1/session/passkey") -> Reply:
        """Sign in, or prove the second factor, by ``device``."""
        options = (await self.post(f"{path}/options")).data["publicKey"]
        return await self.post(path, device.get(options, self.bench.party.origin))


def _json(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(body) if body.strip() else None


class ConsoleBench:
    """A console with an account of every role, named like it."""

    def __init__(self, root: Path, settings: Console) -> None:
        """``root`` has a copy of what :func:`make_books` made."""
        self.database = open_database(f"sqlite:///{root / 'lazaretto.db'}")
        self.clock = Turned()
        self.settings = settings
        self.directory = Directory(self.database)
        self.reader = DirectoryReader(self.database)
        self.ledger = SqlLedger(self.database)
        self.transfers = SqlTransfers(self.database)
        self.refused: list[tuple[str, str]] = []
        self.passkeys = Passkeys(self.database)
        self.throttle = Throttle(self.database, Limits(), self.clock)
        self.authenticator = DirectoryAuthenticator(self.reader, self.throttle, hasher=QUICK)
        self.codes = SecondFactors(self.database, _Derived(), self.throttle, self.clock)
        self._outside = HttpOutside(frozenset({"127.0.0.1"}))

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """Plain unless told otherwise, and taken for the site's address whatever its port is."""
        own = self.settings
        port = unused_port() if tls else 8444
        self.sessions = Sessions(
            self.database,
            timedelta(minutes=own.idle_minutes),
            timedelta(hours=own.longest_hours),
            self.clock,
        )
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self.party = Party("localhost", "Lazaretto", f"https://localhost:{port}")
        self.host = f"localhost:{port}"
        oidc = OidcClient(own.oidc, SECRET, self._outside) if own.oidc.issuer else None
        self.desk = Desk(
            settings=own,
            sessions=self.sessions,
            passkeys=self.passkeys,
            codes=self.codes,
            judge=ConsoleJudge(self.authenticator, self.reader, self.throttle),
            party=self.party,
            oidc=oidc,
            observer=NullObserver(),
            refused=lambda method, account: self.refused.append((method, account)),
            clock=self.clock,
        )
        decisions = Decisions(self.ledger, self.transfers, lambda _text: None)
        self.books = Books(self.database, self.ledger, self.transfers, decisions)
        self.app = build(self.desk, self.books)
        self.server = TestServer(self.app, port=port if tls else None)
        await self.server.start_server(ssl=tls)

    async def close(self) -> None:
        await self.http.close()
        await self.server.close()
        self.authenticator.close()
        self.database.close()

    def person(self) -> Person:
        return Person(self)

    async def signed_in(self, account: str) -> Person:
        """Somebody with a password behind them, and nothing else."""
        person = self.person()
        assert (await person.sign_in(account)).status == 200
        return person

    def device(self, account: str) -> Authenticator:
        """A passkey of the account's, registered by an administrator's hand."""
        device, asked = Authenticator(), challenge()
        made = creation(self.party, account, handle_of(account), asked, ())
        answer = device.create(made, self.party.origin)
        self.passkeys.add(account, registered(self.party, asked, answer), "key ring")
        return device

    async def proven(self, account: str) -> Person:
        """Somebody who signed in with a passkey."""
        device, person = self.device(account), self.person()
        reply = await person.passkey(device)
        assert reply.status == 200, reply.data
        return person

    def bind(self, account: str, subject: str) -> None:
        proof = oidc_subject(self.settings.oidc.issuer, subject)
        self.directory.add_credential(account, proof, "system")

    def held(self, reason: str = REASON) -> str:
        """The id of a transfer that is held."""
        return hold_one(self.ledger, reason)

    def log(self) -> list[dict[str, Any]]:
        """Every event."""
        lines = [json.loads(line) for line in exported(self.database)]
        return [line.get("event", line) for line in lines]


def hold_one(ledger: SqlLedger, reason: str = REASON) -> str:
    """The id of a transfer that is held from now on."""
    now = utc_now()
    new = Transfer(
        id="t_1", route="claims", sender="clinic", account="sender", recipient="payer",
        state=State.RECEIVING, created=now, changed=now, data_key=b"", name=b"", name_digest="",
        blob="",
    )  # fmt: skip
    ledger.begin(new, Event(EventKind.BEGUN, "account:sender"))
    staged = Changes(size=4, sha256="a" * 64)
    ledger.advance(new.id, Event(EventKind.STAGED, "account:sender", {}, staged))
    why = Changes(verdict="hold", reasons=(reason,))
    ledger.advance(new.id, Event(EventKind.HELD, "worker:1", {}, why))
    return new.id


def make_books(root: Path) -> Path:
    """A database with an account of every role; made once, since its migrations take long."""
    path = root / "lazaretto.db"
    database = open_database(f"sqlite:///{path}", create=True)
    upgrade(database)
    directory = Directory(database)
    directory.add_partner("clinic", "", "system")
    for role in Role:
        partner = "clinic" if role in PARTNER_ROLES else ""
        directory.add_account(str(role), partner, {role}, "system", [password_proof()])
    database.close()
    return path


def password_proof() -> NewCredential:
    return NewCredential(CredentialKind.PASSWORD, QUICK.hash(PASSWORD), "password")


def plain_settings(**more: object) -> Console:
    return Console.model_validate({"enabled": True, **more})


def with_provider(issuer: str, **more: object) -> Console:
    oidc = {"issuer": issuer, "client_id": CLIENT, **more}
    return plain_settings(oidc=oidc)
