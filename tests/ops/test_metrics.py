from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from dlp.model import Category, Obstacle, Report, Uninspectable
from gateway.metrics import Exposition, Meters, clean


def text_of(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def test_a_word_that_is_not_in_the_vocabulary_becomes_other() -> None:
    registry = CollectorRegistry()
    meters = Meters(registry)
    meters.login("sftp", "GARCIA-MARIA", accepted=False)
    meters.upload_finished("gopher", "GARCIA-MARIA", 3, "GARCIA-MARIA")
    text = text_of(registry)
    assert "GARCIA" not in text
    assert 'lazaretto_logins_total{method="other",outcome="refused",protocol="sftp"} 1.0' in text


def test_an_inspection_counts_findings_by_category_and_obstacles() -> None:
    registry = CollectorRegistry()
    counts = {(Category.SSN, False): 2, (Category.NAME, True): 40}
    stuck = (Uninspectable(Obstacle.ENCRYPTED, "x"),)
    Meters(registry).inspected(Report("x12/837P", 1, "", counts=counts, uninspectable=stuck))
    text = text_of(registry)
    assert 'lazaretto_findings_total{category="ssn",expected="false"} 2.0' in text
    assert 'lazaretto_findings_total{category="name",expected="true"} 40.0' in text
    assert 'lazaretto_uninspectable_total{obstacle="encrypted"} 1.0' in text


def test_connections_go_up_and_down() -> None:
    registry = CollectorRegistry()
    meters = Meters(registry)
    meters.connection_opened("sftp")
    meters.connection_opened("sftp")
    meters.connection_closed("sftp", "idle")
    assert 'lazaretto_connections{protocol="sftp"} 1.0' in text_of(registry)


def test_locks_are_counted_by_kind_and_begin_at_none() -> None:
    registry = CollectorRegistry()
    meters = Meters(registry)
    meters.locked_out("account")
    meters.locked_out("account:garcia")
    text = text_of(registry)
    assert "garcia" not in text
    assert 'lazaretto_lockouts_total{kind="account"} 1.0' in text
    assert 'lazaretto_lockouts_total{kind="code"} 0.0' in text


def test_transfers_are_counted_by_route_and_state_and_those_that_wait_make_the_queue(
    tmp_path: Path,
) -> None:
    counts = {("claims", "staged"): 2, ("claims", "held"): 5, ("era", "cleared"): 1}
    text = Exposition(tmp_path, lambda: counts, dict).text().decode()
    assert 'lazaretto_transfers{route="claims",state="held"} 5.0' in text
    assert "lazaretto_queue_depth 3.0" in text


def test_the_end_of_each_partners_certificate_is_told(tmp_path: Path) -> None:
    ends = {"acme": 1_800_000_000.0}
    text = Exposition(tmp_path, dict, dict, lambda: ends).text().decode()
    name = "lazaretto_partner_certificate_expires_timestamp_seconds"
    assert f'{name}{{partner="acme"}} 1.8e+09' in text


def test_counts_of_an_earlier_run_are_removed(tmp_path: Path) -> None:
    directory = tmp_path / "metrics"
    clean(directory)
    (directory / "counter_1.db").write_bytes(b"")
    clean(directory)
    assert not list(directory.iterdir())
