from __future__ import annotations

from pathlib import Path

import pytest

from config.faults import ConfigError, Fault
from config.settings import Address, Settings, load_settings, parse_address, template


def faults(site_dir: Path, text: str) -> list[Fault]:
    path = site_dir / "lazaretto.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return list(caught.value.faults)


def load(site_dir: Path, text: str) -> Settings:
    path = site_dir / "lazaretto.yaml"
    path.write_text(text)
    return load_settings(path)


def test_an_empty_file_means_the_defaults(site_dir: Path) -> None:
    assert load(site_dir, "") == Settings()


def test_the_commented_file_that_init_writes_says_the_defaults(site_dir: Path) -> None:
    assert load(site_dir, template()) == Settings()


def test_the_commented_file_names_every_key(site_dir: Path) -> None:
    written = load(site_dir, template())
    assert written.model_fields_set == set(Settings.model_fields)
    for name in written.model_fields_set - {"database_url"}:
        section = getattr(written, name)
        assert section.model_fields_set == set(type(section).model_fields), name


def test_the_file_takes_other_addresses(site_dir: Path) -> None:
    text = template(sftp=Address("127.0.0.1", 0), metrics=Address("::1", 9))
    settings = load(site_dir, text)
    assert settings.sftp.listen == Address("127.0.0.1", 0)
    assert settings.ops.metrics == Address("::1", 9)


def test_every_fault_is_reported_at_once(site_dir: Path) -> None:
    found = faults(
        site_dir,
        "sftp: {listen: '0.0.0.0:99999', conections: 3}\n"
        "https: {tls_key: nowhere}\n"
        "ops: {health: '127.0.0.1:9109'}\n"
        "processes: {edges: 0}\n"
        "logging: {level: loud}\n",
    )
    assert [fault.path for fault in found] == [
        "sftp.conections",
        "sftp.listen",
        "https.tls_key",
        "ops.metrics",
        "processes.edges",
        "logging.level",
    ]
    assert all(fault.fix for fault in found)


def test_the_same_port_twice_is_refused(site_dir: Path) -> None:
    (fault,) = faults(site_dir, "sftp: {listen: '127.0.0.1:8443'}")
    assert (fault.path, "sftp.listen" in fault.problem) == ("https.listen", True)


def test_the_same_port_on_two_addresses_is_fine(site_dir: Path) -> None:
    text = "sftp: {listen: '127.0.0.1:7000'}\nhttps: {listen: '127.0.0.2:7000'}"
    assert load(site_dir, text).sftp.listen.port == 7000


def test_any_number_of_listeners_may_ask_for_a_free_port(site_dir: Path) -> None:
    assert load(site_dir, "sftp: {listen: 'h:0'}\nhttps: {listen: 'h:0'}").sftp.listen.port == 0


def test_a_listener_that_is_off_takes_no_port(site_dir: Path) -> None:
    text = "sftp: {enabled: false, listen: '0.0.0.0:8443'}"
    assert not load(site_dir, text).sftp.enabled


def test_a_site_without_any_way_in_is_refused(site_dir: Path) -> None:
    (fault,) = faults(site_dir, "sftp: {enabled: false}\nhttps: {enabled: false}")
    assert "no listener" in fault.problem


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ("4 KiB", 4096), ("2GiB", 2 * 2**30), ("1 MB", 10**6)]
)
def test_sizes_take_units(site_dir: Path, text: str, size: int) -> None:
    assert load(site_dir, f"storage: {{reserve: {text}}}").storage.reserve == size


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:22", Address("0.0.0.0", 22)),
        ("[::]:22", Address("::", 22)),
        ("gateway.example:0", Address("gateway.example", 0)),
    ],
)
def test_addresses_are_host_and_port(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize("value", ["", "22", ":22", "::1:22", "host:", "host:70000", "a b:1", 22])
def test_what_is_no_address_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"host:port|out of range"):
        parse_address(value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{names: []}", "console.names"),
        ("{names: ['Upper.example.org']}", "console.names[0]"),
        ("{names: ['a.example.org:8444']}", "console.names[0]"),
        ("{names: [a.example.org], url: 'https://b.example.org'}", "console"),
        ("{url: 'http://localhost:8444'}", "console.url"),
        ("{url: 'https://localhost/console'}", "console.url"),
        ("{oidc: {issuer: 'http://login.example.org', client_id: a}}", "console.oidc.issuer"),
        ("{oidc: {issuer: 'https://a@login.example.org', client_id: a}}", "console.oidc.issuer"),
        ("{oidc: {issuer: 'https://login.example.org'}}", "console.oidc"),
        ("{oidc: {scopes: [profile]}}", "console.oidc"),
        ("{oidc: {groups: {claim: g, roles: {aprover: a}}}}", "console.oidc.groups"),
        ("{oidc: {groups: {claim: g, roles: {sender: a}}}}", "console.oidc.groups"),
        ("{oidc: {groups: {roles: {approver: a}}}}", "console.oidc.groups"),
        ("{oidc: {algorithms: [none]}}", "console.oidc.algorithms[0]"),
        ("{oidc: {algorithms: [HS256]}}", "console.oidc.algorithms[0]"),
        ("{oidc: {skew_seconds: 3600}}", "console.oidc.skew_seconds"),
        ("{enabled: true, listen: '127.0.0.1:8443'}", "console.listen"),
        (
            "{enabled: true, oidc: {issuer: 'https://a.org', client_id: a, client_secret: no}}",
            "console.oidc.client_secret",
        ),
    ],
)
def test_what_would_make_the_console_unsafe_or_unreachable_is_a_fault(
    site_dir: Path, text: str, path: str
) -> None:
    assert [fault.path for fault in faults(site_dir, f"console: {text}\n")] == [path]


def test_the_console_is_off_and_on_loopback_unless_settings_say_otherwise() -> None:
    console = Settings().console
    assert (console.enabled, console.listen.host) == (False, "127.0.0.1")
    assert console.address(8444) == "https://localhost:8444"
    assert console.address(443) == "https://localhost"


def test_a_console_that_is_off_clashes_with_nothing(site_dir: Path) -> None:
    load(site_dir, "console: {enabled: false, listen: '127.0.0.1:8443'}")
