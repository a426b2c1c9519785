"""Checks events one after the other, as they come. Pure; part of the verifier.

It was written from the description in ``docs/log.md`` and imports nothing of the code
that writes the log, so that one mistake can't be made twice. Only the transition table is
common: it is the law that both are held to.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

from gateway.ledger.fault import FaultError
from gateway.ledger.verify_note import Key, Note, NoteFaultError
from gateway.ledger.verify_states import States
from gateway.ledger.verify_tree import Range, leaf_hash
from gateway.lifecycle import EventKind, IllegalTransitionError, State, after

_DOMAIN: Final = b"lazaretto/event/v1\x00"
_NO_HASH: Final = "0" * 64
_MAX_BODY: Final = 16_384
_MEMBERS: Final = {"actor", "facts", "kind", "prev", "seq", "set", "time", "transfer", "v"}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_KINDS: Final = frozenset(EventKind)
_STEP_BACK: Final = timedelta(minutes=1)
_MAX_NOTICES: Final = 20
_TOLD: Final = frozenset(
    {"sha256", "size", "credential", "sealed_sha256", "sealed_size", "recipient_key"}
)
"""What a receipt repeats."""


@dataclass(slots=True)
class Replay:
    """The log up to some event.

    Attributes:
        key: The log's public key; without one checkpoints are compared, and not believed.
        since: Checkpoints kept elsewhere, by size.
        seq: Events so far.
        head: Hash of the last one.
        tree: Over the events so far.
        leaf: The last event's hash in the tree.
        signed: Events under the last checkpoint.
        states: Each transfer's state as the events leave it.
        notices: What is odd and proves nothing, such as a clock that was set back.
    """

    key: Key | None = None
    since: dict[int, Note] = field(default_factory=dict)
    seq: int = 0
    head: str = _NO_HASH
    tree: Range = field(default_factory=Range)
    leaf: bytes = b""
    signed: int = 0
    states: States = field(default_factory=States)
    notices: list[str] = field(default_factory=list)
    _time: datetime | None = None

    def take(self, body: bytes, stored_hash: str) -> dict[str, Any]:
        """Check the next event and move on by it.

        Returns:
            The event's members.

        Raises:
            FaultError: The first thing wrong with it.
        """
        event = decode(body, self.seq + 1)
        self._check_place(event)
        computed = hashlib.sha256(_DOMAIN + body).hexdigest()
        if stored_hash != computed:
            raise FaultError(f"event {self.seq + 1}: its hash doesn't fit its text: one was edited")
        self._check_time(event)
        self._check_step(event)
        self.seq += 1
        self.head = computed
        self.leaf = leaf_hash(body)
        self.tree.add(self.leaf)
        if self.seq in self.since:
            self._check_root(self.since[self.seq], "kept elsewhere")
        return event

    def checkpoint(self, text: str) -> None:
        """Check a signed checkpoint of the log as it stands after the last event.

        Raises:
            FaultError: It isn't signed by the log's key, or of another log.
        """
        try:
            note = Note.parse(text)
            if self.key:
                note.check(self.key)
        except NoteFaultError as error:
            raise FaultError(f"after event {self.seq}: {error}") from None
        if note.size != self.seq:
            raise FaultError(
                f"after event {self.seq}: the checkpoint here is of {note.size} events: "
                "the log was cut off, or checkpoints were moved"
            )
        self._check_root(note, "signed here")
        self.signed = note.size

    def end(self) -> None:
        """Check that the log reaches every checkpoint that was kept elsewhere.

        Raises:
            FaultError: It is shorter than one.
        """
        longest = max(self.since, default=0)
        if longest > self.seq:
            raise FaultError(
                f"after event {self.seq}: the log ends, and a checkpoint kept elsewhere has "
                f"{longest} events: it was cut off or rolled back"
            )

    def _check_root(self, note: Note, where: str) -> None:
        if self.tree.root() != note.root:
            raise FaultError(
                f"event {self.seq}: the log up to here isn't the one of the checkpoint {where}: "
                "an event before was edited, put in, taken out or moved"
            )

    def _check_place(self, event: dict[str, Any]) -> None:
        place = self.seq + 1
        if event["seq"] != place:
            raise FaultError(
                f"event {place}: it calls itself {event['seq']}: "
                "an event is missing, doubled or out of order"
            )
        if event["prev"] != self.head:
            raise FaultError(
                f"event {place}: it doesn't follow from event {self.seq}: "
                "that one was replaced, or this one put in"
            )

    def _check_time(self, event: dict[str, Any]) -> None:
        try:
            moment = parse_time(event["time"])
        except (TypeError, ValueError):
            raise FaultError(f"event {event['seq']}: its time is no time") from None
        back = self._time - moment if self._time else timedelta(0)
        if back > _STEP_BACK and len(self.notices) < _MAX_NOTICES:
            self.notices.append(f"event {event['seq']}: its time is {back} before the one before")
        self._time = moment

    def _check_step(self, event: dict[str, Any]) -> None:
        transfer, kind, seq = event["transfer"], event["kind"], event["seq"]
        if (transfer is not None) != (kind in _KINDS):
            raise FaultError(f"event {seq}: a {kind} must be about {_about(kind)}")
        if transfer is None:
            return
        try:
            before, known = self.states.get(transfer)
            state = after(State(before) if before else None, EventKind(kind))
        except IllegalTransitionError as error:
            raise FaultError(f"event {seq}: transfer {transfer}: {error}") from None
        known = known | {name: event["set"][name] for name in _TOLD & event["set"].keys()}
        _check_receipt(event, known)
        self.states.put(transfer, str(state), known)


def decode(body: bytes, place: int) -> dict[str, Any]:
    """The members of an event's body.

    Raises:
        FaultError: The body isn't an event of version 1 in canonical form.
    """
    if len(body) > _MAX_BODY:
        raise FaultError(f"event {place}: {len(body)} bytes; none is longer than {_MAX_BODY}")
    try:
        event = _DECODER.decode(body.decode())
        same = canonical(event) == body
    except (ValueError, RecursionError):
        raise FaultError(f"event {place}: its text can't be read as an event") from None
    # Also catches a member given twice, where two readers could each see another value.
    if not same:
        raise FaultError(f"event {place}: its text isn't in canonical form")
    if not isinstance(event, dict) or event.keys() != _MEMBERS:
        raise FaultError(f"event {place}: its members aren't those of an event")
    if event["v"] != 1:
        raise FaultError(
            f"event {place}: of version {event['v']!r}, which this verifier can't read"
        )
    _check_types(event, place)
    return event


def canonical(event: object) -> bytes:
    """The bytes that stand for an event (RFC 8785, of what events may hold).

    Raises:
        ValueError: It has none.
    """
    return _ENCODER.encode(event).encode()


def parse_time(text: str) -> datetime:
    """A moment from its form in the log.

    Raises:
        ValueError: It has another form.
    """
    if not _TIME.fullmatch(text):
        raise ValueError("not a time of the log")
    return datetime.fromisoformat(text)


def _check_types(event: dict[str, Any], place: int) -> None:
    texts = all(isinstance(event[key], str) for key in ("actor", "kind", "prev", "time"))
    maps = all(isinstance(event[key], dict) for key in ("facts", "set"))
    number = type(event["seq"]) is int
    if not (texts and maps and number and isinstance(event["transfer"], str | None)):
        raise FaultError(f"event {place}: a member is of the wrong type")


def _check_receipt(event: dict[str, Any], known: dict[str, Any]) -> None:
    """What the event says of the whole transfer must be what the events before said of it."""
    said = event["facts"].get("receipt")
    if said is None:
        return
    wanted = {
        ("received", "sha256"): "sha256",
        ("received", "size"): "size",
        ("received", "credential"): "credential",
        ("sealed", "sha256"): "sealed_sha256",
        ("sealed", "size"): "sealed_size",
        ("sealed", "key"): "recipient_key",
    }
    for (part, name), column in wanted.items():
        if part in said and said[part].get(name) != known.get(column, said[part].get(name)):
            raise FaultError(
                f"event {event['seq']}: its receipt's {part} {name} isn't what the transfer's "
                "events say"
            )


def _about(kind: object) -> str:
    return "a transfer" if kind in _KINDS else "none"


def _refuse(_text: str) -> NoReturn:
    raise ValueError("a number that the log can't hold")


# Made once: ``json.dumps`` with these arguments makes another for each event.
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_DECODER: Final = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)
