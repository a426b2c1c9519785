"""What a client does a great many times, or without end. Each returns what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from tests.hostile import sftp_client as sftp
from tests.hostile.sftp_client import SftpClient, packet, said, u64
from tests.hostile.ssh_client import (
    CHANNEL_DATA,
    CHANNEL_NOT_OPENED,
    CHANNEL_OPENED,
    DEBUG,
    ECDH_INIT,
    IGNORE,
    KEXINIT,
    ClosedError,
    SshClient,
    take,
    text,
    u32,
)
from tests.hostile.target import FLOOD, Target

Act = Callable[[Target], str]
_CLOSED: Final = "closed"


def unread(client: SshClient, message: bytes, times: int) -> str:
    """Requests whose answers nobody reads: more than the buffers of two sockets hold."""
    client.sock.settimeout(0.5)
    try:
        for _ in range(times // 500):
            client.sock.sendall(b"".join(client.framed(message) for _ in range(500)))
    except TimeoutError:
        return "held back"
    except OSError:
        return _CLOSED
    return "taken"


def stranger_unread(target: Target) -> str:
    with SshClient(target.sftp).connected() as client:
        client.service()
        return unread(client, b"\x09", 1_000_000)


def globals_unread(target: Target) -> str:
    with SshClient(target.sftp).log_in() as client:
        return unread(
            client, client.global_request(b"tcpip-forward", text(b"") + u32(0)), 1_000_000
        )


def channels_unread(target: Target) -> str:
    with SshClient(target.sftp).log_in() as client:
        return unread(client, client.open_message(b"x11"), 1_000_000)


def reads_unread(target: Target) -> str:
    """1.5 GB a read, thousands of times, with a window of 4 GiB, and not a byte taken."""
    with SshClient(target.sftp).log_in(b"payer-bot", b"payer-pw") as client:
        session = SftpClient(client, window=0xFFFFFFFF)
        [name] = session.names(b"/inbox")
        handle = session.opened(b"/inbox/" + name, sftp.READING)
        kind, body = session.ask(sftp.READ, handle + u64(0) + u32(1_500_000_000))
        assert said(kind, body) == "data"
        assert int.from_bytes(body[:4], "big") == 256 * 1024
        read = packet(sftp.READ, 1, handle + u64(0) + u32(1_500_000_000)) * 400
        message = bytes([CHANNEL_DATA]) + u32(session.channel) + text(read)
        # As much as the server's window takes; it answers none before the last is read.
        client.send(*[message] * 150)
        time.sleep(0.5)
        return "taken"


def reads_in_an_exchange(target: Target) -> str:
    """The same while a key exchange that the client began holds the answers back."""
    with SshClient(target.sftp).log_in(b"payer-bot", b"payer-pw") as client:
        session = SftpClient(client, window=0xFFFFFFFF)
        [name] = session.names(b"/inbox")
        handle = session.opened(b"/inbox/" + name, sftp.READING)
        read = packet(sftp.READ, 1, handle + u64(0) + u32(1_500_000_000)) * 400
        client.send(client.kexinit())
        client.until(KEXINIT)
        client.send(bytes([CHANNEL_DATA]) + u32(session.channel) + text(read))
        return client.says()


def rekeys(target: Target) -> str:
    with SshClient(target.sftp).log_in() as client:
        for _ in range(500):
            client.exchange()
        return "taken"


def rekeys_before_login(target: Target) -> str:
    with SshClient(target.sftp).connected() as client:
        client.exchange()
        return "taken"


def exchanges_cut_off(target: Target) -> str:
    """Half a key exchange, from many connections: a signature each, for nothing."""
    for _ in range(50 * FLOOD):
        with SshClient(target.sftp) as client:
            client.greet()
            client.send(client.kexinit(), bytes([ECDH_INIT]) + text(bytes(31) + b"\x09"))
    return "served"


def handles(target: Target) -> str:
    """5,000 handles at once; ``make hostile`` asks for 100,000."""
    with SshClient(target.sftp).log_in() as client:
        session = SftpClient(client)
        words = []
        for _ in range(10 * FLOOD):
            session.raw(b"".join(packet(sftp.OPENDIR, n, text(b"/")) for n in range(500)))
            words += [said(*session.answer()) for _ in range(500)]
            target.bystander.works()
        return f"{words.count('handle')} handles, {words.count('failure') + 128 - len(words)} more"


def listings(target: Target) -> str:
    with SshClient(target.sftp).log_in() as client:
        session = SftpClient(client)
        handle = text(take(session.ask(sftp.OPENDIR, text(b"/outbox"))[1])[0])
        for _ in range(10 * FLOOD):
            session.raw(b"".join(packet(sftp.READDIR, n, handle) for n in range(500)))
            words = {said(*session.answer()) for _ in range(500)}
            target.bystander.works()
        return ",".join(sorted(words))


def environment(target: Target) -> str:
    with SshClient(target.sftp).log_in() as client:
        channel = client.open()
        for n in range(2_000 * FLOOD):
            rest = text(b"VARIABLE_%d" % n) + text(bytes(20_000))
            client.send(client.request(channel, b"env", rest, reply=False))
            if not n % 500:
                target.bystander.works()
        return "open" if client.alive() else _CLOSED


def pieces_ahead(target: Target) -> str:
    """Every other piece of a file, so that all of them have to wait."""
    with SshClient(target.sftp).log_in() as client:
        session = SftpClient(client)
        words = []
        for n in range(3):
            handle = session.opened(b"/outbox/claims/.gaps-%d" % n)
            writes = [
                packet(sftp.WRITE, 1, handle + u64(2000 * at + 1) + text(bytes(1000)))
                for at in range(2_500)
            ]
            session.raw(b"".join(writes))
            words += [said(*session.answer()) for _ in writes]
        return "refused" if words[-1] == "failure" else words[-1]


def megabytes_ahead(target: Target) -> str:
    """What may wait, in each of many uploads of many sessions of one connection."""
    with SshClient(target.sftp).log_in() as client:
        words = []
        for number in range(8):
            session = SftpClient(client, number=number)
            for n in range(4):
                handle = session.opened(b"/outbox/claims/.far-%d-%d" % (number, n))
                session.raw(packet(sftp.WRITE, 1, handle + u64(999) + text(bytes(250_000))) * 1)
                words.append(said(*session.answer()))
                for at in range(1, 10):
                    body = handle + u64(999 + at * 250_000) + text(bytes(250_000))
                    words.append(session.word(sftp.WRITE, body))
        return "refused" if words[-1] == "failure" else words[-1]


def pieces_of_data(target: Target) -> str:
    """Data two bytes a message, while the session is busy answering somebody who doesn't read."""
    with SshClient(target.sftp).log_in(b"payer-bot", b"payer-pw") as client:
        session = SftpClient(client, window=1000)
        handle = session.opened(b"/inbox/" + session.names(b"/inbox")[0], sftp.READING)
        session.raw(packet(sftp.READ, 1, handle + u64(0) + u32(1_000_000)) * 20)
        piece = bytes([CHANNEL_DATA]) + u32(session.channel) + text(b"xy")
        return unread(client, piece, 300_000)


