"""Mailboxes at the site's own domains: whoever writes from one is staff (RFC 5322, section 3.4)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from dlp.detect.domains import is_below
from dlp.parse.terms import terms

_FIELDS: Final = terms(
    "from to cc bcc sender reply-to return-path delivered-to x-original-to resent-from resent-to "
    "resent-cc disposition-notification-to"
)
_MAILBOX: Final = re.compile(
    r"(?:\"([^\"<>@]{1,80})\"|([^\s\",;<>@:][^\",;<>@:]{0,79}))?\s{0,4}<[^<>@\s]{1,64}@([\w.-]{1,253})>"
    r"|(?<![\w.@+-])[\w.+-]{1,64}@([\w.-]{1,253})(?![\w.@-])"
)


class Staff(NamedTuple):
    """What a field of addresses says of staff.

    Attributes:
        names: Of whom it names.
        rest: The field without their mailboxes.
    """

    names: tuple[str, ...]
    rest: str


def told(name: str, text: str, domains: Collection[str]) -> Staff:
    """Take the mailboxes of staff out of a header field.

    Args:
        name: The field's, in lower case.
        text: Its value.
        domains: The site's own, in lower case.
    """
    if name not in _FIELDS or not domains:
        return Staff((), text)
    names: list[str] = []

    def taken(found: re.Match[str]) -> str:
        if not is_below(found[3] or found[4], domains):
            return found[0]
        said = (found[1] or found[2] or "").strip()
        # "SSN 412-55-7731 <a@site>" is no name.
        if said and any(map(str.isdigit, said)):
            return said
        names.extend([said] if said else [])
        return " "

    rest = _MAILBOX.sub(taken, text)
    return Staff(tuple(names), rest.strip(" ,;\r\n\t"))
