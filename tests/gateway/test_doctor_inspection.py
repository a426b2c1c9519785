"""Doctor's look at the model that finds names of strangers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.policy import shipped_policy
from config.settings import Settings
from dlp.names import ModelError
from gateway import doctor_world
from gateway.doctor import Level, Patient
from gateway.site import Site, site_paths


def _patient(rule: str) -> Patient:
    policy = shipped_policy()
    rules = policy.rules.model_copy(update={"names_model": rule})
    root = Path("/nowhere")
    site = Site(root, Settings(), site_paths(root, Settings()))
    return Patient(site, replace(policy, rules=rules), sound=True)


@pytest.mark.parametrize(("rule", "level"), [("required", Level.FAIL), ("optional", Level.WARN)])
def test_a_missing_model_is_as_bad_as_the_rules_say(
    monkeypatch: pytest.MonkeyPatch, rule: str, level: Level
) -> None:
    monkeypatch.setattr(doctor_world, "load", lambda: None)
    (diagnosis,) = doctor_world.names_model(_patient(rule))

    assert diagnosis.level is level
    assert "requirements-model.txt" in diagnosis.fix


def test_another_model_than_the_pinned_one_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ModelError("not the one")

    monkeypatch.setattr(doctor_world, "load", refuse)
    (diagnosis,) = doctor_world.names_model(_patient("optional"))

    assert diagnosis.level is Level.FAIL


def test_the_pinned_model_is_named_by_its_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_world, "load", object)
    (diagnosis,) = doctor_world.names_model(_patient("required"))

    assert diagnosis.level is Level.OK
    assert "SHA-256" in diagnosis.detail


@pytest.mark.parametrize(("lacking", "level"), [("no data", Level.WARN), ("", Level.OK)])
def test_text_in_images_is_read_or_a_warning_says_why_not(
    monkeypatch: pytest.MonkeyPatch, lacking: str, level: Level
) -> None:
    monkeypatch.setattr("dlp.ocr.warm", lambda: lacking)
    (diagnosis,) = doctor_world.text_in_images(_patient("optional"))
    assert diagnosis.level is level
