"""Made-up people, addresses and their written forms; what tunes and what tests share no name."""

from __future__ import annotations

import random
from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TUNE_GIVEN = _words(
    "James Mary Robert Patricia Michael Linda David Susan Carlos Lucia Miguel Rosa Wei Mei "
    "Hiroshi Yuki Priya Arjun Fatima Omar Kwame Ama Dmitri Olga Giulia Marco Siobhan Connor "
    "Leilani Tyrone Keisha Bogdan Zofia Thanh Linh Chidi Ngozi Rachel Avi Grace Mark Rose "
    "Frank Bill June"
)
TUNE_FAMILY = _words(
    "Smith Johnson Williams Brown Garcia Rodriguez Hernandez Nguyen Tran Chen Wang Kim Park "
    "Patel Sharma Khan Hassan Mensah Ivanov Rossi Murphy Kealoha Washington Kowalski Goldberg "
    "Young White Baker Hunter Stone Long King Vasquez Delgado Schneider Larsson Papadopoulos "
    "Yilmaz Haddad Osei"
)
TEST_GIVEN = _words(
    "William Barbara Thomas Jennifer Charles Karen Daniel Nancy Jose Guadalupe Javier Ximena "
    "Jun Xiuying Takeshi Sakura Deepika Rajesh Aisha Yusuf Kofi Abena Sergei Svetlana Chiara "
    "Luca Aoife Declan Kalani DeShawn Latoya Marek Agnieszka Minh Huong Emeka Adaeze Miriam "
    "Moshe Hope Dale Ruby Dean Drew Jasmine Tuan Oluwaseun Parvati Siddharth Bjorn Ingrid "
    "Eleni Mehmet Layla"
)
TEST_FAMILY = _words(
    "Jones Miller Davis Wilson Martinez Lopez Gonzalez Pham Le Huang Zhang Choi Lim Singh "
    "Reddy Ahmed Ali Boateng Petrov Bianchi Sullivan Kahananui Jefferson Nowak Rosenberg "
    "Black Green Cook Fisher Wood Price Bishop Ortiz Ramirez Hoffmann Andersson Georgiou "
    "Demir Nasser Adeyemi Okonkwo Tanaka Watanabe Gutierrez Castillo Fitzgerald MacDonald "
    "Thibodeaux Begay Yazzie Tsosie"
)
PARTICLES = (
    "de la Cruz", "Van Der Berg", "del Rio", "Al-Rashid", "St. Clair", "O'Connor", "D'Angelo",
    "von Braun", "Ben David", "Da Silva", "El Amin", "McAllister", "Le Blanc", "dos Santos",
)  # fmt: skip
NICK = ("Bob", "Liz", "Tony", "Peggy", "Chuck", "Trish", "Mike", "Deb", "Jimmy", "Katie")
FORMS = (
    "first last", "last, first", "last, first m", "first m. last", "i. last", "last, i", "first l.",
    "hyphenated", "particles", "nickname last", "title last", "first alone", "last alone",
)  # fmt: skip


class Person(NamedTuple):
    """A made-up person."""

    first: str
    middle: str
    last: str


def person(rng: random.Random, *, test: bool) -> Person:
    given, family = (TEST_GIVEN, TEST_FAMILY) if test else (TUNE_GIVEN, TUNE_FAMILY)
    return Person(rng.choice(given), rng.choice("ABCDEGHJKLMNPRSTW"), rng.choice(family))


def written(rng: random.Random, who: Person, form: str, *, test: bool) -> tuple[str, str]:
    """What stands before the name ("Mr. "), and the name."""
    other = person(rng, test=test)
    names = {
        "first last": f"{who.first} {who.last}",
        "last, first": f"{who.last}, {who.first}",
        "last, first m": f"{who.last}, {who.first} {who.middle}",
        "first m. last": f"{who.first} {who.middle}. {who.last}",
        "i. last": f"{who.first[0]}. {who.last}",
        "last, i": f"{who.last}, {who.first[0]}",
        "first l.": f"{who.first} {who.last[0]}.",
        "hyphenated": f"{who.first} {who.last}-{other.last}",
        "particles": f"{who.first} {rng.choice(PARTICLES)}",
        "nickname last": f"{rng.choice(NICK)} {who.last}",
        "first alone": who.first,
        "last alone": who.last,
        "title last": who.last,
    }
    before = rng.choice(("Mr. ", "Mrs. ", "Ms. ", "Mr ", "Ms ")) if form == "title last" else ""
    return before, names[form]


TUNE_STREETS = _words("Oak Maple Main Washington Elm Cedar Lincoln Park Sunset Hillcrest")
TEST_STREETS = _words(
    "Pine Walnut Jefferson Willow Dogwood Chestnut Magnolia Ridgeview Birch Juniper Martin "
    "Kensington"
)
TUNE_CITIES = (("Springfield", "IL"), ("Dayton", "OH"), ("Fresno", "CA"), ("Macon", "GA"))
TEST_CITIES = (
    ("Toledo", "OH"), ("Boise", "ID"), ("El Paso", "TX"), ("Grand Rapids", "MI"), ("Lubbock", "TX"),
    ("Salem", "OR"), ("St. Paul", "MN"), ("Bowling Green", "KY"),
)  # fmt: skip
SUFFIXES = _words("St Street Ave Avenue Rd Road Dr Drive Ln Lane Ct Court Blvd Way Circle Place")
ADDRESS_FORMS = (
    "street", "street unit", "full line", "two lines", "po box", "po box line", "rural route",
    "highway", "direction", "numbered", "military", "city state zip",
)  # fmt: skip


def address(rng: random.Random, form: str, *, test: bool) -> str:
    streets, cities = (TEST_STREETS, TEST_CITIES) if test else (TUNE_STREETS, TUNE_CITIES)
    number, street, suffix = rng.randint(2, 19999), rng.choice(streets), rng.choice(SUFFIXES)
    city, state = rng.choice(cities)
    code = f"{rng.randint(10001, 99950):05d}"
    line = f"{number} {street} {suffix}"
    unit = rng.choice(("Apt 4B", "Unit 12", "#305", "Apt. 7", "Lot 22"))
    return {
        "street": line,
        "street unit": f"{line}, {unit}" if rng.random() < 0.5 else f"{line} {unit}",
        "full line": f"{line}, {city}, {state} {code}",
        "two lines": f"{line}\n{city}, {state} {code}",
        "po box": f"PO Box {rng.randint(12, 9999)}",
        "po box line": f"P.O. Box {rng.randint(12, 9999)}, {city}, {state} {code}",
        "rural route": f"RR {rng.randint(1, 9)} Box {rng.randint(10, 400)}",
        "highway": f"{number} {rng.choice(('County Road', 'Highway', 'State Route'))} "
        f"{rng.randint(2, 480)}",
        "direction": f"{number} {rng.choice('NSEW')} {street} {suffix}",
        "numbered": f"{number} {rng.choice(('3rd', '42nd', '118th', '5th'))} {suffix}",
        "military": f"PSC {rng.randint(100, 999)} Box {number}, APO AE 09{code[:3]}",
        "city state zip": f"{city}, {state} {code}",
    }[form]
