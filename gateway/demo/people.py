"""Made-up people. The same seed makes the same people; none of them exists.

Social security numbers come from the area 9xx-free ranges that were issued, so that a detector has
to take them seriously; telephone numbers come from 555-01xx, which is kept for fiction.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

_FIRST = ("MARISOL", "DARNELL", "INGRID", "TOMASZ", "PRIYA", "WENDELL", "AIKO", "LEOPOLD", "NADIA",
          "OSWALDO", "BRONWEN", "KWAME", "SVETLANA", "RAFAEL", "GRETCHEN", "DMITRI")  # fmt: skip
_LAST = ("VANTERPOOL", "OKONKWO", "LINDQVIST", "SZCZEPANSKI", "RAGHUNATHAN", "BLACKWOOD",
         "TAKAHASHI", "ESTERHAZY", "HADDAD", "QUINTANILLA", "LLEWELLYN", "MENSAH", "VOLKOVA",
         "ARREDONDO", "KESSELRING", "SOKOLOV")  # fmt: skip
_STREETS = ("ALDERBROOK LN", "CEDAR HOLLOW RD", "FOXGLOVE CT", "HARROW ST", "JUNIPER AVE")
_CITIES = (("SPRINGFIELD", "IL", "62704"), ("MADISON", "WI", "53703"), ("DAYTON", "OH", "45402"))


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up patient who is their own subscriber.

    Attributes:
        last: Family name, capitals.
        first: Given name, capitals.
        middle: Initial.
        sex: ``F`` or ``M``.
        birth: Date of birth.
        street: Street line.
        city: City.
        state: Two letters.
        zip: Five digits.
        member_id: The payer's identifier.
        ssn: Nine digits.
        account: The provider's patient control number.
    """

    last: str
    first: str
    middle: str
    sex: str
    birth: date
    street: str
    city: str
    state: str
    zip: str
    member_id: str
    ssn: str
    account: str

    @property
    def full_name(self) -> str:
        """First and last name, as people write it in a note."""
        return f"{self.first} {self.last}"

    @property
    def dashed_ssn(self) -> str:
        """The number as people write it."""
        return f"{self.ssn[:3]}-{self.ssn[3:5]}-{self.ssn[5:]}"


def person(rng: random.Random) -> Person:
    """One made-up person."""
    city, state, code = rng.choice(_CITIES)
    return Person(
        last=rng.choice(_LAST),
        first=rng.choice(_FIRST),
        middle=rng.choice("ABCDEFGHJKLMNPRSTW"),
        sex=rng.choice("FM"),
        birth=date(1935, 1, 1) + timedelta(days=rng.randrange(80 * 365)),
        street=f"{rng.randrange(100, 9900)} {rng.choice(_STREETS)}",
        city=city,
        state=state,
        zip=code,
        member_id=f"{rng.choice('WXY')}{rng.randrange(10**8, 10**9)}",
        ssn=f"{rng.randrange(100, 600):03}{rng.randrange(10, 90):02}{rng.randrange(1000, 9999):04}",
        account=f"PT{rng.randrange(10**6, 10**7)}",
    )


def people(seed: int, count: int) -> list[Person]:
    """``count`` made-up people."""
    rng = random.Random(seed)  # noqa: S311 - made-up data must be repeatable, not secret
    return [person(rng) for _ in range(count)]
