"""The vocabulary of inspection: categories, passages, findings, reports.

Everything here is immutable and free of I/O. A value (somebody's name, an SSN) lives in a
:class:`Passage` while it is looked at and never in a :class:`Finding`, which keeps a category, a
place, a confidence, a keyed hash and a mask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol


class Category(StrEnum):
    """What a finding is about: the fixed vocabulary of DESIGN section 5."""

    NAME = "name"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    DEATH_DATE = "death_date"
    SERVICE_DATE = "service_date"
    OTHER_DATE = "other_date"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    SSN = "ssn"
    MEMBER_ID = "member_id"
    MEDICARE_ID = "medicare_id"
    MEDICAL_RECORD_NUMBER = "medical_record_number"
    ACCOUNT_NUMBER = "account_number"
    CLAIM_NUMBER = "claim_number"
    LICENSE_NUMBER = "license_number"
    VEHICLE_ID = "vehicle_id"
    DEVICE_ID = "device_id"
    URL = "url"
    IP_ADDRESS = "ip_address"
    BIOMETRIC = "biometric"
    PHOTO = "photo"
    PAYMENT_CARD = "payment_card"
    BANK_ACCOUNT = "bank_account"
    DIAGNOSIS = "diagnosis"
    PROCEDURE = "procedure"
    MEDICATION = "medication"
    CLINICAL_NOTE = "clinical_note"
    OTHER_ID = "other_id"


class Label(StrEnum):
    """A protected class of diagnosis or procedure."""

    SUBSTANCE_USE = "substance_use"
    HIV = "hiv"
    MENTAL_HEALTH = "mental_health"
    REPRODUCTIVE = "reproductive"
    GENETIC = "genetic"


class Carrier(StrEnum):
    """The kind of place a passage stands in; contracts say what is expected by carrier."""

    IDENTIFIER_FIELD = "identifier-fields"
    """A field whose standard meaning is the category (NM1*IL name, a column headed "DOB")."""
    CODED = "coded-fields"
    """A code, number or date slot. Emitted only when its content breaks the slot's type, or when
    it carries a clinical code or a date with a role (then ``category`` is set)."""
    FREE_TEXT = "free-text"
    """Notes, messages, comments, open reference values: detectors run here."""
    NAME = "names"
    """A file's or archive member's name."""


class Subject(StrEnum):
    """Whom an identifier field speaks about."""

    PERSON = "person"
    """Patient, subscriber, dependent, guarantor: PHI."""
    PROVIDER = "provider"
    """Provider, payer, submitter, staff: not PHI, and evidence against a name elsewhere."""


Where = str | Callable[[], str]
"""A readable place such as ``837P ST#1 CLM#3 NTE#1-02``, or a function that makes it.

Counts by ordinal, since a claim number is PHI itself. Lazy, since most are never shown.
"""


Spans = Callable[[int, int], tuple[int, int]]
"""Characters of a passage to bytes of its member: (start, end) to (offset, length)."""


class Passage(NamedTuple):
    """A piece of one member's content, with its place and role.

    Attributes:
        text: Decoded content, without the format's own escapes.
        where: Readable place inside the member.
        carrier: The kind of place.
        category: The category an identifier field or typed slot has by its position, else None.
        subject: Whom an identifier field is about.
        offset: First byte in the member, or None where the format has no byte places.
        length: Bytes in the member, or None likewise.
        fault: Why the content doesn't belong in its slot ("text in a numeric element"), else "".
        record: Ordinal of the person or record the passage belongs to (0: unknown); parts of one
            name or address share it.
        part: For names: "last", "first", "middle", "suffix", "full"; for addresses: "street",
            "city", "state", "zip"; for diagnoses and procedures the code system ("icd10cm", "cpt",
            "hcpcs", "ndc", "drg", "icd9cm", "icd9pcs", "icd10pcs", "cdt", "revenue", "hipps",
            "hiec", "snomed", "loinc", "rxnorm"); else "".
        spans: For formats whose escapes make characters and bytes differ: maps characters
            ``start`` to ``end`` of ``text`` to their first byte in the member and their number of
            bytes there. None where ``text`` is the bytes at ``offset``, decoded.
    """

    text: str
    where: Where
    carrier: Carrier
    category: Category | None = None
    subject: Subject = Subject.PERSON
    offset: int | None = None
    length: int | None = None
    fault: str = ""
    record: int = 0
    part: str = ""
    spans: Spans | None = None


class Match(NamedTuple):
    """What a detector found in one passage's text.

    Attributes:
        category: What it is.
        start: First character in the passage's text.
        end: One past the last character.
        confidence: 0 to 1.
        detector: The detector's name, as shown to an analyst.
        labels: Protected classes.
    """

    category: Category
    start: int
    end: int
    confidence: float
    detector: str
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One identifier at one place. Holds no value.

    Attributes:
        category: What was found.
        expected: Whether the contract calls for it there.
        confidence: 0 to 1.
        detector: Name of what found it.
        carrier: The kind of place.
        member: Path inside containers joined with ``!``; may itself be PHI, so it is shown to
            the person who has the file and never stored.
        member_place: The same path by ordinals ("entry 2!entry 1"); safe to store.
        where: Readable place inside the member.
        offset: First byte in the member, or None.
        length: Bytes, or None.
        masked: The value's shape ("J*** S****"); shown, never stored.
        digest: Hex HMAC-SHA-256 of the normalised value under ``Rules.digest_key``, "" without.
        labels: Protected classes.
    """

    category: Category
    expected: bool
    confidence: float
    detector: str
    carrier: Carrier
    where: str
    member: str = ""
    member_place: str = ""
    offset: int | None = None
    length: int | None = None
    masked: str = ""
    digest: str = ""
    labels: tuple[Label, ...] = ()


