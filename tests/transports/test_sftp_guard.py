"""What a guarded SSH connection leaves behind."""

from __future__ import annotations

import asyncio

import asyncssh

from transports.sftp_guard import GuardedConnection


async def test_a_turn_that_comes_after_the_end_winds_up_no_timer() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    options = asyncssh.SSHServerConnectionOptions(
        server_factory=asyncssh.SSHServer,
        server_host_keys=[key],
        gss_host=None,
        keepalive_interval=30,
    )
    connection = GuardedConnection(asyncio.get_running_loop(), options)
    connection._auth_complete = True
    connection._more = True
    connection._next_turn()  # scheduled before the connection was lost; it has no transport now
    assert connection._keepalive_timer is None
