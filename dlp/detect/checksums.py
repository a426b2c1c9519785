"""Validity rules of identifiers: what tells a card from any sixteen digits."""

# ruff: noqa: PLR2004 - the numbers are the issuers' ranges, lengths and weights themselves

from __future__ import annotations

from string import ascii_uppercase, digits

_VIN_VALUES = {
    **{d: int(d) for d in digits},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24,
    "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21,
    "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
    "MT": 31, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24,
    "SI": 19, "SK": 24, "TR": 26,
}  # fmt: skip
# Printed on wallets, in advertising and in SSA's own examples: never anybody's.
_FAMOUS_SSNS = frozenset({"078051120", "219099999", "457555462", "123456789", "987654321"})


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1 annex B check digit over a string of digits; anything else fails it."""
    if not (number.isascii() and number.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def npi(number: str) -> bool:
    """National Provider Identifier: ten digits from 1 or 2, Luhn over the prefix 80840."""
    return len(number) == 10 and number[0] in "12" and luhn("80840" + number)


def ssn(number: str) -> bool:
    """Social security number that may have been issued (SSA's rules after randomisation)."""
    area, group, serial = number[:3], number[3:5], number[5:]
    return (
        len(number) == 9
        and area not in {"000", "666"}
        and area[0] != "9"
        and group != "00"
        and serial != "0000"
        and number not in _FAMOUS_SSNS
        and not ("4320" <= number[5:] <= "4329" and area + group == "98765")
        and len(set(number)) > 1
    )


def itin(number: str) -> bool:
    """Individual taxpayer number: 9xx with the fourth and fifth digits in the IRS's ranges."""
    group = int(number[3:5])
    return (
        len(number) == 9
        and number[0] == "9"
        and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99)
    )


def payment_card(number: str) -> bool:
    """Luhn, a length of the issuer, and an issuer's range."""
    size, two, three, four = len(number), int(number[:2]), int(number[:3]), int(number[:4])
    issued = (
        (number[0] == "4" and size in {13, 16, 19})
        or (size == 16 and (51 <= two <= 55 or 2221 <= four <= 2720))
        or (size == 15 and two in {34, 37})
        or (size in {16, 19} and (four == 6011 or two == 65 or 644 <= three <= 649))
        or (size in {14, 16} and (300 <= three <= 305 or two in {36, 38, 39}))
        or (16 <= size <= 19 and (3528 <= four <= 3589 or two == 62))
        or (12 <= size <= 19 and four in {5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763})
    )
    return issued and luhn(number) and len(set(number)) > 1


def aba(number: str) -> bool:
    """ABA routing number: weights 3, 7, 1 and a Federal Reserve prefix."""
    if len(number) != 9:
        return False
    prefix = int(number[:2])
    known = prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80
    weighted = sum(int(d) * w for d, w in zip(number, (3, 7, 1) * 3, strict=True))
    return known and weighted % 10 == 0 and int(number) > 0


def iban(value: str) -> bool:
    """ISO 13616: the country's length and mod 97 equal to one."""
    if _IBAN_LENGTHS.get(value[:2]) != len(value) or not value[2:4].isdigit():
        return False
    moved = value[4:] + value[:4]
    if any(c not in digits + ascii_uppercase for c in moved):
        return False
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def dea(value: str) -> bool:
    """DEA registration: two letters (or a letter and 9), seven digits, weighted check digit."""
    d = [int(c) for c in value[2:]]
    return len(d) == 7 and (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def vin(value: str) -> bool:
    """Vehicle identification number of North America (49 CFR 565.15): check digit at place 9."""
    if len(value) != 17 or value.isdigit() or any(c not in _VIN_VALUES for c in value):
        return False
    remainder = sum(_VIN_VALUES[c] * w for c, w in zip(value, _VIN_WEIGHTS, strict=True)) % 11
    return value[8] == ("X" if remainder == 10 else str(remainder))


def nanp(number: str) -> bool:
    """North American telephone number of ten digits: area and exchange codes from 2, no N11."""
    return (
        len(number) == 10
        and number[0] in "23456789"
        and number[3] in "23456789"
        and number[1:3] != "11"
        and number[4:6] != "11"
        and len(set(number)) > 2
    )
