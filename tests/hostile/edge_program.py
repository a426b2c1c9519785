"""Both listeners over a simulated gateway, in a process whose memory can be measured.

One JSON line a question on standard input, one a answer on standard output.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Any

import uvloop

from tests.hostile.target import FLOOD
from tests.support.simulated_declaring import SimulatedDeclaring
from tests.support.simulated_gateway import SimulatedGateway, SimulatedJudge, SimulatedMailbox
from transports.https import HttpsOptions, build_app, serve_https
from transports.https_head import Served
from transports.ports import HalfProven, Principal
from transports.sftp import SftpOptions, serve_sftp
from transports.shares import Shares


class SlowJudge(SimulatedJudge):
    """Takes its time, as the real one does, so that there is something to interrupt."""

    async def password(
        self, username: str, password: str, address: str
    ) -> Principal | HalfProven | None:
        await asyncio.sleep(0.002)
        return await super().password(username, password, address)


def state(gateway: SimulatedGateway) -> dict[str, Any]:
    gc.collect()
    resident = next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    return {
        "submitted": [(name, len(data)) for name, data in gateway.submitted()],
        "collected": sum(gateway.collected(parcel) for parcel, _ in gateway.mailbox.values()),
        "uploads": len(gateway.transfers),
        "busy": sum(stored.busy for stored in gateway.transfers),
        "resident_kib": resident,
        "readings": len(gateway.readings),
    }


def answer(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def main(host_key: Path) -> None:
    gateway, judge = SimulatedGateway(), SlowJudge()
    parcel = gateway.deliver(bytes(range(256)) * 16_384)
    box = SimulatedMailbox(gateway)
    options = SftpOptions(host_keys=(host_key,), login_timeout=3.0, idle_timeout=60.0 * FLOOD)
    # How often is not what is tried here.
    shares = Shares(per_minute=10_000_000)
    sftp = await serve_sftp(options, judge, gateway, box, shares=shares)
    limits = HttpsOptions(
        names=Served(["edge.example"]),
        header_timeout=1.5,
        body_timeout=1.0,
        linger=0.2,
        max_connections=200,
    )
    app = build_app(
        limits, judge, gateway, box, declaring=SimulatedDeclaring(gateway), shares=shares
    )
    https = await serve_https(limits, app, None)
    loop = asyncio.get_running_loop()
    hello = {"sftp": sftp.port, "https": https.port, "parcel": parcel.transfer}
    answer(hello)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "forget":
            gateway.transfers.clear()
        answer(state(gateway))
    await sftp.stop(0.1)
    await https.stop(0.1)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