def chatter(kind: bytes) -> Act:
    """Messages that mean nothing, by the megabyte; another client must get its turn."""

    def act(target: Target) -> str:
        with SshClient(target.sftp).log_in() as client:
            sender = threading.Thread(target=unread, args=(client, kind, 100_000 * FLOOD))
            sender.start()
            slowest = 0.0
            while sender.is_alive():
                slowest = max(slowest, target.bystander.works())
            return "served" if slowest < 3.0 else f"another client waited {slowest:.1f} s"

    return act


def channels(target: Target) -> str:
    """Sessions opened without end: eight are given."""
    with SshClient(target.sftp).log_in() as client:
        client.send(*[client.open_message(number=n) for n in range(500 * FLOOD)])
        kinds = [client.until(CHANNEL_OPENED, CHANNEL_NOT_OPENED)[0] for _ in range(500 * FLOOD)]
        return f"{kinds.count(CHANNEL_OPENED)} sessions"


def logins(target: Target) -> str:
    """Connections of one account without end: it has 64 at a time.

    Some may have ended by themselves meanwhile: they don't answer whether they still live.
    """
    with ExitStack() as stack:
        count = 0
        while count < 200:
            client = stack.enter_context(SshClient(target.sftp)).log_in()
            try:
                client.alive()
            except ClosedError as error:
                told = "has 64 sessions already" in str(error)
                return "held back" if told else str(error)
            count += 1
        return f"{count} taken"


