"""What an edge's TLS goes by: its certificate, and the CAs of clients' certificates.

Each is taken up by itself: a bundle that can't be read keeps no renewed certificate out.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from gateway.tls_pair import Pair
from transports.https import tls_context
from transports.tls_switch import TlsSwitch


class EdgeTls:
    """Reads the files, and again when told.

    Args:
        pair: Where certificate and key are.
        client_ca: A PEM bundle; None asks no client for a certificate.

    Its methods raise OSError, ssl.SSLError or ValueError when a file isn't what it should be; what
    was read before stays in use then.
    """

    def __init__(self, pair: Callable[[], Pair], client_ca: Path | None) -> None:
        self._pair = pair
        self._client_ca = client_ca
        self._cas = self._read()
        self._switch = TlsSwitch(tls_context(*pair(), self._cas))

    @property
    def context(self) -> ssl.SSLContext:
        """What the listener is given."""
        return self._switch.listener

    def take_pair(self) -> None:
        """Show the certificate that is there now."""
        self._switch.replace(tls_context(*self._pair(), self._cas))

    def take_client_cas(self) -> None:
        """Believe the CAs that are there now, and no others."""
        found = self._read()
        self._switch.replace(tls_context(*self._pair(), found))
        self._cas = found

    def _read(self) -> str:
        if self._client_ca is None:
            return ""
        found = self._client_ca.read_text()
        if not found.strip():
            # Or clients would no longer be asked, which is for the settings to say.
            raise ValueError("the bundle of client CAs is empty")
        return found
