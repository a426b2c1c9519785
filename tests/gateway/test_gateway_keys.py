"""The gateway's own keys are rotated, and nobody who holds the old or the new one is shut out."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import os
import shutil
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pysequoia
import pytest

from dlp.model import NotReadableError
from gateway.app.common import common_parts
from gateway.app.edge import Edge, _host_keys
from gateway.following import Follower
from gateway.gateway_keys import Log, OpenPgp, SshHost, Tls
from gateway.ledger.export import exported
from gateway.ledger.record import SqlLedger
from gateway.ledger.sequencer import LogTree, Sequencer
from gateway.ledger.verify import Held, verify_database
from gateway.ledger.verify_note import Key
from gateway.lifecycle import EventKind, State
from gateway.log_signing import FollowingSigner
from gateway.opener import ProcessOpener
from gateway.ports import Event, LedgerUnavailableError, Transfer
from gateway.sealer import ProcessSealer
from gateway.site import Site
from gateway.staged_keys import RotationError, next_of, old_of
from gateway.store.database import sqlite_path
from gateway.tls_pair import in_use
from keys import durable
from keys.openpgp import certificate_of, fingerprint, generate_gateway_key
from keys.site import generate_tls
from tests.support.commands import Command, Outcome
from tests.support.eventually import eventually
from transports.https import replace_certificate, tls_context
from transports.https_names import names_in
from transports.sftp import SftpOptions, SftpService, serve_sftp

Run = Callable[..., Outcome]
PARTNER = generate_gateway_key("Partner <p@partner.example>")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gateway.initialise import Wishes, initialise  # noqa: PLC0415 - slow to import

    return initialise(tmp_path_factory.mktemp("keys") / "site", Wishes("localhost")).site.root


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Site:
    return Site.open(shutil.copytree(made, tmp_path / "site"))


@pytest.fixture
def command(site: Site, capsys: pytest.CaptureFixture[str]) -> Run:
    run = Command(capsys)

    def key(*words: object) -> Outcome:
        return run("key", *words, "--site", site.root, "--json")

    return key


# -- stages


@pytest.mark.parametrize("kind", ["openpgp", "ssh", "log"])
def test_a_key_goes_through_its_stages_in_order_alone(
    command: Run,
    site: Site,
    kind: str,
) -> None:
    for step in ("switch", "retire"):
        assert command(kind, step).status == 1, step
    assert command(kind, "rotate").status == 0
    for step in ("rotate", "retire"):
        assert command(kind, step).status == 1, step
    assert command(kind, "switch").status == 0
    for step in ("switch", "rotate"):
        assert command(kind, step).status == 1, step
    assert command(kind, "retire").status == 0
    secrets = [path for path in (site.root / "keys").rglob("*") if path.is_file()]
    wide = [p for p in secrets if p.suffix not in (".pub", ".asc", ".crt")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in wide} == {0o600}
    assert not [p for p in secrets if ".old" in p.name or ".next" in p.name]


@pytest.mark.parametrize("dies_at", range(4))
def test_a_switch_that_dies_at_any_point_leaves_a_key_and_is_gone_on_with(
    site: Site, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    ssh = SshHost(site.paths)
    ssh.rotate()
    current, new = site.paths.ssh_host_keys[0], next_of(site.paths.ssh_host_keys[0]).read_bytes()
    before = current.read_bytes()
    calls = iter(range(100))

    def dying(_directory: Path) -> None:
        if next(calls) == dies_at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(durable, "flush_directory", dying)
        with pytest.raises(KeyboardInterrupt):
            ssh.switch()
    assert current.read_bytes() in (before, new)
    if dies_at < 3:
        ssh.switch()
    assert current.read_bytes() == new
    assert old_of(current).read_bytes() == before


@pytest.mark.parametrize("kind", ["openpgp", "ssh"])
def test_a_rotation_that_dies_half_way_is_not_put_in_use_and_is_made_again(
    command: Run, site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The secret alone would sign what nobody can verify by the certificate beside it."""
    key: OpenPgp | SshHost = OpenPgp(site.paths) if kind == "openpgp" else SshHost(site.paths)
    secret = {"openpgp": site.paths.openpgp_secret, "ssh": site.paths.ssh_host_keys[0]}[kind]
    before = secret.read_bytes()

    def dying(_directory: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(durable, "flush_directory", dying)
        with pytest.raises(KeyboardInterrupt):
            key.rotate()
    assert command(kind, "switch").status == 1
    assert secret.read_bytes() == before
    assert command(kind, "rotate").status == 0
    assert command(kind, "switch").status == 0
    assert secret.read_bytes() != before
    if kind == "openpgp":
        public = site.paths.openpgp_public.read_bytes()
        assert fingerprint(secret.read_bytes()) == fingerprint(public)


@pytest.mark.parametrize("left", [0, 1])
def test_a_renewal_of_which_half_is_there_is_made_again(
    command: Run, site: Site, left: int
) -> None:
    assert command("tls", "renew").status == 0
    next_of((site.paths.tls_cert, site.paths.tls_key)[left]).unlink()
    assert command("tls", "install").status == 1
    assert command("tls", "renew").status == 0
    assert command("tls", "install").status == 0


# -- OpenPGP


def _message(certificate: bytes) -> io.BytesIO:
    sealed = pysequoia.encrypt(b"content", [pysequoia.Cert.from_bytes(certificate)], armor=False)
    return io.BytesIO(sealed)


async def test_messages_for_the_old_the_present_and_the_next_key_are_opened(site: Site) -> None:
    key, opener = OpenPgp(site.paths), ProcessOpener(site.paths.openpgp_secret)
    first = site.paths.openpgp_public.read_bytes()
    key.rotate()
    second = next_of(site.paths.openpgp_public).read_bytes()

    async def opened(certificate: bytes) -> bytes:
        out = io.BytesIO()

        def take(piece: bytes) -> None:
            out.write(piece)

        await opener.open(_message(certificate), (), take)
        return out.getvalue()

    assert [await opened(first), await opened(second)] == [b"content"] * 2
    key.switch()
    assert [await opened(first), await opened(second)] == [b"content"] * 2
    key.retire()
    assert await opened(second) == b"content"
    with pytest.raises(NotReadableError, match="for other keys"):
        await opened(first)


async def test_files_are_signed_by_the_new_key_from_the_switch_on_without_a_restart(
    site: Site, tmp_path: Path
) -> None:
    key, sealer = OpenPgp(site.paths), ProcessSealer(site.paths.openpgp_secret)
    try:
        await sealer.start()
        former = sealer.fingerprint
        known = key.rotate()
        await sealer.seal_name("a", certificate_of(PARTNER))
        assert sealer.fingerprint == former
        assert key.switch() == known
        await sealer.seal_name("b", certificate_of(PARTNER))
        assert sealer.fingerprint == known == fingerprint(site.paths.openpgp_public.read_bytes())
    finally:
        await sealer.close()


# -- the log


def test_checkpoints_are_signed_by_both_keys_while_the_log_key_is_rotated(site: Site) -> None:
    log, path = Log(site.paths), sqlite_path(site.paths.database)
    first = Key.parse(site.paths.log_pub.read_text())
    with closing(site.database()) as database:
        signer = FollowingSigner(site, database)
        sequencer = Sequencer(database, signer, "test")

        def grow() -> None:
            SqlLedger(database).record("site.started", "system", {})
            assert sequencer.step()

        def holds(key: Key) -> bool:
            return verify_database(path, Held(key)).ok

        grow()
        log.rotate()
        both = Key.parse(site.paths.log_pub.read_text())
        grow()
        log.switch()
        grow()
        assert holds(first)
        assert holds(both)
        log.retire()
        grow()
        assert not holds(first)  # the last checkpoint is the new key's alone
        assert not holds(both.more[0])  # and the first one the old key's
        assert holds(Key.parse(site.paths.log_pub.read_text()))
        assert LogTree(database).consistency(1, 2)


@pytest.mark.parametrize("step", range(2))
def test_no_key_signs_the_log_before_auditors_are_given_it(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    _dies_at(step, monkeypatch, Log(site.paths).rotate)
    with closing(site.database()) as database:
        line = FollowingSigner(site, database)._signer.verifier_key
    given = {key.public for key in Key.parse(site.paths.log_pub.read_text()).every}
    assert {key.public for key in Key.parse(line).every} <= given


def test_an_auditors_file_may_hold_several_keys_as_lines(site: Site) -> None:
    Log(site.paths).rotate()
    with closing(site.database()) as database:
        lines = FollowingSigner(site, database)._signer.verifier_key
    assert len(Key.parse(lines).every) == 2
    assert [k.public for k in Key.parse(lines).every] == [
        k.public for k in Key.parse(site.paths.log_pub.read_text()).every
    ]


# -- SSH


@pytest.fixture
async def sftp(site: Site) -> AsyncIterator[SftpService]:
    nobody: Any = None  # nobody logs in here
    options = SftpOptions(host_keys=_host_keys(site))
    service = await serve_sftp(options, nobody, nobody, nobody)
    yield service
    await service.stop(0)


async def _met(port: int) -> bytes:
    key = await asyncssh.get_server_host_key(
        "127.0.0.1", port, server_host_key_algs=["ssh-ed25519"], config=None
    )
    assert key
    return bytes(key.public_data)


async def test_ssh_clients_meet_the_new_host_key_from_the_switch_on(
    site: Site, sftp: SftpService
) -> None:
    ssh = SshHost(site.paths)
    before = await _met(sftp.port)
    known = asyncssh.import_public_key(ssh.rotate()).public_data
    await sftp.replace_host_keys(_host_keys(site))
    assert await _met(sftp.port) == before
    assert {known, before} <= set(sftp._ssh.all_server_host_keys)
    ssh.switch()
    await sftp.replace_host_keys(_host_keys(site))
    assert await _met(sftp.port) == known
    assert {known, before} <= set(sftp._ssh.all_server_host_keys)
    ssh.retire()
    await sftp.replace_host_keys(_host_keys(site))
    assert before not in sftp._ssh.all_server_host_keys


# -- TLS


class Handshake:
    """A client's handshakes with a server's context, in memory."""

    def __init__(self, site: Site) -> None:
        self.context = tls_context(*in_use(site.paths.tls_cert, site.paths.tls_key))

    def __call__(self) -> bytes:
        """The certificate that it was shown."""
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = self.context.wrap_bio(here, there, server_side=True)
        theirs = client.wrap_bio(there, here)
        for _ in range(4):
            for side in (theirs, ours):
                with suppress(ssl.SSLWantReadError):
                    side.do_handshake()
        found = theirs.getpeercert(binary_form=True)
        assert found
        return found


@pytest.fixture
def handshake(site: Site) -> Handshake:
    return Handshake(site)


def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())


async def test_new_connections_meet_an_installed_certificate_without_a_restart(
    site: Site,
    handshake: Handshake,
    tmp_path: Path,
) -> None:
    paths = site.paths

    async def take() -> None:
        replace_certificate(handshake.context, paths.tls_cert, paths.tls_key)

    task = asyncio.create_task(Follower("TLS", (paths.tls_cert, paths.tls_key), take).run())
    try:
        certificate, key = generate_tls("new", ["localhost"])
        Tls(paths).install(certificate, key)
        await eventually(lambda: handshake() == _der(certificate))
    finally:
        task.cancel()


def test_half_a_pair_leaves_the_former_certificate_in_use(site: Site, handshake: Handshake) -> None:
    before = handshake()
    site.paths.tls_cert.write_bytes(generate_tls("x", ["x"])[0])
    with pytest.raises(ssl.SSLError):
        replace_certificate(handshake.context, site.paths.tls_cert, site.paths.tls_key)
    assert handshake() == before


def test_a_renewed_certificate_can_be_trusted_before_it_is_installed(
    command: Run,
    site: Site,
) -> None:
    assert command("tls", "renew").status == 0
    ahead = next_of(site.paths.tls_cert).read_bytes()
    assert site.paths.tls_cert.read_bytes() != ahead
    assert command("tls", "install").status == 0
    assert site.paths.tls_cert.read_bytes() == ahead
    assert command("tls", "install").status == 1  # nothing is left to install


class Killed(BaseException):
    """Nothing in the code under test takes it for an error."""


def _dies_at(step: int, monkeypatch: pytest.MonkeyPatch, install: Callable[[], object]) -> None:
    """Kill a step as the changes up to one are on the disk."""
    calls, flush = iter(range(100)), durable.flush_directory

    def dying(directory: Path) -> None:
        flush(directory)
        if next(calls) == step:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(durable, "flush_directory", dying)
        with pytest.raises(Killed):
            install()


@pytest.mark.parametrize("step", range(4))
def test_an_installation_that_dies_at_any_point_leaves_a_pair_and_can_be_given_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Two files can't be renamed at once: between them a start would find half of each pair."""
    paths, pair = site.paths, generate_tls("new", ["localhost"])
    before = paths.tls_cert.read_bytes()
    _dies_at(step, monkeypatch, lambda: Tls(paths).install(*pair))
    assert Handshake(site)() == _der(before if step < 2 else pair[0])
    Tls(paths).install(*pair)
    assert paths.tls_cert.read_bytes() == pair[0]
    tls_context(paths.tls_cert, paths.tls_key)
    assert not any(next_of(path).exists() for path in (paths.tls_cert, paths.tls_key))


@pytest.mark.parametrize("step", range(2))
def test_installing_a_renewed_certificate_is_gone_on_with(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    tls = Tls(site.paths)
    tls.renew()
    renewed = next_of(site.paths.tls_cert).read_bytes()
    _dies_at(step, monkeypatch, tls.install_next)
    assert Handshake(site)() == _der(renewed)
    if step == 0:
        tls.install_next()
    assert site.paths.tls_cert.read_bytes() == renewed
    with pytest.raises(RotationError, match="nothing was renewed"):
        tls.install_next()


def test_a_renewal_after_an_installation_that_died_is_of_the_installed_certificate(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = generate_tls("new", ["new.example.org"])
    _dies_at(2, monkeypatch, lambda: Tls(site.paths).install(certificate, key))
    Tls(site.paths).renew()
    assert names_in(next_of(site.paths.tls_cert)) == {"new.example.org"}
    assert Handshake(site)() == _der(certificate)


async def test_an_edge_starts_after_an_installation_that_died(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = generate_tls("new", ["localhost"])
    _dies_at(2, monkeypatch, lambda: Tls(site.paths).install(certificate, key))
    edge = Edge(site, common_parts(site, site.load_policy()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        await edge.listen(None, listener.detach())
        try:
            met = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        finally:
            await edge.stop(0)
    assert ssl.PEM_cert_to_DER_cert(met) == _der(certificate)


def test_one_file_of_certificate_and_key_is_not_made_a_certificate_alone(site: Site) -> None:
    paths = dataclasses.replace(site.paths, tls_key=site.paths.tls_cert)
    before = paths.tls_cert.read_bytes()
    with pytest.raises(RotationError, match="one file"):
        Tls(paths).install(*generate_tls("new", ["localhost"]))
    assert paths.tls_cert.read_bytes() == before


def test_a_certificate_of_another_key_is_not_installed(
    command: Run,
    site: Site,
    tmp_path: Path,
) -> None:
    (tmp_path / "c").write_bytes(generate_tls("x", ["x"])[0])
    (tmp_path / "k").write_bytes(generate_tls("x", ["x"])[1])
    before = site.paths.tls_cert.read_bytes()
    outcome = command("tls", "install", tmp_path / "c", tmp_path / "k")
    assert outcome.status == 1
    assert "not of this key" in outcome.err
    assert site.paths.tls_cert.read_bytes() == before


def _steps(site: Site) -> list[tuple[str, str, str]]:
    """Key, step and outcome, as the log has them."""
    with closing(site.database()) as database:
        events = [json.loads(line).get("event", {}) for line in exported(database)]
    logged = [event["facts"] for event in events if event.get("kind") == "key.rotated"]
    return [(facts["key"], facts["step"], facts["outcome"]) for facts in logged]


STEPS = [
    ("log", "rotate"), ("tls", "renew"), ("kek", "rotate"), ("kek", "rewrap"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "step"), STEPS)
def test_a_step_is_on_the_log_before_it_and_after_it(
    command: Run, site: Site, key: str, step: str
) -> None:
    assert command(key, step).status == 0
    assert _steps(site) == [(key, step, "begun"), (key, step, "done")]


def test_a_step_that_is_refused_is_on_the_log_as_failed(command: Run, site: Site) -> None:
    assert command("ssh", "switch").status == 1
    assert _steps(site) == [("ssh", "switch", "begun"), ("ssh", "switch", "failed")]


def test_a_step_whose_command_is_killed_is_on_the_log_as_begun(
    command: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dies_at(0, monkeypatch, lambda: command("log", "rotate"))
    assert _steps(site) == [("log", "rotate", "begun")]


def _files(site: Site) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in (site.root / "keys").rglob("*") if p.is_file()}


@pytest.mark.parametrize(("key", "step"), [*STEPS, ("kek", "retire")])
def test_a_step_that_cannot_be_recorded_is_not_taken(
    command: Run, site: Site, monkeypatch: pytest.MonkeyPatch, key: str, step: str
) -> None:
    more: tuple[object, ...] = ()
    if step == "retire":
        more = (command(key, "rotate").json["former"],)
        os.utime(site.paths.kek, (0, 0))
    before = _files(site)
    monkeypatch.setattr(SqlLedger, "record", _unavailable)
    outcome = command(key, step, *more)
    assert outcome.status == 1
    assert "locked" in outcome.err
    assert _files(site) == before


def test_a_step_whose_end_cannot_be_recorded_says_so(
    command: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = SqlLedger.record

    def once(*words: Any) -> None:  # noqa: ANN401 - passed on
        record(*words)
        monkeypatch.setattr(SqlLedger, "record", _unavailable)

    monkeypatch.setattr(SqlLedger, "record", once)
    outcome = command("ssh", "rotate")
    assert outcome.status == 1
    assert "'key ssh rotate' is done" in outcome.err
    assert next_of(site.paths.ssh_host_keys[0]).exists()


def _unavailable(*_words: object) -> None:
    raise LedgerUnavailableError("the database is locked")


def test_the_old_openpgp_key_is_kept_while_files_from_before_the_switch_may_need_it(
    command: Run, site: Site
) -> None:
    command("openpgp", "rotate")
    now = datetime.now(UTC)
    sent = Transfer(
        "t_1", "claims", "clinic", "c1", "payer", State.RECEIVING, now, now, b"", b"", "", ""
    )
    with closing(site.database()) as database:
        ledger = SqlLedger(database)
        ledger.begin(sent, Event(EventKind.BEGUN, "system"))
        command("openpgp", "switch")
        assert "being sent" in command("openpgp", "retire").err
        ledger.advance("t_1", Event(EventKind.STAGED, "system"))
        assert "wait to be opened" in command("openpgp", "retire").err
        ledger.advance("t_1", Event(EventKind.HELD, "system"))
        later = datetime.now(UTC) + timedelta(minutes=1)
        after = dataclasses.replace(sent, id="t_2", created=later, changed=later)
        ledger.begin(after, Event(EventKind.BEGUN, "system"))
        assert command("openpgp", "retire").status == 0
