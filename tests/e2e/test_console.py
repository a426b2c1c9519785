"""The console of a served gateway, by ``curl`` alone: no browser, no library of ours in between."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.operations import Role
from gateway.directory import Directory
from gateway.directory_credentials import password
from gateway.initialise import Wishes, initialise
from gateway.ledger.record import SqlLedger
from gateway.site import Site
from tests.support.console_bench import PASSWORD, hold_one
from tests.support.enrolled import ANY, command
from tests.support.oidc_provider import PASSWORD as PROVIDERS
from tests.support.provider_process import CLIENT, SECRET, ProviderProcess
from tests.support.running import Running

PROGRAM = Path(__file__).parent.parent / "ops" / "serve_program.py"
pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")


@dataclass
class Curl:
    """``curl`` with a cookie jar, trusting one certificate."""

    directory: Path
    trusted: Path
    csrf: str = ""
    sent: dict[str, str] = field(default_factory=dict)

    def __call__(self, url: str, *words: str, data: object = None) -> tuple[int, Any]:
        """Status and body; where it was sent to is in ``sent``."""
        more = list(words)
        if data is not None:
            more += ["--json", json.dumps(data)]
        if self.csrf:
            more += ["-H", f"X-CSRF-Token: {self.csrf}"]
        jar = str(self.directory / "jar")
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "60", "--cacert", str(self.trusted), "-b", jar, "-c", jar,
             "-D", str(self.directory / "headers"), "-w", "\n%{http_code}", *more, url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        lines = (self.directory / "headers").read_text().splitlines()
        pairs = (line.partition(": ") for line in lines if ": " in line)
        self.sent = {name.lower(): value for name, _, value in pairs}
        return int(status), body

    def ask(self, url: str, *words: str, data: object = None) -> tuple[int, Any]:
        """The same, of JSON."""
        status, body = self(url, *words, data=data)
        answer = json.loads(body) if body.strip() else None
        if isinstance(answer, dict) and "csrf" in answer:
            self.csrf = answer["csrf"]
        return status, answer


@dataclass
class Served:
    """A gateway with a console, its provider, and a held file."""

    site: Site
    provider: ProviderProcess
    running: Running
    held: str

    @property
    def base(self) -> str:
        port = self.running.state()["listen"]["console"].rpartition(":")[2]
        return f"https://localhost:{port}"


def configure(site: Site, issuer: str) -> None:
    text = site.paths.settings.read_text().replace("sandbox: strict", "sandbox: best-effort")
    text = text.replace("reserve: 1 GiB", "reserve: 1 MiB")
    before, after = text.split("console:\n", 1)
    after = after.replace("enabled: false", "enabled: true", 1)
    trusted = site.paths.tls_cert.relative_to(site.root)
    for key, value in (
        ("issuer", issuer),
        ("client_id", CLIENT),
        ("client_secret", "keys/console/oidc.secret"),
        ("authorities", str(trusted)),
    ):
        after = after.replace(f'    {key}: ""', f'    {key}: "{value}"', 1)
    after = after.replace("{amr: [], acr: []}", "{amr: [mfa], acr: []}", 1)
    site.paths.settings.write_text(f"{before}console:\n{after}")
    secret = site.paths.keys / "console" / "oidc.secret"  # where the fence keeps edges out
    secret.parent.mkdir(mode=0o700)
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="lz-") as root:
        listen = dict.fromkeys(("sftp", "https", "health", "metrics", "console"), ANY)
        site = initialise(Path(root) / "site", Wishes("localhost", listen, "")).site
        with ProviderProcess(site.paths.tls_cert, site.paths.tls_key) as provider:
            configure(site, provider.issuer)
            at = ("--site", site.root)
            command("account", "add", "anna", "--role", "approver", *at,
                    "--oidc-subject", "subject-of-anna")  # fmt: skip
            site = Site.open(site.root)
            database = site.database()
            Directory(database).add_account(
                "ben", "", {Role.AUDITOR}, "system", [password(PASSWORD)]
            )
            running = Running(site, PROGRAM, "serve", "--site", str(site.root))
            try:
                running.state()  # at its start a gateway looks for payloads, which this one hasn't
                held = hold_one(SqlLedger(database))
                yield Served(site, provider, running, held)
            finally:
                running.kill()
                database.close()


@pytest.fixture
def curl(tmp_path: Path, served: Served) -> Curl:
    served.provider.behave("well", claims={"amr": ["mfa"]}, trusted=served.site.paths.tls_cert)
    return Curl(tmp_path, served.site.paths.tls_cert)


def through_the_provider(curl: Curl, served: Served) -> tuple[int, Any]:
    """Sign in at the provider as a person would, following each step by hand."""
    status, _ = curl(f"{served.base}/v1/session/oidc")
    assert status == 303
    status, page = curl(curl.sent["location"])
    ticket = re.search(r'name="request" value="([^"]+)"', page)
    assert ticket
    form = ["--data-urlencode", f"request={html.unescape(ticket[1])}"]
    form += ["--data-urlencode", "user=anna", "--data-urlencode", f"password={PROVIDERS}"]
    status, _ = curl(f"{served.provider.issuer}/login", *form)
    assert status == 302
    return curl.ask(curl.sent["location"])


def test_a_person_signs_in_by_the_provider_and_decides(curl: Curl, served: Served) -> None:
    status, session = through_the_provider(curl, served)
    assert (status, session["account"], session["roles"]) == (200, "anna", ["approver"])
    assert session["second_factor"]["fresh"] is True
    status, holds = curl.ask(f"{served.base}/v1/holds")
    assert [one["transfer"] for one in holds["holds"]] == [served.held]
    here = f"{served.base}/v1/transfers/{served.held}"
    reason = {"reason": "counsel asked for it"}
    status, after = curl.ask(f"{here}/legal-hold", data=reason)
    assert (status, after["legal_hold"]) == (200, True), after
    status, told = curl.ask(f"{here}/legal-release", data={"reason": "mail jane.doe@example.com"})
    assert status == 409
    assert "jane" not in told["detail"]
    status, after = curl.ask(f"{served.base}/v1/holds/{served.held}/refuse", data=reason)
    assert (status, after["state"]) == (200, "refused")
    status, events = curl.ask(f"{here}/events")
    assert events["events"][-1]["actor"] == "person:anna"
    assert curl.ask(f"{served.base}/v1/session", "-X", "DELETE") == (204, None)
    assert curl.ask(f"{served.base}/v1/session")[0] == 401


def test_a_hostile_provider_is_refused(curl: Curl, served: Served) -> None:
    served.provider.behave("wrong-nonce", trusted=served.site.paths.tls_cert)
    status, refused = through_the_provider(curl, served)
    assert (status, refused["type"]) == (401, "urn:lazaretto:problem:oidc-nonce")
    assert curl.ask(f"{served.base}/v1/session")[0] == 401


def test_a_revocation_ends_a_session_that_is_open(curl: Curl, served: Served) -> None:
    base = served.base
    status, session = curl.ask(
        f"{base}/v1/session/password", data={"account": "ben", "password": PASSWORD}
    )
    assert (status, session["account"]) == (200, "ben")
    assert curl.ask(f"{base}/v1/holds")[0] == 200
    command("account", "disable", "ben", "--site", served.site.root)
    assert curl.ask(f"{base}/v1/holds")[0] == 401


def test_the_console_is_ready_on_loopback_alone_and_counted(curl: Curl, served: Served) -> None:
    curl.ask(f"{served.base}/v1/session/password", data={"account": "x", "password": "y"})
    status, checks = served.running.checks()
    assert (status, checks["console"]) == (200, {"ok": True})
    assert served.running.state()["listen"]["console"].startswith("127.0.0.1:")
    _, metrics = served.running.get("metrics", "/metrics")
    counted = 'lazaretto_logins_total{method="password",outcome="refused",protocol="console"}'
    assert counted in metrics
