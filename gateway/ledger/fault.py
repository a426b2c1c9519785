"""What the verifier says when something is wrong."""

from __future__ import annotations


class FaultError(Exception):
    """The log is not what the gateway wrote; the sentence says where and what."""
