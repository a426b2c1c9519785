"""Number plates are found behind a word for one, and nothing else is."""

from __future__ import annotations

import pytest

from dlp.detect.plates import find_plates
from dlp.detect.reading import Reading


def found(text: str) -> list[str]:
    return [text[match.start : match.end] for match in find_plates(Reading(text))]


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("license plate HXK 4821, white sedan", "HXK 4821"),
        ("Licence plate no. 482 HXK (Ohio)", "482 HXK"),
        ("license plate 7abc123 and a dented door", "7abc123"),
        ("OH license plate: HXK-482.", "HXK-482"),
        ("license plate OH HXK 4821", "HXK 4821"),
        ("license plate 48291", "48291"),
        ("vehicle with plate HXK4821", "HXK4821"),
        ("plate number B 48 291", "B 48 291"),
        ("Plate: OH-HXK4821", "HXK4821"),
        ("tag # HXK 4821 in lot B", "HXK 4821"),
    ],
)
def test_a_plate_is_found(text: str, plate: str) -> None:
    assert found(text) == [plate]


@pytest.mark.parametrize(
    "text",
    [
        "license plate on a 2014 sedan",
        "license plate not seen",
        "bone plate 3.5 mm with 6 screws",
        "plate 4821 read at 450 nm",
        "tag 4821",
        "tag number 48219",
        "a vertebral end plate L4 fracture",
        "plate number 3 of 5",
        "license plate seen 03/04/2024",
    ],
)
def test_what_is_no_plate_is_left(text: str) -> None:
    assert found(text) == []
