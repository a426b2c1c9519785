"""What the doctor says of the console."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from config.settings import Settings
from gateway.doctor import Diagnosis, Level, Patient
from gateway.doctor_console import console
from gateway.site import Site, site_paths
from keys.site import generate_tls
from tests.support.console_bench import ConsoleBench
from tests.support.provider_process import CLIENT, ProviderProcess


def site_with(root: Path, books: Path, **settings: object) -> Site:
    (root / "data").mkdir(exist_ok=True)
    shutil.copy(books, root / "data" / "lazaretto.db")
    own = Settings.model_validate({"console": {"enabled": True, **settings}})
    paths = site_paths(root, own)
    paths.tls_cert.parent.mkdir(parents=True, exist_ok=True)
    certificate, key = generate_tls("localhost", ["localhost"])
    paths.tls_cert.write_bytes(certificate)
    paths.tls_key.write_bytes(key)
    return Site(root, own, paths)


def said(site: Site) -> list[Diagnosis]:
    return list(console(Patient(site, None, sound=True)))


def test_a_console_that_is_off_is_not_examined(tmp_path: Path, books: Path) -> None:
    assert said(site_with(tmp_path, books, enabled=False)) == []


def test_who_cannot_work_for_want_of_a_factor_is_named(tmp_path: Path, books: Path) -> None:
    found = said(site_with(tmp_path, books))
    (people,) = [one for one in found if "second factor" in one.detail]
    assert (people.level, people.detail.endswith("admin, approver")) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("host", "level"), [("127.0.0.1:1", Level.OK), ("[::1]:1", Level.OK), ("0.0.0.0:1", Level.WARN)]
)
def test_a_console_that_others_reach_is_warned_of(
    tmp_path: Path, books: Path, host: str, level: Level
) -> None:
    assert said(site_with(tmp_path, books, listen=host))[0].level is level


def test_a_name_that_the_certificate_has_not_is_warned_of(tmp_path: Path, books: Path) -> None:
    names = said(site_with(tmp_path, books, names=["localhost", "lz.example.org"]))[1]
    assert (names.level, "lz.example.org" in names.detail) == (Level.WARN, True)
    assert said(site_with(tmp_path, books))[1].level is Level.OK


def test_the_provider_is_asked(tmp_path: Path, books: Path, provider: ProviderProcess) -> None:
    oidc = {"issuer": provider.issuer, "client_id": CLIENT}
    assert said(site_with(tmp_path, books, oidc=oidc))[2].level is Level.OK
    provider.behave("foreign-keys")
    assert said(site_with(tmp_path, books, oidc=oidc))[2].level is Level.FAIL
    gone = {"issuer": "http://127.0.0.1:1", "client_id": CLIENT}
    assert said(site_with(tmp_path, books, oidc=gone))[2].level is Level.FAIL


@pytest.mark.parametrize(
    ("device", "roles", "level"),
    [
        (None, {}, Level.WARN),
        ("admin", {"approver": "gateway-approvers"}, Level.OK),
        ("admin", {"admin": "gateway-admins"}, Level.WARN),
        ("auditor", {}, Level.WARN),
    ],
)
async def test_somebody_can_decide_while_the_provider_is_away(
    bench: ConsoleBench,
    tmp_path: Path,
    books: Path,
    device: str | None,
    roles: dict[str, str],
    level: Level,
) -> None:
    oidc = {"issuer": "http://127.0.0.1:1", "client_id": CLIENT}
    site = site_with(tmp_path, books, oidc=oidc | {"groups": {"claim": "groups", "roles": roles}})
    if device:
        bench.device(device)
        bench.database.forget()
        shutil.copy(tmp_path / "lazaretto.db", tmp_path / "data" / "lazaretto.db")
    (away,) = [one for one in await asyncio.to_thread(said, site) if "away" in one.detail]
    assert away.level is level


async def test_passkeys_count(bench: ConsoleBench, tmp_path: Path, books: Path) -> None:
    site = site_with(tmp_path, books)
    bench.device("approver")
    bench.codes.enrol("admin", "x", "system")
    bench.database.forget()  # what is in the write-ahead log goes into the file
    shutil.copy(tmp_path / "lazaretto.db", tmp_path / "data" / "lazaretto.db")
    (people,) = [one for one in console_people(site) if one.level is Level.WARN]
    assert people.detail.endswith(": admin"), "an enrolment that nobody confirmed is none"


def console_people(site: Site) -> list[Diagnosis]:
    return [one for one in said(site) if "second factor" in one.detail]
