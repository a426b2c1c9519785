"""Every command, from the parser's own tree, given by an account of every role."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.operations import PARTNER_ROLES, Role
from gateway.cli.common import CliError
from gateway.cli.main import COMMANDS, _parser, perform
from gateway.directory import Directory
from gateway.migrations import upgrade
from gateway.site import Site
from gateway.store.database import open_database
from keys.kek import LocalKek
from tests.authority.rows import expected

RAN = 77


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with an account of each role, named like it."""
    root = tmp_path_factory.mktemp("site")
    (root / "lazaretto.yaml").write_text("https:\n  enabled: false\n")
    (root / "data").mkdir()
    kek = Site.open(root).paths.kek
    kek.parent.mkdir(parents=True)
    LocalKek.generate(kek)
    database = open_database(f"sqlite:///{root / 'data' / 'lazaretto.db'}", create=True)
    upgrade(database)
    directory = Directory(database)
    directory.add_partner("clinic", "", "system")
    for role in Role:
        partner = "clinic" if role in PARTNER_ROLES else ""
        directory.add_account(str(role), partner, {role}, "system")
    database.close()
    return root


def leaves(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, list[str]]]:
    """Each command below, and words that make its parser content."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for action in below:
        for word, command in action.choices.items():
            yield from leaves(command, f"{path} {word}")
    if not below:
        yield path, [word for action in parser._actions for word in _needed(action)]


def _needed(action: argparse.Action) -> list[str]:
    value = str(next(iter(action.choices))) if action.choices else "1"
    if action.option_strings:
        return [action.option_strings[0], value] if action.required else []
    return [] if action.nargs in {"?", "*"} else [value]


def commands() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in COMMANDS:
        parser = _parser([name])
        (top,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        found |= {f"cli {path}": needed for path, needed in leaves(top.choices[name], name)}
    return found


def observed(operation: str, needed: list[str], *more: str) -> str:
    words = [*operation.split()[1:], *needed, *more]
    args = _parser(words).parse_args(words)
    assert args.operation == operation
    args.run = lambda _args: RAN
    try:
        return "x" if perform(args) == RAN else "?"
    except CliError as error:
        return "F" if "second factor" in str(error) else "."


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    assert sorted(commands()) == sorted(expected("cli "))


@pytest.mark.parametrize("operation", sorted(commands()))
def test_an_account_may_do_what_its_role_allows(operation: str, site: Path) -> None:
    needed, row = commands()[operation], expected("cli ")[operation]
    if "L" in row.values():
        assert set(row.values()) == {"L"}
        assert observed(operation, needed) == "x"
        return
    at = ("--site", str(site))
    assert {role: observed(operation, needed, *at, "--as", role) for role in row} == row
    assert observed(operation, needed, *at) == "x", "the site's own user is its administrator"


def test_a_command_without_a_row_is_refused() -> None:
    args = argparse.Namespace(operation="cli unheard of", acting_as="", run=lambda _args: RAN)
    with pytest.raises(CliError, match="no row"):
        perform(args)
