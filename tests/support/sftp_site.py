"""An SFTP listener under test, with all that stands around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import asyncssh

from tests.support.simulated_gateway import Recorder, SimulatedGateway, SimulatedJudge
from transports.sftp import SftpService


@dataclass
class SftpSite:
    gateway: SimulatedGateway
    judge: SimulatedJudge
    seen: Recorder
    service: SftpService
    key: Path

    @property
    def port(self) -> int:
        return self.service.port

    async def connect(self, who: str = "clinic") -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=f"{who}-bot",
            password=f"{who}-pw",
            known_hosts=None,
            client_keys=None,
            config=None,
        )
