"""The demo: drop seven files, see what becomes of each, pull, release, verify."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.demo.cases import Case, cases
from gateway.demo.clients import Https, Sftp, unseal, unseal_name
from gateway.demo.served import served
from gateway.demo.world import Member, World, command

_SETTLED: Final = frozenset({"held", "refused", "delivered", "collected"})
_RELEASE: Final = "sender asked by telephone: the comment belongs to this payer"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        case: The file.
        transfer: Id.
        state: Where it stands at the end.
        reasons: Why, as its sender was told.
        seconds: From the drop to its first settled state.
        wrong: What isn't as it should be, "" if all is.
        pulled: How the recipient got it and that it opened, "" if nobody did.
    """

    case: Case
    transfer: str
    state: str
    reasons: tuple[str, ...]
    seconds: float
    wrong: str = ""
    pulled: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The whole run.

    Attributes:
        outcomes: One a file.
        verified: What ``lazaretto audit verify`` said.
        seconds: Of the run while the gateway was up.
    """

    outcomes: tuple[Outcome, ...]
    verified: dict[str, Any]
    seconds: float

    @property
    def right(self) -> bool:
        """Whether each outcome was the right one and the log verifies."""
        return bool(self.verified["ok"]) and not any(o.wrong for o in self.outcomes)


class Demo:
    """One run against a served site.

    Args:
        world: The site and its partners.
        ports: Of the served site, by listener.
        seconds: How long to wait for one file.
    """

    def __init__(self, world: World, ports: dict[str, int], *, seconds: float = 120.0) -> None:
        self._world = world
        self._seconds = seconds
        self._sftp = {m.id: Sftp(world, m, ports["sftp"]) for m in world.members.values()}
        self._https = {m.id: Https(world, m, ports["https"]) for m in world.members.values()}

    async def run(self) -> tuple[Outcome, ...]:
        """Drop every file, then pull what was delivered and release what the analyst lets go."""
        outcomes = [await self._drop(case) for case in cases()]
        return tuple([await self._follow(outcome) for outcome in outcomes])

    async def _drop(self, case: Case) -> Outcome:
        started = time.monotonic()
        transfer = await self._send(case)
        found = await self.settled(case.sender, transfer)
        seconds = time.monotonic() - started
        reasons = tuple(found["reasons"])
        outcome = Outcome(case, transfer, found["state"], reasons, seconds)
        return replace(outcome, wrong=_check(outcome))

    async def _send(self, case: Case) -> str:
        sender = self._https[case.sender]
        if case.over == "https":
            path = f"/v1/outbox/{case.route}/{case.name}"
            return str((await sender.call("PUT", path, case.content))["transfer"])
        local = self._world.home / case.name
        local.write_bytes(case.content)
        await self._sftp[case.sender].put(local, f"/outbox/{case.route}/{case.name}")
        listed = (await sender.call("GET", "/v1/transfers"))["transfers"]
        return next(str(item["transfer"]) for item in listed if item["name"] == case.name)

    async def settled(self, sender: str, transfer: str, *, not_yet: str = "") -> dict[str, Any]:
        """Wait until a transfer is held, refused, delivered or collected; what its sender sees."""
        async with asyncio.timeout(self._seconds):
            while True:
                found = await self._https[sender].call("GET", f"/v1/transfers/{transfer}")
                if found["state"] in _SETTLED - {not_yet}:
                    return dict(found)
                await asyncio.sleep(0.05)

    async def _follow(self, outcome: Outcome) -> Outcome:
        if outcome.wrong:
            return outcome
        if outcome.state == "delivered":
            return await self._pull(outcome, over="sftp")
        outcome = await self._read_return(outcome)
        if outcome.case.release and not outcome.wrong:
            return await self._release(outcome)
        return outcome

    async def _read_return(self, outcome: Outcome) -> Outcome:
        """The sender finds the reason in ``/returned/``, as text."""
        client = self._sftp[outcome.case.sender]
        name = next((n for n in await client.names("/returned") if outcome.transfer in n), "")
        if not name:
            return replace(outcome, wrong="not found in /returned")
        local = self._world.home / name
        await client.get(f"/returned/{name}", local)
        missing = [reason for reason in outcome.reasons if reason not in local.read_text()]
        return replace(outcome, wrong="reasons missing in /returned" if missing else "")

    async def _release(self, outcome: Outcome) -> Outcome:
        command("hold", "release", outcome.transfer, "--reason", _RELEASE, "--as", "demo analyst",
                "--site", self._world.site)  # fmt: skip
        case = outcome.case
        found = await self.settled(case.sender, outcome.transfer, not_yet="held")
        released = replace(outcome, state=found["state"])
        if released.state != "delivered":
            return replace(released, wrong="released and not delivered")
        return await self._pull(released, over="https")

    async def _pull(self, outcome: Outcome, *, over: str) -> Outcome:
        """Fetch as the recipient, open it, compare, and see that it counts as collected."""
        recipient, parcel = await self._parcel(outcome.transfer)
        local = self._world.home / f"{outcome.transfer}.{over}.pgp"
        if over == "sftp":
            await self._sftp[recipient.id].get(f"/inbox/{parcel['name']}", local)
        else:
            path = f"/v1/inbox/{outcome.transfer}/content"
            local.write_bytes(await self._https[recipient.id].content(path))
        if unseal(recipient, local) != outcome.case.content:
            return replace(outcome, wrong="the sealed file opens to other bytes")
        if parcel["sealed_name"] and await self._sealed_name(recipient, outcome) is False:
            return replace(outcome, wrong="the sealed name is another")
        collected = await self.settled(outcome.case.sender, outcome.transfer, not_yet="delivered")
        return replace(outcome, state=collected["state"], pulled=f"{recipient.id} over {over}")

    async def _sealed_name(self, recipient: Member, outcome: Outcome) -> bool:
        path = f"/v1/inbox/{outcome.transfer}/name"
        sealed = await self._https[recipient.id].content(path)
        return unseal_name(recipient, sealed) == outcome.case.name

    async def _parcel(self, transfer: str) -> tuple[Member, dict[str, Any]]:
        for member in self._world.members.values():
            listed = (await self._https[member.id].call("GET", "/v1/inbox"))["files"]
            for parcel in listed:
                if parcel["transfer"] == transfer:
                    return member, parcel
        raise LookupError(f"{transfer} is in nobody's inbox")


def _check(outcome: Outcome) -> str:
    case = outcome.case
    if outcome.state != case.outcome:
        return f"should be {case.outcome}"
    told = " ".join(outcome.reasons).lower()
    missing = [words for words in case.because if words.lower() not in told]
    return f"the reasons don't say {missing[0]!r}" if missing else ""


async def run(world: World) -> Result:
    """Serve the world's site, run the demo, and verify the log."""
    started = time.monotonic()
    async with served(world.site) as ports:
        outcomes = await Demo(world, ports).run()
    verified = command("audit", "verify", "--site", world.site)
    return Result(outcomes, verified, time.monotonic() - started)
