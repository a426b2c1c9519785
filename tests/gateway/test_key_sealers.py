"""Who guards the key file: a module, Vault and KMS. SoftHSM and moto are real programs of others;
Vault is simulated by its documented API, since no real one can be had here.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.server import ThreadedMotoServer
from pydantic import ValidationError

from config.keys import AwsKms, Keys, Pkcs11, Vault
from gateway.keyring import sealer_of
from gateway.keyring.aws_kms import AwsKmsSealer
from gateway.keyring.vault import VaultSealer
from keys.kek import LocalKek, reseal
from keys.sealer import DIGEST, WRAP, KekError, KeySealer
from keys.site import generate_tls

KEY = bytes(range(32))
TOKEN = "hvs.CANARYTOKEN"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")


class SimulatedVault:
    """Vault's transit engine: https://developer.hashicorp.com/vault/api-docs/secret/transit."""

    def __init__(self, directory: Path) -> None:
        certificate, key = generate_tls("vault", ["localhost"])
        self.ca = directory / "vault.crt"
        self.ca.write_bytes(certificate)
        (directory / "vault.key").write_bytes(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, directory / "vault.key")
        self.answer: tuple[int, bytes] | None = None
        self.asked: list[tuple[str, Any]] = []
        self.keys = {1: AESGCM(os.urandom(32))}
        vault = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = vault.respond(self.path, self.headers["X-Vault-Token"], body)
                self.send_response(status)
                self.send_header("Location", "https://elsewhere.example/")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def respond(self, path: str, token: str, body: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, body))
        if self.answer:
            return self.answer
        if token != TOKEN:
            return 403, b'{"errors":["permission denied"]}'
        bound = base64.b64decode(body["associated_data"])
        if path == "/v1/transit/encrypt/lazaretto":
            version, nonce = max(self.keys), os.urandom(12)
            plain = base64.b64decode(body["plaintext"])
            sealed = nonce + self.keys[version].encrypt(nonce, plain, bound)
            text = f"vault:v{version}:{base64.b64encode(sealed).decode()}"
            return 200, json.dumps({"data": {"ciphertext": text, "key_version": version}}).encode()
        if path == "/v1/transit/decrypt/lazaretto":
            version, sealed = self._parsed(body["ciphertext"])
            try:
                plain = self.keys[version].decrypt(sealed[:12], sealed[12:], bound)
            except InvalidTag:
                return 400, b'{"errors":["cipher: message authentication failed"]}'
            return 200, json.dumps(
                {"data": {"plaintext": base64.b64encode(plain).decode()}}
            ).encode()
        return 404, b'{"errors":[]}'

    @staticmethod
    def _parsed(text: str) -> tuple[int, bytes]:
        _, version, encoded = text.split(":")
        return int(version[1:]), base64.b64decode(encoded)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVault]:
    vault = SimulatedVault(tmp_path_factory.mktemp("vault"))
    yield vault
    vault.close()


@pytest.fixture
def vault(server: SimulatedVault) -> SimulatedVault:
    server.answer = None
    return server


@pytest.fixture
def through_vault(vault: SimulatedVault, tmp_path: Path) -> VaultSealer:
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(TOKEN + "\n")
    return VaultSealer(Vault(url=vault.url, token_file=token, ca_file=vault.ca, timeout=5))


@pytest.fixture(scope="module")
def through_kms() -> Iterator[AwsKmsSealer]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        # Settings take https:// alone; what is simulated here has no certificate.
        settings = AwsKms(key="alias/lazaretto", region="us-east-1").model_copy(
            update={"endpoint": f"http://{host}:{port}"}
        )
        sealer = AwsKmsSealer(settings)
        made = sealer._client.create_key()["KeyMetadata"]["KeyId"]
        sealer._client.create_alias(AliasName="alias/lazaretto", TargetKeyId=made)
        yield sealer
        sealer._client.close()
    server.stop()


@pytest.fixture(scope="module")
def through_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeySealer]:
    library = next((path for path in MODULES if Path(path).exists()), "")
    if not library or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM 2 isn't installed (softhsm2)")
    home = tmp_path_factory.mktemp("hsm")
    (home / "tokens").mkdir()
    (home / "conf").write_text(f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n")
    (home / "pin").touch(0o600)
    (home / "pin").write_text("4711\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(home / "conf"))
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "site", "--pin", "4711",
             "--so-pin", "0815"],
            check=True, capture_output=True,
        )  # fmt: skip
        from gateway.keyring.pkcs11 import Pkcs11Sealer  # noqa: PLC0415 - an extra

        own = Pkcs11(module=Path(library), token="site", pin_file=home / "pin")
        sealer = Pkcs11Sealer(own)
        sealer.make_key()
        yield sealer


