"""What goes between a worker and its scanner: jobs and answers, in :mod:`gateway.frames`.

- On the control socket: first a frame with the set-up, answered by one with what the scanner
  runs under. Then a byte a job, :data:`SCAN` (with the job's own socket) or :data:`KILL`; each
  scan is answered by :data:`END` once its process has ended.
- On a job's socket: a frame with the job (and the blob's descriptor), answered by one.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from config.contracts import Contract, Rules
from dlp.budget import Budget
from gateway.frames import frame

END: Final = struct.Struct("!i")
"""How the job's process ended: its exit status, or minus the signal that killed it."""
SCAN: Final = b"S"
KILL: Final = b"K"
NO_MEMORY: Final = 3
"""Exit status of a job's process that ran out of memory."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to inspect.

    Attributes:
        data_key: Of its ciphertext.
        context: The ciphertext's associated data.
        name: The original name.
        contract: What belongs where.
        digest_key: Of the findings' hashes, for this inspection.
        budget: What it may spend; each of two inspections where it is to be redacted.
        pseudonyms: The key to redact with, b"" to inspect alone.
    """

    data_key: bytes = field(repr=False)
    context: bytes
    name: str = field(repr=False)
    contract: Contract
    digest_key: bytes = field(repr=False)
    budget: Budget
    pseudonyms: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """As a frame."""
        return frame(
            {
                "data_key": _text(self.data_key),
                "context": _text(self.context),
                "name": self.name,
                "contract": self.contract.model_dump(mode="json", by_alias=True),
                "digest_key": _text(self.digest_key),
                "budget": asdict(self.budget),
                "pseudonyms": _text(self.pseudonyms),
            }
        )

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Job:
        """The job that :meth:`pack` wrote."""
        return cls(
            base64.b64decode(data["data_key"]),
            base64.b64decode(data["context"]),
            data["name"],
            Contract.model_validate(data["contract"]),
            base64.b64decode(data["digest_key"]),
            Budget(**data["budget"]),
            base64.b64decode(data["pseudonyms"]),
        )


def rules_json(rules: Rules) -> dict[str, Any]:
    """Rules without the key of any one inspection."""
    return rules.model_dump(mode="json", exclude={"digest_key"})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
