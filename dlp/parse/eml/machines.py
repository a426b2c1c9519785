"""What mail programs and servers put in a header, which no person can mean.

Every mail that was ever delivered has servers' addresses, signatures and stamps in it; a mail
held for those would be every mail. What stands in their place and isn't theirs is read.
"""

from __future__ import annotations

import re
from typing import Final

from dlp.encoded import encoded

_REFERENCES: Final = frozenset({"message-id", "in-reply-to", "references", "content-id"})
_SEALS: Final = re.compile(
    r"dkim-signature|domainkey-signature|arc-seal|arc-message-signature|x-google-dkim-signature|"
    r"x-gm-message-state|x-google-smtp-source|x-ms-exchange-[\w-]+|x-microsoft-antispam[\w-]*|"
    r"autocrypt"
)
_SEAL_MOST: Final = 16_384
"""Characters of a field of signatures; longer ones could carry a file."""
_TAG: Final = re.compile(
    r"(?<![\w-])(?:v|a|c|d|s|t|x|h|q|l|i|cv|darn)=(?!\S{0,99}\d{3}-\d\d-\d{4})[\w.@/-]+(?:\s*:\s*[\w-]+)*\s*(?:;|\Z)|"
    r"(?<![\w-])(?:bh?|keydata)="
)
"""A signature's tags (RFC 6376, section 3.5), and Autocrypt's."""
_TRACE: Final = re.compile(
    r"received|x-received|received-spf|(?:x-)?(?:arc-)?authentication-results(?:-original)?|"
    r"x-forefront-antispam-report(?:-untrusted)?"
)
"""Fields of the servers that a mail went through: their addresses are nobody's (RFC 5321, 4.4)."""
_RELAY: Final = re.compile(
    r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w])|"
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])"
)
_SAVED: Final = re.compile(r"(?i)\s*<saved by [a-z]{3,12}(?: [a-z]{3,12} [0-9.]{1,6})?>\s*")
"""Whom Chromium and Internet Explorer give as a page's sender."""
_DATES: Final = frozenset({"date", "resent-date", "delivery-date", "expires"})
_DATE: Final = re.compile(
    r"\s*(?:[A-Z][a-z]{2},)?\s*[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
    r" (?:[+-][0-9]{4}|GMT|UTC|[ECMP][SD]T)(?: \([A-Za-z ]{1,40}\))?\s*"
)
"""A mail's own (RFC 5322, section 3.3): the model takes "Thu" for somebody."""
_PROGRAMS: Final = frozenset({"user-agent", "x-mailer", "mime-version"})
_PROGRAM: Final = re.compile(
    r"\s*[A-Za-z0-9](?!.*(?:(?<![\d.])\d{7}|\d{3}[-. ]\d\d|\d/\d))[\w .,()/;:+\\-]{0,160}\s*",
    re.DOTALL,
)
_WHOLE: Final = {**dict.fromkeys(_DATES, _DATE), **dict.fromkeys(_PROGRAMS, _PROGRAM)}
_BOUNDARY: Final = re.compile(
    r"(?i)(;\s*boundary=)(?:\"(?:-+MultipartBoundary--[A-Za-z0-9]{20,60}-*|=+\d{19}==|-*=_Part_[\d.]+_[\d.]+|[-_=]*_?NextPart_[\w.]{1,60}|"
    r"[0-9a-f]{20,40}|_\d{3}_[\w-]{1,90}_|Apple-Mail[=_-]+[0-9A-F-]{36})\"|[0-9a-f]{20,40})"
)
"""Boundaries as mail programs make them, of random digits that could look like a card's."""
_FIXED_NAME: Final = re.compile(
    r"(?i)(;\s*(?:file)?name=)\"?(?:smime\.p7[msc]|winmail\.dat)\"?(?=\s*(?:;|\Z))"
)
"""The names that every program gives to S/MIME's and TNEF's parts."""
_MEDIA_TYPE: Final = re.compile(
    r"(?i)\A\s*(?:text|multipart|application|image|audio|video|message|font|model)/"
    r"[a-z][a-z0-9.+-]{0,80}(?=\s*(?:;|\Z))"
)
_PARAMETER: Final = re.compile(
    r"(?i)(?<=;)\s*(?:charset=\"?[a-z][a-z0-9_:-]{0,19}\"?|format=\"?(?:flowed|fixed)\"?|"
    r"delsp=\"?(?:yes|no)\"?|method=\"?(?:request|reply|cancel|publish)\"?|"
    r"(?:type|protocol)=\"?[a-z]{4,11}/[a-z][a-z.+-]{0,40}\"?|micalg=\"?[a-z0-9-]{3,10}\"?|"
    r"report-type=\"?[a-z-]{1,30}\"?)(?=\s*(?:;|\Z))"
)
"""Parameters whose values standards fix: the model takes "charset" for somebody."""
_SYSTEMS: Final = re.compile(
    r"(?:x-(?:ms|microsoft|forefront|exchange|google|gm|gmail|mozilla|spam|virus|amavis|proofpoint|"
    r"mimecast|ironport|barracuda|apple|yahoo|aol|ses|sg|mailgun|mandrill|eopattributedmessage|"
    r"eoptenantattributedmessage|originatororg|originating|received|attachment|identity|account|"
    r"priority|mailer|mimeole|auto)|arc|list|auto|autocrypt|accept|content|dkim|domainkey|"
    r"authentication|received|resent|disposition|feedback|delivered|errors|precedence|suggested)"
    r"(?:-[a-z]{1,24}[0-9]{0,3}){0,8}"
)
"""Names of fields that standards and large systems gave."""


def is_systems(name: str) -> bool:
    """Whether a field's name is one that a standard or a large system gave, and nobody's own."""
    return bool(_SYSTEMS.fullmatch(name))


def without(name: str, text: str) -> str:
    """A field's text without what machines put there.

    Args:
        name: The field's, in lower case.
        text: Its value, encoded words undone.
    """
    if name in _REFERENCES or (name == "content-location" and text.startswith("cid:")):
        # <random@host> is no address of anybody; its words are read.
        return re.sub(r"[<>@]", " ", text)
    if name in ("content-type", "content-disposition"):
        text = _FIXED_NAME.sub(r"\1", _BOUNDARY.sub(r"\1", text))
        return _PARAMETER.sub("", _MEDIA_TYPE.sub("", text))
    if name == "from" and _SAVED.fullmatch(text):
        return ""
    if name in _WHOLE:
        return "" if _WHOLE[name].fullmatch(text) else text
    if len(text) > _SEAL_MOST:
        return text
    if _TRACE.fullmatch(name):
        text = _RELAY.sub("", text)
    return _unsigned(text) if _SEALS.fullmatch(name) else text


def _unsigned(text: str) -> str:
    """A signature's field without its tags and what is nothing but noise."""
    text, at, parts = _TAG.sub(" ", text), 0, []
    for piece in encoded(text):
        if piece.data is None and piece.start >= at:
            parts.append(text[at : piece.start])
            at = piece.end
    return "".join((*parts, text[at:]))