def rename_races(target: Target) -> str:
    """Two connections submit one file under two names at once: one of them does."""
    with SshClient(target.sftp).log_in() as first, SshClient(target.sftp).log_in() as second:
        sessions = SftpClient(first), SftpClient(second)
        words: list[str] = []
        for n in range(50):
            old = b"/outbox/claims/.race-%d" % n
            handle = sessions[0].opened(old)
            sessions[0].word(sftp.CLOSE, handle)
            for number, session in enumerate(sessions):
                new = b"/outbox/claims/bystander-race-%d-%d" % (n, number)
                session.send(sftp.RENAME, text(old) + text(new))
            words += sorted(said(*session.answer()) for session in sessions)
        return ",".join(sorted(set(words))) + f", {words.count('ok')} of 50"


def uploads_left(target: Target) -> str:
    """Uploads by the hundred, and the line cut: none is submitted, none stays open."""
    for _ in range(5 * FLOOD):
        with SshClient(target.sftp).log_in() as client:
            session = SftpClient(client)
            for n in range(20):
                handle = session.opened(b"/outbox/claims/left-%d" % n)
                session.word(sftp.WRITE, handle + u64(0) + text(b"half"))
            session.raw(packet(sftp.WRITE, 1, handle + u64(4) + text(bytes(1000)))[:300])
    return "suspended" if not target.settled()["busy"] else "open"


def half_open(target: Target) -> str:
    """Connections that say nothing, others that say a byte now and then: cut off, all of them."""
    with ExitStack() as stack:
        silent = [stack.enter_context(SshClient(target.sftp)) for _ in range(60)]
        slow = [stack.enter_context(SshClient(target.sftp)) for _ in range(30)]
        began = time.monotonic()
        left = set(slow)
        for letter in b"SSH-2.0-" + b"a" * 200:
            for client in list(left):
                try:
                    client.sock.sendall(bytes([letter]))
                except OSError:
                    left.discard(client)
            if not left:
                break
            target.bystander.works()
            time.sleep(0.05)
        assert not left, "a slow client was let go on"
        assert {closed(client) for client in silent} == {True}
        return "closed" if time.monotonic() - began < 30 else "closed late"


def closed(client: SshClient) -> bool:
    try:
        while client.sock.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def crowds(target: Target) -> str:
    """More connections than may be waiting to log in: the rest is turned away at once."""
    with ExitStack() as stack:
        clients = [stack.enter_context(SshClient(target.sftp)) for _ in range(150)]
        target.bystander.works()
        end = time.monotonic() + 2.0  # well before anybody's time to log in is over
        left = set(clients)
        while len(left) > 100 and time.monotonic() < end:
            left -= {client for client in left if hung_up(client)}
            time.sleep(0.01)
        return f"{len(clients) - len(left)} turned away"


def hung_up(client: SshClient) -> bool:
    client.sock.setblocking(False)
    try:
        while client.sock.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


FLOODS: Final[list[tuple[str, Act, str]]] = [
    ("answers to a stranger that nobody reads", stranger_unread, "held back|closed"),
    ("answers to global requests that nobody reads", globals_unread, "held back"),
    ("refusals of channels that nobody reads", channels_unread, "held back"),
    ("60,000 reads of 1.5 GB that nobody reads", reads_unread, "taken"),
    ("reads during a key exchange", reads_in_an_exchange, "closed"),
    ("500 key exchanges", rekeys, "closed"),
    ("a second key exchange before logging in", rekeys_before_login, "closed"),
    ("key exchanges cut off", exchanges_cut_off, "served"),
    ("handles without end", handles, "128 handles, 0 more"),
    ("listings without end", listings, "eof"),
    ("an environment without end", environment, "open"),
    ("pieces ahead of order", pieces_ahead, "refused"),
    ("megabytes ahead of order", megabytes_ahead, "refused"),
    ("data by two bytes", pieces_of_data, "closed"),
    ("IGNORE without end", chatter(bytes([IGNORE]) + text(bytes(100))), "served"),
    ("DEBUG without end", chatter(bytes([DEBUG, 0]) + text(bytes(100)) + text(b"")), "served"),
    ("sessions without end", channels, "8 sessions"),
    ("logins without end", logins, "held back"),
    ("renames at the same moment", rename_races, "no-such-file,ok, 50 of 50"),
    ("uploads left behind", uploads_left, "suspended"),
    ("half-open and slow connections", half_open, "closed"),
    ("150 connections that don't log in", crowds, "50 turned away"),
]


def outcome(target: Target, act: Act) -> str:
    """What came of it, in words."""
    try:
        return act(target)
    except ClosedError:
        return _CLOSED
