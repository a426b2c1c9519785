"""What stands around a word that tells it to be a drug, a place, a firm or a disease."""

from __future__ import annotations

from typing import Final

from dlp.detect.cues import CLINICAL_THINGS, TECHNICAL, THINGS_AFTER, TITLES
from dlp.detect.reading import Reading, Token
from dlp.detect.words import is_given_name, is_not_name, is_payer, is_word, vocabulary
from dlp.names.filter import SAID, is_ordinary, is_surname_too

PERSONS: Final = TITLES | vocabulary(
    "patient pt name member subscriber insured spouse wife husband daughter son mother father "
    "sister brother guarantor guardian mom dad caller policyholder dependent beneficiary named "
    "parent aunt uncle niece nephew dear grandmother grandfather"
)
"""What announces a person."""
_ORGANISATIONS: Final = THINGS_AFTER | vocabulary(
    "hospitals clinics centers cancer regional general community county state city healthcare "
    "wellness rehabilitation rehab nursing assisted living manor oaks pines dental pediatrics "
    "cardiology internal family urgent emergency dialysis oncology dermatology partners bros sons "
    "trocar anastomosis osteotomy forceps retractor clamp blade lodge grade "
    "network systems solutions technologies sign signs maneuvers disease diseases score"
)
_OWNED: Final = vocabulary(
    "plan plans insurance pharmacy clinic lab labs imaging surgery care school church family pump "
    "monitor brace"
)
"""What persons have too: ``Asante's plan``."""
_THEIRS: Final = ("'s", "\u2019s")
_UNITS: Final = vocabulary(
    "mg mcg ml gm gram grams iu meq tab tabs tablet tablets cap caps capsule capsules puff puffs "
    "gtt gtts drops cream ointment gel lotion patches spray inhaler suspension syrup elixir "
    "suppository vial vials dosing trough bid tid qid qd qhs qam qpm qod q4h q6h q8h q12h prn "
    "nightly subq topical ophthalmic"
)
"""What stands behind a drug's name, with or without its strength."""
_TAKEN: Final = vocabulary("taking takes took prescribed meds medications medication tolerating")
"""What stands before a drug's name, and before a person's hardly."""
_MOVED: Final = vocabulary("admitted transferred discharged transported airlifted flew")
_WHERE: Final = frozenset({"to", "from"})
_IMAGED: Final = vocabulary(
    "abdomen abdominal pelvis pelvic chest brain spine lumbar thoracic cervical sacrum knee hip "
    "shoulder ankle wrist elbow femur angio angiogram angiography breast prostate liver cardiac "
    "orbits iac tmj enterography arthrogram spectroscopy upper lower extremity"
)
"""What an image is taken of."""
CLOSE: Final = 3
"""Characters between words that belong together."""
_AHEAD: Final = 2
_PAIR: Final = 2
_LONG: Final = 7
_AROUND: Final = 12
"""Words that tell how a text is written."""
_JOINTS: Final = " '\u2019-"


class Beside:
    """The words of a text by their number, with what stands between them.

    Args:
        reading: The text.
    """

    def __init__(self, reading: Reading) -> None:
        self._text = reading.text
        self.tokens = reading.tokens

    def norm(self, index: int) -> str:
        """The normalised word; "" before the first and after the last."""
        return self.tokens[index].norm if 0 <= index < len(self.tokens) else ""

    def gap(self, index: int) -> str:
        """What stands between a word and the one before it."""
        if not 0 < index < len(self.tokens):
            return "\n\n"
        return self._text[self.tokens[index - 1].end : self.tokens[index].start][:8]

    def is_flat(self, index: int) -> bool:
        """Whether no word around is written as names are, so that small letters say nothing."""
        around = self.tokens[max(0, index - _AROUND) : index + _AROUND + 1]
        return not any(t.raw[:1].isupper() and t.raw[1:].islower() for t in around)


def is_thing(beside: Beside, first: int, last: int) -> bool:
    """Whether words that look like a name are an eponym, place, firm or drug.

    Args:
        beside: The text's words.
        first: The name's first word.
        last: One past its last.
    """
    cued = beside.norm(first - 1) in PERSONS and not _is_resonance(beside, first)
    full = [t for t in beside.tokens[first:last] if len(t.norm) > 1]
    if not full:
        return not cued
    if any(t.norm in TECHNICAL for t in full) and not any(is_given_name(t.norm) for t in full):
        return True
    if not cued and (_is_listed(full) or _is_misread(full)):
        return True
    alone = len(full) == 1 and not cued and not is_given_name(full[0].norm)
    if alone and (_is_drug(beside, first, last) or _is_place(beside, first, last)):
        return True
    return _is_organisation(beside, full, last)


