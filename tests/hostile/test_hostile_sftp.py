"""A partner's SFTP requests as they should not be: each gets its answer, and nothing else."""

from __future__ import annotations

import pytest

from tests.hostile.sftp_attempts import ATTEMPTS, Act, outcome
from tests.hostile.sftp_client import SftpClient
from tests.hostile.ssh_client import SshClient
from tests.hostile.target import Target


@pytest.mark.parametrize(("act", "expected"), [pytest.param(a, e, id=n) for n, a, e in ATTEMPTS])
def test_over_sftp(target: Target, act: Act, expected: str) -> None:
    with SshClient(target.sftp).log_in() as client:
        assert outcome(SftpClient(client), act) == expected
    assert target.settled()["busy"] == 0
    assert target.strange() == []
