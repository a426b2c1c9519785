"""Hospitals, towns, programmes and eponyms of several words that read like somebody's name.

No word near them need tell: "admitted to Walter Reed". The model takes most of them for people. Our
own list, without those that people are often called (Henry Ford).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

import re2

from dlp.detect.reading import Reading
from dlp.detect.scan import spans
from dlp.model import Category, Match

_HOSPITALS: Final = (
    r"johns hopkins(?: bayview)?|walter reed|sheppard pratt|dana[- ]farber|sloan[- ]kettering"
    r"|m\.? ?d\.? anderson|beth israel(?: deaconess)?|cedars[- ]sinai|(?:mt\.?|mount) sinai"
    r"|sinai[- ]grace|barnes[- ]jewish|brigham and women'?s|robert wood johnson"
    r"|(?:lurie|nicklaus|rady|cook|phoenix|nationwide) children'?s|massachusetts general"
    r"|moses cone|shirley ryan|rancho los amigos|kennedy krieger|hazelden betty ford"
    r"|scripps (?:mercy|green|memorial)|sharp (?:grossmont|memorial)"
    r"|(?:mt\.?|mount) carmel(?: east| west)?"
    r"|loma linda|grady memorial|jackson memorial|ben taub|lyndon b\.? johnson|roswell park"
)
_TOWNS: Final = (
    r"lake charles|port (?:arthur|charlotte|huron|saint lucie|st\.? lucie)|(?:fort|ft\.?) (?:wayne"
    r"|collins|worth|smith|myers|pierce|lauderdale)|mount (?:vernon|airy|prospect|pleasant)"
    r"|san (?:jose|diego|antonio|mateo|marcos|angelo|bernardino|francisco)|los angeles|las (?:vegas"
    r"|cruces)|el (?:paso|cajon)|santa (?:rosa|ana|barbara|cruz|clara|maria|monica|fe)"
    r"|(?:st\.?|saint) (?:louis|paul|cloud|joseph|george|augustine|petersburg|charles"
    r"|vincent|mary|luke|francis|elizabeth|anthony|agnes|alphonsus|rita|catherine|barnabas|david)"
    r"|sault ste\.? marie|new (?:orleans|brunswick|haven|bedford|albany|york|jersey|mexico)"
    r"|west palm beach|south bend|grand (?:rapids|junction|forks|prairie)|palm (?:beach|springs)"
    r"|long (?:beach|island)|cape (?:coral|girardeau|cod)|boca raton|baton rouge|terre haute"
    r"|des moines|eau claire|fond du lac|coeur d'alene|little rock|green bay|salt lake city"
    r"|sioux (?:city|falls)|corpus christi|college station|virginia beach|daytona beach"
    r"|myrtle beach|huntington beach|colorado springs|hot springs|saratoga springs|kansas city"
    r"|oklahoma city|jersey city|rapid city|carson city|panama city|chapel hill|winston[- ]salem"
    r"|king of prussia|prince george'?s|anne arundel|ann arbor|round rock|cherry hill"
)
_EPONYMS: Final = (
    r"spetzler[- ]martin|house[- ]brackmann|ramsay hunt|g[uo]e?nther tulip|kocher[- ]langenbeck"
    r"|salter[- ]harris|jackson[- ]pratt|hunt (?:and|&) hess|lauge[- ]hansen|gustilo[- ]anderson"
    r"|kellgren[- ]lawrence|child[- ](?:pugh|turcotte)|charcot[- ]marie|guillain[- ]barre"
    r"|stevens[- ]johnson|wolff[- ]parkinson|parker[- ]kalon|denis browne|sengstaken[- ]blakemore"
    r"|austin moore|smith[- ]peterson|smith[- ]robinson|mallory[- ]weiss|osgood[- ]schlatter"
)
_PROGRAMMES: Final = (
    r"martin luther king|katie beckett|title [ivx]{1,5}|good samaritan|jehovah'?s witness"
    r"|ryan white,? (?:katie|program|part [a-f]\b|funds?|act|care|grant|waiver|clinic)"
    r"|medi[- ]cal|knox[- ]keene|hyde amendment|stark law|hill[- ]burton|taft[- ]hartley"
    r"|easter seals|salvation army|susan g\.? komen|ronald mcdonald house|make[- ]a[- ]wish"
)
_PHRASE: Final = re2.compile(
    rf"(?i)(?:^|[^0-9a-z])({_HOSPITALS}|{_TOWNS}|{_PROGRAMMES}|{_EPONYMS})(?:[^0-9a-z]|$)".encode()
)
_MOST: Final = 4
"""Institutions that one guess may run over."""
_GUESSES: Final = frozenset({"name-model", "name-pattern"})


def without_institutions(matches: Iterable[Match], reading: Reading) -> Iterator[Match]:
    """The matches but for guesses at names that are mostly an institution's; linear.

    Args:
        matches: In any order.
        reading: Where they were found.
    """
    houses = list(spans(_PHRASE, reading.data))
    ends = [end for _, end in houses]
    for match in matches:
        guess = match.category is Category.NAME and match.detector in _GUESSES
        if not (houses and guess and _covered(match, houses, bisect_right(ends, match.start))):
            yield match


def _covered(match: Match, houses: list[tuple[int, int]], first: int) -> bool:
    """Whether more than half of a match is theirs: "Charles, Baton Rouge" of two towns.

    Args:
        match: A guess.
        houses: In order of place, disjoint.
        first: The first that ends behind the match's start.
    """
    shared = 0
    for start, end in houses[first : first + _MOST]:
        shared += max(0, min(match.end, end) - max(match.start, start))
    return 2 * shared > match.end - match.start
