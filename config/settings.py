"""A site's settings: ``lazaretto.yaml``, checked as a whole."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ByteSize, ConfigDict, Field

from config.address import Address, Listen, parse_address
from config.console import Console
from config.faults import ConfigError, Fault
from config.keys import Keys
from config.loader import Document, check, read_file

__all__ = [
    "FILE_NAME",
    "Address",
    "Console",
    "Keys",
    "Settings",
    "load_settings",
    "parse_address",
    "template",
]

FILE_NAME: Final = "lazaretto.yaml"
_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  # compared with, never bound


HostName = Annotated[str, Field(pattern=r"^(\*\.)?[0-9A-Za-z_.:-]{1,253}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError("must be a network such as 192.0.2.0/24 or 2001:db8::/32") from None


Cidr = Annotated[str, AfterValidator(_cidr)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64")


class Sftp(_Section):
    """The SFTP listener.

    Attributes:
        enabled: Whether it runs.
        listen: Its address.
        connections: Connections at a time, per edge process.
        login_seconds: From connecting to being logged in.
        idle_seconds: Without a word from the client.
    """

    enabled: bool = True
    listen: Listen = Address("0.0.0.0", 2022)  # noqa: S104  # partners come from outside
    connections: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    login_seconds: Seconds = 30.0
    idle_seconds: Seconds = 900.0


class Https(_Section):
    """The HTTPS listener.

    Attributes:
        enabled: Whether it runs.
        listen: Its address.
        tls_certificate: PEM chain; relative paths count from the site.
        tls_key: PEM private key.
        client_ca: PEM bundle of the CAs whose client certificates are taken; none: clients aren't
            asked for one.
        names: Host names and addresses that clients ask for, besides those in the certificate and,
            where loopback is listened on, its names. Requests for others get 421.
        connections: Connections at a time, per edge process.
        idle_seconds: Without a word from the client.
    """

    enabled: bool = True
    listen: Listen = Address("0.0.0.0", 8443)  # noqa: S104  # partners come from outside
    tls_certificate: Path = Path("keys/edge/tls.crt")
    tls_key: Path = Path("keys/edge/tls.key")
    client_ca: Path | None = None
    names: tuple[HostName, ...] = ()
    connections: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    idle_seconds: Seconds = 60.0


class Ops(_Section):
    """Health and metrics: listeners of their own, on loopback unless somebody decides otherwise.

    Attributes:
        health: Address of ``/healthz`` and ``/readyz``.
        metrics: Address of ``/metrics``.
        names: Host names that they are asked by, besides addresses and loopback's names.
    """

    health: Listen = Address("127.0.0.1", 8081)
    metrics: Listen = Address("127.0.0.1", 9109)
    names: tuple[HostName, ...] = ()


class Storage(_Section):
    """Where payloads and the database live.

    Attributes:
        data: Directory; relative paths count from the site.
        reserve: Free bytes below which new uploads are refused.
    """

    data: Path = Path("data")
    reserve: ByteSize = ByteSize(2**30)


class Processes(_Section):
    """How many of each, and how they stop.

    Attributes:
        edges: Processes that speak SFTP and HTTPS; they share the listening sockets.
        workers: Processes that inspect, seal and deliver.
        grace_seconds: For uploads and steps under way when the gateway is told to stop.
        sandbox: ``strict`` starts no edge and no worker that can't be confined; ``best-effort``
            uses what there is and says what is missing.
        edge_reads: Files and directories outside the site that edges need besides, such as a
            PKCS#11 module and its token; relative paths count from the site.
        edge_writes: Likewise, to write.
        worker_reads: Likewise, of workers.
        worker_writes: Likewise.
        connects: Whether edges and workers may connect to anybody though nothing in these
            settings says to whom, for a library of the site's own.
    """

    edges: Annotated[int, Field(ge=1, le=64)] = 1
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    grace_seconds: Seconds = 30.0
    sandbox: Literal["strict", "best-effort"] = "strict"
    edge_reads: tuple[Path, ...] = ()
    edge_writes: tuple[Path, ...] = ()
    worker_reads: tuple[Path, ...] = ()
    worker_writes: tuple[Path, ...] = ()
    connects: bool = False


class Inspection(_Section):
    """What one inspection may spend (:class:`dlp.budget.Budget`), and how it is confined.

    Attributes:
        bytes: Bytes read, over the file and everything unpacked from it.
        depth: Containers inside containers.
        entries: Members over all containers.
        ratio: Unpacked bytes per packed byte.
        seconds: Wall-clock time.
        text_bytes: Free text kept in memory for the second look.
        findings: Findings listed in detail.
        memory: Address space of a scanner, beyond what it starts with.
        sandbox: ``strict`` refuses to inspect, open and seal on a system that can't confine the
            processes that do; ``best-effort`` uses what there is and says what is missing.
    """

    bytes: ByteSize = ByteSize(4 * 2**30)
    depth: Annotated[int, Field(ge=0, le=100)] = 5
    entries: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    ratio: Annotated[int, Field(ge=2, le=100_000)] = 200
    seconds: Seconds = 600.0
    text_bytes: ByteSize = ByteSize(8 * 2**20)
    findings: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    memory: ByteSize = ByteSize(2 * 2**30)
    sandbox: Literal["strict", "best-effort"] = "strict"


class Uploads(_Section):
    """What a sender may send.

    Attributes:
        max_bytes: Largest file; a route may say less.
        abandon_after_hours: How long an interrupted upload can be resumed.
    """

    max_bytes: ByteSize = ByteSize(64 * 2**30)
    abandon_after_hours: Annotated[float, Field(gt=0, le=24 * 365)] = 72.0


class Logging(_Section):
    """Structured logs, to standard error.

    Attributes:
        format: ``auto`` is ``console`` on a terminal and ``json`` elsewhere.
        level: The least that is written.
    """

    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


def _checked_url(value: str) -> str:
    """Only HTTPS, but for this machine itself, where a tunnel or a sidecar may listen."""
    if not re.fullmatch(
        r"https://[^\s/@]+(/\S*)?|http://(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?(/\S*)?", value
    ):
        raise ValueError("must be an https:// address without a user name")
    return value


class CheckpointPost(_Section):
    """Where checkpoints are sent.

    Attributes:
        url: Gets each checkpoint by POST.
        witness: Public key (``name+id+key``) of a C2SP witness behind the address, which is asked
            to cosign and whose answer is checked; "" for a plain keeper of copies.
    """

    url: Annotated[str, AfterValidator(_checked_url)]
    witness: str = ""


class Log(_Section):
    """The audit log's checkpoints, and where copies of them go.

    Attributes:
        origin: The log's name (C2SP ``tlog-checkpoint``); "" for one made of its key.
        checkpoint: File that holds the newest one; relative paths count from the site. Best on
            another machine's disk: it is what a rolled back database is found out by.
        post: Further places.
        post_seconds: Pause between two posts to one place.
    """

    origin: Annotated[str, Field(pattern=r"^[!-*,-~]{0,200}$")] = ""
    checkpoint: Path = Path("data/checkpoint")
    post: tuple[CheckpointPost, ...] = ()
    post_seconds: Seconds = 10.0


class Limits(_Section):
    """What logins and tokens may. Failures are counted in the database, for all processes.

    Attributes:
        free_failures: Failures of an account in a row before the next attempt has to wait.
        address_free_failures: The same of an address (of IPv6, its /64).
        delay_seconds: The first wait; each further failure doubles it.
        longest_delay_seconds: It grows to this.
        lock_account_after: Failures in a row that lock an account's password and codes.
        lock_address_after: Failures that lock an address.
        lock_minutes: How long, unless a person lifts it.
        forget_hours: A failure is forgotten that long after the last one.
        exempt_networks: CIDR; addresses in them are never made to wait (their accounts are).
        token_days: Longest life of a new API token.
        sessions: SFTP connections and HTTPS requests of an account at a time, over all edges.
        sessions_per_minute: How many of them may begin, likewise.
    """

    free_failures: Annotated[int, Field(ge=0, le=100)] = 5
    address_free_failures: Annotated[int, Field(ge=0, le=100_000)] = 50
    delay_seconds: Seconds = 1.0
    longest_delay_seconds: Seconds = 300.0
    lock_account_after: Annotated[int, Field(ge=1, le=1_000)] = 20
    lock_address_after: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    lock_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    forget_hours: Annotated[int, Field(ge=1, le=720)] = 24
    exempt_networks: tuple[Cidr, ...] = ()
    token_days: Annotated[int, Field(ge=1, le=366)] = 366
    sessions: Annotated[int, Field(ge=1, le=100_000)] = 64
    sessions_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 6_000


class Outgoing(_Section):
    """What the gateway may connect to.

    Attributes:
        hosts: Host names and addresses, besides those of the addresses in these settings.
    """

    hosts: tuple[HostName, ...] = ()


class Certificates(_Section):
    """Partners' OpenPGP certificates.

    Attributes:
        verified: Whether files are sealed for one whose fingerprint nobody has compared with the
            partner out of band: ``required`` holds them, ``advised`` has ``doctor`` say so.
    """

    verified: Literal["required", "advised"] = "advised"


class Settings(_Section):
    """``lazaretto.yaml``. Every key has a default; the file may be empty.

    Attributes:
        sftp: SFTP listener.
        https: HTTPS listener.
        ops: Health and metrics listeners.
        console: People's listener.
        storage: Payloads and database.
        database_url: ``sqlite:////absolute/path`` or ``postgresql://host/database``; empty for
            ``lazaretto.db`` in the data directory.
        keys: Who guards the key-encryption keys.
        certificates: Partners' OpenPGP certificates.
        processes: How many.
        inspection: Budget and confinement.
        uploads: Limits.
        log: The audit log's checkpoints.
        outgoing: Hosts that may be connected to.
        logging: Logs.
        limits: Of logins and tokens.
    """

    sftp: Sftp = Sftp()
    https: Https = Https()
    ops: Ops = Ops()
    console: Console = Console()
    storage: Storage = Storage()
    database_url: str = Field("", repr=False)
    keys: Keys = Keys()
    certificates: Certificates = Certificates()
    processes: Processes = Processes()
    inspection: Inspection = Inspection()
    uploads: Uploads = Uploads()
    log: Log = Log()
    outgoing: Outgoing = Outgoing()
    logging: Logging = Logging()
    limits: Limits = Limits()


def template(**listen: Address) -> str:
    """The commented settings file, with other addresses for the listeners named."""
    text = (files("config") / FILE_NAME).read_text()
    defaults = Settings()
    addresses = {
        "sftp": defaults.sftp.listen,
        "https": defaults.https.listen,
        "health": defaults.ops.health,
        "metrics": defaults.ops.metrics,
        "console": defaults.console.listen,
    }
    for name, address in (addresses | listen).items():
        shown = f'"{address}"' if ":" in address.host else str(address)
        text = text.replace(f"@{name}@", shown)
    return text


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: With every fault.
    """
    document, _ = read_file(path, path.name)
    faults = [*_clashes(document), *_unreadable(document, path.parent), *_silent(document)]
    try:
        settings = check(Settings, document)
    except ConfigError as error:
        raise ConfigError([*error.faults, *faults]) from None
    if faults:
        raise ConfigError(faults)
    return settings


