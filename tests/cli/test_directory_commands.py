"""``partner``, ``account`` and ``key`` as an operator types them."""

from __future__ import annotations

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncssh
import pytest
from pysequoia import Cert, Tsk

from config.settings import Limits
from gateway.cli.main import main
from gateway.ledger.verify import verify_database
from gateway.migrations import upgrade
from gateway.site import Site
from gateway.store.database import open_database
from gateway.throttle import Throttle, of_account
from keys.kek import LocalKek
from keys.totp import code_at, step_at
from tests.support.log_keys import give_log_key
from tests.support.tls_clients import Authority


class Terminal:
    """Runs commands on one site."""

    def __init__(self, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.site = site
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        status = main([*words, "--site", str(self.site)])
        self.out, self.err = self._capsys.readouterr()
        return status

    def data(self, *words: str) -> Any:  # noqa: ANN401 - whatever the JSON holds
        assert self(*words, "--json") == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    (tmp_path / "lazaretto.yaml").write_text("https:\n  enabled: false\n")
    (tmp_path / "data").mkdir()
    give_log_key(tmp_path)
    kek = Site.open(tmp_path).paths.kek
    kek.parent.mkdir(parents=True, exist_ok=True)
    LocalKek.generate(kek)
    database = open_database(f"sqlite:///{tmp_path / 'data' / 'lazaretto.db'}", create=True)
    upgrade(database)
    database.close()
    return Terminal(tmp_path, capsys)


@pytest.fixture
def clinic(run: Terminal) -> Terminal:
    assert run("partner", "add", "clinic", "--name", "Riverside Clinic") == 0
    return run


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "clinic.pub"
    path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
    return path


@pytest.fixture(scope="module")
def certificate() -> bytes:
    key = Tsk.generate("Payer <edi@payer.example>", validity_seconds=10**8)
    return str(key.extract_certificate()).encode()


def test_a_partner_is_added_and_listed(clinic: Terminal) -> None:
    (partner,) = clinic.data("partner", "list")["partners"]
    assert (partner["id"], partner["name"], partner["accounts"]) == (
        "clinic",
        "Riverside Clinic",
        [],
    )


def test_the_second_of_a_name_is_refused_in_a_sentence(clinic: Terminal) -> None:
    assert clinic("partner", "add", "clinic") == 1
    assert clinic.err == "lazaretto: there is a partner clinic already\n"


def test_an_account_with_a_key_and_a_token_is_added_at_once(
    clinic: Terminal, key_file: Path
) -> None:
    made = clinic.data(
        "account", "add", "c1", "--partner", "clinic", "--send", "--ssh-key", str(key_file),
        "--token", "--token-expires", "10",
    )  # fmt: skip
    assert made["token"].startswith("lzr_")
    (account,) = clinic.data("account", "list")
    assert [c["kind"] for c in account["credentials"]] == ["ssh-key", "token"]
    assert account["roles"] == ["sender"]


def test_a_token_may_hold_less_than_its_account_and_lives_as_long_as_settings_say(
    clinic: Terminal,
) -> None:
    words = ("account", "add", "c1", "--partner", "clinic", "--send", "--receive", "--token")
    assert clinic(*words, "--token-role", "receiver") == 0
    (account,) = clinic.data("account", "list")
    (token,) = account["credentials"]
    assert token["roles"] == ["receiver"]
    life = datetime.fromisoformat(token["expires"]) - datetime.fromisoformat(token["added"])
    assert life.days == 366
    assert clinic("account", "credential", "c1", "--token", "--token-expires", "367") == 2
    assert "1 day to 366 days" in clinic.err
    assert clinic("account", "credential", "c1", "--token", "--token-role", "admin") == 1
    assert clinic("account", "credential", "c1", "--remove", "x", "--token-role", "sender") == 2


def test_a_token_is_shown_once_and_kept_nowhere(clinic: Terminal) -> None:
    token = clinic.data("account", "add", "c1", "--partner", "clinic", "--send", "--token")["token"]
    for file in clinic.site.rglob("*"):
        assert file.is_dir() or token.encode() not in file.read_bytes()
    clinic("account", "list")
    assert token not in clinic.out


def test_a_password_comes_from_standard_input(
    clinic: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    words = ("account", "add", "c1", "--partner", "clinic", "--send", "--password")
    assert clinic(*words) == 0
    for file in clinic.site.rglob("*"):
        assert file.is_dir() or b"correct horse" not in file.read_bytes()


def test_a_password_is_never_taken_from_the_command_line(clinic: Terminal) -> None:
    with pytest.raises(SystemExit):
        clinic("account", "add", "c1", "--partner", "clinic", "--send", "--password=secret words")


def test_a_bad_key_adds_no_account(clinic: Terminal, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pub"
    bad.write_text("# a comment\nssh-ed25519 AAAA\n")
    words = ("account", "add", "c1", "--partner", "clinic", "--send", "--ssh-key", str(bad))
    assert clinic(*words) == 1
    assert f"{bad}, line 2: not a whole SSH public key" in clinic.err
    assert clinic.data("account", "list") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("c1", "--partner", "clinic"), "give --send, --receive or --role"),
        (("c1", "--partner", "clinic", "--send", "--token-expires", "3"), "go with --token"),
        (("c1", "--partner", "clinic", "--send", "--token", "--token-expires", "0"), "1 day"),
    ],
)
def test_a_call_that_makes_no_sense_exits_with_2(
    clinic: Terminal, words: tuple[str, ...], said: str
) -> None:
    assert clinic("account", "add", *words) == 2
    assert said in clinic.err


