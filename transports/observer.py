"""What listeners tell of themselves: for metrics and logs, free of names, users and secrets."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Called on the event loop; must not block or raise. ``protocol`` is ``sftp`` or ``https``."""

    def connection_opened(self, protocol: str) -> None:
        """A client connected; each is closed once, also when it is turned away."""
        ...

    def connection_closed(self, protocol: str, reason: str) -> None:
        """It left; ``reason`` is ``closed``, ``lost``, ``idle``, ``expired`` or ``limit``."""
        ...

    def login(self, protocol: str, method: str, *, accepted: bool) -> None:
        """Somebody proved who they are, or failed to; ``method`` says with what."""
        ...

    def upload_started(self, protocol: str, route: str) -> None:
        """An upload was opened or resumed."""
        ...

    def upload_finished(self, protocol: str, route: str, size: int, outcome: str) -> None:
        """It ended ``submitted``, ``suspended``, ``discarded`` or ``failed``."""
        ...

    def download_finished(self, protocol: str, size: int, *, complete: bool) -> None:
        """A sealed file was closed after ``size`` bytes were sent."""
        ...


class NullObserver:
    """Ignores everything."""

    def connection_opened(self, protocol: str) -> None:
        """Ignore."""

    def connection_closed(self, protocol: str, reason: str) -> None:
        """Ignore."""

    def login(self, protocol: str, method: str, *, accepted: bool) -> None:
        """Ignore."""

    def upload_started(self, protocol: str, route: str) -> None:
        """Ignore."""

    def upload_finished(self, protocol: str, route: str, size: int, outcome: str) -> None:
        """Ignore."""

    def download_finished(self, protocol: str, size: int, *, complete: bool) -> None:
        """Ignore."""