def _enabled(document: Document, section: str) -> bool:
    enabled = document.get((section, "enabled"))
    return enabled is True if section == "console" else enabled is not False


def _addresses(document: Document) -> Iterator[tuple[str, str, Address]]:
    """Every listener that is on and whose address can be read; the model reports the others."""
    defaults = (
        ("sftp", "listen", Sftp().listen),
        ("https", "listen", Https().listen),
        ("ops", "health", Ops().health),
        ("ops", "metrics", Ops().metrics),
        ("console", "listen", Console().listen),
    )
    for section, key, default in defaults:
        if _enabled(document, section):
            with suppress(ValueError):
                yield section, key, parse_address(document.get((section, key)) or default)


def _clashes(document: Document) -> Iterator[Fault]:
    taken: list[tuple[str, Address]] = []
    for section, key, address in _addresses(document):
        for other, used in taken:
            if address.port and _overlap(address, used):
                problem = f"has the same port as {other}"
                yield document.fault((section, key), problem, "give each listener its own")
        taken.append((f"{section}.{key}", address))


def _overlap(one: Address, other: Address) -> bool:
    same_host = one.host == other.host or bool({one.host, other.host} & _WILDCARDS)
    return one.port == other.port and same_host


def _silent(document: Document) -> Iterator[Fault]:
    if not _enabled(document, "sftp") and not _enabled(document, "https"):
        where = ("sftp", "enabled")
        yield document.fault(where, "no listener is enabled", "enable sftp or https")


def _unreadable(document: Document, root: Path) -> Iterator[Fault]:
    for path, value in _files(document):
        try:
            (root / value).open("rb").close()
        except OSError as error:
            problem = f"can't be read: {(error.strerror or 'unreadable').lower()}"
            fix = "name a file that this user may read"
            yield document.fault(path, problem, fix)


def _files(document: Document) -> Iterator[tuple[tuple[str, ...], str | Path]]:
    """Every file that the settings name and that must be there, with the key that names it."""
    has_console = _enabled(document, "console")
    if _enabled(document, "https") or has_console:
        for name in ("tls_certificate", "tls_key", "client_ca"):
            value = document.get(("https", name)) or getattr(Https(), name)
            if isinstance(value, str | Path):
                yield ("https", name), value
    if has_console and document.get(("console", "oidc", "issuer")):
        for name in ("client_secret", "authorities"):
            value = document.get(("console", "oidc", name))
            if isinstance(value, str) and value:
                yield ("console", "oidc", name), value
