"""Our recognizers under Presidio's engine: no model, no network, no default recognizer.

Presidio's own recognizers are left out on purpose: on raw X12 its driver-licence pattern alone hits
1,273 times in a 60 KB claim file, its e-mail recognizer asks public hosts for a suffix list, and
its context words match inside others. The engine orchestrates ours, and a model-based one can be
registered beside them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    LocalRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from dlp.detect.reading import Reading
from dlp.model import Category, Match

AGAINST = "not_phi"
_DETECTOR = "detector"
_ENTITIES = [*(category.value for category in Category), AGAINST]
# Loading a recognizer is logged with its name on the root logger's level otherwise.
logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)

Finder = Callable[[Reading], Iterable[Match]]
Evidence = Callable[[Reading], Iterable[tuple[int, int]]]


class _Artifacts(NlpArtifacts):
    """What an NLP engine hands to recognizers: here, the prepared text."""

    def __init__(self, reading: Reading) -> None:
        # No tokens of spaCy's: every recognizer here reads ``reading``.
        super().__init__([], [], [], [], None, "en")  # type: ignore[arg-type] # a Doc is never asked for
        self.reading = reading


def _reading(artifacts: NlpArtifacts) -> Reading:
    """The prepared text; only our engine makes artifacts for our recognizers."""
    if not isinstance(artifacts, _Artifacts):
        raise TypeError("artifacts of another NLP engine")
    return artifacts.reading


class _ReadingEngine(NlpEngine):
    """The least an NLP engine must do; tokens come from :class:`Reading`."""

    engine_name = "lazaretto"
    is_available = True

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:  # noqa: ARG002 - presidio's signature
        """Prepare the text once for all recognizers."""
        return _Artifacts(Reading(text))

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,  # noqa: ARG002 - presidio's signature
        n_process: int = 1,  # noqa: ARG002 - presidio's signature
        **_options: object,
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """One after the other."""
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002 - presidio's signature
        """Never; our context words are our own."""
        return False

    def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002 - presidio's signature
        """Never; tokens are words."""
        return False

    def get_supported_entities(self) -> list[str]:
        """None of its own."""
        return []

    def get_supported_languages(self) -> list[str]:
        """English."""
        return ["en"]


class _NoEnhancer(ContextAwareEnhancer):
    """Context is judged by each detector; the default enhancer deep-copies every result."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(
        self,
        text: str,  # noqa: ARG002 - presidio's signature
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,  # noqa: ARG002 - presidio's signature
        recognizers: list[EntityRecognizer],  # noqa: ARG002 - presidio's signature
        context: list[str] | None = None,  # noqa: ARG002 - presidio's signature
    ) -> list[RecognizerResult]:
        """The results as they are."""
        return raw_results


class _Recognizer(LocalRecognizer):
    """One group of our detectors as a Presidio recognizer."""

    def __init__(self, name: str, find: Finder) -> None:
        self.find = find
        super().__init__(supported_entities=_ENTITIES, name=name, supported_language="en")

    def load(self) -> None:
        """Compiled at import."""

    def analyze(
        self,
        text: str,  # noqa: ARG002 - presidio's signature
        entities: list[str],  # noqa: ARG002 - presidio's signature
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """Matches as Presidio results, the detector's name in their metadata."""
        return [
            RecognizerResult(
                m.category.value, m.start, m.end, m.confidence,
                recognition_metadata={_DETECTOR: m.detector},
            )
            for m in self.find(_reading(nlp_artifacts))
        ]  # fmt: skip


class _Evidence(_Recognizer):
    """What speaks against: results of an entity that is no category."""

    def __init__(self, against: Evidence) -> None:
        super().__init__("evidence-against", lambda _reading: ())
        self.against = against

    def analyze(
        self,
        text: str,  # noqa: ARG002 - presidio's signature
        entities: list[str],  # noqa: ARG002 - presidio's signature
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """Places no guess may stand on."""
        return [
            RecognizerResult(AGAINST, start, end, 1.0, recognition_metadata={_DETECTOR: AGAINST})
            for start, end in self.against(_reading(nlp_artifacts))
        ]


class _Registry(RecognizerRegistry):
    """Every recognizer for every text: the default picks them out again, entity by entity.

    That took a tenth of a millisecond a text, as long as all of them on a short note.
    """

    def get_recognizers(
        self,
        language: str,  # noqa: ARG002 - presidio's signature
        entities: list[str] | None = None,  # noqa: ARG002 - presidio's signature
        all_fields: bool = False,  # noqa: ARG002 - presidio's signature
        ad_hoc_recognizers: list[EntityRecognizer] | None = None,  # noqa: ARG002 - presidio's signature
    ) -> list[EntityRecognizer]:
        """All, in the order they were made."""
        return list(self.recognizers)


class Analyzer:
    """Presidio's engine over our recognizers; built once, kept for many texts.

    Args:
        finders: Name of a group to its function.
        against: What speaks against.
    """

    def __init__(self, finders: dict[str, Finder], against: Evidence) -> None:
        self.finders = [*finders.values(), against]
        recognizers = [_Recognizer(name, find) for name, find in finders.items()]
        registry = _Registry(
            recognizers=[*recognizers, _Evidence(against)], supported_languages=["en"]
        )
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=_ReadingEngine(),
            supported_languages=["en"],
            context_aware_enhancer=_NoEnhancer(),
        )

    def analyze(self, reading: Reading) -> tuple[list[Match], list[tuple[int, int]]]:
        """Matches, and the places that evidence speaks against."""
        results = self._engine.analyze(
            reading.text, language="en", entities=_ENTITIES, nlp_artifacts=_Artifacts(reading)
        )
        matches: list[Match] = []
        against: list[tuple[int, int]] = []
        for r in results:
            if r.entity_type == AGAINST:
                against.append((r.start, r.end))
            else:
                detector = r.recognition_metadata[_DETECTOR]
                matches.append(Match(Category(r.entity_type), r.start, r.end, r.score, detector))
        return matches, against
