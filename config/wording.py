"""Pydantic's findings in words for whoever edits the file: what is wrong, and what to write."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from types import NoneType
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_FIXES = {
    "missing": ("is missing", "add it"),
    "int_type": ("must be a whole number", "write digits"),
    "int_parsing": ("must be a whole number", "write digits"),
    "int_from_float": ("must be a whole number", "write it without a fraction"),
    "float_type": ("must be a number", "write digits"),
    "float_parsing": ("must be a number", "write digits"),
    "bool_type": ("must be true or false", "write one of the two"),
    "bool_parsing": ("must be true or false", "write one of the two"),
    "string_type": ("must be text", "put it in quotes"),
    "tuple_type": ("must be a list", "write it as [a, b]"),
    "dict_type": ("must be a map", "write 'key: value' lines under it"),
    "model_type": ("must be a map", "write 'key: value' lines under it"),
    "model_attributes_type": ("must be a map", "write 'key: value' lines under it"),
    "too_short": ("must not be empty", "name at least one"),
    "byte_size": ("must be a size", "write a number of bytes, or such as 512 MiB"),
    "byte_size_unit": ("has an unknown unit", "use B, KiB, MiB, GiB or TiB"),
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


def describe(
    model: type[BaseModel], error: ErrorDetails, known: AbstractSet[tuple[str | int, ...]]
) -> tuple[tuple[str | int, ...], str, str]:
    """Path in the file, problem and fix for one of pydantic's errors.

    Args:
        model: What the document was checked against.
        error: One item of ``ValidationError.errors()``.
        known: Every path the file has; pydantic's own may go on with the name of a type tried.
    """
    path = _in_file(error["loc"], known)
    if error["type"] == "missing":
        return (*path, error["loc"][-1]), "is missing", "add it"
    if error["type"] == "extra_forbidden":
        return path, "is not a key known here", _suggest(str(path[-1]), _keys(model, path[:-1]))
    return path, *_words(error)


def _in_file(
    path: tuple[str | int, ...], known: AbstractSet[tuple[str | int, ...]]
) -> tuple[str | int, ...]:
    """Pydantic's path without the names of the types it tried."""
    here: tuple[str | int, ...] = ()
    for part in path:
        if (*here, part) in known:
            here = (*here, part)
    return here


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The nearest of ``known``, if any is near."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def _words(error: ErrorDetails) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"must be {words} {context[name]}", "change the number"
    if kind in {"literal_error", "enum"}:
        return f"must be {context['expected']}", "use one of these"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}", "use lower-case letters, digits and hyphens"
    if kind == "value_error":
        problem, _, fix = str(context["error"]).partition("; ")
        return problem, fix
    return _FIXES.get(kind, (error["msg"], "change it"))


def _suggest(word: str, known: list[str]) -> str:
    near = did_you_mean(word, known)
    if near:
        return f"did you mean '{near}'?"
    return f"remove it; known are {', '.join(sorted(known))}" if known else "remove it"


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys that the map at ``path`` takes."""
    here: object = model
    for part in path:
        here = _inside(here, part)
    found = next((kind for kind in _models(here)), None)
    fields = found.model_fields.items() if found else ()
    return [info.alias or name for name, info in fields if not info.json_schema_extra]


def _inside(annotation: object, part: str | int) -> object:
    for found in _models(annotation):
        for name, info in found.model_fields.items():
            if part in {name, info.alias}:
                return info.annotation
    for kind in _members(annotation):
        if get_origin(kind) in {dict, tuple, list}:
            arguments = [a for a in get_args(kind) if a not in {Ellipsis, NoneType}]
            return arguments[-1] if arguments else None
    return None


def _models(annotation: object) -> list[type[BaseModel]]:
    return [
        kind
        for kind in _members(annotation)
        if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)
    ]


def _members(annotation: object) -> list[object]:
    """A union's members, or the annotation itself; ``Annotated`` looked through."""
    annotation = (
        getattr(annotation, "__origin__", annotation) if _annotated(annotation) else annotation
    )
    if get_origin(annotation) in {dict, tuple, list} or isinstance(annotation, type):
        return [annotation]
    return [member for part in get_args(annotation) for member in _members(part)]


def _annotated(annotation: object) -> bool:
    return hasattr(annotation, "__metadata__")
