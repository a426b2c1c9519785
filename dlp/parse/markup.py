"""The visible text of a piece of markup (XHTML in FHIR, HTML in mail), and what it hides.

Tags vanish, so that ``<b>Jo</b>hn`` is one word; blocks become line ends. Attribute values,
comments and processing instructions are given too: a browser shows none of them and all arrive.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dlp.parse.htmlnames import ATTRIBUTES, INLINE, TAGS

_MARK: Final = re.compile(
    r"<!--(.*?)(?:-->|\Z)|<!\[CDATA\[(.*?)(?:\]\]>|\Z)|<[!?]([^>]*+)(?:>|\Z)"
    r"|<(/?)([A-Za-z][\w:.-]*+)((?:\"[^\"]*+\"|'[^']*+'|[^>\"'])*+)(?:>|\Z)",
    re.DOTALL,
)
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_ATTRIBUTE: Final = re.compile(
    r"([^\s=/>\"']++)\s*+=\s*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|([^\s>\"']++))"
)
_TELLING: Final = re.compile(r"[^\W\d_]{3}|[0-9]{4}")
_SILENT: Final = frozenset({"script", "style"})


class Fragment(NamedTuple):
    """A piece of text with the place of each of its characters.

    Attributes:
        text: Without markup.
        places: Index in the markup of each character, and of the end.
        kind: "" for visible text, "attribute NAME", "comment", "script" or "style".
    """

    text: str
    places: Sequence[int]
    kind: str = ""


class Tag(NamedTuple):
    """A start tag, for who looks for scripts and embedded data.

    Attributes:
        name: Lower case; of tags that end something, ``/table`` alone is given.
        attributes: Name in lower case and value, entities undone.
    """

    name: str
    attributes: tuple[tuple[str, str], ...]


class _Run:
    """Text that grows, with its places."""

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.places: list[int] = []

    def add(self, source: str, start: int, end: int) -> None:
        """Take source text in, entities undone."""
        for found in _ENTITY.finditer(source, start, end):
            self._plain(source, start, found.start())
            meant = html.unescape(found.group())
            self.characters.extend(meant)
            self.places.extend([found.start()] * len(meant))
            start = found.end()
        self._plain(source, start, end)

    def _plain(self, source: str, start: int, end: int) -> None:
        self.characters.extend(source[start:end])
        self.places.extend(range(start, end))

    def flush(self, end: int, kind: str = "") -> Iterator[Fragment]:
        """Give what has come together."""
        text = "".join(self.characters)
        if text.strip():
            yield Fragment(text, [*self.places, end], kind)
        self.characters, self.places = [], []


def fragments(source: str) -> Iterator[Fragment | Tag]:
    """Everything that a piece of markup says, in order; linear in its length."""
    run, at, silent = _Run(), 0, ""
    for found in _MARK.finditer(source):
        if silent and (found[5] or "").lower() != silent:
            continue
        run.add(source, at, found.start())
        at = found.end()
        if found[2] is not None:
            run.add(source, *found.span(2))
            continue
        name = (found[5] or "").lower()
        if silent or name not in INLINE:
            yield from run.flush(found.start(), silent)
        silent = ""
        for group in (1, 3):
            if found[group]:
                yield _plainly(source, found, group)
        if name:
            if name not in TAGS and _TELLING.search(name):
                yield Fragment(found[5], range(found.start(5), found.end(5) + 1), "odd tag")
            yield from _tag(name, source, found)
            silent = name if name in _SILENT and not found[4] else ""
    run.add(source, at, len(source))
    yield from run.flush(len(source), silent)


def _plainly(source: str, found: re.Match[str], group: int) -> Fragment:
    start, end = found.span(group)
    return Fragment(source[start:end], range(start, end + 1), "comment")


def _tag(name: str, source: str, found: re.Match[str]) -> Iterator[Fragment | Tag]:
    attributes = []
    at, odd = found.start(6), _Run()
    for attribute in _ATTRIBUTE.finditer(source, *found.span(6)):
        known = attribute[1].lower() in ATTRIBUTES
        odd.add(source, at, attribute.start() if known else attribute.end(1))
        at = attribute.end()
        group = next(g for g in (2, 3, 4) if attribute[g] is not None)
        run = _Run()
        run.add(source, *attribute.span(group))
        attributes.append((attribute[1].lower(), "".join(run.characters)))
        yield from run.flush(attribute.end(group), f"attribute {attribute[1].lower()}")
    odd.add(source, at, found.end(6))
    if _is_telling("".join(odd.characters)):
        yield from odd.flush(found.end(6), "odd attribute")
    if not found[4]:
        yield Tag(name, tuple(attributes))
    elif name == "table":
        yield Tag("/table", ())


def _is_telling(written: str) -> bool:
    """Whether what stands beside attributes' values is more than the names that browsers know."""
    return any(
        word.lower() not in ATTRIBUTES and _TELLING.search(word)
        for word in re.split(r"[\s/=]+", written)
    )
