"""Whom the model and the rules around it find, whom they leave alone, and any text at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contracts import Contract, Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.detect.reading import Reading
from dlp.kept import Open
from dlp.look import Looker
from dlp.model import Carrier, Category, Match, Obstacle, Passage, Subject
from dlp.names import find, united
from dlp.names.filter import sentences, worth_reading
from dlp.tally import Tally
from dlp.walk import Spot

needs_model = pytest.mark.skipif(find() is None, reason="the name model isn't installed")
DETECTORS = Detectors(Rules())


def _found(
    text: str, category: Category = Category.NAME, detectors: Detectors = DETECTORS
) -> list[str]:
    passage = Passage(text, "here", Carrier.FREE_TEXT)
    matches = detectors.find(passage, Identities())
    return [
        text[m.start : m.end] for m in matches if m.category is category and m.confidence >= 0.5
    ]


@needs_model
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Spoke with Chidi Okafor about the balance.", "Chidi Okafor"),
        ("CORRECTED CLAIM FOR OKAFOR, CHIDI PLEASE REPROCESS", "OKAFOR, CHIDI"),
        ("lm for chidi okafor to call us back", "chidi okafor"),
        ("Pt. Maria de la Cruz-Ortega was seen.", "Maria de la Cruz-Ortega"),
        ("Caller J. R. Nguyen asked for a copy.", "J. R. Nguyen"),
        ("Refill sent for Goldberg, B to the pharmacy.", "Goldberg, B"),
        ("Discussed with Tyrone Washington Jr. today.", "Tyrone Washington Jr"),
        ("mr. young called about the bill", "young"),
        ("Her daughter Leilani drove her in.", "Leilani"),
        ("Kristen Bell left a voicemail.", "Kristen Bell"),
        ("OKONKWO, CHIDI B called again", "OKONKWO, CHIDI B"),
        ("Mahealani Kekaula seen at walk-in for a cut", "Mahealani Kekaula"),
        ("Kalani Ikaika-Poe - f/u ORIF ankle", "Kalani Ikaika-Poe"),
        ("L Threlkeld here for labs", "L Threlkeld"),
        ("T. Bell no show", "T. Bell"),
        ("M. Washington - staples out today", "M. Washington"),
        ("Miss Jefferson started PT today.", "Jefferson"),
        ("threlkeld mrs, she called again", "threlkeld"),
        ("tc from Obiora S., wants to know why", "Obiora S"),
        ("Can you look at Threlkeld's EOB?", "Threlkeld's"),
        ("Signed by patient representative Ottilie Brandvold today", "Ottilie Brandvold"),
        ("Consent reviewed by Tamsin Hargreave and signed.", "Tamsin Hargreave"),
        ("Deductible applied by Kwasima Asante's plan in error", "Kwasima Asante's"),
        ("H. Ramirez is disputing the charge.", "H. Ramirez"),
        ("Thandeka Mokoena from Texas called about her bill.", "Thandeka Mokoena"),
        ("Discharged to Okafor's home with family.", "Okafor's"),
        ("the statement that we sent to Siobhan\nMurphy came back", "Siobhan\nMurphy"),
    ],
)
def test_a_stranger_s_name_is_found_whole(text: str, name: str) -> None:
    assert _found(text) == [name]


@needs_model
@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. Okafor and Jones in clinic.",
        "Referred to Chidi Okafor, MD for evaluation.",
        "Spoke with Linda at Aetna about the denial.",
        "Rep Linda said to resubmit.",
        "PROVIDER CHIDI OKAFOR NOT IN NETWORK",
        "Hashimoto's thyroiditis, Babinski negative, Foley removed.",
        "Admitted to Parkland Memorial Hospital.",
        "Anderson Cancer Center sent the records.",
        "PATIENT WHITE FEMALE IN NO DISTRESS",
        "Started Lipitor and Xarelto, stopped Coumadin.",
        "Cultures grew E. coli and S. aureus.",
        "Claim sent to Molina Healthcare and Anthem.",
        "OKONKWO, CHIDI B, MD saw the patient",
        "Hepatitis, Varicella B immune",
        "Per Dr. A. Threlkeld, hold the dose.",
        "Read by R. Castellanos, M.D.",
        "Per Nurse Practitioner Angela Torres, hold the dose.",
        "Interpreted by K. Osei",
        "X-ray seen by Sanjay Gupta, M.D., no fracture.",
        "Seen by Gretchen Voss, CNM today.",
        "I'm Brenda from billing, how can I help you?",
        "Claim processor Wanda said ten days.",
        "Bed offered at Good Shepherd.",
        "St. Vincent diverted.",
        "This is Chloe with Anthem, how can I help?",
        "spoke to brandon @ uhc, claim in review",
        "Thank you for calling Sutter billing, this is Alexis speaking.",
        "Neurovex 40 mg daily was stopped.",
        "Taking Zostravel and Humira, Brixomab failed.",
        "Seen at Kowanda, then transferred to Threlmont.",
        "Admitted to Walter Reed, then Johns Hopkins.",
        "Locations in Lake Charles and Baton Rouge closed.",
        "Discharged to Banner Estrella on Friday.",
        "CIaim denied. Abdornen soft.",
        "Paciente refiere dolor abdominal desde ayer.",
        "Pt is Danish, ivy rash on arms.",
    ],
)
def test_providers_payers_eponyms_and_drugs_are_nobody_s_name(text: str) -> None:
    assert _found(text) == []


@needs_model
@pytest.mark.parametrize(
    "address",
    [
        "4411 Dogwood Lane, Boise, ID 83702", "12 N Kensington Ave Apt 4B", "118 42nd St",
        "RR 2 Box 118", "PSC 802 Box 74, APO AE 09499", "901 County Road 14",
        "Toledo, OH 43604", "77 Juniper Way\nLubbock, TX 79401",
    ],
)  # fmt: skip
def test_an_address_is_found_whole(address: str) -> None:
    assert _found(f"Statement returned, lives at {address} now.", Category.ADDRESS) == [address]


def test_a_payer_s_box_is_nobody_s_address() -> None:
    text = "mail appeals to PO Box 981106, El Paso, TX 79998"

    assert _found(text, Category.ADDRESS) == []


@needs_model
def test_a_name_of_the_site_s_list_is_no_finding() -> None:
    detectors = Detectors(Rules(not_phi=("Chidi Okafor",)))

    assert _found("Spoke with Chidi Okafor today.", detectors=detectors) == []


@needs_model
def test_a_provider_of_the_file_is_no_finding() -> None:
    identities = Identities()
    for part, text in (("last", "OKAFOR"), ("first", "CHIDI")):
        identities.learn(
            Passage(text, "f", Carrier.IDENTIFIER_FIELD, Category.NAME, Subject.PROVIDER,
                    record=1, part=part)
        )  # fmt: skip
    passage = Passage("Spoke with Chidi Okafor today.", "here", Carrier.FREE_TEXT)

    assert DETECTORS.find(passage, identities) == []


@needs_model
@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("Smith_John_EOB.pdf", ["Smith_John"]), ("john-smith-eob.pdf", ["john-smith"]),
        ("patient Nguyen.docx", ["Nguyen"]), ("tertiary-payment.835", []),
        ("institutional-ppo-repriced.837", []), ("acme_remit.835", []),
    ],
)  # fmt: skip
def test_a_file_s_name_names_whom_it_writes_out(name: str, people: list[str]) -> None:
    found = DETECTORS.find(Passage(name, "file name", Carrier.NAME), Identities())

    assert [name[m.start : m.end] for m in found if m.confidence >= 0.5] == people


@needs_model
def test_many_passages_give_what_each_gives_alone() -> None:
    texts = ["Spoke with Chidi Okafor.", "", "no one here", "PT SMITH, JOHN", "Dear Ms. Haddad,"]
    passages = [Passage(text, "here", Carrier.FREE_TEXT) for text in texts]
    alone = [DETECTORS.find(passage, Identities()) for passage in passages]

    assert list(DETECTORS.many(passages, Identities())) == alone


@needs_model
def test_a_long_text_can_be_stopped_in_its_midst() -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise TimeoutError

    text = "".join(f"Spoke with Chidi Okafor{chr(97 + i % 26)} on line {i}.\n" for i in range(50))
    with pytest.raises(TimeoutError):
        Detectors(Rules()).find(Passage(text, "here", Carrier.FREE_TEXT), Identities(), stop)


# --- the filter --------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aB. \n\tJr,!?1", max_size=120) | st.text(max_size=120))
def test_sentences_are_the_whole_text_without_gaps(text: str) -> None:
    parts = list(sentences(Reading(text)))

    assert "".join(text[s.start : s.end] for s in parts) == text
    assert [t for s in parts for t in s.tokens] == Reading(text).tokens


@pytest.mark.parametrize(
    "text",
    [
        "No murmurs, rubs or gallops.", "BALANCE APPLIED TO DEDUCTIBLE", "will call back on monday",
        "Take 5 mg twice daily with food.", "Chest CT and MRI were normal.",
        "PATIENT CALLED ABOUT THE BILL", "review of bill and record",
    ],
)  # fmt: skip
def test_the_model_is_spared_sentences_without_anybody(text: str) -> None:
    assert worth_reading(Reading(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "she saw Okafor yesterday", "okafor called back", "MR YOUNG CALLED", "seen with rose today",
        "Mr. Young called.", "for Stone, M today", "lives at 12 Oak St", "spoke with okafor today",
        "Patient White was seen.", "mr. young called", "SPOKE WITH BILL", "BILL TORRES", "mark b.",
        "RUBY NOT ELIGIBLE", "told mrs. reddy",
    ],
)  # fmt: skip
def test_the_model_is_asked_about_sentences_with_somebody(text: str) -> None:
    assert worth_reading(Reading(text))


def test_a_title_or_an_initial_ends_no_sentence() -> None:
    assert len(list(sentences(Reading("Mr. J. Okafor and Mrs. Haddad left.")))) == 1


# --- united ------------------------------------------------------------------------------------


def _match(start: int, end: int, confidence: float, detector: str = "address") -> Match:
    return Match(Category.ADDRESS, start, end, confidence, detector)


def test_parts_of_one_address_become_one_with_the_best_one_s_confidence() -> None:
    text = "12 Oak St, Boise, ID 83702"
    parts = [_match(0, 9, 0.75), _match(11, 26, 0.6, "address-model")]

    assert united(parts, text) == [_match(0, 26, 0.75)]


def test_a_town_in_an_address_is_nobody_s_name() -> None:
    address = _match(0, 26, 0.75)
    town = Match(Category.NAME, 11, 16, 0.88, "name-model")

    assert united([town, address], "12 Oak St, Boise, ID 83702") == [address]


def test_two_addresses_with_words_between_stay_two() -> None:
    text = "12 Oak St and 14 Elm St"

    assert len(united([_match(0, 9, 0.75), _match(14, 23, 0.75)], text)) == 2


def test_matches_of_other_detectors_stay_as_they_are() -> None:
    matches = [_match(0, 9, 0.9, "same-file-identity"), _match(4, 9, 0.9, "same-file-identity")]

    assert united(matches, "12 Oak St") == matches


# --- any text ----------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            ["John", "SMITH", ",", ".", "j", "Dr", "MD", "12", "Oak", "St", "de", "la", "\n",
             "\x00", "-", "'s", "disease", "\u00e9", "at", "Aetna", "Box", "IL", "62704", "\u4e2d"]
        ),
        max_size=30,
    ).map(" ".join)
)  # fmt: skip
def test_any_text_gives_places_inside_it_without_overlap(text: str) -> None:
    last = 0
    for match in DETECTORS.find(Passage(text, "here", Carrier.FREE_TEXT), Identities()):
        assert last <= match.start < match.end <= len(text)
        assert 0 < match.confidence <= 1
        last = match.end


# --- the site's demand -------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "met"), [("required", [Obstacle.NOT_READ]), ("optional", [])])
def test_a_site_may_hold_free_text_that_no_model_read(rule: str, met: list[Obstacle]) -> None:
    rules = Rules.model_validate({"names_model": rule})
    detectors = Detectors(rules, model=lambda: None)
    tally = Tally(Contract(contract="any", formats=("*",)), rules, 10, None)
    look = Looker(detectors, Identities(), tally)
    note = Passage("nothing to see", "here", Carrier.FREE_TEXT)
    look.at_texts([Open(1, Spot(), "text/plain", note), Open(2, Spot(), "text/plain", note)])

    assert [trouble.obstacle for trouble in tally.troubles] == met
