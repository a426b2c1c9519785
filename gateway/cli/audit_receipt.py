"""``lazaretto audit check-receipt``: needs the receipt, the files and the log's key alone."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any, Final

from gateway.cli.common import NOT_OK, OK, USAGE, CliError, Subparsers, emit
from gateway.ledger.verify_note import Key, NoteFaultError
from gateway.ledger.verify_receipt import (
    Receipt,
    ReceiptFaultError,
    check_payload,
    check_receipt,
    check_sealed,
)

_PIECE: Final = 1 << 20


def register(commands: Subparsers) -> None:
    """Add the command."""
    receipt = commands.add_parser(
        "check-receipt",
        help="does the log say what this receipt says? needs no site",
        description="Check a receipt offline, with nothing but the log's public key.",
    )
    receipt.add_argument("receipt", metavar="RECEIPT", type=Path)
    receipt.add_argument("--log-key", type=Path, metavar="KEY", required=True)
    receipt.add_argument("--file", type=Path, help="the file that was sent")
    receipt.add_argument("--sealed", type=Path, help="the file that was delivered")
    receipt.add_argument("--json", action="store_true", help="machine-readable output")
    receipt.set_defaults(run=run_check_receipt)


def run_check_receipt(args: argparse.Namespace) -> int:
    """Check a receipt, and the files that it is about."""
    try:
        key = read_key(args.log_key)
        text = args.receipt.read_text(encoding="utf-8")
    except (ValueError, OSError) as error:
        raise CliError(str(error), code=USAGE) from None
    try:
        receipt = check_receipt(text, key)
        if args.file:
            check_payload(receipt, *_measured(args.file))
        if args.sealed:
            check_sealed(receipt, *_measured(args.sealed))
    except ReceiptFaultError as error:
        emit(args, {"ok": False, "fault": str(error)}, f"THE RECEIPT DOES NOT HOLD: {error}")
        return NOT_OK
    emit(args, {"ok": True} | _receipt_json(receipt), _receipt_text(receipt, args))
    return OK


def read_key(path: Path) -> Key:
    """The public key in a file.

    Raises:
        NoteFaultError: It holds none.
        OSError: It can't be read.
    """
    try:
        return Key.parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise NoteFaultError(f"{path} is no key") from None


def _measured(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file.

    Raises:
        CliError: It can't be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise CliError(f"{path} can't be read: {error.strerror}", code=USAGE) from None
    return size, digest.hexdigest()


def _receipt_json(receipt: Receipt) -> dict[str, Any]:
    return {
        "transfer": receipt.transfer,
        "kind": receipt.kind,
        "time": receipt.time,
        "log": receipt.checkpoint.origin,
        "event": receipt.index + 1,
        "events": receipt.checkpoint.size,
        **receipt.facts,
    }


def _receipt_text(receipt: Receipt, args: argparse.Namespace) -> str:
    received, sealed = receipt.facts["received"], receipt.facts.get("sealed")
    rows = [
        ("log", receipt.checkpoint.origin),
        ("event", f"{receipt.index + 1} of {receipt.checkpoint.size}"),
        ("transfer", receipt.transfer),
        ("received", f"{received['at']} from {received['by']}, {received['size']} bytes"),
        ("SHA-256", received["sha256"]),
        ("credential", received["credential"] or "-"),
        ("verdict", f"{receipt.facts['verdict']} under policy {receipt.facts['policy']}"),
    ]
    if sealed:
        rows += [
            ("delivered", f"{receipt.time} to {sealed['recipient']}, {sealed['size']} bytes"),
            ("SHA-256", sealed["sha256"]),
            ("sealed for", sealed["key"]),
        ]
    else:
        rows.append(("refused", receipt.time))
    files = [str(path) for path in (args.file, args.sealed) if path]
    held = f" and is about {' and '.join(files)}" if files else ""
    lines = [f"{name:11} {value}" for name, value in rows]
    return "\n".join([f"the receipt holds{held}", *lines])
