"""A flow that redacts: a claim file with SSNs in its notes arrives masked and valid."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator

import pytest

from config.contracts import Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.inspect import inspect
from gateway.demo.clients import Https, Sftp, unseal
from gateway.demo.people import people
from gateway.demo.run import Demo
from gateway.demo.served import served
from gateway.demo.world import World
from gateway.demo.x12 import Claim, claims_837p

SSN = "457-12-3321"
NOTE = f"PT CALLED WITH SSN {SSN} TODAY"
CONTENT = claims_837p([Claim(who, note="" if at else NOTE) for at, who in enumerate(people(11, 5))])


@pytest.fixture
async def ports(world: World) -> AsyncIterator[dict[str, int]]:
    contract = world.site / "policy" / "contracts" / "claims.yaml"
    text = await asyncio.to_thread(contract.read_text, "utf-8")
    changed = text.replace("unexpected: hold", "unexpected: redact")
    assert changed != text
    await asyncio.to_thread(contract.write_text, changed, "utf-8")
    async with served(world.site) as listening:
        yield listening


@pytest.mark.skipif(shutil.which("sftp") is None, reason="no sftp on this machine")
async def test_a_redacting_flow_releases_a_masked_valid_claim_file(
    world: World, ports: dict[str, int]
) -> None:
    clinic = world.members["clinic"]
    local = world.home / "a.837"
    await asyncio.to_thread(local.write_bytes, CONTENT)
    await Sftp(world, clinic, ports["sftp"]).put(local, "/outbox/clinic-claims/a.837")
    sent = await Https(world, clinic, ports["https"]).call("GET", "/v1/transfers")
    transfer = sent["transfers"][0]["transfer"]
    settled = await Demo(world, ports).settled("clinic", transfer)
    assert settled["state"] == "delivered", settled
    payer = world.members["acme"]
    sealed = world.home / "sealed.pgp"
    parcel = await Https(world, payer, ports["https"]).content(f"/v1/inbox/{transfer}/content")
    await asyncio.to_thread(sealed.write_bytes, parcel)
    received = await asyncio.to_thread(unseal, payer, sealed)
    assert received == CONTENT.replace(SSN.encode(), b"XXX-XX-XXXX")
    report = inspect(
        io.BytesIO(received), "a.837", shipped_policy().contracts["claims"], Rules(), Budget()
    )
    assert not report.uninspectable
    assert not [finding for finding in report.findings if not finding.expected]
