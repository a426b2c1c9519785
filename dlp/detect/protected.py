"""Protected classes of diagnosis and procedure codes (42 CFR Part 2, HIV, and state law)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources

import yaml

from dlp.model import DlpError, Label

_NOT_CODE = re.compile(r"[^0-9A-Za-z]")
_SHIPPED = "policy/protected-codes.yaml"
# X12's qualifier HC and HL7's code columns carry both, so one list answers for either.
_SAME_SYSTEM = {"cpt": "hcpcs", "hc": "hcpcs", "icd10": "icd10cm", "icd9": "icd9cm", "msdrg": "drg"}

Prefixes = Mapping[Label, Mapping[str, frozenset[str]]]
"""Code prefixes by label and code system."""


def _code(text: str) -> str:
    return _NOT_CODE.sub("", text).upper()


def _system(name: str) -> str:
    plain = _NOT_CODE.sub("", name).lower() if name != "service_type" else name
    return _SAME_SYSTEM.get(plain, plain)


@lru_cache(maxsize=1)
def shipped() -> Prefixes:
    """The prefixes that come with the product, from ``config/policy/protected-codes.yaml``."""
    text = resources.files("config").joinpath(_SHIPPED).read_text("utf-8")
    return {
        Label(label): {
            system: frozenset(_code(str(code)) for code in codes)
            for system, codes in systems.items()
        }
        for label, systems in yaml.safe_load(text).items()
    }


class ProtectedCodes:
    """Labels of codes.

    Args:
        added: A site's own, label to ``system:prefix``.

    Raises:
        DlpError: An added code has no code system.
    """

    def __init__(self, added: Mapping[str, Iterable[str]] | None = None) -> None:
        self._labels: dict[str, dict[str, set[Label]]] = {}
        for label, systems in shipped().items():
            for system, codes in systems.items():
                for code in codes:
                    self._add(system, code, label)
        for name, entries in (added or {}).items():
            for entry in entries:
                system, colon, code = entry.partition(":")
                if not colon or not _code(code):
                    raise DlpError(
                        f"rules: protected_codes: {name}: {entry!r} must be written "
                        'as "system:prefix", such as "icd10cm:F10"'
                    )
                self._add(_system(system.strip()), _code(code), Label(name))

    def _add(self, system: str, code: str, label: Label) -> None:
        self._labels.setdefault(system, {}).setdefault(code, set()).add(label)

    def labels(self, system: str, code: str) -> tuple[Label, ...]:
        """The labels of one code, in the order of :class:`Label`.

        A code under the other edition of ICD than its first character allows is looked up in
        that one. One without a system (``""``) is looked up in every diagnosis and procedure
        system: a protected code that slips through unlabelled costs more than one label too many.
        """
        wanted, plain = _system(system), _code(code)
        wanted = _meant(wanted, plain)
        systems = [wanted] if wanted else [s for s in self._labels if s not in _SHORT_SYSTEMS]
        found: set[Label] = set()
        for name in systems:
            prefixes = self._labels.get(name, {})
            for size in range(2, min(len(plain), 7) + 1):
                found |= prefixes.get(plain[:size], set())
        return tuple(label for label in Label if label in found)

    def starts(self, system: str) -> frozenset[str]:
        """The first three characters (or two, where that is all) of every code with a label."""
        return frozenset(code[:3] for code in self._labels.get(_system(system), ()))


# Three-digit DRGs and two-letter service types would match the start of any other code.
_SHORT_SYSTEMS = frozenset({"drg", "service_type"})


def _meant(system: str, code: str) -> str:
    """ICD-9-CM starts with a digit, E or V, and ICD-10-CM with a letter: senders mix them up."""
    first = code[:1]
    if system == "icd9cm" and first.isalpha() and first not in "EV":
        return "icd10cm"
    return "icd9cm" if system == "icd10cm" and first.isdigit() else system
