"""Identifiers that can be told by their shape, a validity rule and the words near them.

Confidence: 0.9 and more, a checksum or an explicit label; 0.7 to 0.9, a strict shape; 0.5 to 0.7, a
shape that other things have too; under 0.5, reported and deciding nothing by default.
"""

# ruff: noqa: E501 - an expression broken over lines is read worse than a long one

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import re2

from dlp.detect import checksums
from dlp.detect.context import near_words, words_after
from dlp.detect.reading import Reading
from dlp.detect.scan import Screen, compile_bounded, spans
from dlp.detect.words import is_given_name, is_word
from dlp.model import Category, Match

_SHORTEST_IPV6 = 8
# RFC 1918, 6598, 3927 and 4193: the same in every house, so they tell of nobody outside it.
_OWN_NETWORKS = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7",
    "fe80::/10",
)))  # fmt: skip
_AGENCY_URL, _PLAIN_URL, _PATH_URL = 0.3, 0.4, 0.6
_ROLE_MAIL = 0.3
# Programs write these addresses into what they make: help, and names of schemas.
_MAKERS = frozenset({"go.microsoft.com", "aka.ms", "schemas.microsoft.com", "www.w3.org"})
_LONG_NUMBER = re.compile(r"[0-9]{8}|[0-9]-[0-9]{2}-[0-9]")
# A page's style or a program's schema identifies nobody.
_ASSET = re.compile(r"(?![^/]*[0-9]{5})[\w./@-]{1,120}\.(?:css|js|woff2?|ttf|ico|xsd|dtd|xsl)")
# A desk's address names nobody.
_ROLE = re.compile(
    r"(?:NO-?REPLY|DO-?NOT-?REPLY|INFO|CLAIMS?|BILLING|DESK|HELP-?DESK|HELP|SUPPORT|OFFICE|ADMIN|"
    r"CONTACT|SERVICE|MEMBER-?SERVICES?|CUSTOMER-?SERVICE|ENROLL?MENT|ELIGIBILITY|PROVIDER|"
    r"PROVIDERS|POSTMASTER|MAILER-DAEMON|WEBMASTER|HOSTMASTER|SECURITY|ABUSE|PRIVACY|COMPLIANCE|EDI|RECORDS|"
    r"REFERRALS?|SCHEDULING|APPOINTMENTS?|PHARMACY|LAB|HR|SALES|ACCOUNTS?|PAYMENTS?|REMITTANCE|"
    r"CI|CI-BOT|BOT|OPS|DEVOPS|ROOT|CRON|ALERTS?|MONITORING|NOTIFICATIONS?|API|DBA|SYSADMIN|RELEASES?)"
    r"[0-9]{0,2}@"
)
_PARTS = re.compile(r"[a-z]+|[0-9]+|[^\x00-\x7f]{3,}")
_YEAR = re.compile(r"20[0-9]{2}")
_SHORT = 2
_NOT_DIGIT = re.compile(r"[^0-9]")
_NOT_ALNUM = re.compile(r"[^0-9A-Z]")


class Rule(NamedTuple):
    """One pattern.

    Attributes:
        name: The detector's name.
        category: What it finds.
        expression: Linear time; group 1 is the value.
        valid: Checks the value in upper case, or None.
        context: Words that support it.
        bare: Confidence without such a word; 0 means not at all.
        named: Confidence with one.
        against: Words that make it something else.
    """

    name: str
    category: Category
    expression: re2._Regexp
    valid: Callable[[str], bool] | None
    context: frozenset[str]
    bare: float
    named: float
    against: frozenset[str] = frozenset()


