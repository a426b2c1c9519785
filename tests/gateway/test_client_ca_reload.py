"""The CAs of client certificates change while the listener runs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.edge_tls import EdgeTls
from gateway.tls_pair import Pair
from tests.support.tls_clients import Authority, Client


class Listener:
    """Does TLS as an edge does, and says who was there."""

    def __init__(self, authority: Authority, bundle: Path) -> None:
        self.bundle = bundle
        self.pair = Pair(*authority.server())
        self.tls = EdgeTls(lambda: self.pair, bundle)
        self._authority = authority

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._greet, "127.0.0.1", 0, ssl=self.tls.context)

    async def _greet(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.write(b"known" if shown else b"nobody")
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def meet(
        self,
        client: Client | None,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        name: str | None = None,
    ) -> tuple[str, int]:
        """What the client hears, "" if it is turned away, and the server certificate's serial."""
        context = ssl.create_default_context(cafile=str(self._authority.bundle))
        context.minimum_version = context.maximum_version = version
        context.check_hostname = False
        if client:
            context.load_cert_chain(client.certificate, client.key)
        port = self.server.sockets[0].getsockname()[1]
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, server_hostname=name or "127.0.0.1"
            )
            shown = writer.get_extra_info("peercert")
            said = (await reader.read()).decode()
            writer.close()
        except (ssl.SSLError, ConnectionError):
            return "", 0
        return said, int(shown["serialNumber"], 16)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "Payer CA")


@pytest.fixture
async def listener(authority: Authority, tmp_path: Path) -> AsyncIterator[Listener]:
    bundle = tmp_path / "client-ca.pem"
    bundle.write_bytes(authority.bundle.read_bytes())
    made = Listener(authority, bundle)
    await made.start()
    yield made
    made.server.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", [None, "gateway.example"], ids=["without SNI", "with SNI"])
async def test_handshakes_go_by_the_bundle_that_is_there_now(
    listener: Listener,
    authority: Authority,
    other: Authority,
    version: ssl.TLSVersion,
    name: str | None,
) -> None:
    former, present = authority.issue("clinic-bot"), other.issue("payer-bot")

    async def heard() -> list[str]:
        clients = (former, present, None)
        return [(await listener.meet(client, version, name))[0] for client in clients]

    assert await heard() == ["known", "", "nobody"]
    listener.bundle.write_bytes(other.bundle.read_bytes())
    assert await heard() == ["known", "", "nobody"], "not before it is taken up"
    listener.tls.take_client_cas()
    assert await heard() == ["", "known", "nobody"]
    listener.bundle.write_bytes(authority.bundle.read_bytes() + other.bundle.read_bytes())
    listener.tls.take_client_cas()
    assert await heard() == ["known", "known", "nobody"]


@pytest.mark.parametrize("content", ["", "no certificate", "cut"])
async def test_a_bundle_that_cannot_be_read_changes_nothing_and_keeps_no_renewal_out(
    listener: Listener, authority: Authority, other: Authority, content: str
) -> None:
    bot = authority.issue("clinic-bot")
    whole = authority.bundle.read_text() + other.bundle.read_text()
    listener.bundle.write_text(whole[:-100] if content == "cut" else content)
    with pytest.raises((OSError, ssl.SSLError, ValueError)):
        listener.tls.take_client_cas()
    said, before = await listener.meet(bot)
    listener.pair = Pair(*authority.server())
    listener.tls.take_pair()
    again, after = await listener.meet(bot)
    assert (said, again) == ("known", "known")
    assert before != after
    assert (await listener.meet(other.issue("payer-bot")))[0] == ""
