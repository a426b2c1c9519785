"""YAML read with the line of every key, and models checked against it with every fault at once.

The dialect is narrower than YAML 1.1: only ``true`` and ``false`` are booleans (a partner called
``no`` stays a partner), nothing is a date or a base-60 number, a key stands once in its map, and
there are no aliases, tags or second documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from config.faults import ConfigError, Fault
from config.wording import describe

MAX_FILE_BYTES: Final = 4 * 2**20
"""Longest file read, in bytes: people write these by hand."""

MAX_DEPTH: Final = 40

Path_ = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain data, with the line of every key and item.

    Attributes:
        file: Name for messages.
        data: Maps, lists, strings, numbers, booleans and None.
        lines: Path of a key or item to its line, from 1.
        faults: What is wrong already: a key that stands twice, say.
    """

    file: str
    data: object
    lines: Mapping[Path_, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def get(self, path: Path_) -> object:
        """The data at ``path``, or None: for checks across keys, before or without a model."""
        here = self.data
        for part in path:
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def line(self, path: Path_) -> int:
        """The line of ``path``, or of the nearest thing around it; 0 if there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def fault(self, path: Path_, problem: str, fix: str) -> Fault:
        """A fault at ``path``."""
        return Fault(self.file, self.line(path), dotted(path), problem, fix)


def dotted(path: Path_) -> str:
    """``("routes", "a", 0)`` as ``routes.a[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2's core schema, and no aliases."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # PyYAML's own shape

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node; refuse an alias, since a few can stand for billions, and depth."""
        mark = self.get_mark()
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias; write the value out", mark)
        self._depth = getattr(self, "_depth", 0) + 1
        if self._depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deep", mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", "-+0123456789."),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


def read_yaml(file: str, text: str) -> Document:
    """Parse one YAML document. A key that stands twice and the like are among its faults.

    Raises:
        ConfigError: The text isn't YAML.
    """
    try:
        loader = _Loader(text)
        reader = _Reader(file, loader)
        node = loader.get_single_node()
        data = None if node is None else reader.plain(node)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_fault(file, error)]) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        fix = "save it as UTF-8 text, with spaces for indents"
        raise ConfigError([Fault(file, 0, "", "is not YAML", fix)]) from None
    return Document(file, data, reader.lines, tuple(reader.faults))


def read_file(path: Path, name: str = "") -> tuple[Document, bytes]:
    """Read and parse a file; also its bytes, for digests.

    Raises:
        ConfigError: It can't be read, is too large, isn't UTF-8 or isn't the YAML we take.
    """
    file = name or str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it can't be read").lower()
        fix = "check that it exists and that this user may read it"
        raise ConfigError([Fault(file, 0, "", f"can't be read: {reason}", fix)]) from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError([Fault(file, 0, "", "is over 4 MiB", "split it or shorten it")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Fault(file, line, "", "is not UTF-8", "save it as UTF-8")]) from None
    return read_yaml(file, text), raw


def check(model: type[M], document: Document) -> M:
    """``document`` as a ``model``.

    Raises:
        ConfigError: With every fault of the document.
    """
    data = {} if document.data is None else document.data
    faults = list(document.faults)
    if not isinstance(data, dict):
        fix = "write it as 'key: value' lines"
        raise ConfigError([*faults, document.fault((), "must hold keys and values", fix)])
    try:
        found = model.model_validate(data)
    except ValidationError as error:
        raise ConfigError([*faults, *_model_faults(model, document, error)]) from None
    if faults:
        raise ConfigError(faults)
    return found


def _model_faults(
    model: type[BaseModel], document: Document, error: ValidationError
) -> Iterator[Fault]:
    items = [
        describe(model, item, set(document.lines))
        for item in error.errors(include_url=False, include_input=False)
    ]
    deepest = {path[:n] for path, _, _ in items for n in range(1, len(path))}
    seen: set[Path_] = set()
    for path, problem, fix in items:
        # Each member of a union complains; the one that got furthest is what was meant.
        if path not in seen and path not in deepest:
            seen.add(path)
            yield document.fault(path, problem, fix)


def _syntax_fault(file: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    problem = f"not YAML: {error.problem or 'broken syntax'}"
    if "'\\t'" in problem:
        return Fault(file, line, "", "a tab in the indentation", "use spaces")
    if "expected a single document" in (error.context or ""):
        return Fault(file, line, "", "a second document", "remove the '---' and what follows it")
    return Fault(file, line, "", problem, "check quotes, colons and indentation on and above it")


class _Reader:
    """Turns nodes into plain data and notes where each stood."""

    def __init__(self, file: str, loader: _Loader) -> None:
        self.lines: dict[Path_, int] = {}
        self.faults: list[Fault] = []
        self._file = file
        self._loader = loader

    def plain(self, node: yaml.Node, path: Path_ = ()) -> object:
        line = self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._map(node, path)
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            self._fault(line, path, "a tag", "write the value without it")
            return None
        return self._loader.construct_object(node)

    def _map(self, node: yaml.MappingNode, path: Path_) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value)
            here = (*path, key)
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(line, path, "a key that isn't a word", "write a word before the colon")
            elif here in self.lines:
                problem = f"stands twice in its map (first on line {self.lines[here]})"
                self._fault(line, here, problem, "remove one")
            else:
                self.lines[here] = line
                result[key] = self.plain(value_node, here)
        return result

    def _fault(self, line: int, path: Path_, problem: str, fix: str) -> None:
        self.faults.append(Fault(self._file, line, dotted(path), problem, fix))
