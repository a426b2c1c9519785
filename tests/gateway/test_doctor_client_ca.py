"""What the doctor says of the CAs of client certificates."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gateway.doctor import Diagnosis, Level, Patient
from gateway.doctor_keys import client_ca
from tests.support.tls_clients import Authority


def said(bundle: Path | None, *, enabled: bool = True) -> list[Diagnosis]:
    site = SimpleNamespace(
        paths=SimpleNamespace(client_ca=bundle),
        settings=SimpleNamespace(https=SimpleNamespace(enabled=enabled)),
    )
    return list(client_ca(cast(Patient, SimpleNamespace(site=site))))


def test_each_ca_that_soon_vouches_for_nobody_is_warned_of_by_name(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    names = ("Clinic CA", "Payer CA")
    bundle.write_bytes(b"".join(Authority(tmp_path, name).bundle.read_bytes() for name in names))
    found = said(bundle)
    assert [diagnosis.level for diagnosis in found] == [Level.WARN, Level.WARN]
    assert [name for name in names if any(name in d.fix for d in found)] == list(names)


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_a_bundle_that_is_none_fails(tmp_path: Path, content: bytes) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(content)
    assert [diagnosis.level for diagnosis in said(bundle)] == [Level.FAIL]
    assert [diagnosis.level for diagnosis in said(tmp_path / "none")] == [Level.FAIL]


def test_where_no_certificate_is_asked_for_nothing_is_said(tmp_path: Path) -> None:
    assert said(None) == []
    assert said(tmp_path / "none", enabled=False) == []
