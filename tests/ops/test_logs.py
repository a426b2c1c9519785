from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from config.settings import Logging
from gateway import logs
from gateway.ports import LedgerUnavailableError

Lines = Callable[[], list[dict[str, Any]]]
SECRET = "GARCIA-MARIA"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    logs.configure(Logging(format="json", level="info"), "edge")

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in written.getvalue().splitlines()]

    yield read
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_has_level_time_process_and_its_context(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(transfer="t_1", route="claims"):
        structlog.get_logger().info("staged", size=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "staged", "level": "info", "process": "edge", "transfer": "t_1",
        "route": "claims", "size": 3,
    }  # fmt: skip


def test_a_key_that_is_not_on_the_list_is_dropped_and_named(lines: Lines) -> None:
    structlog.get_logger().info("staged", filename=SECRET, size=3)
    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert line["dropped"] == ["filename"]


def test_the_text_of_a_librarys_line_is_withheld(lines: Lines) -> None:
    logging.getLogger("asyncssh.sftp").warning("removing %s", SECRET)
    logging.getLogger("asyncio").error(f"task {SECRET} failed")  # noqa: G004  # as asyncio does
    text = json.dumps(found := lines())
    assert SECRET not in text
    assert [line["logger"] for line in found] == ["asyncssh.sftp", "asyncio"]


def test_our_own_lines_through_logging_keep_their_text_and_lose_their_arguments(
    lines: Lines,
) -> None:
    logging.getLogger("transports.sftp").warning("gone: %s", SECRET)
    (line,) = lines()
    assert (line["event"], SECRET in json.dumps(line)) == ("gone: %s", False)


def test_chatter_of_asyncssh_at_info_is_not_written(lines: Lines) -> None:
    logging.getLogger("asyncssh").info("opening %s", SECRET)
    assert lines() == []


def test_a_strangers_exception_shows_its_type_and_places_and_not_its_text(lines: Lines) -> None:
    try:
        int(SECRET)
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert line["error"] == "ValueError"
    assert line["trace"][-1].startswith("test_logs.py:")


def test_our_own_exceptions_keep_their_text(lines: Lines) -> None:
    error = LedgerUnavailableError("the database is locked")
    structlog.get_logger().error("failed", exc_info=error)
    assert lines()[0]["error"] == "LedgerUnavailableError: the database is locked"


def test_a_line_stays_a_line_whatever_is_in_it(lines: Lines) -> None:
    structlog.get_logger().info("refused", reason="a\nb\x1b[31m" + "x" * 10_000)
    (line,) = lines()
    assert len(line["reason"]) <= logs.MAX_VALUE + 1