def test_a_partner_misspelt_is_named(clinic: Terminal) -> None:
    assert clinic("account", "add", "c1", "--partner", "clinik", "--send") == 1
    assert "did you mean clinic?" in clinic.err


def test_credentials_are_added_and_taken_away(clinic: Terminal, key_file: Path) -> None:
    clinic("account", "add", "c1", "--partner", "clinic", "--send")
    assert "account credential c1 --ssh-key FILE" in clinic.out
    (made,) = clinic.data("account", "credential", "c1", "--ssh-key", str(key_file))["credentials"]
    assert clinic("account", "credential", "c1", "--remove", made["fingerprint"]) == 0
    assert clinic.data("account", "list")[0]["credentials"] == []
    assert clinic("account", "credential", "c1") == 2


def test_an_account_of_the_site_is_added_and_its_roles_changed(run: Terminal) -> None:
    assert run("account", "add", "dana", "--role", "analyst") == 0
    assert run.out.startswith("added account dana of the site\n")
    assert "account credential dana --password, or --oidc-subject" in run.out
    assert run("account", "set", "dana", "--role", "approver", "--role", "auditor") == 0
    (account,) = run.data("account", "list")
    assert (account["partner"], account["roles"]) == ("", ["approver", "auditor"])
    assert run("account", "set", "dana", "--role", "sender") == 1
    assert run.err.startswith("lazaretto: an account of the site can't be sender")


def test_acting_as_an_account_that_does_not_exist_is_refused(run: Terminal) -> None:
    run("account", "add", "dana", "--role", "analyst")
    assert run("account", "list", "--as", "danna") == 1
    assert run.err.startswith("lazaretto: no account is called 'danna'; see lazaretto account list")


def test_acting_as_an_account_narrows_to_its_roles(run: Terminal) -> None:
    run("account", "add", "dana", "--role", "analyst")
    assert run("transfer", "list", "--as", "dana") == 0
    assert run("account", "list", "--as", "dana") == 1
    assert run.err == (
        "lazaretto: account dana may not do that; it needs role admin or auditor or operator\n"
    )
    run("account", "disable", "dana")
    assert run("transfer", "list", "--as", "dana") == 1
    assert "account dana is disabled" in run.err


def test_where_logins_come_from_is_limited_and_freed(clinic: Terminal) -> None:
    clinic("account", "add", "c1", "--partner", "clinic", "--send")
    for what, name in (("account", "c1"), ("partner", "clinic")):
        assert clinic(what, "set", name, "--network", "192.0.2.0/24", "--network", "::/0") == 0

        def networks(what: str = what) -> object:
            found = clinic.data(what, "list")
            return (found["partners"] if what == "partner" else found)[0]["networks"]

        assert networks() == ["192.0.2.0/24", "::/0"]
        assert clinic(what, "set", name, "--network", "192.0.2.1/24") == 1
        assert "no bits set behind the prefix" in clinic.err
        assert clinic(what, "set", name, "--any-network") == 0
        assert networks() == []
        assert clinic(what, "set", name) == 2


