"""One TLS context for a listener's life, and another for its handshakes."""

from __future__ import annotations

import ssl


class TlsSwitch:
    """Lets handshakes from now on go by another context than the listener was given.

    To a context CAs can be added, and none taken away. So another is made, and put in its place
    when a client's hello has come: OpenSSL calls the SNI callback with and without a name.

    Attributes:
        listener: What the listener is given, and shall keep.
    """

    def __init__(self, first: ssl.SSLContext) -> None:
        self.listener = first
        self._present = first
        first.sni_callback = self._choose

    def replace(self, context: ssl.SSLContext) -> None:
        """Go by ``context`` from now on; connections stay as they are.

        Whether clients are asked for a certificate is settled before the hello, and stays.
        """
        self._present = context

    def _choose(
        self,
        tls: ssl.SSLSocket | ssl.SSLObject,
        _name: str | None,
        _listener: ssl.SSLContext,
    ) -> None:
        tls.context = self._present
