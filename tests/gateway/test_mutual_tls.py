"""Client certificates on HTTPS: the directory's judge behind a listener, driven by ``curl``."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from argon2 import PasswordHasher
from cryptography.x509.oid import ExtendedKeyUsageOID

from config.operations import Role
from config.settings import Limits
from gateway.client_certificates import certificate_pin, key_pin, pins_of
from gateway.directory import Directory
from gateway.directory_credentials import new_token
from gateway.directory_queries import DirectoryReader
from gateway.directory_types import CredentialKind, DirectoryError, NewCredential
from gateway.edge_tls import EdgeTls
from gateway.identity import DirectoryAuthenticator
from gateway.migrations import upgrade
from gateway.store.database import Database, open_database
from gateway.throttle import Throttle
from gateway.tls_pair import Pair
from tests.support.simulated_gateway import SimulatedGateway, SimulatedMailbox
from tests.support.tls_clients import DAY, Authority, Client
from transports.https import HttpsOptions, HttpsService, build_app, serve_https
from transports.ports import Principal

ME = "person:dana"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
SEND = frozenset({Role.SENDER})
TOKEN, TOKEN_PROOF = new_token()
OTHER_TOKEN, OTHER_PROOF = new_token()

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def bot(authority: Authority) -> Client:
    return authority.issue("clinic-bot")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.db'}", create=True)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def directory(database: Database, bot: Client) -> Directory:
    made = Directory(database)
    made.add_partner("clinic", "", ME)
    pin = certificate_pin(bot.certificate.read_text())
    made.add_account("clinic-bot", "clinic", SEND, ME, [pin, TOKEN_PROOF])
    made.add_account("other-bot", "clinic", SEND, ME, [OTHER_PROOF])
    return made


@dataclass
class Site:
    judge: DirectoryAuthenticator
    service: HttpsService
    authority: Authority

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.service.port}/v1/routes"

    async def curl(self, client: Client | None, token: str = "") -> tuple[int, str]:
        """The HTTP status, 0 where TLS ended it, and the body."""
        shown = ["--cert", client.certificate, "--key", client.key] if client else []
        header = ["-H", f"Authorization: Bearer {token}"] if token else []
        words = ["-sS", "--cacert", self.authority.bundle, "-w", "\n%{http_code}", *shown, *header]
        process = await asyncio.create_subprocess_exec(
            "curl", *map(str, words), self.url,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(60):
            output, _ = await process.communicate()
        body, _, status = output.decode().rpartition("\n")
        return int(status), body


@pytest.fixture
async def site(
    directory: Directory, database: Database, authority: Authority
) -> AsyncIterator[Site]:
    judge = DirectoryAuthenticator(
        DirectoryReader(database), Throttle(database, Limits()), hasher=QUICK
    )
    gateway = SimulatedGateway()
    options = HttpsOptions()
    app = build_app(options, judge, gateway, SimulatedMailbox(gateway))
    pair = Pair(*authority.server())
    tls = EdgeTls(lambda: pair, authority.bundle)
    tls.take_client_cas()  # so that nothing holds of the first context alone
    service = await serve_https(options, app, tls.context)
    yield Site(judge, service, authority)
    await service.stop(0.2)
    judge.close()


async def test_curl_logs_in_with_a_pinned_certificate_and_no_token(site: Site, bot: Client) -> None:
    assert await site.curl(bot) == (200, '{"routes": ["claims", "totals"]}')


async def test_a_token_still_logs_in_where_no_certificate_is_shown(site: Site) -> None:
    assert (await site.curl(None, TOKEN))[0] == 200
    assert (await site.curl(None))[0] == 401


async def test_a_certificate_and_a_token_of_one_account_go_together(
    site: Site, bot: Client
) -> None:
    assert (await site.curl(bot, TOKEN))[0] == 200


async def test_a_certificate_and_a_token_of_different_accounts_are_refused(
    site: Site, bot: Client
) -> None:
    status, body = await site.curl(bot, OTHER_TOKEN)
    assert status == 401
    assert "different accounts" in body


async def test_a_wrong_token_is_refused_though_the_certificate_is_right(
    site: Site, bot: Client
) -> None:
    status, body = await site.curl(bot, "lz_wrong")
    assert status == 401
    assert "token isn't valid" in body


async def test_a_certificate_of_the_ca_that_is_pinned_to_nobody_is_refused(site: Site) -> None:
    stranger = site.authority.issue("clinic-bot")
    for token in ("", TOKEN):
        status, body = await site.curl(stranger, token)
        assert status == 401
        assert "isn't pinned" in body


@pytest.mark.parametrize(
    ("begins", "ends", "usage"),
    [
        (-2 * DAY, -DAY, ExtendedKeyUsageOID.CLIENT_AUTH),
        (DAY, 2 * DAY, ExtendedKeyUsageOID.CLIENT_AUTH),
        (-DAY, DAY, ExtendedKeyUsageOID.SERVER_AUTH),
    ],
    ids=["expired", "not yet valid", "not for clients"],
)
async def test_tls_ends_with_a_certificate_that_does_not_serve(
    site: Site, begins: timedelta, ends: timedelta, usage: object
) -> None:
    client = site.authority.issue("bad", begins=begins, ends=ends, usage=usage)  # type: ignore[arg-type]  # an OID
    assert (await site.curl(client))[0] == 0


async def test_tls_ends_with_a_pinned_certificate_of_another_ca(
    site: Site, directory: Directory, tmp_path: Path
) -> None:
    client = Authority(tmp_path, "Strange CA").issue("clinic-bot")
    directory.add_credential("clinic-bot", certificate_pin(client.certificate.read_text()), ME)
    assert (await site.curl(client))[0] == 0


async def test_a_renewed_certificate_fits_a_pinned_key_and_not_a_pinned_certificate(
    site: Site, directory: Directory, bot: Client
) -> None:
    renewed = site.authority.issue("clinic-bot", key=bot.private)
    assert (await site.curl(renewed))[0] == 401
    directory.add_credential("clinic-bot", key_pin(renewed.certificate.read_text()), ME)
    assert (await site.curl(renewed))[0] == 200


@pytest.mark.parametrize("what", ["credential", "account", "partner"])
async def test_revocation_works_in_an_open_connection(
    site: Site, directory: Directory, bot: Client, what: str
) -> None:
    tls = ssl.create_default_context(cafile=str(site.authority.bundle))
    tls.load_cert_chain(bot.certificate, bot.key)
    connector = aiohttp.TCPConnector(ssl=tls, limit=1)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with session.get(site.url) as answer:
            assert answer.status == 200
        if what == "credential":
            directory.remove_credential("clinic-bot", bot.fingerprint, ME)
        elif what == "account":
            directory.enable_account("clinic-bot", ME, enabled=False)
        else:
            directory.enable_partner("clinic", ME, enabled=False)
        async with session.get(site.url) as answer:
            assert answer.status == 401


def resumed(port: int, authority: Authority, client: Client, version: ssl.TLSVersion) -> bool:
    """Whether a second connection went on with the session of the first."""
    context = ssl.create_default_context(cafile=str(authority.bundle))
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(client.certificate, client.key)
    session = None
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as tls,
        ):
            tls.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert tls.recv(12) == b"HTTP/1.1 200"
            session, again = tls.session, tls.session_reused
    return bool(again)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_no_session_is_resumed(site: Site, bot: Client, version: ssl.TLSVersion) -> None:
    port = site.service.port
    assert not await asyncio.to_thread(resumed, port, site.authority, bot, version)


async def test_the_principal_names_the_certificate(site: Site, bot: Client) -> None:
    who = await site.judge.client_certificate(bot.der, "192.0.2.1")
    assert who == Principal("clinic-bot", "clinic", SEND)
    assert who is not None
    assert who.credential == bot.fingerprint


@pytest.mark.parametrize("der", [b"", b"0", b"0\x82\xff\xff"])
async def test_what_is_no_certificate_is_nobodys(site: Site, der: bytes) -> None:
    assert await site.judge.client_certificate(der, "192.0.2.1") is None


def test_a_certificate_that_ended_since_the_handshake_fits_nothing(bot: Client) -> None:
    now = datetime.now(UTC)
    assert len(pins_of(bot.der, now)) == 2
    assert pins_of(bot.der, now + 2 * DAY) == ()
    assert pins_of(bot.der, now - 2 * DAY) == ()


def test_a_certificate_stands_for_one_account(directory: Directory, bot: Client) -> None:
    pin = certificate_pin(bot.certificate.read_text())
    with pytest.raises(DirectoryError, match="account clinic-bot already"):
        directory.add_credential("other-bot", pin, ME)


def test_a_certificate_and_its_key_pinned_to_different_accounts_are_nobodys(
    directory: Directory, database: Database, bot: Client
) -> None:
    directory.add_credential("other-bot", key_pin(bot.certificate.read_text()), ME)
    found = DirectoryReader(database).pinned_login(pins_of(bot.der, datetime.now(UTC)))
    assert (found.account, found.secrets) == (None, ())


def test_a_pin_ends_with_its_certificate(
    directory: Directory, database: Database, bot: Client
) -> None:
    pins = pins_of(bot.der, datetime.now(UTC))
    later = DirectoryReader(database, lambda: datetime.now(UTC) + 2 * DAY)
    assert later.pinned_login(pins).account is None


def test_a_pin_says_whose_it_is_and_no_secret(bot: Client) -> None:
    pin = certificate_pin(bot.certificate.read_text())
    assert (pin.kind, pin.fingerprint) == (CredentialKind.CLIENT_CERTIFICATE, bot.fingerprint)
    assert pin.comment == "CN=clinic-bot"


def refused(text: str) -> str:
    with pytest.raises(DirectoryError) as caught:
        certificate_pin(text, "c.pem")
    assert "c.pem" in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_client_certificate_is_refused_with_the_reason(
    authority: Authority, bot: Client
) -> None:
    text = bot.certificate.read_text()
    assert "private key" in refused(text + bot.key.read_text())
    assert "2 certificates" in refused(text + authority.bundle.read_text())
    assert "no whole PEM" in refused("hello")
    assert "no whole PEM" in refused(text[:-60])
    expired = authority.issue("old", begins=-2 * DAY, ends=-DAY)
    assert "expired on" in refused(expired.certificate.read_text())
    server = authority.issue("web", usage=ExtendedKeyUsageOID.SERVER_AUTH)
    assert "isn't for clients" in refused(server.certificate.read_text())


def test_pins_do_not_replace_each_other(directory: Directory, database: Database) -> None:
    pins = [NewCredential(CredentialKind.CLIENT_KEY, digit * 64, digit * 64) for digit in "12"]
    for pin in pins:
        directory.add_credential("clinic-bot", pin, ME)
    held = [c.fingerprint for c in DirectoryReader(database).credentials()]
    assert {"1" * 64, "2" * 64} <= set(held)
