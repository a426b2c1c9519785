"""Contracts and rules: what a flow calls for, as text that a security analyst reads and edits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from config.states import NAMES

CategoryName = Literal[
    "name", "address", "birth_date", "death_date", "service_date", "other_date", "phone", "fax",
    "email", "ssn", "member_id", "medicare_id", "medical_record_number", "account_number",
    "claim_number", "license_number", "vehicle_id", "device_id", "url", "ip_address", "biometric",
    "photo", "payment_card", "bank_account", "diagnosis", "procedure", "medication",
    "clinical_note", "other_id",
]  # fmt: skip
CarrierName = Literal["identifier-fields", "coded-fields", "free-text", "names", "anywhere"]
LabelName = Literal["substance_use", "hiv", "mental_health", "reproductive", "genetic"]


ObstacleName = Literal[
    "empty", "unknown-type", "unsupported-type", "format-not-in-contract", "malformed", "encrypted",
    "bomb", "too-large", "too-deep", "too-many-entries", "timeout", "parser-crash",
    "out-of-memory", "active-content", "not-read",
]  # fmt: skip


class Action(StrEnum):
    """What the policy does with a file, mildest first."""

    RELEASE = "release"
    REDACT = "redact"
    HOLD = "hold"
    REFUSE = "refuse"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Frozen):
    """Categories that belong at some places.

    Attributes:
        categories: What belongs there.
        in_: The kind of place.
        at: Glob patterns on the readable place; empty means everywhere of that kind.
        formats: Formats this holds for (globs such as ``x12/*``); empty means all.
    """

    categories: tuple[CategoryName, ...]
    in_: CarrierName = Field("identifier-fields", alias="in")
    at: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()


class Uninspectable(_Frozen):
    """What to do with what can't be inspected, where it isn't one action for all.

    Attributes:
        default: For every obstacle not named in ``but``.
        but: Obstacle to action. Only two may be released: what was read all the same
            (``active-content``: macros and scripts) and what lacks a tool (``not-read``: text in
            images without Tesseract).
    """

    default: Literal[Action.HOLD, Action.REFUSE] = Action.HOLD
    but: dict[ObstacleName, Action] = Field(default_factory=dict)

    @field_validator("but")
    @classmethod
    def _may_pass(cls, but: dict[ObstacleName, Action]) -> dict[ObstacleName, Action]:
        for obstacle, action in but.items():
            if action is Action.REDACT:
                raise ValueError(f"{obstacle}: what isn't inspected can't be redacted")
            if action is Action.RELEASE and obstacle not in _MAY_PASS:
                raise ValueError(f"{obstacle}: hold or refuse; nobody knows what is in there")
        return but


class Protected(_Frozen):
    """What to do with codes of protected classes, where it isn't one action for all.

    Attributes:
        default: For every class not named in ``but``.
        but: Class to action.
        by_state: For people who live in a state (its postal code), class to action; such an action
            stands instead of the two above. In a file with people of several states the strictest
            of theirs holds, and for people whose state the file doesn't tell, the two above.
    """

    default: Action = Action.HOLD
    but: dict[LabelName, Action] = Field(default_factory=dict)
    by_state: dict[str, dict[LabelName, Action]] = Field(default_factory=dict)

    @field_validator("by_state")
    @classmethod
    def _are_states(
        cls, by_state: dict[str, dict[LabelName, Action]]
    ) -> dict[str, dict[LabelName, Action]]:
        for state in by_state:
            if state not in NAMES:
                raise ValueError(f"{state}: not the postal code of a state, such as CA")
        return by_state

    def on(self, label: str, state: str = "") -> Action:
        """What to do with a class's codes; ``state`` is a postal code, "" where it isn't told."""
        everywhere = {str(name): action for name, action in self.but.items()}
        here = {str(name): action for name, action in self.by_state.get(state, {}).items()}
        return here.get(label) or everywhere.get(label, self.default)


_MAY_PASS = frozenset({"active-content", "not-read"})

Redaction = Literal["mask", "remove", "pseudonym"]
"""What redaction leaves: Xs in the shape of the value, nothing, or a keyed word, the same one for
the same value."""


class Contract(_Frozen):
    """What one flow may carry.

    Attributes:
        contract: Its name.
        description: One line for people.
        formats: Formats accepted, as globs (``x12/837P``, ``delimited/*``, ``*``). Containers
            (``archive/*``) are looked through when named; their members must match too.
        attachments: Formats accepted inside documents (a PDF in an HL7 message, an image in a
            DOCX), as globs. What they hold is inspected like everything else.
        expect: Which categories belong where.
        unexpected: What to do when something stands where it isn't expected. ``redact`` takes it
            out where the format can be kept valid, else the file is held.
        redaction: What stands there then.
        protected: What to do with codes of a protected class; one action, one a label (and release
            for others), or a :class:`Protected` with its exceptions by state.
        uninspectable: What to do with what can't be inspected; one action, or some obstacles their
            own.
        confidence: Findings that are right less often than this are reported and decide nothing.
    """

    contract: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    description: str = ""
    formats: tuple[str, ...] = Field(min_length=1)
    attachments: tuple[str, ...] = ("*",)
    expect: tuple[Expectation, ...] = ()
    unexpected: Action = Action.HOLD
    redaction: Redaction = "mask"
    protected: Action | Protected = Action.RELEASE
    uninspectable: Literal[Action.HOLD, Action.REFUSE] | Uninspectable = Action.HOLD
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.5

    @field_validator("protected", mode="before")
    @classmethod
    def _in_short(cls, protected: object) -> object:
        """``{hiv: hold}`` is short for that, and release for every other class."""
        if isinstance(protected, dict) and not protected.keys() & Protected.model_fields.keys():
            return {"default": Action.RELEASE, "but": protected}
        return protected

    def on(self, obstacle: str) -> Action:
        """What to do when an obstacle (of :class:`ObstacleName`) is met."""
        if isinstance(self.uninspectable, Action):
            return self.uninspectable
        own = (action for name, action in self.uninspectable.but.items() if name == obstacle)
        return next(own, self.uninspectable.default)


class Pattern(_Frozen):
    """A partner's own identifier, found by a linear-time (RE2) expression.

    Attributes:
        name: Shown as the detector.
        category: What it finds.
        regex: RE2 syntax.
        context: Words of which one must stand near, when given.
        confidence: Of a match.
    """

    name: str
    category: CategoryName
    regex: str
    context: tuple[str, ...] = ()
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.85


class Rules(_Frozen):
    """What a site knows besides the contract.

    Attributes:
        patterns: Identifiers of its partners.
        not_phi: Names of providers, payers and staff: evidence against.
        staff_domains: Mail domains of the site and its partners: addresses at them, and the names
            in front of those in a mail's headers, are staff's and no PHI.
        protected_codes: Label to code prefixes, by code system ("icd10cm:F10").
        names_model: Whether free text may be inspected without the model that finds names of
            strangers. With ``required`` it is then an obstacle, ``not-read``; with ``optional`` the
            report says that names were searched by dictionary and pattern alone.
        digest_key: Key of the findings' HMAC, given for one inspection; empty for none.
    """

    patterns: tuple[Pattern, ...] = ()
    not_phi: tuple[str, ...] = ()
    staff_domains: tuple[Annotated[str, Field(pattern=r"^[\w-]+(\.[\w-]+)+$")], ...] = ()
    protected_codes: dict[LabelName, tuple[str, ...]] = Field(default_factory=dict)
    names_model: Literal["required", "optional"] = "optional"
    digest_key: bytes = Field(b"", repr=False, json_schema_extra={"internal": True})