def _digits(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: check(_NOT_DIGIT.sub("", value))


def _characters(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: check(_NOT_ALNUM.sub("", value))


def _ip(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    return not any(
        address in network for network in _OWN_NETWORKS if network.version == address.version
    )


def _ipv6(value: str) -> bool:
    # "::" and "1::" are addresses to the letter and punctuation in notes.
    return len(value) >= _SHORTEST_IPV6 and _ip(value)


def _ssn_last_four(value: str) -> bool:
    return value != "0000"


def _has_letters_and_digits(value: str) -> bool:
    return not value.isdigit() and not value.isalpha()


_M = "[AC-HJKMNP-RT-Y]"
_SSN = frozenset({"ssn", "social", "ss", "soc", "ssns", "itin", "ss no", "social security"})
_ITIN = frozenset({"itin", "itins", "taxpayer id", "individual taxpayer"})
_RAILROAD = frozenset({"hicn", "hic", "railroad", "rrb", "railroad medicare", "rr medicare"})
_CARD = frozenset({"card", "visa", "mastercard", "amex", "discover", "credit", "cc", "debit"})
_MEDICARE = frozenset({"mbi", "medicare", "hic", "hicn", "beneficiary"})
_INVOICE = frozenset({"invoice", "po", "lot", "ndc", "check no", "tracking", "npi", "check", "eft",
                      "tin", "ein", "fein", "tax", "ref", "reference", "batch", "trace"})  # fmt: skip
_IP_WORDS = frozenset({"ip", "address", "login", "host", "client", "from", "client ip"})

_WRAP = r"(?:\r?\n[ >]{0,4})?"
"""A line that a mail program broke at a hyphen."""
_BESIDE = r"(?:^|[^0-9A-Za-z\-.+])"
_BEHIND = r"(?:-[0-9]{2})?(?:[^0-9A-Za-z\-]|$)"
"""Three, two and four digits are an SSN between slashes too ("Doe/236-45-6789/F"), and with a
dependent's two digits behind it."""

RULES: tuple[Rule, ...] = (
    Rule("ssn", Category.SSN, compile_bounded(
            rf"[0-9]{{3}}-{_WRAP}[0-9]{{2}}-{_WRAP}[0-9]{{4}}", left=_BESIDE, right=_BEHIND),
         _digits(checksums.ssn), _SSN, 0.85, 0.97, frozenset({"ndc", "lot"})),
    Rule("ssn", Category.SSN, compile_bounded(r"[0-9]{3}[ .][0-9]{2}[ .][0-9]{4}"),
         _digits(checksums.ssn), _SSN, 0.55, 0.95, _INVOICE),
    Rule("ssn", Category.SSN, compile_bounded(r"[0-9]{9}"),
         checksums.ssn, _SSN, 0.0, 0.85, frozenset({"npi", "ein"})),
    Rule("ssn-last-four", Category.SSN, compile_bounded(
            r"[0-9]{4}", left=r"(?:(?:\bssn?|social(?: security)?)(?: number| no\.?| #)?[ :#]{0,3}(?:is )?"
            r"(?:end(?:s|ing)(?: in| with)?|last (?:4|four)(?: digits)?|[x*]{3}-?[x*]{2}-?|l4)[ :#]{0,3}(?:is |are )?"
            r"|last (?:4|four)(?: digits)? (?:of |in )?(?:(?:his|her|their|my|the|pt'?s?|patient'?s?) )?"
            r"(?:ssn?|soc|social(?: security)?)(?: number| no\.?| #)?[ :#=]{0,3}(?:is |are |was )?)"),
         _ssn_last_four, frozenset(), 0.7, 0.7),
    Rule("ssn-last-four", Category.SSN, compile_bounded(
            r"[0-9]{4}", left=r"\b(?:last (?:4|four)(?: digits)? of|end of) (?:the |his |her |my |your )?"
            r"(?:ssn?|social(?: security)?)(?: number| no\.?| #)?[ :#]{0,3}(?:is |are )?"),
         _ssn_last_four, frozenset(), 0.7, 0.7),
    Rule("itin", Category.SSN, compile_bounded(r"9[0-9]{2}-[0-9]{2}-[0-9]{4}"),
         _digits(checksums.itin), _SSN, 0.7, 0.9),
    Rule("itin", Category.SSN, compile_bounded(r"9[0-9]{2} ?[0-9]{2} ?[0-9]{4}"),
         _digits(checksums.itin), _ITIN, 0.0, 0.85),
    Rule("mbi", Category.MEDICARE_ID, compile_bounded(
            rf"[1-9]{_M}(?:{_M}|[0-9])[0-9][- ]?{_M}(?:{_M}|[0-9])[0-9][- ]?{_M}{{2}}[0-9]{{2}}"),
         None, _MEDICARE, 0.9, 0.97),
    Rule("mbi", Category.MEDICARE_ID, compile_bounded(
            r"[1-9][A-Z][A-Z0-9][0-9]-?[A-Z][A-Z0-9][0-9]-?[A-Z]{2}[0-9]{2}"),
         None, _MEDICARE, 0.0, 0.85),
    Rule("hicn", Category.MEDICARE_ID, compile_bounded(r"[0-9]{3}-?[0-9]{2}-?[0-9]{4}-?[A-DFHJKMTW][0-9A-Z]?"),
         None, _MEDICARE, 0.0, 0.85),
    # Railroad Retirement Board: one to three letters, then six digits or an SSN.
    Rule("hicn-railroad", Category.MEDICARE_ID, compile_bounded(
            r"(?:A|H|CA|JA|MA|MH|PA|PD|PH|WA|WD|WH|WCA|WCD|WCH)[- ]?(?:[0-9]{6}|[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4})"),
         None, _RAILROAD, 0.0, 0.85),
    Rule("dea", Category.LICENSE_NUMBER, compile_bounded(r"[ABCDEFGHJKLMPRSTUX][A-Z9][0-9]{7}"),
         checksums.dea, frozenset({"dea"}), 0.0, 0.9),
    Rule("payment-card", Category.PAYMENT_CARD, compile_bounded(
            r"[0-9]{12,19}|[0-9]{4}(?:[ -][0-9]{4}){2}[ -][0-9]{1,7}|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}"),
         _digits(checksums.payment_card), _CARD, 0.7, 0.97, _INVOICE),
    Rule("payment-card", Category.PAYMENT_CARD, compile_bounded(r"[0-9]{12,19}"),
         checksums.luhn, _CARD, 0.0, 0.8, _INVOICE),
    Rule("aba-routing", Category.BANK_ACCOUNT, compile_bounded(r"[0-9]{9}"),
         checksums.aba, frozenset({"routing", "aba", "rtn"}), 0.0, 0.9),
    Rule("iban", Category.BANK_ACCOUNT, compile_bounded(
            r"[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)"),
         _characters(checksums.iban), frozenset({"iban"}), 0.95, 0.97),
    Rule("vin", Category.VEHICLE_ID, compile_bounded(r"[A-HJ-NPR-Z0-9]{17}"),
         checksums.vin, frozenset({"vin", "vehicle", "car", "auto"}), 0.85, 0.97),
    # Only North America's have the check digit (49 CFR 565.15).
    Rule("vin", Category.VEHICLE_ID, compile_bounded(r"[A-HJ-NPR-Z0-9]{11}[A-Z0-9]{2}[0-9]{4}"),
         _has_letters_and_digits, frozenset({"vin", "vehicle identification"}), 0.0, 0.85),
    # HIBCC ("+", a labeler's code, "/" and the production part) and ICCBBA (ISBT 128).
    Rule("udi", Category.DEVICE_ID, compile_bounded(
            r"\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9][A-Z0-9]?/\$?[$+0-9A-Z.]{4,40}(?:/[A-Z0-9.]{2,24}){0,3}[A-Z0-9%$+\-./ ]?"
            r"|=/[A-Z0-9]{16}(?:[=&][,>}0-9A-Z][0-9A-Z]{3,20}){1,5}",
            left=r"(?:^|[\s(:;,])", right=r"(?:[\s),;.]|$)"),
         None, frozenset(), 0.9, 0.9),
    Rule("udi", Category.DEVICE_ID, compile_bounded(
            r"\(01\)[0-9]{14}(?:\([0-9]{2}\)[A-Z0-9]{1,20}){0,4}", left="", right=""),
         None, frozenset(), 0.9, 0.9),
    Rule("email", Category.EMAIL, compile_bounded(
            r"[A-Z0-9][A-Z0-9._%+\-]{0,63}@(?:[A-Z0-9][A-Z0-9\-]{0,62}\.){1,8}[A-Z]{2,24}",
            left=r"(?:^|[^A-Z0-9])", right=r"(?:[^A-Z0-9]|$)"),
         None, frozenset(), 0.95, 0.95),
    Rule("ipv4", Category.IP_ADDRESS, compile_bounded(
            r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", left=r"(?:^|[^0-9A-Z./\-]|(?:^|[^A-Z])/)", right=r"(?:[^0-9A-Z.\-]|\.[^0-9]|\.?$)"),
         _ip, _IP_WORDS, 0.6, 0.9, frozenset({"version", "release", "build", "section", "oid", "libreoffice", "openoffice"})),
    Rule("ipv6", Category.IP_ADDRESS, compile_bounded(
            r"[0-9A-F]{0,4}(?::[0-9A-F]{0,4}){2,7}", left=r"(?:^|[^0-9A-Z:.])", right=r"(?:[^0-9A-Z:]|$)"),
         _ipv6, _IP_WORDS, 0.75, 0.9),
    Rule("zip", Category.ADDRESS, compile_bounded(r"[0-9]{5}(?:-[0-9]{4})?"),
         None, frozenset({"zip", "zipcode", "zip code"}), 0.0, 0.6),
)  # fmt: skip

_URL = re2.compile(
    rb"""(?i)((?:https?|s?ftp)://[^\s<>"'\]]+|\bwww\.[a-z0-9\-]{1,63}\.[^\s<>"'\]]+)"""
)
_AGE = re2.compile(
    rb"(?i)(?:^|[^0-9.a-z])((?:9[0-9]|1[01][0-9])[ \-]{0,2}(?:years?[ \-]old|yrs?[ \-]old|year[ \-]old|y/o|yo\b|y\.o\.)"
    rb"|(?:\baged?:? |\bage (?:is|of) |\bturned )(?:9[0-9]|1[01][0-9])"
    rb"|(?:ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?"
    rb"|(?:a|one) hundred(?:[ -]?(?:and[ -])?(?:one|two|three|four|five|six|seven|eight|nine|ten))?)[ -]years?[ -]old"
    rb"|(?:9[0-9]|1[01][0-9])[MF] (?:with|w/|who|presents|presenting|admitted|c/o|s/p|here))(?:[^0-9/a-z]|$)"
)
_AGE_SAID = re2.compile(
    rb"(?i)\b(?:pt|patient|he|she|aged?|turned|turning)(?: is| was)? "
    rb"((?:ninety|(?:a|one) hundred)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?)(?:[^0-9a-z]|$)"
)
_NOT_AGES = frozenset({"temp", "temperature", "fever", "t", "tmax", "febrile", "oral"})
_NOT_YEARS = frozenset(
    {
        "percent",
        "days",
        "day",
        "minutes",
        "degrees",
        "mg",
        "dollars",
        "pounds",
        "lbs",
        "tablets",
        "visits",
        "units",
    }
)
_SCREEN = Screen((*(rule.expression for rule in RULES), _URL, _AGE, _AGE_SAID))


def find_patterns(reading: Reading) -> Iterator[Match]:
    """Every rule's valid matches; linear in the text for each rule."""
    possible = _SCREEN.among(reading.data)
    for rule in RULES:
        for start, end in (
            spans(rule.expression, reading.data) if rule.expression in possible else ()
        ):
            match = _judge(rule, reading, start, end)
            if match is not None:
                yield match
    if _URL in possible:
        yield from _find_urls(reading)
    for expression in (_AGE, _AGE_SAID):
        for start, end in spans(expression, reading.data) if expression in possible else ():
            if _is_age(reading, start, end):
                yield Match(Category.BIRTH_DATE, start, end, 0.7, "age-over-89")


def _is_age(reading: Reading, start: int, end: int) -> bool:
    """Whether ninety of something are years, and no degrees, dollars or minutes."""
    written = reading.folded[start:end]
    if written[:1].isdigit() and near_words(reading, start, end, _NOT_AGES, after=False):
        return False
    if reading.folded[max(0, start - 2) : start] == "$ ":
        return False
    return _NOT_YEARS.isdisjoint(words_after(reading, end)[:1])


def _judge(rule: Rule, reading: Reading, start: int, end: int) -> Match | None:
    value = reading.folded[start:end].upper()
    if rule.valid is not None and not rule.valid(value):
        return None
    if rule.against and near_words(reading, start, end, rule.against, after=False):
        return None
    if rule.category is Category.EMAIL and _ROLE.match(value):
        return Match(rule.category, start, end, _ROLE_MAIL, rule.name)
    named = bool(rule.context) and near_words(reading, start, end, rule.context)
    confidence = rule.named if named else rule.bare
    return Match(rule.category, start, end, confidence, rule.name) if confidence else None


def _is_of_words(path: str) -> bool:
    """Whether a path has no query and nothing but ordinary words, versions and short codes."""
    path = path.removesuffix("#")
    if any(mark in path for mark in "?#@=%~"):
        return False
    return all(
        len(part) <= _SHORT
        or (_YEAR.fullmatch(part) if part.isdigit() else is_word(part) and not is_given_name(part))
        for part in _PARTS.findall(path)
    )


def _find_urls(reading: Reading) -> Iterator[Match]:
    for start, end in spans(_URL, reading.data):
        value = reading.lower[start:end].rstrip(".,;:)")
        host, _, path = (
            value.partition("://")[2].partition("/") if "://" in value else value.partition("/")
        )
        # A payer's or an agency's front page identifies nobody; a path or a query may.
        sure = _PLAIN_URL if not path else _PATH_URL
        if (
            _ASSET.fullmatch(path)
            or (_is_of_words(path) and not any(map(is_given_name, _PARTS.findall(host))))
            or (host in _MAKERS and not _LONG_NUMBER.search(path))
        ):
            sure = _PLAIN_URL
        if host.endswith((".gov", ".mil")):
            sure = _AGENCY_URL
        yield Match(Category.URL, start, start + len(value), sure, "url")
