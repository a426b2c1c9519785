"""What is in force around each kind of process, and around those that run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.doctor import Diagnosis, Patient, fail, ok, warn
from gateway.fence import KINDS, SHUT_IN, tried
from gateway.running import running_state
from gateway.sandbox import Confinement, SandboxError
from gateway.sandbox import confinement as of_a_scanner

SHUT_IN_KINDS: Final = ("scanner", "sealer", "opener")
_FILTERED: Final = "2"
"""Of ``Seccomp`` in ``/proc/PID/status``: a filter is in force."""


def confinement(patient: Patient) -> Iterator[Diagnosis]:
    """Whether this system can fence off each kind of process, tried out."""
    try:
        held = tried(patient.site) if patient.sound else {SHUT_IN: of_a_scanner()}
    except SandboxError as error:
        yield fail("confinement", str(error), "run on a Linux that allows it")
        return
    settings = patient.site.settings
    for kind in SHUT_IN_KINDS:
        yield from _layers(kind, held.get(SHUT_IN), settings.inspection.sandbox == "strict")
    present = [kind for kind in KINDS if kind != "console" or settings.console.enabled]
    for kind in present if patient.sound else ():
        yield from _layers(kind, held.get(kind), settings.processes.sandbox == "strict")


def _layers(kind: str, held: Confinement | None, strict: bool) -> Iterator[Diagnosis]:
    subject = f"{kind} confinement"
    if held is None:
        yield fail(subject, "can't be tried out here", "run on a Linux that allows it")
        return
    for sentence in held.missing(kind):
        problem, _, fix = sentence.partition(": ")
        yield (fail if strict else warn)(subject, problem, fix)
    if held.sufficient:
        network = ", no network" if held.network_namespace else ""
        layers = f"Landlock {held.landlock}, system calls filtered, no capabilities{network}"
        yield ok(subject, f"{layers}, no core dumps")


def running(patient: Patient) -> Iterator[Diagnosis]:
    """Whether the processes of the running gateway are under it too."""
    state = running_state(patient.site) if patient.sound else None
    children = state.get("children") if state else None
    if not isinstance(children, list):
        return
    bare = [child for child in children if not _fenced(child)]
    for child in bare:
        subject = f"{child['kind']} {child['number']}"
        fix = "see its log for what is missing, then restart 'lazaretto serve'"
        strict = patient.site.settings.processes.sandbox == "strict"
        yield (fail if strict else warn)(subject, "runs without its fence", fix)
    if not bare:
        yield ok("processes", f"{len(children)} run, each behind its fence")


def _fenced(child: Mapping[str, object]) -> bool:
    """Whether the kernel says so; a process that has just ended counts as fenced."""
    process = Path(f"/proc/{child['pid']}")
    try:
        lines = (process / "status").read_text().splitlines()
        limits = (process / "limits").read_text().splitlines()
    except OSError:
        return True
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    cores = next(line for line in limits if line.startswith("Max core file size"))
    return (
        status["Seccomp"].strip() == _FILTERED
        and status["NoNewPrivs"].strip() == "1"
        and int(status["CapEff"], 16) == 0
        and cores.split()[4:6] == ["0", "0"]
    )
