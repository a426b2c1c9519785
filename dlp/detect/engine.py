"""The detectors together: what an inspection calls for every passage it wants looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

from config.contracts import Rules
from dlp.detect.against import find_against
from dlp.detect.calibration import calibrated
from dlp.detect.dated import find_dated
from dlp.detect.domains import is_below
from dlp.detect.fields import check_field
from dlp.detect.fragments import find_fragments
from dlp.detect.identities import Identities
from dlp.detect.institutions import without_institutions
from dlp.detect.labelled import find_labelled
from dlp.detect.licences import find_licences
from dlp.detect.misread import find_misread
from dlp.detect.patterns import find_patterns
from dlp.detect.people import find_people, name_keys
from dlp.detect.phones import find_phones
from dlp.detect.places import find_places
from dlp.detect.plates import find_plates
from dlp.detect.protected import ProtectedCodes
from dlp.detect.reading import Reading, plain, seen, words
from dlp.detect.resolve import resolve
from dlp.detect.site import SitePatterns
from dlp.detect.spoken import find_spoken
from dlp.detect.staff import without_staff
from dlp.detect.words import is_given_name
from dlp.detect.wraps import find_wrapped
from dlp.model import Carrier, Category, Label, Match, Passage
from dlp.names import CUES, REMEDY, NameModel, Strangers, find_forms, load, united
from dlp.names.filenames import find_file_names, find_in_file_name

_WINDOW, _OVERLAP = 200_000, 400
# Nothing that identifies is written without a digit, a letter or an @.
_WORTHLESS = re.compile(r"[\W_]*\Z")
# File names join words with what is no space ("smith_john_1980-01-02.csv").
_NAME_JOINTS = str.maketrans({"_": " ", "+": " ", "%": " ", "=": " ", "~": " "})
# A folder's name ends where the next begins; the slashes of a date are its own.
_STEP = re.compile(r"(?<![0-9/])([0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{4}|[0-9]{2})(?![0-9/]))|[/\\]")
_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=[A-Za-z])")
_TORN = re.compile(r"\S{1,40}\s")
_SIGNS = ("@", "://", "www.", "::", "ninety", "hundred")
T = TypeVar("T")
_NO_MODEL = (
    "names of strangers were searched by dictionary and pattern alone (no name model installed)"
)

_REQUIRED = (
    "names of strangers in free text were not searched by the model that this site requires: "
    f"{REMEDY}"
)


class Detectors:
    """Everything that finds identifiers in open text, compiled once and kept.

    Args:
        rules: The site's own patterns, names that are no PHI, and protected codes.
        model: Gives the name model, or None where there is none; by default what is installed.

    Raises:
        DlpError: A rule isn't usable, or the name model isn't the pinned one; the message names it.
    """

    def __init__(self, rules: Rules, model: Callable[[], NameModel | None] = load) -> None:
        # Presidio and spaCy take a second to import: paid when detectors are made, not by --help.
        from dlp.detect.presidio import Analyzer  # noqa: PLC0415 - the second explained above

        self._site = SitePatterns(rules.patterns)
        self._not_phi = name_keys(rules.not_phi)
        #: Says whether the site lists a name as no PHI; None where it lists none.
        self.not_phi = self._not_phi if rules.not_phi else None
        #: Mail domains of the site's, in lower case.
        self.staff_domains = frozenset(map(str.lower, rules.staff_domains))
        #: Labels of codes, the site's own included.
        self.protected = ProtectedCodes({str(k): v for k, v in rules.protected_codes.items()})
        self._identities = Identities(limit=0)
        self._check: Callable[[], None] = lambda: None
        self._is_file_name = False
        self._around: str | None = None
        names = model()
        #: Names and addresses of strangers by the model; None without one.
        self.strangers = Strangers(names) if names else None
        #: What an analyst should know of every inspection with these detectors.
        self.notes: tuple[str, ...] = () if names else (_NO_MODEL,)
        #: Why free text can't be read as the rules require; "" if it can.
        self.lacking = _REQUIRED if not names and rules.names_model == "required" else ""
        #: Presidio's engine over our recognizers.
        self.analyzer = Analyzer(
            {
                "patterns": _if_worthwhile(find_patterns),
                "phones": _if_digits(find_phones),
                "labelled": _if_digits(find_labelled),
                "licences": _if_digits(find_licences),
                "plates": _if_digits(find_plates),
                "fragments": find_fragments,
                "misread": _if_digits(find_misread),
                "spoken": find_spoken,
                "dates": _if_digits(find_dated),
                "places": _if_digits(find_places),
                "people": lambda reading: find_people(reading, self._is_not_phi),
                "forms": self._find_forms,
                "model": self._find_strangers,
                "site": self._site.find,
                "wraps": _if_digits(find_wrapped),
            },
            _if_digits(find_against),
        )

    def many(
        self,
        passages: Iterable[Passage],
        identities: Identities,
        check: Callable[[], None] = lambda: None,
    ) -> Iterator[list[Match]]:
        """As :meth:`find` for each passage, in order.

        Args:
            passages: Free text, names, or coded fields with a fault.
            identities: The people of the same file.
            check: Called at least every few milliseconds of the name model's work, so that a long
                text can be stopped in its midst; may raise.
        """
        for passage in passages:
            yield self.find(passage, identities, check)

    def find(
        self,
        passage: Passage,
        identities: Identities,
        check: Callable[[], None] = lambda: None,
        around: str | None = None,
    ) -> list[Match]:
        """Identifiers in an open passage, not overlapping, in order of place.

        Linear in the text. Any text gives matches or none, never an exception.

        Args:
            passage: Free text, a name, or a coded field with a fault.
            identities: The people of the same file.
            check: Called before each run of the name model; may raise to stop.
            around: What stands before and after the passage, where all of it is business: names
                given as a business paper's own people's are left out then.
        """
        self._around = None if passage.carrier is Carrier.NAME else around
        whole = seen(passage.text)
        if whole is None:
            return self._find_all(passage, identities, check)
        found = self._find_all(passage._replace(text=whole[0]), identities, check)
        places = whole[1]
        return [m._replace(start=places[m.start], end=places[m.end - 1] + 1) for m in found]

    def _find_all(
        self, passage: Passage, identities: Identities, check: Callable[[], None]
    ) -> list[Match]:
        text = passage.text
        if _WORTHLESS.match(text):
            return []
        if passage.carrier is Carrier.NAME:
            steps = _STEP.sub(lambda found: found[1] or "\n", text.translate(_NAME_JOINTS))
            text = _HYPHEN.sub(" ", steps)
        self._identities, self._check = identities, check
        self._is_file_name = passage.carrier is Carrier.NAME
        try:
            found: list[Match] = []
            for base, piece in _windows(text):
                found += _moved(self._find(Reading(piece), identities), base)
        finally:
            self._identities = Identities(limit=0)
        found = resolve(found) if len(text) > _WINDOW else found
        return [self._calibrated(match) for match in found]

    def _calibrated(self, match: Match) -> Match:
        """With a probability as its confidence; a site's own patterns have the site's."""
        if match.detector in self._site.names:
            return match
        return match._replace(confidence=calibrated(match.confidence))

    def _find(self, reading: Reading, identities: Identities) -> list[Match]:
        matches, against = self.analyzer.analyze(reading)
        guesses = list(without_institutions(united(matches, reading.text), reading))
        if self._around is not None:
            guesses = without_staff(guesses, reading, self._around)
        matches = [*guesses, *identities.find_in(reading)]
        return resolve((m for m in matches if not self._is_known(m, reading.text)), against)

    def _find_forms(self, reading: Reading) -> Iterator[Match]:
        inside = find_in_file_name if self._is_file_name else find_file_names
        for match in chain(find_forms(reading), inside(reading.folded)):
            if not self._is_not_phi(reading.text[match.start : match.end]):
                yield match

    def _find_strangers(self, reading: Reading) -> Iterator[Match]:
        """What the model finds, but for the file's own providers."""
        for match in self.strangers.find(reading, self._check) if self.strangers else ():
            name = match.category is Category.NAME
            if self._is_file_name and not _is_written_out(reading.text, match):
                continue
            if _is_in_urn(reading.text, match):
                continue
            if name and self._is_not_phi(reading.text[match.start : match.end]):
                continue
            # "Charlotte" in a cell of its own is a town, a client or a person: nothing tells which.
            alone = name and len(reading.tokens) == 1
            yield match._replace(confidence=_ALONE) if alone else match

    def _is_known(self, match: Match, text: str) -> bool:
        """Whether a name or address found is one that the site says is no PHI."""
        if match.category is Category.EMAIL:
            domain = text[match.start : match.end].rpartition("@")[2]
            return is_below(domain, self.staff_domains)
        if match.category is not Category.NAME or match.confidence > _LIKELY:
            return False
        return self._not_phi(text[match.start : match.end])

    def _is_not_phi(self, name: str) -> bool:
        return self._not_phi(name) or self._identities.is_provider(name)

    def labels(self, passage: Passage) -> tuple[Label, ...]:
        """Protected classes of a diagnosis or procedure code; ``part`` is its code system."""
        return self.protected.labels(passage.part, passage.text)

    def check_field(self, passage: Passage) -> Match | None:
        """What an identifier field holds; None for a blank, a filler or a name that is no PHI."""
        match = check_field(passage)
        if match is not None and match.category is Category.NAME and len(words(passage.text)) > 1:
            return None if self._not_phi(passage.text) else match
        return match


