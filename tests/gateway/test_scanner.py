"""Inspection through a confined process: whatever a file does to it, a named report comes back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from config.contracts import Action, Contract, Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.inspect import inspect
from dlp.model import Category, Obstacle, Report
from dlp.redact import Redacted, Redaction
from gateway.demo.archives import zipped
from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p
from gateway.process_ports import ScanError
from gateway.scanner import ProcessScanner
from keys.envelope import new_data_key
from keys.segments import SegmentWriter

SUPPORT = Path(__file__).parent.parent / "support"
UNFENCED = (sys.executable, "-P", "-s", str(SUPPORT / "unfenced_scan.py"))
HOSTILE = (
    sys.executable, "-P", "-s", str(SUPPORT / "hostile_scan.py"),
)  # fmt: skip
CONTEXT = b"t_1"
LEAK = b"The note says that her SSN is 536-22-8714.\n"

pytestmark = [
    # One scanner serves the module, so every test runs on the loop that it was started on.
    pytest.mark.asyncio(loop_scope="module"),
]


def contract() -> Contract:
    return shipped_policy().contracts["no-phi"]


class Staged:
    """Ciphertexts in files, and a scanner for them."""

    def __init__(self, scanner: ProcessScanner, directory: Path) -> None:
        self.scanner = scanner
        self._directory = directory

    async def scan(
        self, content: bytes, name: str = "a.txt", damage: Callable[[bytes], bytes] = bytes,
        rules: Rules | None = None,
    ) -> Report:  # fmt: skip
        key = new_data_key()
        with self._blob(content, key, damage) as blob:
            return await self.scanner.scan(blob, key, CONTEXT, name, contract(), rules or Rules())

    async def redact(self, content: bytes, contract: Contract) -> Redaction:
        key = new_data_key()
        with self._blob(content, key) as blob:
            return await self.scanner.redact(
                blob, key, CONTEXT, "a.txt", contract, Rules(), b"k" * 32
            )

    @contextmanager
    def _blob(
        self, content: bytes, key: bytes, damage: Callable[[bytes], bytes] = bytes
    ) -> Iterator[int]:
        writer = SegmentWriter(key, CONTEXT)
        path = self._directory / "blob"
        path.write_bytes(damage(writer.header() + writer.update(content) + writer.finish()))
        blob = os.open(path, os.O_RDONLY)
        try:
            yield blob
        finally:
            os.close(blob)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staged]:
    budget = Budget(seconds=2.0)
    scanner = ProcessScanner(budget=budget, memory=2**29, grace=0.5, command=HOSTILE)
    async with scanner:
        yield Staged(scanner, tmp_path_factory.mktemp("blobs"))


def obstacle(report: Report) -> Obstacle:
    return report.uninspectable[0].obstacle


async def test_what_stands_in_the_file_is_found(staged: Staged) -> None:
    report = await staged.scan(LEAK)
    assert [finding.category for finding in report.findings] == [Category.SSN]


async def test_a_redaction_comes_back_with_the_report_of_what_is_left(staged: Staged) -> None:
    redacting = contract().model_copy(update={"unexpected": Action.REDACT})
    redaction = await staged.redact(LEAK, redacting)
    left = Redacted(io.BytesIO(LEAK), redaction.edits).read()
    assert redaction.verdict(redacting).action is Action.RELEASE
    assert redaction.after
    assert redaction.after.sha256 == hashlib.sha256(left).hexdigest()
    assert b"536" not in left


async def test_the_report_says_what_was_read(staged: Staged) -> None:
    report = await staged.scan(LEAK)
    assert (report.size, report.format) == (len(LEAK), "text/plain")


CONTENTS = {
    "x12": claims_837p([Claim(who) for who in people(3, 2)]),
    "csv": b"month,claims\n2026-01,40\n2026-02,41\n",
    "utf-16": "Seen by nobody, and said so.\r\n".encode("utf-16"),
    "cp1252": "Caf\xe9 notes \x93quoted\x94\r\n".encode("latin-1"),
    "zip": zipped({"a.csv": b"month,claims\n2026-01,40\n", "b.txt": b"Nothing to see.\n"}),
    "gzip": gzip.compress(b"Nothing to see.\n"),
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(57),
    "hl7": b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\rPID|1\r",
    "noise": bytes(range(256)) * 20,
    "empty": b"",
}


@pytest.mark.parametrize("kind", CONTENTS)
async def test_confinement_changes_nothing_in_a_report(staged: Staged, kind: str) -> None:
    """Whatever a parser needs was loaded before the door was closed."""
    content = CONTENTS[kind]
    confined = await staged.scan(content)
    here = inspect(io.BytesIO(content), "a.txt", contract(), Rules(), Budget())
    assert replace(confined, seconds=0.0) == replace(here, seconds=0.0)


@pytest.mark.parametrize(
    ("deed", "named"),
    [
        ("hang", Obstacle.TIMEOUT),
        ("segfault", Obstacle.CRASH),
        ("raise", Obstacle.CRASH),
        ("exit", Obstacle.CRASH),
        ("hog", Obstacle.OUT_OF_MEMORY),
    ],
)
async def test_a_file_that_takes_the_parser_over_gets_a_named_verdict(
    staged: Staged, deed: str, named: Obstacle
) -> None:
    assert obstacle(await staged.scan(LEAK, deed)) is named


@pytest.mark.parametrize("deed", ["hang", "segfault", "raise", "hog"])
async def test_the_next_file_is_inspected_by_the_same_scanner(staged: Staged, deed: str) -> None:
    scanner = staged.scanner.pid
    await staged.scan(LEAK, deed)
    assert (await staged.scan(LEAK)).findings
    assert staged.scanner.pid == scanner


async def test_what_a_parser_says_when_it_fails_stays_in_its_process(staged: Staged) -> None:
    report = await staged.scan(LEAK, "raise")
    assert "536" not in str(report)


async def test_a_scanner_that_was_killed_is_replaced(staged: Staged) -> None:
    pid = staged.scanner.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert (await staged.scan(LEAK)).findings
    assert staged.scanner.pid != pid


async def reader_of(scanner: psutil.Process) -> psutil.Process:
    """The process that reads the file under way."""
    async with asyncio.timeout(10):
        while not (readers := scanner.children()):  # noqa: ASYNC110 - it observes another process
            await asyncio.sleep(0.01)
    return readers[0]


async def test_cancelling_kills_the_process_that_reads(staged: Staged) -> None:
    await staged.scan(LEAK)
    scan = asyncio.create_task(staged.scan(LEAK, "hang"))
    reader = await reader_of(psutil.Process(staged.scanner.pid))
    scan.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scan
    assert not reader.is_running()


async def kill_scanner_under(staged: Staged) -> psutil.Process:
    """Kill the scanner while it has a file under way; who read that file."""
    scanner = psutil.Process(staged.scanner.pid)
    reader = await reader_of(scanner)
    scanner.kill()
    return reader


async def other_scanner(staged: Staged, pid: int | None) -> None:
    async with asyncio.timeout(20):
        while staged.scanner.pid in {None, pid}:  # noqa: ASYNC110 - it observes another process
            await asyncio.sleep(0.01)


async def test_a_file_whose_scanner_dies_is_tried_once_more(staged: Staged) -> None:
    await staged.scan(LEAK)
    first = staged.scanner.pid
    scan = asyncio.create_task(staged.scan(LEAK, "hang"))
    await kill_scanner_under(staged)
    await other_scanner(staged, first)
    assert obstacle(await scan) is Obstacle.TIMEOUT


async def test_a_file_whose_scanner_dies_twice_is_a_crash(staged: Staged) -> None:
    await staged.scan(LEAK)
    first = staged.scanner.pid
    scan = asyncio.create_task(staged.scan(LEAK, "hang"))
    await kill_scanner_under(staged)
    await other_scanner(staged, first)
    await kill_scanner_under(staged)
    assert obstacle(await scan) is Obstacle.CRASH


async def test_the_process_that_reads_dies_with_its_scanner(staged: Staged) -> None:
    await staged.scan(LEAK)
    scan = asyncio.create_task(staged.scan(LEAK, "hang"))
    reader = await kill_scanner_under(staged)
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [reader], 10)
    scan.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scan
    assert gone == [reader]


async def test_the_reader_has_no_descriptor_but_its_own(staged: Staged) -> None:
    """Not the scanner's control socket, by which it could speak for other files."""
    await staged.scan(LEAK)
    scan = asyncio.create_task(staged.scan(LEAK, "hang"))
    reader = await reader_of(psutil.Process(staged.scanner.pid))
    descriptors = await settled_descriptors(reader.pid)
    scan.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scan
    assert descriptors == ["blob", "null", "null", "null", "socket"]


