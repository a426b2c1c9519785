"""The policy of one process: read by everything, replaced whole by a reload."""

from __future__ import annotations

from config.policy import Policy


class PolicyHolder:
    """Gives the policy in force to whoever asks at the moment of asking."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self) -> Policy:
        """The policy in force."""
        return self._policy

    def replace(self, policy: Policy) -> None:
        """From now on, this one."""
        self._policy = policy
