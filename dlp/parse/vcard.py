"""vCard (RFC 6350, and 2.1 before it) and iCalendar (RFC 5545): contact cards and invitations.

Content lines are unfolded and their values undone, so that no escape, fold or encoding hides what
they carry; each is read beside its property's name, which tells what it is.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.terms import terms
from dlp.streams import read_exactly
from dlp.unpack.entry import Entry

MOST_BYTES: Final = 32 * 2**20
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK: Final = re.compile(
    r"(?i)(^[^:\r\n]{0,200}QUOTED-PRINTABLE[^:\r\n]{0,200}:(?:[^\r\n]*=\r?\n)*)", re.MULTILINE
)
_LINE: Final = re.compile(
    r"((?:[\w-]{1,80}\.)?[\w-]{1,80})((?:;(?:\"[^\"]*+\"|[^\":;]++)*+)*+):(.*)", re.DOTALL
)
_PARAMETER: Final = re.compile(r";([\w-]+)(?:=((?:\"[^\"]*+\"|[^\";]++)*+))?")
_ESCAPE: Final = re.compile(r"\\([nN,;:\\])")
_MACHINES: Final = terms(
    "BEGIN END VERSION PRODID CALSCALE METHOD DTSTAMP DTSTART DTEND DUE CREATED LAST-MODIFIED REV "
    "RRULE EXDATE RDATE RECURRENCE-ID SEQUENCE STATUS TRANSP CLASS PRIORITY TRIGGER ACTION TZID "
    "TZOFFSETFROM TZOFFSETTO TZURL DURATION REPEAT PERCENT-COMPLETE KIND MAILER"
)
_TYPES: Final = terms(
    "TYPE VALUE ENCODING CHARSET LANGUAGE PREF ALTID PID TZID RSVP ROLE PARTSTAT CUTYPE FMTTYPE "
    "RELATED RANGE FBTYPE SORT-AS WORK HOME CELL VOICE FAX INTERNET PREF QUOTED-PRINTABLE BASE64"
)
_TOKEN: Final = re.compile(
    r"[A-Z-]{0,24}|[0-9.]{1,4}|[+-]?[0-9]{4}|-?P[0-9DHMSTW]{1,12}|"
    r"(?:[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9]{2}:?[0-9]{2}:?[0-9]{2}(?:Z|[+-][0-9:]{4,5})?)?|"
    r"(?:[A-Z]{2,10}=[A-Z0-9,+-]{1,40};?){1,9}|-//[\w ./+-]{1,60}//(?:[\w .+-]{1,60}//)?[A-Z]{2}|"
    r"[A-Z][a-z]{1,20}/[A-Z][A-Za-z_/-]{1,40}|[A-Z][A-Za-z. ]{2,40} (?:Standard|Daylight) Time"
)
"""Times, durations, rules, zones and programs as calendars write them."""
_PLAIN: Final = re.compile(r"(?!.*(?:\d{5}|\d-\d))[\w/,; +-]{0,40}")
_NAME: Final = "N"


class _Line(NamedTuple):
    name: str
    parameters: tuple[tuple[str, str], ...]
    value: str

    def has(self, word: str) -> bool:
        """Whether a parameter, or its value, is a word."""
        return any(word in (name, value.strip('"').upper()) for name, value in self.parameters)


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every property with its parameters; pictures, attachments and pages as entries.

    Raises:
        NotReadableError: It is over 32 MiB, or the budget is spent.
    """
    data = read_exactly(content.source, 0, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise NotReadableError(Obstacle.TOO_LARGE, f"a card of over {MOST_BYTES // 2**20} MiB")
    meter.take(len(data))
    attached = 0
    for number, written in enumerate(_unfolded(data), 1):
        if number % 256 == 0:
            meter.check_time()
        line = _read(written)
        if line is None:
            if written.strip():
                yield Passage(written, f"property {number}", Carrier.FREE_TEXT)
            continue
        packed = _packed(line)
        if isinstance(packed, bytes):
            attached += 1
            yield Entry(attached, "", io.BytesIO(packed), kind="attachment")
        elif packed is not None:
            yield Uninspectable(Obstacle.MALFORMED, packed, f"property {number}")
        yield from _said(line, f"property {number}", has_value=packed is None)


def _unfolded(data: bytes) -> list[str]:
    """Content lines whole (RFC 5545, section 3.1)."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    joined = _SOFT_BREAK.sub(lambda found: re.sub(r"=\r?\n", "", found[1]), text)
    return re.split(r"\r?\n|\r", _FOLD.sub("", joined))


def _read(written: str) -> _Line | None:
    found = _LINE.fullmatch(written)
    if found is None:
        return None
    given = tuple((name.upper(), value or "") for name, value in _PARAMETER.findall(found[2]))
    name = found[1].upper().rpartition(".")[2]
    value = found[3]
    line = _Line(name, given, value)
    if line.has("QUOTED-PRINTABLE"):
        raw = binascii.a2b_qp(value.encode("utf-8", "replace"))
        value = raw.decode("utf-8", "replace")
    return line._replace(value=value)


def _packed(line: _Line) -> bytes | str | None:
    """A value that is a file: its bytes, or why they can't be told; None for text."""
    if line.has("BASE64") or line.has("B"):
        try:
            return base64.b64decode("".join(line.value.split()), validate=True)
        except binascii.Error:
            return "Base64 that is damaged"
    if line.has("TEXT/HTML"):
        return b"<html>\n" + _undone(line.value).encode()
    return None


def _said(line: _Line, where: str, *, has_value: bool) -> Iterator[Passage]:
    if has_value and not (line.name in _MACHINES and _TOKEN.fullmatch(line.value)):
        value = _named(line.value) if line.name == _NAME else _undone(line.value)
        if value.strip(" ;,"):
            yield Passage(f"{line.name}: {value}", where, Carrier.FREE_TEXT)
    elif not has_value and line.name.startswith("X-"):
        yield Passage(line.name, f"{where} name", Carrier.FREE_TEXT)
    for name, value in line.parameters:
        if value and not (name in _TYPES and _PLAIN.fullmatch(value.strip('"'))):
            yield Passage(f"{name}: {value}", f"{where} parameter", Carrier.FREE_TEXT)
        elif not value and name not in _TYPES:
            yield Passage(name, f"{where} parameter", Carrier.FREE_TEXT)


def _undone(value: str) -> str:
    """A value without its escapes; what stands between semicolons is apart."""
    parts = re.split(r"(?<!\\);", value)
    plain = (_ESCAPE.sub(lambda e: "\n" if e[1] in "nN" else e[1], part) for part in parts)
    return ", ".join(part for part in plain if part.strip())


def _named(value: str) -> str:
    """A name's components in the order in which it is said (RFC 6350, section 6.2.2)."""
    family, given, middle, *_ = [*re.split(r"(?<!\\);", value), "", ""]
    return " ".join(_undone(part) for part in (given, middle, family) if part.strip())