def test_a_lock_is_listed_and_lifted(clinic: Terminal) -> None:
    clinic("account", "add", "c1", "--partner", "clinic", "--send")
    assert clinic("account", "locks") == 0
    assert clinic.out == "nobody is locked\n"
    database = open_database(f"sqlite:///{clinic.site / 'data' / 'lazaretto.db'}")
    throttle = Throttle(database, Limits(free_failures=0, delay_seconds=300, lock_account_after=1))
    throttle.charge(of_account("c1"), "2001:db8::7")
    throttle.failed(of_account("c1"), "2001:db8::7")
    database.close()
    (lock,) = clinic.data("account", "locks")
    assert (lock["subject"], lock["failures"], lock["locked"]) == ("account:c1", 1, True)
    assert clinic("account", "unlock", "c1") == 0
    assert clinic.data("account", "locks") == []
    assert clinic("account", "unlock", "c1") == 1
    assert clinic("account", "unlock", "--address", "2001:db8::9") == 0
    assert clinic("account", "unlock") == 2


def give_factor(run: Terminal, name: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Enrol and confirm one; the secret that an app would hold."""
    uri = run.data("account", "totp", "enrol", name)["uri"]
    query = parse_qs(urlsplit(uri).query)
    secret = base64.b32decode(query["secret"][0])
    monkeypatch.setattr("sys.stdin", io.StringIO(present_code(secret, -1) + "\n"))
    assert len(run.data("account", "totp", "confirm", name)["recovery_codes"]) == 10
    return secret


def test_the_listing_says_who_has_a_second_factor(
    run: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("account", "add", "dana", "--role", "approver")
    assert [account["second_factor"] for account in run.data("account", "list")] == [False]
    give_factor(run, "dana", monkeypatch)
    assert [account["second_factor"] for account in run.data("account", "list")] == [True]


def present_code(secret: bytes, steps: int = 0) -> str:
    return code_at(secret, step_at(datetime.now(UTC)) + steps)


def test_acting_as_an_administrator_takes_a_fresh_code_each_time(
    run: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("account", "add", "dana", "--role", "admin")
    assert run("partner", "add", "payer", "--as", "dana") == 1
    assert "account dana has none" in run.err
    secret = give_factor(run, "dana", monkeypatch)
    code = present_code(secret)
    for typed, status in ((code, 0), (code, 1), ("000000", 1), ("", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        name = f"payer{status}"
        assert run("partner", "add", name, "--as", "dana") == status, typed
    assert [p["id"] for p in run.data("partner", "list")["partners"]] == ["payer0"]
    assert run("account", "totp", "reset", "dana") == 0
    assert run("account", "totp", "recovery", "dana") == 1


def test_a_second_factors_secret_is_kept_nowhere_in_the_clear(
    run: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("account", "add", "dana", "--role", "approver")
    secret = give_factor(run, "dana", monkeypatch)
    for file in run.site.rglob("*"):
        content = b"" if file.is_dir() else file.read_bytes()
        assert secret not in content
        assert base64.b32encode(secret) not in content


@pytest.mark.parametrize(("what", "name"), [("account", "c1"), ("partner", "clinic")])
def test_logins_are_switched_off_and_on(clinic: Terminal, what: str, name: str) -> None:
    clinic("account", "add", "c1", "--partner", "clinic", "--send")

    def enabled() -> bool:
        found = clinic.data(what, "list")
        return bool((found["partners"] if what == "partner" else found)[0]["enabled"])

    assert clinic(what, "disable", name) == 0
    assert not enabled()
    assert clinic(what, "enable", name) == 0
    assert enabled()


def test_a_certificate_is_imported_listed_and_retired(
    clinic: Terminal, certificate: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "payer.asc"
    file.write_bytes(certificate)
    made = clinic.data("key", "import", "--partner", "clinic", str(file))
    assert made["fingerprint"] == str(Cert.from_bytes(certificate).fingerprint).lower()
    assert clinic.data("key", "list")[0]["sealed_for"] is True
    assert clinic("key", "retire", made["fingerprint"].upper()) == 0
    assert clinic.data("key", "list")[0]["sealed_for"] is False


def test_what_is_no_certificate_is_refused_with_the_rule(clinic: Terminal, key_file: Path) -> None:
    assert clinic("key", "import", "--partner", "clinic", str(key_file)) == 1
    assert "SSH public key" in clinic.err
    assert clinic.data("key", "list") == []


def test_what_runs_out_soon_or_is_missing_is_warned_of(
    clinic: Terminal, certificate: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic(
        "account", "add", "c1", "--partner", "clinic", "--receive", "--token",
        "--token-expires", "10",
    )  # fmt: skip
    first = clinic.data("partner", "list")["warnings"]
    assert first[0].startswith("clinic receives and has no certificate in use")
    assert first[1].startswith("c1: token sha256:")
    file = tmp_path / "payer.asc"
    file.write_bytes(certificate)
    expires = datetime.fromisoformat(
        clinic.data("key", "import", "--partner", "clinic", str(file))["expires"]
    )
    monkeypatch.setattr("gateway.cli.partner.now", lambda: expires - timedelta(days=5, hours=1))
    second = clinic.data("partner", "list")["warnings"]
    assert second[0].endswith("(in 5 days)")
    monkeypatch.setattr("gateway.cli.partner.now", lambda: datetime.now(UTC))
    assert len(clinic.data("partner", "list")["warnings"]) == 1


def test_the_log_names_who_did_it(clinic: Terminal) -> None:
    assert clinic("partner", "add", "payer", "--as", "Dana Reyes") == 0
    assert clinic("audit", "export") == 0
    events = [json.loads(line).get("event", {}) for line in clinic.out.splitlines()]
    (added,) = (e for e in events if e.get("facts", {}).get("partner") == "payer")
    assert added["actor"] == "person:Dana Reyes"
    assert verify_database(clinic.site / "data" / "lazaretto.db").ok


def test_a_name_that_the_log_cannot_hold_is_refused(clinic: Terminal) -> None:
    assert clinic("partner", "add", "payer", "--as", "a\nb") == 2


def test_a_directory_that_is_no_site_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["partner", "list", "--site", str(tmp_path)]) == 2
    assert "is not a site" in capsys.readouterr().err


def test_a_client_certificate_is_pinned_listed_and_taken_away(
    clinic: Terminal, tmp_path: Path
) -> None:
    certificate = Authority(tmp_path).issue("clinic-bot")
    assert clinic("account", "add", "bot", "--partner", "clinic", "--send") == 0
    file = str(certificate.certificate)
    assert clinic("account", "credential", "bot", "--client-cert", file) == 0
    assert clinic("account", "credential", "bot", "--client-key-of", file) == 0
    held = clinic.data("account", "list")[0]["credentials"]
    assert [c["kind"] for c in held] == ["client-cert", "client-key"]
    assert held[0]["fingerprint"] == certificate.fingerprint
    assert held[0]["expires"] is not None
    assert held[1]["expires"] is None
    remove = ("--remove", certificate.fingerprint)
    assert clinic("account", "credential", "bot", *remove) == 0
    assert len(clinic.data("account", "list")[0]["credentials"]) == 1


def test_an_ssh_ca_is_added_listed_revoked_from_and_removed(
    clinic: Terminal, tmp_path: Path
) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519", comment="clinic ca")
    file = tmp_path / "ca.pub"
    file.write_bytes(key.export_public_key())
    name = key.get_fingerprint()
    ca = ("partner", "ssh-ca")
    assert clinic(*ca, "revoke", "clinic", "--serial", "1") != 0
    assert clinic(*ca, "add", "clinic", str(file)) == 0
    assert name in clinic.out
    assert clinic(*ca, "add", "clinic", str(file)) != 0
    assert "already" in clinic.err
    assert clinic(*ca, "revoke", "clinic", "--serial", "42") == 0
    assert clinic(*ca, "revoke", "clinic", "--key-id", "ci of clinic") == 0
    assert clinic(*ca, "revoke", "clinic") == 2
    (listed,) = clinic.data(*ca, "list", "clinic")
    assert listed["fingerprint"] == name
    assert listed["comment"] == "clinic_ca"
    assert listed["revoked"] == ["id:ci of clinic", "serial:42"]
    assert clinic(*ca, "remove", "clinic", name) == 0
    assert clinic.data(*ca, "list") == []
    assert clinic(*ca, "remove", "clinic", name) != 0
