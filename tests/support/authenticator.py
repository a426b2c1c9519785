"""A software authenticator: what a phone or security key does, and what a hostile one may do."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


UNLOCKED = PRESENT | VERIFIED


class Authenticator:
    """One passkey. ``rp`` and ``flags`` override what an honest one would say."""

    def __init__(self, *, counts: bool = True) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.handle = b""
        self.count = 0
        self.counts = counts

    @property
    def name(self) -> str:
        return b64(self.id)

    def clone(self) -> Authenticator:
        """The same key in other hands, with its count as it is now."""
        twin = Authenticator()
        twin.private, twin.id, twin.handle, twin.count = (
            self.private,
            self.id,
            self.handle,
            self.count,
        )
        return twin

    def create(
        self,
        options: Mapping[str, Any],
        origin: str,
        *,
        rp: str = "",
        flags: int = UNLOCKED,
    ) -> dict[str, Any]:
        """``navigator.credentials.create()`` as JSON."""
        self.handle = unb64(options["user"]["id"])
        key_id = struct.pack(">H", len(self.id)) + self.id
        data = self._data(rp or options["rp"]["id"], flags | WITH_KEY) + bytes(16) + key_id
        data += cbor2.dumps(self._cose())
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], origin)
        response = {"clientDataJSON": b64(client), "attestationObject": b64(attested)}
        return {"id": self.name, "rawId": self.name, "type": "public-key", "response": response}

    def get(
        self,
        options: Mapping[str, Any],
        origin: str,
        *,
        rp: str = "",
        flags: int = UNLOCKED,
        kind: str = "webauthn.get",
    ) -> dict[str, Any]:
        """``navigator.credentials.get()`` as JSON."""
        self.count += self.counts
        data = self._data(rp or options["rpId"], flags)
        client = self._client(kind, options["challenge"], origin)
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(self.private.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": b64(self.handle),
        }
        return {"id": self.name, "rawId": self.name, "type": "public-key", "response": response}

    def _data(self, rp: str, flags: int) -> bytes:
        return hashlib.sha256(rp.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        client = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        return json.dumps(client).encode()

    def _cose(self) -> dict[int, Any]:
        point = self.private.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
