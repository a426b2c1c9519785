"""Secrets don't reach what objects say of themselves, logs, or tracebacks."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import pytest
from pydantic import BaseModel

import config
import dlp
import gateway
import keys
import transports
from config.contracts import Rules
from config.settings import Settings
from dlp.budget import Budget
from gateway.cli.common import DEBUG_VARIABLE
from gateway.cli.main import _explain
from gateway.ledger.note import Signer
from gateway.payloads import Payload
from gateway.sandbox import clean_environment
from gateway.scan_job import Job
from keys.kek import LocalKek
from keys.openpgp import generate_gateway_key
from keys.openpgp_open import MessageOpener
from keys.segments import SegmentWriter
from keys.site import generate_log_key
from tests.support.works import policy

SECRET: Final = b"hush-hush-hush-hush-hush-hush-32"
NAMED: Final = re.compile(
    r"(^|_)(key|keys|secret|secrets|password|token|pin|pseudonyms|kek|credential|seed|code|codes)$"
)
SHOWN: Final = {
    # Names, places and public halves of keys, and what is wrapped or only a label.
    "config.contracts.Rules.protected_codes": "code sets",
    "config.keys.Pkcs11.token": "a token's label",
    "config.keys.Vault.key": "a key's name",
    "config.keys.AwsKms.key": "a key's name",
    "gateway.console.oidc_provider.Provider.token": "an address",
    "gateway.console.oidc_provider.Provider.keys": "an address",
    "gateway.console.sessions.Proof.credential": "a credential's id",
    "gateway.console.webauthn.Passkey.public_key": "public",
    "gateway.directory_types.Authority.key": "public",
    "gateway.initialise.Made.kek": "a key's id",
    "gateway.lifecycle.Sealed.recipient_key": "a fingerprint",
    "gateway.ports.Transfer.data_key": "wrapped by the key-encryption key",
    "gateway.ports.Transfer.recipient_key": "a fingerprint",
    "gateway.ports.Transfer.credential": "a credential's id",
    "transports.ports.Principal.credential": "a credential's id",
    "transports.ports.HalfProven.credential": "a credential's id",
    "transports.ssh_certificate.UserCertificate.key": "public",
}


def modules() -> Iterator[ModuleType]:
    for package in (config, dlp, gateway, keys, transports):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in found.name and "migrations." not in found.name:
                yield importlib.import_module(found.name)


def shown_fields(kind: type) -> Iterator[tuple[str, str]]:
    """Name and type of every field that stands in the object's repr."""
    if dataclasses.is_dataclass(kind):
        yield from ((f.name, str(f.type)) for f in dataclasses.fields(kind) if f.repr)
    elif issubclass(kind, BaseModel):
        yield from ((n, str(f.annotation)) for n, f in kind.model_fields.items() if f.repr)
    elif issubclass(kind, tuple) and hasattr(kind, "_fields") and "__repr__" not in vars(kind):
        yield from ((n, str(kind.__annotations__.get(n))) for n in kind._fields)


def test_what_is_called_a_secret_is_not_in_the_repr() -> None:
    found = set()
    for module in modules():
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                found |= {
                    f"{module.__name__}.{name}.{field}"
                    for field, type_ in shown_fields(kind)
                    if NAMED.search(field) and re.search(r"\b(bytes|str)\b", type_)
                }  # fmt: skip
    shown = found - set(SHOWN)
    assert not shown, "give it field(repr=False), or say in SHOWN why it is no secret"


@pytest.fixture(scope="module")
def holders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, bytes]]:
    """Objects that hold a secret, each with the secret."""
    kek_file = tmp_path_factory.mktemp("keys") / "kek.key"
    kek = LocalKek.generate(kek_file)
    words = max(re.findall(rb"[A-Za-z0-9+/=_-]{40,}", kek_file.read_bytes()), key=len)
    log_key, _ = generate_log_key()
    pem = b"".join(log_key.splitlines()[1:-1])
    openpgp = generate_gateway_key("Gateway <gateway@example.org>")
    contract = policy().contracts["totals"]
    url = f"postgresql://gateway:{SECRET.decode()}@db/lazaretto"
    return {
        "key-encryption key": (kek, words),
        "log's key": (Signer.from_pem(log_key, "example.org/log"), pem),
        "OpenPGP key": (MessageOpener(openpgp), openpgp[200:232]),
        "scan job": (Job(SECRET, b"t_1", "a.csv", contract, SECRET, Budget(), SECRET), SECRET),
        "rules": (Rules(digest_key=SECRET), SECRET),
        "payload": (Payload(3, SECRET, b"t_1", "a.csv"), SECRET),
        "writer of segments": (SegmentWriter(SECRET, b"t_1"), SECRET),
        "settings": (Settings(database_url=url), SECRET),
    }


@pytest.mark.parametrize(
    "what",
    ["key-encryption key", "log's key", "OpenPGP key", "scan job", "rules", "payload",
     "writer of segments", "settings"],
)  # fmt: skip
def test_what_holds_a_secret_does_not_show_it(
    holders: dict[str, tuple[object, bytes]], what: str
) -> None:
    held, secret = holders[what]
    forms = {secret.hex(), repr(secret)[2:-1]}
    for said in (repr(held), str(held), f"{held}", f"{[held]}"):
        assert not any(form in said for form in forms)


CRASH: Final = """
import asyncio, sys, threading
from config.settings import Logging
from gateway import logs

logs.configure(Logging(format="json"), sys.argv[1])

def crash(secret):
    local = secret.upper()
    raise ValueError("patient " + secret + local)

async def task():
    asyncio.get_running_loop().create_task(other())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

async def other():
    crash("hush-hush")

class Dying:
    def __del__(self):
        crash("hush-hush")

thread = threading.Thread(target=crash, args=("hush-hush",))
thread.start()
thread.join()
asyncio.run(task())
Dying()
crash("hush-hush")
"""


def test_a_crash_in_a_process_logs_no_value() -> None:
    """In its main thread, another thread, a task that nobody awaits, and a finalizer."""
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", CRASH, "edge"], env=clean_environment(),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert said.count("ValueError") == 4
    assert said.count(" crash") == 4, "the places are there"
    assert "hush" not in said.lower()
    assert "patient" not in said


def test_debugging_shows_places_and_no_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, "1")

    def crash(secret: str) -> Any:  # noqa: ANN401 - it never returns
        try:
            int(secret)
        except ValueError as error:
            raise KeyError(secret) from error

    with pytest.raises(KeyError) as raised:
        crash("hush-hush")
    assert _explain(raised.value) == 1
    said = capsys.readouterr().err
    assert "in crash" in said
    assert "ValueError" in said
    assert "KeyError" in said
    assert "'hush-hush'" not in said.replace('crash("hush-hush")', "")
