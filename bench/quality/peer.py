"""Presidio with spaCy's small model, as it comes: over a file's bytes, and over a parsed note.

The model isn't a dependency: ``--presidio DIR`` names a directory that ``spacy.load`` takes.
"""

from __future__ import annotations

from presidio_analyzer import AnalyzerEngine, RecognizerResult
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from dlp.model import Category

_ENTITIES: dict[Category, frozenset[str]] = {
    Category.NAME: frozenset({"PERSON"}),
    Category.ADDRESS: frozenset({"LOCATION"}),
    Category.BIRTH_DATE: frozenset({"DATE_TIME"}),
    Category.PHONE: frozenset({"PHONE_NUMBER"}),
    Category.EMAIL: frozenset({"EMAIL_ADDRESS"}),
    Category.SSN: frozenset({"US_SSN", "US_ITIN"}),
    Category.MEDICARE_ID: frozenset({"US_MBI"}),
    Category.PAYMENT_CARD: frozenset({"CREDIT_CARD"}),
    Category.BANK_ACCOUNT: frozenset({"IBAN_CODE", "US_BANK_NUMBER"}),
    Category.LICENSE_NUMBER: frozenset({"MEDICAL_LICENSE", "US_DRIVER_LICENSE"}),
}
_MOST = 900_000


class Presidio:
    """The peer."""

    def __init__(self, model: str) -> None:
        nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
        self._engine = AnalyzerEngine(nlp_engine=nlp)

    def finds(self, text: str, category: Category) -> bool:
        """Whether it reports anything of a category's kind in a text, at its default threshold."""
        wanted = _ENTITIES.get(category, frozenset())
        return any(found.entity_type in wanted for found in self._found(text))

    def alarms(self, text: str) -> bool:
        """Whether it reports anything but a date in a text that holds no PHI."""
        return any(found.entity_type not in {"DATE_TIME", "NRP"} for found in self._found(text))

    def _found(self, text: str) -> list[RecognizerResult]:
        return self._engine.analyze(text[:_MOST], language="en", score_threshold=0.5)