def _if_digits(find: Callable[[Reading], Iterable[T]]) -> Callable[[Reading], Iterable[T]]:
    """Most sentences have no digit: five scans saved for one."""
    return lambda reading: find(reading) if reading.has_digits else ()


def _if_worthwhile(find: Callable[[Reading], Iterable[T]]) -> Callable[[Reading], Iterable[T]]:
    """Mail addresses and URLs need no digit, but a sign of their own."""
    return lambda reading: (
        find(reading) if reading.has_digits or any(s in reading.lower for s in _SIGNS) else ()
    )


_ALONE = 0.45
# A full name agreed with the file's own field isn't overruled by a list.
_LIKELY = 0.9
_CUE = 16
_LONGEST_URN = 256
_URN = re.compile(r"(?i)urn:[a-z0-9][a-z0-9.-]{1,31}:")


def _is_written_out(text: str, match: Match) -> bool:
    """Whether a file's name names a person: a file called ``tertiary_loop.837`` doesn't.

    There is no sentence around to tell, so one word must be a given name or be announced.
    """
    written = text[match.start : match.end]
    if match.category is not Category.NAME:
        return False
    before = words(text[max(0, match.start - _CUE) : match.start])
    named = is_given_name(plain(written)) or bool(before and before[-1] in CUES)
    return named or len(written.split()) > 1


def _is_in_urn(text: str, match: Match) -> bool:
    """Whether a model's find is a part of a URN (RFC 8141): a standard's or a document's name."""
    before = text[max(0, match.start - _LONGEST_URN) : match.start]
    start = max(map(before.rfind, " \t\r\n\"'<>")) + 1
    whole = before[start:] + text[match.start : match.end]
    return bool(_URN.match(whole)) and not any(map(str.isspace, whole))


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """Pieces with overlap, so that no engine's limit on text length is met."""
    if len(text) <= _WINDOW:
        yield 0, text
        return
    for cut in range(0, len(text), _WINDOW - _OVERLAP):
        # The rest of a torn word would be a word that nobody knows.
        torn = _TORN.match(text, cut) if cut else None
        base = torn.end() if torn else cut
        yield base, text[base : cut + _WINDOW]
        if cut + _WINDOW >= len(text):
            return


def _moved(matches: list[Match], base: int) -> list[Match]:
    return (
        [m._replace(start=m.start + base, end=m.end + base) for m in matches] if base else matches
    )
