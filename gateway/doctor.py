"""Checks a site from end to end, and says of each fault how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from config.faults import ConfigError, Fault
from config.policy import Policy
from config.settings import FILE_NAME, Settings
from gateway.site import Site, SiteError, site_paths


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check found.

    Attributes:
        level: How bad.
        subject: What was looked at.
        detail: What was seen; free of secrets and PHI.
        fix: How to mend it, "" if it is well.
    """

    level: Level
    subject: str
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined.

    Attributes:
        site: The site; under default settings if its own can't be read.
        policy: None if it has faults.
        sound: Whether the settings could be read.
    """

    site: Site
    policy: Policy | None
    sound: bool


Check = Callable[[Patient], Iterator[Diagnosis]]


def ok(subject: str, detail: str) -> Diagnosis:
    """All is well."""
    return Diagnosis(Level.OK, subject, detail)


def warn(subject: str, detail: str, fix: str) -> Diagnosis:
    """It works, and somebody should look."""
    return Diagnosis(Level.WARN, subject, detail, fix)


def fail(subject: str, detail: str, fix: str) -> Diagnosis:
    """It doesn't work."""
    return Diagnosis(Level.FAIL, subject, detail, fix)


def examine(path: Path, checks: tuple[Check, ...]) -> list[Diagnosis]:
    """Run every check on the site at ``path``; one that breaks is a finding, not the end.

    Raises:
        SiteError: There is no site.
    """
    found: list[Diagnosis] = []
    site, sound = _settings(path, found)
    policy = _policy(site, found)
    patient = Patient(site, policy, sound)
    for check in checks:
        try:
            found += check(patient)
        except Exception as error:  # noqa: BLE001  # the next check must still be made
            fix = "set LAZARETTO_DEBUG=1 and report this"
            found.append(fail(check.__name__, f"the check broke ({type(error).__name__})", fix))
    return found


def _settings(path: Path, found: list[Diagnosis]) -> tuple[Site, bool]:
    try:
        site = Site.open(path)
    except ConfigError as error:
        found += _faults("settings", error.faults)
        root = path.expanduser().resolve()
        return Site(root, Settings(), site_paths(root, Settings())), False
    found.append(ok("settings", f"{FILE_NAME} is sound"))
    return site, True


def _policy(site: Site, found: list[Diagnosis]) -> Policy | None:
    try:
        policy = site.load_policy()
    except ConfigError as error:
        found += _faults("policy", error.faults)
        return None
    found.append(
        ok("policy", f"{len(policy.routes)} routes, {len(policy.contracts)} contracts, sound")
    )
    if not policy.routes:
        fix = "add routes to policy/routes.yaml, then 'lazaretto policy reload'"
        found.append(warn("policy", "there is no route, so nobody can send anything", fix))
    return policy


def _faults(subject: str, faults: tuple[Fault, ...]) -> Iterator[Diagnosis]:
    for fault in faults:
        where = f"{fault.file}:{fault.line}" if fault.line else fault.file
        what = f"{fault.path}: {fault.problem}" if fault.path else fault.problem
        yield fail(subject, f"{where}: {what}", fault.fix)


__all__ = ["Check", "Diagnosis", "Level", "Patient", "SiteError", "examine", "fail", "ok", "warn"]
