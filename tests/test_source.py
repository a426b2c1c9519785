"""What the product's source never does, read from its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.logs import KEYS

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("config", "dlp", "gateway", "keys", "transports")
MAKES_OBJECTS: Final = {
    "pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib",
    "jsonpickle", "code", "codeop", "runpy",
}  # fmt: skip
MAKES_CODE: Final = {"eval", "exec", "compile", "__import__", "breakpoint"}
RUNS: Final = {
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell", "pty.spawn", "commands.getoutput",
}  # fmt: skip
XML: Final = {
    "dlp/parse/xmlevents.py": "StartDoctypeDeclHandler",
    "dlp/parse/office/xmlparts.py": "StartDoctypeDeclHandler",
}
"""The only readers of XML, and what in them refuses a document type, and so every entity."""
YAML_SAFE: Final = {"safe_load", "SafeLoader"}
SQL: Final = {"exec_driver_sql", "text", "literal_column"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


TREES: Final = dict(sources())


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path}:{node.lineno}", node, ast.unparse(node.func)


def imported() -> Iterator[tuple[str, str]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def test_the_whole_product_is_read() -> None:
    assert len(TREES) > 250
    assert sum(1 for _ in calls()) > 5000


def test_nothing_makes_code_or_objects_of_data() -> None:
    assert [(p, name) for p, name in imported() if name.split(".")[0] in MAKES_OBJECTS] == []
    assert [(place, name) for place, _, name in calls() if name in MAKES_CODE] == []


def test_nothing_goes_through_a_shell() -> None:
    assert [(place, name) for place, _, name in calls() if name in RUNS] == []
    shells = [
        place
        for place, call, _ in calls()
        for word in call.keywords
        if word.arg == "shell"
        and not (isinstance(word.value, ast.Constant) and not word.value.value)
    ]
    assert shells == []


def test_yaml_makes_no_objects() -> None:
    unsafe = [
        (place, name)
        for place, call, name in calls()
        if re.fullmatch(r"yaml\.\w*load\w*", name)
        and name.removeprefix("yaml.") not in YAML_SAFE
    ]  # fmt: skip
    assert unsafe == []
    loaders = [
        ast.unparse(base)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if "Loader" in ast.unparse(base)
    ]
    assert set(loaders) <= {"yaml.SafeLoader"}


def test_xml_is_read_by_one_parser_that_refuses_entities() -> None:
    readers = {
        path
        for path, name in imported()
        if name.split(".")[0] in {"xml", "lxml", "xmltodict", "bs4", "defusedxml"}
    }
    assert readers == set(XML)
    for path, word in XML.items():
        assert word in (ROOT / path).read_text()


def test_no_statement_is_put_together_from_text() -> None:
    """SQL is made by SQLAlchemy, which binds values; what is written out is written out whole."""
    found = [
        (place, ast.unparse(call.args[0]))
        for place, call, name in calls()
        if name.rpartition(".")[2] in SQL
        and ("." in name and name.partition(".")[0] in {"sa", "sqlalchemy", "connection", "bind"})
        and call.args
        and not _fixed(call.args[0])
    ]
    assert found == []


def _fixed(node: ast.expr) -> bool:
    """Whether it is a text of the source, or made of constants of the module alone."""
    if isinstance(node, ast.IfExp):
        return _fixed(node.body) and _fixed(node.orelse)
    if isinstance(node, ast.JoinedStr):
        return all(
            isinstance(part, ast.Constant) or ast.unparse(part).strip("f'{}\"").isupper()
            for part in node.values
        )
    return isinstance(node, ast.Constant) or ast.unparse(node).isupper()


def test_every_fact_that_is_logged_may_be_logged() -> None:
    """What isn't on the list of :data:`gateway.logs.KEYS` is dropped, and nobody would see it."""
    facts = [
        f"{place} {fact.arg}"
        for place, call, name in calls()
        if re.fullmatch(r"(self\._)?log\.(debug|info|warning|error|exception)", name)
        for fact in call.keywords
        if fact.arg and fact.arg not in KEYS | {"exc_info"}
    ]
    assert facts == []
