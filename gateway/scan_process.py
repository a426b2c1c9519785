"""The scanner: a process without network, files or keys that forks one child a file.

What it forks from never sees a payload or a key: a job comes on a socket of its own, which the
fork reads. So nothing of one file is there for the next one to find, and a parser that a hostile
file has taken over holds that file's data key and nothing else.

It warms up (imports, compiled rules), confines itself, and only then says that it is ready.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, NamedTuple, NoReturn

from config.contracts import Contract, Rules
from dlp import readers
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.export import redaction_to_wire, to_wire
from dlp.inspect import inspect
from dlp.model import DlpError, Report, Source
from dlp.redact.run import redact
from dlp.signatures import named_by_libmagic
from gateway import sandbox
from gateway.frames import frame, receive, receive_frame, send
from gateway.scan_job import END, KILL, NO_MEMORY, SCAN, Job
from keys.segments import SegmentError, SegmentReader

_FAILED: Final = 1

Inspect = Callable[[Source, str, Contract, Rules, Budget, Detectors], Report]


class _Warm(NamedTuple):
    """What every fork starts with."""

    rules: Rules
    detectors: Detectors
    address_space: int
    inspect: Inspect
    filtered: bool = False


def _inspect(
    source: Source,
    name: str,
    contract: Contract,
    rules: Rules,
    budget: Budget,
    detectors: Detectors,
) -> Report:
    return inspect(source, name, contract, rules, budget, detectors=detectors)


def main(argv: list[str], inspect: Inspect = _inspect) -> int:
    """Serve jobs until the parent closes its end.

    Args:
        argv: The control socket's descriptor and the parent's process id.
        inspect: What to do with a file.
    """
    control = socket.socket(fileno=int(argv[0]))
    parent = int(argv[1])
    sandbox.seclude()
    if not sandbox.die_with(parent):
        return _FAILED
    with contextlib.suppress(EOFError, BrokenPipeError):
        setup, _ = receive_frame(control)
        try:
            warm = _warm(setup, inspect)
            held = sandbox.confine()
        except (DlpError, ValueError, sandbox.SandboxError) as error:
            send(control, frame({"refused": str(error)}))
            return _FAILED
        if not sandbox.die_with(parent):
            return _FAILED
        sandbox.freeze()
        send(control, frame({"confinement": asdict(held)}))
        _serve(control, warm._replace(filtered=held.seccomp))
    return 0


def _warm(setup: dict[str, Any], inspect: Inspect) -> _Warm:
    """Everything that is dear to make, once."""
    rules = Rules.model_validate(setup["rules"])
    detectors = Detectors(rules)
    # Finds and loads a library, which it couldn't behind the closed door.
    named_by_libmagic(b"\0")
    readers.warm()
    return _Warm(rules, detectors, sandbox.address_space() + setup["memory"], inspect)


def _serve(control: socket.socket, warm: _Warm) -> None:
    while True:
        order, descriptors = receive(control, 1)
        if not order:
            return
        if order == SCAN and descriptors:
            status = _run(control, warm, descriptors[0])
            send(control, END.pack(status))
        # A KILL that comes here is for a job that has just ended by itself.


def _run(control: socket.socket, warm: _Warm, job: int) -> int:
    """Fork for one job and wait for its end; its exit status, or minus a signal."""
    zygote = os.getpid()
    pid = os.fork()
    if not pid:
        _child(control, warm, job, zygote)
    os.close(job)
    watch = os.pidfd_open(pid)
    try:
        _wait_or_kill(control, watch, pid)
    finally:
        os.close(watch)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _wait_or_kill(control: socket.socket, watch: int, pid: int) -> None:
    """Until the fork has ended; whatever the parent says meanwhile, or its end, kills the fork."""
    poller = select.poll()
    poller.register(watch, select.POLLIN)
    poller.register(control, select.POLLIN)
    ready = {place for place, _ in poller.poll()}
    if watch not in ready:
        order, _ = receive(control, 1)
        if order in (KILL, b""):
            os.kill(pid, signal.SIGKILL)


def _child(control: socket.socket, warm: _Warm, job: int, zygote: int) -> NoReturn:
    """One job in the fork; ends the process whatever happens."""
    status = _FAILED
    try:
        control.close()
        if sandbox.die_with(zygote):
            fenced = sandbox.confine_leaf(warm.address_space)
            # What the scanner said of its filter holds for the fork too, or the file isn't read.
            if fenced or not warm.filtered:
                _scan(socket.socket(fileno=job), warm)
                status = 0
    except MemoryError:
        status = NO_MEMORY
    finally:
        # No clean-up, no traceback, no buffer written twice.
        os._exit(status)


def _scan(channel: socket.socket, warm: _Warm) -> None:
    data, (blob,) = receive_frame(channel)
    job = Job.parse(data)
    rules = warm.rules.model_copy(update={"digest_key": job.digest_key})
    try:
        source = SegmentReader(blob, job.data_key, job.context)
        answer = _answer(source, job, rules, warm)
    except SegmentError as error:
        send(channel, frame({"unreadable": str(error)}))
    except OSError as error:
        send(channel, frame({"unreadable": error.strerror or type(error).__name__}))
    else:
        send(channel, frame(answer))


def _answer(source: Source, job: Job, rules: Rules, warm: _Warm) -> dict[str, Any]:
    if job.pseudonyms:
        redaction = redact(
            source, job.name, job.contract, rules, job.budget,
            key=job.pseudonyms, detectors=warm.detectors,
        )  # fmt: skip
        return {"redaction": redaction_to_wire(redaction)}
    report = warm.inspect(source, job.name, job.contract, rules, job.budget, warm.detectors)
    return {"report": to_wire(report)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
