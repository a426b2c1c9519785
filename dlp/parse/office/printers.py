"""Printer settings: a DEVMODE of Windows, or a property list of macOS.

What stands there is a program's: names of printers, papers, queues and keys, and their URLs. Only
what may be somebody's number, or a mail address, is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import Passage, Source
from dlp.parse.image.strings import is_stamp
from dlp.parse.office.runs import runs

_PART: Final = re.compile(r"(?i)/?(?:xl|ppt|word)/printerSettings/[^/]*")
_MARKUP: Final = re.compile(r"<key>[^<]*</key>|<[^<>]*>")
_TELLING: Final = re.compile(r"[0-9](?:[ -]?[0-9]){4}|@")


def is_settings(name: str) -> bool:
    """Whether a member of a package is a printer's settings."""
    return bool(_PART.fullmatch(name))


def telling(text: str) -> bool:
    """Whether a run of a printer's settings may be somebody's."""
    return bool(_TELLING.search(text)) and not is_stamp(text)


def passages(source: Source, meter: Meter, where: str) -> Iterator[Passage]:
    """What is read of them, value by value.

    Raises:
        NotReadableError: As :func:`dlp.parse.office.runs.runs` does.
    """
    for run in runs(source, meter, where):
        lines = _MARKUP.sub("\n", run.text).splitlines()
        text = "\n".join(line for line in lines if telling(line))
        if text:
            yield run._replace(text=text)