def _is_resonance(beside: Beside, first: int) -> bool:
    """``MR LUMBAR SPINE``: magnetic resonance, and no man."""
    mister = "." in beside.gap(first)
    return not mister and beside.norm(first - 1) == "mr" and beside.norm(first) in _IMAGED


def _is_listed(full: list[Token]) -> bool:
    if all(is_not_name(t.norm) and not is_given_name(t.norm) for t in full):
        return True
    if len(full) > 1 and is_payer(full[0].norm) and _is_title_case(full):
        # "Banner Estrella": a house of theirs.
        return not any(is_given_name(t.norm) for t in full)
    if all(t.raw.isupper() and _is_no_part(t.norm) for t in full):
        # "CT ABDOMEN PELVIS": the model takes an examination in capitals for a name.
        return True
    # "BELL PALSY"
    return len(full) == _PAIR and full[1].norm in CLINICAL_THINGS


def _is_no_part(norm: str) -> bool:
    """Whether a word is hardly ever a part of somebody's name."""
    return is_ordinary(norm) and not is_surname_too(norm)


def _is_misread(full: list[Token]) -> bool:
    """``CIaim``, ``focai``: a word in which a reader of pictures took an l for an I."""
    return all(not t.raw.isupper() and _reads(t.raw) for t in full)


def _reads(raw: str) -> bool:
    if "I" in raw[1:] and is_word(raw[0].lower() + raw[1:].replace("I", "l").lower()):
        return True
    # "Abdornen": long words alone, since Horne is no home.
    return len(raw) >= _LONG and "rn" in raw and is_word(raw.lower().replace("rn", "m"))


def _is_drug(beside: Beside, first: int, last: int) -> bool:
    """``Mavik 2 mg``, ``Zostrix cream``, ``taking Elavil``; and what is listed with a drug."""
    after = beside.norm(last)
    if after.isdigit():
        after = beside.norm(last + 1)
    if after in _UNITS and len(beside.gap(last)) <= CLOSE:
        return True
    if beside.norm(first - 1) in _TAKEN and beside.gap(first).strip() in ("", ":"):
        return True
    return _in_a_list(beside, first - 1, first) or _in_a_list(beside, last, last)


def _in_a_list(beside: Beside, other: int, gap: int) -> bool:
    """Whether the word beside it in a list is nobody's name either."""
    norm = beside.norm(other)
    joint = beside.gap(gap).strip() in (",", "/")
    return joint and is_not_name(norm) and not (is_given_name(norm) or is_surname_too(norm))


def _is_place(beside: Beside, first: int, last: int) -> bool:
    """``followed at Harper``, ``transferred from Allen``: where somebody was."""
    before = beside.norm(first - 1)
    theirs = beside.tokens[last - 1].raw.endswith(_THEIRS)
    if theirs or len(beside.gap(first)) > CLOSE or beside.norm(last) in SAID:
        return False
    if before == "at" or _is_branch(beside, first):
        return True
    return before in _WHERE and beside.norm(first - 2) in _MOVED


def _is_branch(beside: Beside, first: int) -> bool:
    """``Banner Estrella``: behind a payer's or a hospital's name, both written as names are."""
    pair = beside.tokens[first - 1 : first + 1] if first else []
    return (
        len(pair) == _PAIR
        and beside.gap(first) == " "
        and is_payer(pair[0].norm)
        and _is_title_case(pair)
    )


def _is_title_case(tokens: list[Token]) -> bool:
    return all(t.raw[:1].isupper() and t.raw[1:].islower() for t in tokens)


def _is_organisation(beside: Beside, full: list[Token], last: int) -> bool:
    for step in range(_AHEAD):
        index = last + step
        if len(beside.gap(index)) > CLOSE or beside.gap(index).strip(_JOINTS):
            break
        norm, raw = beside.norm(index), beside.tokens[index].raw
        if norm in _OWNED and beside.tokens[last - 1].raw.endswith(_THEIRS):
            return False
        if norm in _ORGANISATIONS:
            # Capitals alone say nothing of "JOHN SMITH PLANS TO RETURN".
            written = raw[0].isupper() and not raw.isupper()
            return len(full) == 1 or written or not any(is_given_name(t.norm) for t in full)
        if raw.isupper() or not raw[0].isupper():
            break
    return False