@pytest.fixture(params=["through_vault", "through_kms", "through_module"])
def sealer(request: pytest.FixtureRequest) -> KeySealer:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return] # one of ours


def test_a_key_comes_back_under_its_purpose_alone(sealer: KeySealer) -> None:
    sealed = sealer.seal(KEY, WRAP)
    assert KEY not in sealed
    assert sealer.open(sealed, WRAP) == KEY
    with pytest.raises(KekError):
        sealer.open(sealed, DIGEST)


def test_damage_is_found(sealer: KeySealer) -> None:
    sealed = bytearray(sealer.seal(KEY, WRAP))
    sealed[-5] ^= 1
    with pytest.raises(KekError):
        sealer.open(bytes(sealed), WRAP)


def test_it_guards_a_key_file(sealer: KeySealer, tmp_path: Path) -> None:
    path = tmp_path / "kek.key"
    kek = LocalKek.generate(path)
    wrapped = kek.wrap(KEY, b"t")
    reseal(path, lambda _name: sealer, sealer)
    again = LocalKek.load(path, lambda _name: sealer, sealer.name)
    assert again.unwrap(wrapped, b"t") == KEY


def test_its_repr_and_its_refusals_hold_no_secret(
    through_vault: VaultSealer, vault: SimulatedVault
) -> None:
    vault.answer = (403, json.dumps({"errors": [f"bad token {TOKEN}"]}).encode())
    with pytest.raises(KekError, match="403") as caught:
        through_vault.seal(KEY, WRAP)
    assert "CANARY" not in f"{caught.value!r}{through_vault!r}"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b""), (200, b"[]"), (200, b"null"), (200, b'{"data": []}'), (200, b"[" * 60_000),
        (200, b'{"data": {"plaintext": "!"}}'), (200, b'{"data": {"plaintext": 7}}'),
        (307, b""), (404, b""), (503, b""), (500, b"x" * 100_000),
    ],
)  # fmt: skip
def test_whatever_a_server_answers_is_a_sentence(
    through_vault: VaultSealer, vault: SimulatedVault, status: int, answer: bytes
) -> None:
    vault.answer = (status, answer)
    before = len(vault.asked)
    with pytest.raises(KekError, match=vault.url):
        through_vault.open(b"vault:v1:AAAA", WRAP)
    assert len(vault.asked) == before + 1  # and no redirect is followed


def test_a_server_with_a_strangers_certificate_gets_no_token(
    vault: SimulatedVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    other = tmp_path / "other.crt"
    other.write_bytes(generate_tls("vault", ["localhost"])[0])
    before = len(vault.asked)
    with pytest.raises(KekError, match="can't be reached"):
        VaultSealer(Vault(url=vault.url, ca_file=other)).seal(KEY, WRAP)
    assert len(vault.asked) == before


def test_vault_opens_what_its_former_key_version_sealed(
    through_vault: VaultSealer, vault: SimulatedVault
) -> None:
    sealed = through_vault.seal(KEY, WRAP)
    vault.keys[max(vault.keys) + 1] = AESGCM(os.urandom(32))
    assert through_vault.open(sealed, WRAP) == KEY


def test_a_token_that_others_can_read_is_refused(vault: SimulatedVault, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o644)
    with pytest.raises(KekError, match="chmod 600"):
        VaultSealer(Vault(url=vault.url, token_file=token, ca_file=vault.ca)).seal(KEY, WRAP)


@pytest.mark.parametrize(
    "url", ["http://vault:8200", "https://me:pw@vault", "vault", "https://v/x"]
)
def test_vault_is_asked_over_https_alone(url: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        Vault(url=url)


def test_a_provider_needs_its_options() -> None:
    with pytest.raises(ValidationError, match="needs its options in a section 'aws-kms'"):
        Keys.model_validate({"provider": "aws-kms"})
    found = Keys.model_validate({"provider": "aws-kms", "aws-kms": {"key": "k", "region": "r"}})
    assert found.aws_kms
    assert sealer_of(Keys()) is None
