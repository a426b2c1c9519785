"""Structured logs to standard error: JSON lines for machines, colours for a terminal.

What may stand in a line is an allow-list of keys, so that no file name, finding or user input gets
in by a careless keyword. Lines of libraries keep their place in the code and lose their text,
since asyncssh, aiohttp and asyncio quote names, requests and arguments in theirs.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final

import structlog

from config.settings import Logging

KEYS: Final = frozenset({
    "account", "actor", "address", "attempts", "category", "children", "code", "console", "count",
    "credential", "detail",
    "digest", "dropped", "edges", "error", "event", "failed", "fault", "file", "findings", "fix",
    "format", "health", "https", "key_id", "kind", "length", "level", "limit", "line", "logger",
    "metrics", "method", "missing", "name_model", "named", "obstacle", "outcome", "partner", "path",
    "peer", "pid", "policy", "port", "problem", "process", "protocol", "reason", "recipient",
    "removed", "route", "sandbox", "seconds", "sftp", "signal", "site", "size", "state", "status",
    "step", "stuck", "timestamp", "trace", "transfer", "unknown", "verdict", "version", "where",
    "worker", "workers",
})  # fmt: skip
"""Everything a line may hold: ids, numbers, and words of our own vocabulary."""

MAX_VALUE: Final = 500
_OURS: Final = ("gateway", "transports", "keys", "dlp", "config")
_NOISY: Final = ("asyncssh", "aiohttp.access", "presidio-analyzer", "presidio_analyzer")

EventDict = MutableMapping[str, Any]


def configure(settings: Logging, process: str) -> None:
    """Set up logging for this process; again is harmless.

    Args:
        settings: Form and level.
        process: What this process is, in every line: ``supervisor``, ``edge``, ``worker``.
    """
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _process(process),
        explain_exception,
        allowed_only,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,  # a module's logger follows the next configuration
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[from_library, structlog.stdlib.ExtraAdder(KEYS), *shared[1:]],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # What nobody caught would be printed with its text, which may quote a file or a secret.
    sys.excepthook = lambda _kind, error, _trace: _unforeseen(error)
    threading.excepthook = lambda args: _unforeseen(args.exc_value)
    sys.unraisablehook = lambda args: _unforeseen(args.exc_value)
    for name in _OURS:
        logging.getLogger(name).setLevel(_level(settings))
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def allowed_only(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Drop what isn't on the list, and say which keys were dropped; shorten long text."""
    internal = {key: event[key] for key in ("_record", "_from_structlog") if key in event}
    kept = {key: _short(value) for key, value in event.items() if key in KEYS}
    dropped = sorted(str(key) for key in event if key not in KEYS and key not in internal)
    if dropped:
        kept["dropped"] = dropped
    return {**kept, **internal}


def explain_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """An exception as its type and the places it passed; its text only if it is one of ours."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["error"] = describe(raised)
        event["trace"] = _places(raised.__traceback__)
    return event


def from_library(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A line that came through :mod:`logging`: where it was written, and not what it says."""
    record: logging.LogRecord = event["_record"]
    ours = record.name.split(".")[0] in _OURS
    event["event"] = str(record.msg) if ours else "message of a library (text withheld)"
    event["logger"] = record.name
    event["where"] = f"{record.module}:{record.lineno}"
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


def _unforeseen(error: BaseException | None) -> None:
    structlog.get_logger().error("broke", exc_info=error)


def places(error: BaseException) -> str:
    """An exception and what it came of, for whoever mends it: places, and no stranger's text."""
    chain: list[BaseException] = [error]
    while following := chain[-1].__cause__ or (
        None if chain[-1].__suppress_context__ else chain[-1].__context__
    ):
        if following in chain:
            break
        chain.append(following)
    shown = [
        "".join(traceback.format_tb(link.__traceback__)) + f"{describe(link)}\n"
        for link in reversed(chain)
    ]
    return "Traceback (most recent call last):\n" + "\nand then\n\n".join(shown)


def describe(error: BaseException) -> str:
    """What may be logged of an exception: its type, and the text of our own, which hold no data."""
    kind = type(error)
    ours = kind.__module__.split(".")[0] in _OURS
    return f"{kind.__name__}: {error}" if ours else kind.__name__


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-8:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]


def _process(name: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: EventDict) -> Mapping[str, Any]:
        event.setdefault("process", name)
        return event

    return add


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_VALUE:
        return value[:MAX_VALUE] + "…"
    return value


def _level(settings: Logging) -> int:
    return logging.getLevelNamesMapping()[settings.level.upper()]
