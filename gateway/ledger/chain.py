"""How an event is encoded and hash-linked. Pure.

An event's body is one canonical JSON object (RFC 8785)::

    {"actor": …, "facts": {…}, "kind": …, "prev": …, "seq": …, "set": {…}, "time": …,
     "transfer": …, "v": 1}

``seq`` counts from 1 without gaps. ``prev`` is the hash of the event before, or 64 zeros. ``set``
holds the columns that the same transaction set and that the verifier compares with the
transfers table. The hash is SHA-256 over :data:`DOMAIN` and the body, so that it can't be
mistaken for the hash of anything else we sign or store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import rfc8785

from gateway.ledger.clock import timestamp
from gateway.ledger.vocabulary import VERSION, check_actor, check_facts
from gateway.ports import Json

DOMAIN: Final = b"lazaretto/event/v1\x00"
GENESIS: Final = "0" * 64
MAX_BODY: Final = 16_384
"""Bytes of one body; a log that anybody can blow up is no log."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its length and last hash."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be logged, before it has its place in the chain."""

    kind: str
    actor: str
    time: datetime
    transfer: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    set: Mapping[str, Json] = field(default_factory=dict)


def link(head: Head, entry: Entry) -> tuple[Head, str]:
    """Place ``entry`` after ``head``: the new head, and the body to store.

    Raises:
        ValueError: The actor or the facts are out of bounds (:mod:`gateway.ledger.vocabulary`).
        TypeError: A fact is of a type that can't be logged.
    """
    check_actor(entry.actor)
    check_facts(entry.facts)
    check_facts(entry.set)
    body = rfc8785.dumps(
        {
            "v": VERSION,
            "seq": head.seq + 1,
            "time": timestamp(entry.time),
            "kind": str(entry.kind),
            "transfer": entry.transfer,
            "actor": entry.actor,
            "facts": dict(entry.facts),
            "set": dict(entry.set),
            "prev": head.hash,
        }
    )
    if len(body) > MAX_BODY:
        raise ValueError(f"an event of {len(body)} bytes; the log takes {MAX_BODY}")
    return Head(head.seq + 1, digest(body)), body.decode()


def digest(body: bytes) -> str:
    """The hash of an event's body, in hex."""
    return hashlib.sha256(DOMAIN + body).hexdigest()
