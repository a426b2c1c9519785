"""The detectors as inspection sees them: hostile texts, site rules, fields, codes, masks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contracts import Pattern, Rules
from dlp.detect.engine import Detectors
from dlp.detect.identities import Identities
from dlp.detect.reading import fold
from dlp.mask import mask
from dlp.model import Carrier, Category, DlpError, Label, Passage, Subject
from dlp.normalise import normalise

DETECTORS = Detectors(Rules())


def _free(text: str) -> Passage:
    return Passage(text, "here", Carrier.FREE_TEXT)


def _field(category: Category, text: str) -> Passage:
    return Passage(text, "here", Carrier.IDENTIFIER_FIELD, category)


def _known() -> Identities:
    identities = Identities()
    for part, text in (("last", "SMITHERS"), ("first", "JOHN")):
        identities.learn(
            Passage(text, "f", Carrier.IDENTIFIER_FIELD, Category.NAME, record=1, part=part)
        )
    identities.learn(_field(Category.MEMBER_ID, "W123456789"))
    identities.learn(_field(Category.BIRTH_DATE, "19800102"))
    return identities


KNOWN = _known()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_places_inside_it_without_overlap(text: str) -> None:
    matches = DETECTORS.find(_free(text), KNOWN)

    last = 0
    for match in matches:
        assert last <= match.start < match.end <= len(text)
        assert 0 < match.confidence <= 1
        last = match.end


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="0123456789-/. ()@:#$ASMJohnsDrMRNBOXpo,\n\u00a0\u0660\u00e9", max_size=200)
)
def test_any_mixture_of_what_identifiers_are_made_of_is_survived(text: str) -> None:
    for match in DETECTORS.find(_free(text), KNOWN):
        assert text[match.start : match.end].strip()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(Category)), st.sampled_from(list(Subject)), st.text(max_size=60))
def test_any_field_can_be_learned_checked_normalised_and_masked(
    category: Category, subject: Subject, text: str
) -> None:
    passage = Passage(text, "f", Carrier.IDENTIFIER_FIELD, category, subject, part="last")
    identities = Identities()
    identities.learn(passage)
    DETECTORS.check_field(passage)
    DETECTORS.labels(passage)

    assert isinstance(normalise(category, text), str)
    assert isinstance(mask(text), str)
    assert isinstance(identities.find(text), list)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=100))
def test_folding_keeps_every_character_at_its_place(text: str) -> None:
    folded = fold(text)

    assert len(folded) == len(text)
    assert folded.isascii()


def test_text_over_the_engine_s_limit_is_read_to_its_end() -> None:
    text = "nothing to see here. " * 60_000 + "SSN 123-45-6788"
    matches = DETECTORS.find(_free(text), Identities())

    assert [text[m.start : m.end] for m in matches] == ["123-45-6788"]


def test_an_identifier_across_two_windows_is_found_once() -> None:
    text = "x" * 199_990 + " SSN 123-45-6788 " + "y" * 500
    matches = DETECTORS.find(_free(text), Identities())

    assert [text[m.start : m.end] for m in matches] == ["123-45-6788"]


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200b", "\u2060", "\ufeff"])
def test_marks_that_nobody_sees_hide_no_number(unseen: str) -> None:
    text = f"the SSN {unseen}412-6{unseen}8-7193{unseen} again"
    [match] = DETECTORS.find(_free(text), Identities())
    assert match.category is Category.SSN
    assert text[match.start : match.end] == f"412-6{unseen}8-7193"


@pytest.mark.parametrize("broken", ["412-\n68-7193", "412-68-\r\n7193", "412-68-\n> 7193"])
def test_an_ssn_that_goes_on_in_the_next_line_is_found(broken: str) -> None:
    [match] = DETECTORS.find(_free(f"the SSN is {broken}."), Identities())
    assert match.category is Category.SSN


def test_a_file_name_is_read_through_its_joints() -> None:
    passage = Passage("smithers_john_1980-01-02.csv", "name", Carrier.NAME)
    found = [m.category for m in DETECTORS.find(passage, KNOWN)]

    assert found == [Category.NAME, Category.BIRTH_DATE]


def test_notes_say_that_no_model_looked_for_names() -> None:
    without = Detectors(Rules(), model=lambda: None)

    assert any("no name model" in note for note in without.notes)


# --- the site's own rules ----------------------------------------------------------------------


def test_a_site_pattern_finds_its_partner_s_identifier() -> None:
    rules = Rules(patterns=(Pattern(name="acme-id", category="member_id", regex=r"ACM-\d{4}"),))
    matches = Detectors(rules).find(_free("about ACM-0042 today"), Identities())

    assert [(m.detector, m.category, m.start, m.end) for m in matches] == [
        ("acme-id", Category.MEMBER_ID, 6, 14)
    ]


def test_a_site_pattern_with_context_needs_its_word() -> None:
    pattern = Pattern(name="p", category="other_id", regex=r"\bQ\d{4}\b", context=("quota",))
    detectors = Detectors(Rules(patterns=(pattern,)))

    assert detectors.find(_free("line Q1234"), Identities()) == []
    assert len(detectors.find(_free("quota Q1234"), Identities())) == 1


@pytest.mark.parametrize("regex", ["(a", r"(a)\1", "a{1000}{1000}{1000}", "(?=x)y", "x*"])
def test_an_unusable_site_pattern_is_refused_by_name(regex: str) -> None:
    rules = Rules(patterns=(Pattern(name="bad-one", category="other_id", regex=regex),))

    with pytest.raises(DlpError, match="bad-one"):
        Detectors(rules)


def test_a_name_on_the_site_s_list_is_no_finding() -> None:
    detectors = Detectors(Rules(not_phi=("Laura Rosenbaum", "Sunrise Medical Group")))

    assert detectors.find(_free("patient advocate Laura Rosenbaum"), Identities()) == []


# --- identifier fields ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "  ", "UNKNOWN", "N/A", "none", "000000000", "0", "XXXX", "99999999", "-", "..."]
)
def test_a_blank_or_filler_field_is_no_finding(text: str) -> None:
    assert DETECTORS.check_field(_field(Category.MEMBER_ID, text)) is None


@pytest.mark.parametrize(
    ("category", "text", "expected"),
    [
        (Category.NAME, "SMITHERS", Category.NAME),
        (Category.MEMBER_ID, "W123456789", Category.MEMBER_ID),
        (Category.MEMBER_ID, "457123321", Category.MEMBER_ID),
        (Category.ACCOUNT_NUMBER, "457-12-3321", Category.SSN),
        (Category.ACCOUNT_NUMBER, "000-12-3321", Category.ACCOUNT_NUMBER),
        (Category.ACCOUNT_NUMBER, "4111 1111 1111 1111", Category.PAYMENT_CARD),
        (Category.CLAIM_NUMBER, "4111111111111112", Category.CLAIM_NUMBER),
        (Category.SSN, "457-12-3321", Category.SSN),
        (Category.BIRTH_DATE, "19800102", Category.BIRTH_DATE),
    ],
)
def test_a_field_is_what_it_says_unless_it_plainly_is_something_else(
    category: Category, text: str, expected: Category
) -> None:
    match = DETECTORS.check_field(_field(category, text))

    assert match is not None
    assert (match.category, match.start, match.end, match.detector) == (
        expected, 0, len(text), "field",
    )  # fmt: skip


# --- protected codes ----------------------------------------------------------------------------


def _code(system: str, code: str) -> Passage:
    return Passage(code, "HI", Carrier.CODED, Category.DIAGNOSIS, part=system)


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("icd10cm", "F10.20", (Label.SUBSTANCE_USE,)),
        ("icd10cm", "F1020", (Label.SUBSTANCE_USE,)),
        ("icd10cm", "F17.210", ()),
        ("icd10cm", "B20", (Label.HIV,)),
        ("icd10cm", "F32.9", (Label.MENTAL_HEALTH,)),
        ("icd10cm", "F80.1", ()),
        ("icd10cm", "Z33.2", (Label.REPRODUCTIVE,)),
        ("icd10cm", "Z15.01", (Label.GENETIC,)),
        ("icd10cm", "E11.9", ()),
        ("icd9cm", "305.1", ()),
        ("icd9cm", "305.00", (Label.SUBSTANCE_USE,)),
        ("icd9cm", "042", (Label.HIV,)),
        ("icd9cm", "F11.20", (Label.SUBSTANCE_USE,)),
        ("icd9cm", "E11.9", ()),
        ("icd10cm", "303.90", (Label.SUBSTANCE_USE,)),
        ("hcpcs", "H0015", (Label.SUBSTANCE_USE,)),
        ("cpt", "90837", (Label.MENTAL_HEALTH,)),
        ("cpt", "59840", (Label.REPRODUCTIVE,)),
        ("cpt", "81220", (Label.GENETIC,)),
        ("cpt", "99213", ()),
        ("drg", "897", (Label.SUBSTANCE_USE,)),
        ("drg", "522", ()),
        ("service_type", "MH", (Label.MENTAL_HEALTH,)),
        ("service_type", "30", ()),
        ("", "F11.20", (Label.SUBSTANCE_USE,)),
    ],
)
def test_a_protected_code_carries_its_label(
    system: str, code: str, expected: tuple[Label, ...]
) -> None:
    assert DETECTORS.labels(_code(system, code)) == expected


def test_a_site_adds_to_the_protected_codes() -> None:
    rules = Rules(protected_codes={"genetic": ("icd10cm:E75",)})

    assert Detectors(rules).labels(_code("icd10cm", "E75.02")) == (Label.GENETIC,)


def test_a_protected_code_without_a_system_is_refused() -> None:
    with pytest.raises(DlpError, match="system:prefix"):
        Detectors(Rules(protected_codes={"hiv": ("B20",)}))


# --- masks and normal forms ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("John Smith", "J*** S****"), ("123-45-6789", "###-##-####"), ("J", "*"), ("", ""),
        ("W123456", "*######"), ("a.b@example.org", "*.*@e******.o**"),
    ],
)  # fmt: skip
def test_a_mask_shows_shape_and_first_letters_alone(text: str, shape: str) -> None:
    assert mask(text) == shape


@pytest.mark.parametrize(
    ("category", "one", "other"),
    [
        (Category.PHONE, "(555) 310-4477", "1-555-310-4477"),
        (Category.NAME, "O'Brien,  PAT", "obrien pat"),
        (Category.BIRTH_DATE, "01/02/1980", "19800102"),
        (Category.MEMBER_ID, "w-123 456", "W123456"),
        (Category.MEDICAL_RECORD_NUMBER, "MRN 00123", "00123"),
        (Category.EMAIL, "A.B@Example.org", "a.b@example.org"),
    ],
)
def test_two_spellings_have_one_normal_form(category: Category, one: str, other: str) -> None:
    assert normalise(category, one) == normalise(category, other)


def test_different_values_keep_different_normal_forms() -> None:
    assert normalise(Category.SSN, "457-12-3321") != normalise(Category.SSN, "457-12-3322")
