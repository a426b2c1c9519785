"""From findings to edits: which bytes, and what stands there afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from config.contracts import Redaction as Style
from dlp.model import Carrier, Match, Passage, Source
from dlp.parse.lines import LinesPlace
from dlp.redact.edits import Edit
from dlp.redact.style import masked, replacement
from dlp.redact.taken import Piece, Taken
from dlp.streams import read_exactly
from dlp.tally import bytes_at
from dlp.verdict import is_redactable
from dlp.walk import Spot

_JSON: Final = ("fhir/json", "fhir/ndjson", "json", "ndjson")
_MARKUP: Final = ("ccda", "fhir/json", "fhir/ndjson", "fhir/xml")
"""Formats in which a passage may have tags inside: the narrative."""
_X12, _HL7 = "x12/", "hl7v2"
_SEPARATED: Final = re.compile(rb"([^0-9A-Za-z\x80-\xff '.,-]+)")
_SEGMENT: Final = re.compile(rb"[A-Z][A-Z0-9]{1,2}")
_TAG: Final = re.compile(rb"(<[^<>]*>)")
_MOST: Final = 200_000
"""Places redacted in one file; one with more is no slip that somebody made in a note."""
_ENCODINGS: Final = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")


class Edits:
    """Collects the edits that findings call for.

    Args:
        style: What stands where something was taken out.
        key: Of the pseudonyms.

    Attributes:
        edits: In no order, perhaps overlapping.
        blocked: Why the file can't be redacted; "" if it can.
    """

    def __init__(self, style: Style, key: bytes) -> None:
        self._style, self._key = style, key
        self._wanted: list[tuple[str, Passage, Match]] = []
        self.blocked = ""

    def add(self, spot: Spot, fmt: str, passage: Passage, match: Match) -> None:
        """Take a match that must not stand where it does."""
        if self.blocked:
            return
        self.blocked = _obstacle(spot, fmt, passage)
        if len(self._wanted) >= _MOST:
            self.blocked = f"more than {_MOST} places would have to be redacted"
        self._wanted.extend((fmt, *part) for part in _parts(passage, match))

    def against(self, source: Source) -> list[Edit]:
        """The edits, made for the bytes of ``source``; sets ``blocked`` if one can't be made."""
        edits = []
        for taken in self._by_passage():
            for ordinal, piece in enumerate(taken.pieces):
                edit = self._edit(source, taken, ordinal, piece)
                if edit is None:
                    self.blocked = "a value's bytes can't be told from its field's"
                    return []
                edits.append(edit)
        return edits

    def _by_passage(self) -> Iterator[Taken]:
        """What is wanted of each passage; the two looks at a file make theirs anew."""
        grouped: dict[tuple[str, int | None, str], list[tuple[Passage, Match]]] = {}
        for fmt, passage, match in self._wanted:
            key = (fmt, passage.offset, passage.text)
            grouped.setdefault(key, []).append((passage, match))
        for (fmt, *_), wanted in grouped.items():
            yield Taken(fmt, wanted[0][0], [match for _, match in wanted])

    def _edit(self, source: Source, taken: Taken, ordinal: int, piece: Piece) -> Edit | None:
        fmt, passage = taken.fmt, taken.passage
        match = piece.match._replace(start=piece.start, end=piece.end)
        offset, length = bytes_at(passage, match)
        if offset is None or length is None:
            return None
        before = 1 if offset else 0
        data = read_exactly(source, offset - before, length + before)
        quote, raw = data[:before], data[before:]
        if fmt.startswith(_JSON) and _is_bare_number(quote, raw, passage):
            return Edit(offset, length, b"0")
        encoding, literal = _encoding(raw, passage, match)
        if not encoding or (fmt in _MARKUP and b"<!" in raw):
            return None
        new = self._new(taken, ordinal, piece, literal=literal).encode(encoding)
        if fmt in _MARKUP:
            new = _between_tags(raw, new)
        elif fmt.startswith(_X12) and not literal:
            new = _between_marks(raw, new)
        elif fmt == _HL7 and len(new) == len(raw):
            new = _around_marks(raw, new)
        return Edit(offset, length, new)

    def _new(self, taken: Taken, ordinal: int, piece: Piece, *, literal: bool) -> str:
        """What is written for a piece: by the match that says most of it."""
        written = replacement(
            self._style, self._key, taken.fmt, taken.passage, piece.match,
            all_of_it=taken.all_of_it and not ordinal, may_grow=taken.may_grow,
        )  # fmt: skip
        whole = taken.passage.text[piece.start : piece.end]
        if written == masked(taken.passage.text[piece.match.start : piece.match.end]):
            return masked(whole, literal=literal)
        return written


def _parts(passage: Passage, match: Match) -> Iterator[tuple[Passage, Match]]:
    """A match by the fields that it stands in, so that what separates them is left standing."""
    if not isinstance(passage.where, LinesPlace):
        yield passage, match
        return
    for line, start, end in passage.where.split(match.start, match.end):
        yield line, match._replace(start=start, end=end)


def _obstacle(spot: Spot, fmt: str, passage: Passage) -> str:
    if spot.place:
        return "what is inside a container or an attachment can't be redacted"
    if passage.carrier is Carrier.NAME:
        return "a file's name can't be redacted"
    if not is_redactable(fmt):
        return "this format can't be redacted and stay valid"
    if passage.carrier is Carrier.CODED and not passage.fault:
        return "a coded field can't be redacted and stay valid"
    if passage.offset is None or passage.length is None:
        return "a value's place in the file can't be told by bytes"
    return ""


def _between_tags(raw: bytes, new: bytes) -> bytes:
    """``new`` for the first piece of text and nothing for the others, with the tags left standing.

    A name of which a half is bold is one name, and its tags must still match.
    """
    pieces = _TAG.split(raw)
    first = next((i for i in range(0, len(pieces), 2) if pieces[i]), 0)
    pieces[::2] = [new if i == first else b"" for i in range(0, len(pieces), 2)]
    return b"".join(pieces)


def _between_marks(raw: bytes, new: bytes) -> bytes:
    """``new`` for elements of a segment of which we know nothing; its separators and name stay.

    What has the size of the bytes goes where they were, a word to the first element.
    """
    pieces = _SEPARATED.split(raw)
    starts = list(accumulate(map(len, pieces), initial=0))
    kept = 2 if _SEGMENT.fullmatch(pieces[0]) and len(pieces) > 1 else 0
    for i in range(kept, len(pieces), 2):
        if len(new) == len(raw):
            pieces[i] = new[starts[i] : starts[i + 1]]
        else:
            pieces[i] = new if i == kept else b""
    return b"".join(pieces)


def _around_marks(raw: bytes, new: bytes) -> bytes:
    """``new``, of the same length, with HL7's usual separators of components where they were."""
    return bytes(old if old in b"^&" else put for old, put in zip(raw, new, strict=True))


def _is_bare_number(before: bytes, raw: bytes, passage: Passage) -> bool:
    """Whether a JSON value stands there without quotes: a number or a literal."""
    return before != b'"' and len(raw) == len(passage.text) == passage.length


def _encoding(raw: bytes, passage: Passage, match: Match) -> tuple[str, bool]:
    """The encoding of a match's bytes ("" if none gives its text), and whether they are its text.

    Otherwise escapes make them differ.
    """
    text = passage.text[match.start : match.end]
    for encoding in _ENCODINGS:
        try:
            if text.encode(encoding) == raw:
                return encoding, True
        except UnicodeEncodeError:
            continue
    # Every format that has escapes is an extension of ASCII here.
    return ("ascii" if b"\0" not in raw else ""), False
