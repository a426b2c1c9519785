"""What people may see of a transfer, the same on the command line and in the console."""

from __future__ import annotations

from gateway.ports import Transfer


def transfer_json(t: Transfer) -> dict[str, object]:
    """What may be shown of a transfer: nothing encrypted, no keys, no places on disk."""
    return {
        "transfer": t.id,
        "route": t.route,
        "sender": t.sender,
        "account": t.account,
        "recipient": t.recipient,
        "state": str(t.state),
        "created": t.created.isoformat(),
        "changed": t.changed.isoformat(),
        "size": t.size,
        "sha256": t.sha256,
        "format": t.format,
        "verdict": t.verdict,
        "reasons": t.reasons,
        "policy": t.policy,
        "opened_size": t.opened_size if t.opened_blob else None,
        "opened_sha256": t.opened_sha256,
        "sealed_size": t.sealed_size,
        "sealed_sha256": t.sealed_sha256,
        "recipient_key": t.recipient_key,
        "listed_name": t.listed_name,
        "delivered": t.delivered.isoformat() if t.delivered else None,
        "collected": t.collected.isoformat() if t.collected else None,
        "ended": t.ended.isoformat() if t.ended else None,
        "purged": t.purged.isoformat() if t.purged else None,
        "legal_hold": t.legal_hold,
        "attempts": t.attempts,
    }
