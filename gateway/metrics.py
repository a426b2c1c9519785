"""What the gateway counts, over all its processes.

Edges and workers count into memory-mapped files (prometheus-client's multiprocess mode: the
supervisor sets ``PROMETHEUS_MULTIPROC_DIR`` for them); the supervisor sums those up and adds what
the database knows. Every label value comes from a fixed vocabulary or from the policy, never from
a client, so that nobody can grow the series or write PHI into them.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from dlp.model import Report
from gateway.lifecycle import WORK
from gateway.version import running

ENVIRONMENT: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PROTOCOLS: Final = frozenset({"sftp", "https", "console"})
METHODS: Final = frozenset(
    {
        "password",
        "publickey",
        "ssh-key",
        "token",
        "client-cert",
        "oidc",
        "passkey",
        "totp",
        "recovery",
    }
)
SUBJECTS: Final = frozenset({"account", "code", "address", "name"})
OUTCOMES: Final = frozenset({"submitted", "suspended", "discarded", "failed"})
STEPS: Final = frozenset({"receive", "inspect", "decide", "seal", "deliver"})
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)

Counts = Mapping[tuple[str, str], int]


def _known(word: str, vocabulary: frozenset[str]) -> str:
    return word if word in vocabulary else "other"


class Meters:
    """The counters of one process. Make it once per process and registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.logins = Counter(
            "lazaretto_logins", "Logins tried.", ["protocol", "method", "outcome"],
            registry=registry,
        )  # fmt: skip
        self.lockouts = Counter(
            "lazaretto_lockouts", "Locks after too many failed logins.", ["kind"],
            registry=registry,
        )  # fmt: skip
        for kind in SUBJECTS:
            self.lockouts.labels(kind)  # at 0, so that an alert on the rate sees the first one
        self.connections = Gauge(
            "lazaretto_connections", "Connections open.", ["protocol"],
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.uploads = Counter(
            "lazaretto_uploads", "Uploads ended.", ["protocol", "outcome"], registry=registry
        )
        self.received = Counter(
            "lazaretto_bytes_received", "Payload bytes of uploads ended.", ["protocol"],
            registry=registry,
        )  # fmt: skip
        self.delivered = Counter(
            "lazaretto_bytes_delivered", "Sealed bytes read by recipients.", ["protocol"],
            registry=registry,
        )  # fmt: skip
        self.steps = Histogram(
            "lazaretto_step_seconds", "Duration of a step.", ["step"],
            registry=registry, buckets=_BUCKETS,
        )  # fmt: skip
        self.failures = Counter(
            "lazaretto_step_failures", "Steps that failed and are tried again.", ["step"],
            registry=registry,
        )  # fmt: skip
        self.findings = Counter(
            "lazaretto_findings", "Identifiers found.", ["category", "expected"],
            registry=registry,
        )  # fmt: skip
        self.uninspectable = Counter(
            "lazaretto_uninspectable", "What could not be inspected, and why.", ["obstacle"],
            registry=registry,
        )  # fmt: skip

    # -- transports.observer.Observer

    def connection_opened(self, protocol: str) -> None:
        """A client connected."""
        self.connections.labels(_known(protocol, PROTOCOLS)).inc()

    def connection_closed(self, protocol: str, reason: str) -> None:  # noqa: ARG002  # the seam's
        """It left."""
        self.connections.labels(_known(protocol, PROTOCOLS)).dec()

    def login(self, protocol: str, method: str, *, accepted: bool) -> None:
        """Somebody proved who they are, or failed to."""
        outcome = "accepted" if accepted else "refused"
        self.logins.labels(_known(protocol, PROTOCOLS), _known(method, METHODS), outcome).inc()

    def upload_started(self, protocol: str, route: str) -> None:
        """An upload was opened or resumed."""

    def upload_finished(self, protocol: str, route: str, size: int, outcome: str) -> None:  # noqa: ARG002  # the seam's
        """It ended."""
        protocol = _known(protocol, PROTOCOLS)
        self.uploads.labels(protocol, _known(outcome, OUTCOMES)).inc()
        self.received.labels(protocol).inc(size)

    def download_finished(self, protocol: str, size: int, *, complete: bool) -> None:  # noqa: ARG002  # the seam's
        """A sealed file was closed after ``size`` bytes were sent."""
        self.delivered.labels(_known(protocol, PROTOCOLS)).inc(size)

    # -- gateway.throttle.Throttle

    def locked_out(self, kind: str) -> None:
        """An account's passwords or codes, an address or an unknown name was locked."""
        self.lockouts.labels(_known(kind, SUBJECTS)).inc()

    # -- the pipeline

    def step_finished(self, step: str, seconds: float) -> None:
        """A step of the pipeline was taken."""
        self.steps.labels(_known(step, STEPS)).observe(seconds)

    def step_failed(self, step: str) -> None:
        """A step failed and will be tried again."""
        self.failures.labels(_known(step, STEPS)).inc()

    def inspected(self, report: Report) -> None:
        """An inspection ended with ``report``."""
        for (category, expected), count in report.counts.items():
            self.findings.labels(str(category), str(expected).lower()).inc(count)
        for item in report.uninspectable:
            self.uninspectable.labels(str(item.obstacle)).inc()


class _FromDatabase(Collector):
    """What the database knows, asked at each scrape; and what runs."""

    def __init__(
        self,
        counts: Callable[[], Counts],
        children: Callable[[], Counts],
        ends: Callable[[], Mapping[str, float]],
    ) -> None:
        self._counts = counts
        self._children = children
        self._ends = ends

    def collect(self) -> Iterable[Metric]:
        """Transfers by route and state, the queue, the processes and the build."""
        transfers = GaugeMetricFamily(
            "lazaretto_transfers", "Transfers by route and state.", labels=["route", "state"]
        )
        depth = 0
        for (route, state), count in self._counts().items():
            transfers.add_metric([route, state], count)
            depth += count if state in WORK else 0
        yield transfers
        yield GaugeMetricFamily("lazaretto_queue_depth", "Transfers that wait.", value=depth)
        processes = GaugeMetricFamily(
            "lazaretto_processes", "Child processes by state.", labels=["process", "state"]
        )
        for (process, state), count in self._children().items():
            processes.add_metric([process, state], count)
        yield processes
        yield self._expiring()
        build = GaugeMetricFamily(
            "lazaretto_build_info", "What runs.", labels=["version", "python"]
        )
        build.add_metric([running(), platform.python_version()], 1)
        yield build

    def _expiring(self) -> Metric:
        ends = GaugeMetricFamily(
            "lazaretto_partner_certificate_expires_timestamp_seconds",
            "End of the OpenPGP certificate in use; absent for one without an end.",
            labels=["partner"],
        )
        for partner, end in self._ends().items():
            ends.add_metric([partner], end)
        return ends


class Exposition:
    """The supervisor's side: everything, as text for a scrape.

    Args:
        directory: Where the children's files are.
        counts: (route, state) to the number of transfers; may raise, then those are left out.
        children: (process, state) to the number of children.
        ends: Partner to the end of its certificate, seconds since 1970.
    """

    def __init__(
        self,
        directory: Path,
        counts: Callable[[], Counts],
        children: Callable[[], Counts],
        ends: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._directory = directory
        self._registry = CollectorRegistry()
        MultiProcessCollector(self._registry, path=str(directory))  # type: ignore[no-untyped-call]  # the library's
        self._registry.register(_FromDatabase(counts, children, ends))

    def text(self) -> bytes:
        """The exposition format. Reads files and the database: call it on a thread."""
        return generate_latest(self._registry)

    def died(self, pid: int) -> None:
        """Forget the gauges of a child that ended; its counters stay."""
        mark_process_dead(pid, path=str(self._directory))  # type: ignore[no-untyped-call]  # the library's


def clean(directory: Path) -> None:
    """Make the directory, empty: counts are of one run, and pids come back."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for file in directory.glob("*.db"):
        file.unlink()
