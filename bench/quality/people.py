"""People who don't exist, with names from many places, and everything that identifies them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from dlp.detect import checksums

# ruff: noqa: SIM905 - a list of words is read as words
FIRST = (
    "Marisol Darnell Ingrid Tomasz Priya Wendell Aiko Leopold Nadia Oswaldo Bronwen Kwame Svetlana "
    "Rafael Gretchen Dmitri Aaliyah Beatriz Caleb Desmond Eleni Farouk Guadalupe Hiroshi Ifeoma "
    "Jasmine Kenji Lakshmi Mohammed Noelle Olumide Paloma Quincy Rosalind Sanjay Thuy Ulrich "
    "Valentina Wei Ximena Yusuf Zofia Anneliese Brandon Cristobal Delphine Emeka Fatima Giovanni "
    "Harriet Imani Jorge Katarzyna Latoya Mehmet Nkechi Patrick Rebecca Siobhan Tyrone"
).split()
LAST = (
    "Vanterpool Okonkwo Lindqvist Szczepanski Raghunathan Blackwood Takahashi Esterhazy Haddad "
    "Quintanilla Llewellyn Mensah Volkova Arredondo Kesselring Sokolov Abernathy Bhattacharya "
    "Castellanos Dragomir Eriksson Fitzgerald Gebremariam Hutchinson Iwasaki Jankowski Kowalczyk "
    "Lefebvre Mbeki Nakagawa Oyelaran Papadopoulos Rasmussen Sandoval Thibodeaux Underhill "
    "Villanueva Wojcik Yamamoto Zielinski Nguyen Patel Garcia Hernandez Kim Washington Robinson"
).split()
COMPOUND = (
    "O'Shaughnessy", "De La Cruz", "Van der Berg", "Smith-Jones", "Garcia Marquez", "St. Clair",
    "MacAllister", "Al-Rashid", "Le Blanc", "Okafor-Reyes",
)  # fmt: skip
COMMON = ("Young", "Bell", "White", "King", "Rose", "Page", "Wood", "Grant", "Long", "Brown")
"""Surnames that are words: the hard ones."""
STREETS = ("Alderbrook Lane", "Cedar Hollow Road", "Foxglove Court", "Harrow Street",
           "Juniper Avenue", "N Kedzie Blvd", "Old Mill Pkwy", "W 43rd St", "County Road 12",
           "Peachtree Terrace")  # fmt: skip
CITIES = (("Springfield", "IL", "62704"), ("Madison", "WI", "53703"), ("Dayton", "OH", "45402"),
          ("El Paso", "TX", "79901"), ("Baton Rouge", "LA", "70802"))  # fmt: skip
_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
_DIGITS = "0123456789"
_VIN = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person and what identifies them, each as a form in a file would hold it."""

    first: str
    middle: str
    last: str
    birth: date
    street: str
    city: str
    state: str
    zip: str
    ssn: str
    member_id: str
    mbi: str
    mrn: str
    phone: str
    email: str
    card: str
    iban: str
    aba: str
    vin: str
    itin: str
    dea: str


def somebody(rng: random.Random) -> Somebody:
    """One more person; one surname in eight is of several words and one in eight a common word."""
    kind = rng.randrange(8)
    last = rng.choice(COMPOUND if kind == 0 else COMMON if kind == 1 else LAST)
    first, (city, state, code) = rng.choice(FIRST), rng.choice(CITIES)
    return Somebody(
        first, rng.choice("ABCDEFGHJKLMNPRSTW"), last,
        date(1930, 1, 1) + timedelta(days=rng.randrange(30_000)),
        f"{rng.randint(11, 9999)} {rng.choice(STREETS)}", city, state, code,
        _ssn(rng), f"{rng.choice('WXHZ')}{_digits(rng, 9)}", _mbi(rng), _digits(rng, 7),
        f"{rng.choice(('312', '608', '937'))}{_exchange(rng)}{_digits(rng, 4)}",
        f"{first.lower()}.{''.join(filter(str.isalpha, last)).lower()}{rng.randint(1, 99)}"
        "@mailbox.example.org",
        _card(rng), _iban(rng), _valid(lambda: f"0{rng.randint(1, 9)}{_digits(rng, 7)}",
                                       checksums.aba),
        _valid(lambda: "".join(rng.choice(_VIN) for _ in range(17)), checksums.vin),
        _valid(lambda: f"9{_digits(rng, 8)}", checksums.itin),
        _valid(lambda: f"B{last[0].upper()}{_digits(rng, 7)}", checksums.dea),
    )  # fmt: skip


def _exchange(rng: random.Random) -> int:
    """A central office code; the numbering plan gives out none that ends with 11."""
    return rng.choice([code for code in range(220, 990) if code % 100 != 11])


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(_DIGITS) for _ in range(count))


def _valid(make: Callable[[], str], check: Callable[[str], bool]) -> str:
    """The first of many that a validity rule passes."""
    value = make()
    while not check(value):
        value = make()
    return value


def _ssn(rng: random.Random) -> str:
    area = rng.choice([*range(1, 666), *range(667, 899)])
    return f"{area:03}{rng.randint(1, 99):02}{rng.randint(1, 9999):04}"


def _mbi(rng: random.Random) -> str:
    either = _MBI_LETTERS + "0123456789"
    pattern = ("123456789", _MBI_LETTERS, either, _DIGITS, _MBI_LETTERS, either, _DIGITS,
               _MBI_LETTERS, _MBI_LETTERS, _DIGITS, _DIGITS)  # fmt: skip
    return "".join(map(rng.choice, pattern))


def _card(rng: random.Random) -> str:
    return _valid(lambda: f"4{_digits(rng, 15)}", checksums.payment_card)


def _iban(rng: random.Random) -> str:
    body = _digits(rng, 18)
    check = 98 - int(f"{body}131400") % 97
    return f"DE{check:02}{body}"