async def settled_descriptors(pid: int) -> list[str]:
    """What is open in a process once it has been handed its file."""
    async with asyncio.timeout(10):
        while "blob" not in (found := open_in(pid)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    return found


def open_in(pid: int) -> list[str]:
    names = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            names.append(descriptor.readlink().name.partition(":")[0])
    return sorted(names)


async def test_damaged_ciphertext_is_no_verdict_on_the_file(staged: Staged) -> None:
    with pytest.raises(ScanError, match="can't be read"):
        await staged.scan(LEAK, damage=lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]))


async def test_hashes_of_findings_are_keyed_by_the_rules_of_one_scan(staged: Staged) -> None:
    first = await staged.scan(LEAK, rules=Rules(digest_key=b"a" * 32))
    second = await staged.scan(LEAK, rules=Rules(digest_key=b"b" * 32))
    assert first.findings[0].digest != second.findings[0].digest


async def test_a_scanner_that_does_not_start_says_so() -> None:
    with pytest.raises(ScanError, match="doesn't start"):
        await ProcessScanner(command=(sys.executable, "-c", "pass")).start()


async def test_strict_inspects_nothing_where_files_are_not_fenced_off() -> None:
    with pytest.raises(ScanError, match=r"no Landlock.*best-effort"):
        await ProcessScanner(command=UNFENCED, strict=True).start()


async def test_best_effort_goes_on_with_what_there_is() -> None:
    async with ProcessScanner(command=UNFENCED) as scanner:
        assert scanner.confinement
        assert scanner.confinement.seccomp
