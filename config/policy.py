"""A site's policy: routes, rules and contracts, read and checked as one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeVar

import re2
from pydantic import BaseModel, ByteSize, ConfigDict, Field

from config.contracts import Contract, Rules
from config.faults import ConfigError, Fault
from config.loader import Document, check, read_file
from config.wording import did_you_mean

ROUTES: Final = "routes.yaml"
RULES: Final = "rules.yaml"
CONTRACTS: Final = "contracts"

PartnerId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
RouteName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
T = TypeVar("T")


class Inbound(BaseModel):
    """What a route's files must come in.

    Attributes:
        openpgp: ``required`` holds what isn't encrypted for the gateway's certificate.
        signed: ``required`` also holds what has no good signature by a certificate of the sender's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    openpgp: Literal["allowed", "required"] = "allowed"
    signed: Literal["allowed", "required"] = "allowed"


class Route(BaseModel):
    """Who may send what to whom.

    Attributes:
        senders: Partner ids (``from`` in the file).
        to: The recipient's partner id.
        contract: Name of the contract.
        original_name: What the recipient learns of the file's name: nothing, the name inside the
            sealed message, or the name in the listing.
        max_bytes: Largest file; None leaves it to the settings.
        duplicates: What becomes of a file that came before, or whose X12 interchange did: ``hold``,
            ``refuse``, or ``pass``, which is noted on the log alone.
        duplicate_days: How far back "before" reaches.
        retention_days: From the end of a transfer to the destruction of its payload.
        inbound: What a file must come in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    senders: Annotated[tuple[PartnerId, ...], Field(alias="from", min_length=1)]
    to: PartnerId
    contract: str
    original_name: Literal["withheld", "sealed", "listed"] = "withheld"
    max_bytes: Annotated[ByteSize, Field(ge=1)] | None = None
    duplicates: Literal["hold", "pass", "refuse"] = "hold"
    duplicate_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    inbound: Inbound = Inbound()


class _Routes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: dict[RouteName, Route] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy.

    Attributes:
        routes: By name.
        contracts: By name.
        rules: What the site knows besides.
        digest: SHA-256, in hex, over the name and full text of every file.
    """

    routes: Mapping[str, Route]
    contracts: Mapping[str, Contract]
    rules: Rules
    digest: str

    def contract_of(self, route: str) -> Contract:
        """The contract of a route.

        Raises:
            KeyError: No such route.
        """
        return self.contracts[self.routes[route].contract]


class _Reading:
    """One pass over a policy directory: collects what it reads and what is wrong with it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Fault] = []
        self.broken = False
        self._digest = hashlib.sha256()

    def document(self, name: str) -> Document | None:
        found = self._try(lambda: read_file(self.root / name, name))
        if found is None:
            return None
        document, raw = found
        for part in (name.encode(), raw):
            self._digest.update(len(part).to_bytes(8, "big") + part)
        return document

    def model(self, kind: type[_Model], document: Document | None) -> _Model | None:
        return None if document is None else self._try(lambda: check(kind, document))

    def digest(self) -> str:
        return self._digest.hexdigest()

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except ConfigError as error:
            self.faults.extend(error.faults)
            return None


_Model = TypeVar("_Model", bound=BaseModel)


def load_policy(root: Path) -> Policy:
    """Read ``routes.yaml``, ``rules.yaml`` and ``contracts/*.yaml`` under ``root``.

    Raises:
        ConfigError: With every fault of every file.
    """
    reading = _Reading(root)
    contracts = _read_contracts(reading)
    document = reading.document(ROUTES)
    routes = reading.model(_Routes, document)
    rules = _read_rules(reading)
    if document and not reading.broken:
        # With a contract that can't be read, a route that names it has no fault of its own.
        reading.faults += _unknown_contracts(document, contracts)
    if reading.faults or routes is None or rules is None:
        raise ConfigError(reading.faults)
    return Policy(
        MappingProxyType(routes.routes), MappingProxyType(contracts), rules, reading.digest()
    )


def load_rules(root: Path) -> Rules:
    """Read ``rules.yaml`` under ``root`` alone.

    Raises:
        ConfigError: With every fault of it.
    """
    reading = _Reading(root)
    rules = _read_rules(reading)
    if reading.faults or rules is None:
        raise ConfigError(reading.faults)
    return rules


def shipped_directory() -> Path:
    """The default policy that comes with the program."""
    return Path(str(files("config"))) / "policy"


def shipped_policy() -> Policy:
    """The default policy: every contract, no routes.

    Raises:
        ConfigError: The installation is damaged.
    """
    return load_policy(shipped_directory())


def policy_files(root: Path) -> list[str]:
    """Every file of the policy under ``root``, relative to it, in order."""
    contracts = sorted((root / CONTRACTS).glob("*.y*ml"))
    return [*(str(path.relative_to(root)) for path in contracts), ROUTES, RULES]


def _read_contracts(reading: _Reading) -> dict[str, Contract]:
    contracts: dict[str, Contract] = {}
    origin: dict[str, str] = {}
    names = [name for name in policy_files(reading.root) if name.startswith(CONTRACTS)]
    if not names:
        fix = "copy the defaults there ('lazaretto init' makes them), or write one"
        reading.faults.append(Fault(CONTRACTS, 0, "", "holds no contract", fix))
    for name in names:
        document = reading.document(name)
        contract = reading.model(Contract, document)
        if document is None or contract is None:
            reading.broken = True
            continue
        first = origin.setdefault(contract.contract, name)
        if first != name:
            problem = f"the contract '{contract.contract}' is in {first} too"
            reading.faults.append(document.fault(("contract",), problem, "rename one of the two"))
        contracts[contract.contract] = contract
    return contracts


def _read_rules(reading: _Reading) -> Rules | None:
    document = reading.document(RULES)
    if document is None:
        return None
    if document.get(("digest_key",)) is not None:
        fix = "remove it; the gateway derives it from the site's key"
        reading.faults.append(document.fault(("digest_key",), "is not set in a file", fix))
    patterns = document.get(("patterns",))
    for index, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
        regex = pattern.get("regex") if isinstance(pattern, dict) else None
        problem = _bad_regex(regex) if isinstance(regex, str) else ""
        if problem:
            fix = "write RE2 syntax (no look-around, no back-references)"
            where = ("patterns", index, "regex")
            reading.faults.append(document.fault(where, f"is no expression: {problem}", fix))
    return reading.model(Rules, document)


def _bad_regex(regex: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(regex, options)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return ""


def _unknown_contracts(document: Document, contracts: Mapping[str, Contract]) -> list[Fault]:
    faults = []
    routes = document.get(("routes",))
    for name in routes if isinstance(routes, dict) else ():
        contract = document.get(("routes", name, "contract"))
        if not isinstance(contract, str) or contract in contracts:
            continue
        near = did_you_mean(contract, contracts)
        fix = f"did you mean '{near}'?" if near else f"known are {', '.join(sorted(contracts))}"
        where = ("routes", name, "contract")
        faults.append(document.fault(where, "names a contract that doesn't exist", fix))
    return faults