class Obstacle(StrEnum):
    """Why something could not be inspected: each is a named verdict, and its default is hold."""

    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown-type"
    UNSUPPORTED_TYPE = "unsupported-type"
    NOT_IN_CONTRACT = "format-not-in-contract"
    MALFORMED = "malformed"
    ENCRYPTED = "encrypted"
    BOMB = "bomb"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    TOO_MANY_ENTRIES = "too-many-entries"
    TIMEOUT = "timeout"
    CRASH = "parser-crash"
    OUT_OF_MEMORY = "out-of-memory"
    ACTIVE_CONTENT = "active-content"
    """Macros, scripts, actions: code that runs at whoever opens the file."""
    NOT_READ = "not-read"
    """A part that could be read with something that isn't installed (text in images: OCR)."""


@dataclass(frozen=True, slots=True)
class Uninspectable:
    """A member, or the whole file, that could not be read to its end.

    Attributes:
        obstacle: The named verdict.
        detail: What exactly, for a sender to act on; free of content.
        where: Place in the member, "" for all of it.
        member: As in :class:`Finding`.
        member_place: As in :class:`Finding`.
    """

    obstacle: Obstacle
    detail: str
    where: str = ""
    member: str = ""
    member_place: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What inspection saw. The verdict is made from it and the contract alone.

    Attributes:
        format: Such as ``x12/837P``, ``delimited/csv``, ``text/plain``, ``archive/zip``.
        size: Bytes read.
        sha256: Hex digest of those bytes.
        findings: In the order of the file, at most ``Budget.findings`` of each of expected and
            unexpected.
        counts: (category, expected) to the number seen, never truncated.
        label_counts: Label to the number of codes that carry it.
        uninspectable: Everything that stopped a reader.
        formats: Every member's format, by ``member_place`` ("" is the file itself).
        notes: What an analyst should know ("names were searched by dictionary and pattern alone").
        seconds: Wall-clock time of the inspection.
        states: Postal codes of the states that the file's people live in.
        interchanges: For each X12 transaction set (the first thousand), SHA-256 in hex over what
            names it: ISA05 to ISA08, ISA13, GS06, ST01 and ST02. The same again is the same batch.
    """

    format: str
    size: int
    sha256: str
    findings: tuple[Finding, ...] = ()
    counts: dict[tuple[Category, bool], int] = field(default_factory=dict)
    label_counts: dict[Label, int] = field(default_factory=dict)
    uninspectable: tuple[Uninspectable, ...] = ()
    formats: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    states: frozenset[str] = frozenset()
    interchanges: frozenset[str] = frozenset()


class Source(Protocol):
    """A seekable byte stream: a file, or the decrypting reader of a staged one."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, b"" at the end."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as :meth:`io.IOBase.seek` does."""
        ...

    def tell(self) -> int:
        """The current position in bytes."""
        ...


class DlpError(Exception):
    """Root of everything this package raises on purpose."""


class NotReadableError(DlpError):
    """A member can't be inspected; carries the named verdict.

    Attributes:
        obstacle: The named verdict.
        detail: For the sender, free of content.
        where: Place in the member, or "".
    """

    def __init__(self, obstacle: Obstacle, detail: str, where: str = "") -> None:
        super().__init__(f"{obstacle}: {detail}")
        self.obstacle = obstacle
        self.detail = detail
        self.where = where
