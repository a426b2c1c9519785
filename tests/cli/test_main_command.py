from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from gateway.cli import main as entry
from gateway.cli.common import CliError
from tests.support.commands import Command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_help_names_every_command(run: Command) -> None:
    outcome = run("--help")
    assert outcome.status == 0
    assert all(f"  {name} " in outcome.out for name in entry.COMMANDS)


def test_version_is_said(run: Command) -> None:
    assert run("--version").out.startswith("lazaretto ")


@pytest.mark.parametrize("words", [(), ("nonsense",), ("policy",), ("policy", "nonsense")])
def test_a_call_that_is_wrong_ends_with_2(run: Command, words: tuple[str, ...]) -> None:
    assert run(*words).status == 2


@pytest.mark.parametrize(
    "name", sorted(n for n in entry.COMMANDS if find_spec(f"gateway.cli.{n}") is not None)
)
def test_each_command_explains_itself(run: Command, name: str) -> None:
    outcome = run(name, "--help")
    assert (outcome.status, outcome.err) == (0, "")


def test_help_loads_nothing_heavy() -> None:
    heavy = ("spacy", "asyncssh", "aiohttp", "sqlalchemy", "presidio_analyzer")
    program = (
        "import sys; from gateway.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit(any(name in sys.modules for name in {heavy!r}))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60,
                          stdout=subprocess.DEVNULL).returncode == 0  # fmt: skip


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def parser(_arguments: object) -> None:
        raise error

    monkeypatch.setattr(entry, "_parser", parser)


def test_our_own_errors_are_one_line_with_the_fix(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, CliError("the door is shut", "open it"))
    outcome = run()
    assert (outcome.status, outcome.err) == (1, "lazaretto: the door is shut; open it\n")


def test_a_strangers_error_keeps_its_text_to_itself(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, ValueError("GARCIA-MARIA"))
    outcome = run()
    assert outcome.status == 1
    assert "GARCIA" not in outcome.err
    assert "ValueError" in outcome.err


def test_with_the_debug_variable_the_traceback_shows(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAZARETTO_DEBUG", "1")
    failing(monkeypatch, ValueError("details"))
    said = run().err
    assert "Traceback" in said
    assert "ValueError" in said
    assert "details" not in said
