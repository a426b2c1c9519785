"""HTTP without end, or without haste. Each returns what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from tests.hostile.http_attempts import length, put
from tests.hostile.http_client import HttpClient, request
from tests.hostile.target import FLOOD, Target

Act = Callable[[Target], str]


def dripped(target: Target, begin: bytes, drop: bytes) -> str:
    """Send one drop every tenth of a second; whether the server ends it."""
    with HttpClient(target.https) as client:
        client.send(begin)
        client.sock.settimeout(0.1)
        for _ in range(100):
            try:
                client.sock.sendall(drop)
                if not client.sock.recv(4096):
                    return "closed"
            except TimeoutError:
                continue
            except OSError:
                return "closed"
        return "open"


def slow_head(target: Target) -> str:
    return dripped(target, b"GET /v1/routes HTTP/1.1\r\n", b"X: y\r\n")


def slow_second_head(target: Target) -> str:
    return dripped(target, request() + b"GET /v1/routes HTTP/1.1\r\n", b"X: y\r\n")


def slow_body(target: Target) -> str:
    return dripped(target, put(length(1_000_000)), b"x")


def slow_chunks(target: Target) -> str:
    return dripped(target, put(b"Transfer-Encoding: chunked\r\n"), b"1\r\nx\r\n")


def endless_extension(target: Target) -> str:
    return dripped(target, put(b"Transfer-Encoding: chunked\r\n") + b"1;", b"a" * 1000)


def endless_trailers(target: Target) -> str:
    return dripped(target, put(b"Transfer-Encoding: chunked\r\n") + b"0\r\n", b"X: y\r\n")


def unread_download(target: Target) -> str:
    """Sealed files asked for and not read, on many connections."""
    payer = b"Authorization: Bearer payer-token\r\n"
    target_ = f"/v1/inbox/{target.parcel}/content".encode()
    with ExitStack() as stack:
        clients = [stack.enter_context(HttpClient(target.https)) for _ in range(40)]
        for client in clients:
            client.sock.setsockopt(1, 8, 4096)  # SO_RCVBUF: little fits in between
            client.send(request(target=target_, auth=payer))
        end = time.monotonic() + 10
        while not target.state()["readings"] and time.monotonic() < end:
            time.sleep(0.01)
        while target.state()["readings"] and time.monotonic() < end:
            target.bystander.works()
            time.sleep(0.05)
        return "closed" if not target.state()["readings"] else "open"


def pipelines(target: Target) -> str:
    """Requests without end, and no answer read: 60 MB, which no socket's buffers hold."""
    with HttpClient(target.https) as client:
        client.sock.settimeout(0.5)
        try:
            for _ in range(3000 * FLOOD):
                client.sock.sendall(request() * 200)
        except TimeoutError:
            return "held back"
        except OSError:
            return "closed"
        return "taken"


def heads(target: Target) -> str:
    """Heads of 100 KB that don't end, on every connection there is."""
    with ExitStack() as stack:
        for _ in range(150):
            client = stack.enter_context(HttpClient(target.https))
            client.send(b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 8000 + b"\r\n") * 6)
        target.bystander.works()
        return "held"


def crowd(target: Target) -> str:
    """More connections than there are places."""
    with ExitStack() as stack:
        clients = [stack.enter_context(HttpClient(target.https)) for _ in range(220)]
        end, left = time.monotonic() + 1.0, set(clients)
        while len(left) > 200 and time.monotonic() < end:
            left -= {client for client in left if hung_up(client)}
        return f"{len(clients) - len(left)} turned away"


def hung_up(client: HttpClient) -> bool:
    client.sock.setblocking(False)
    try:
        return client.sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def uploads_left(target: Target) -> str:
    for n in range(100 * FLOOD):
        with HttpClient(target.https) as client:
            client.send(put(length(1_000_000), b"half", b"left-%d" % n))
    return "discarded" if not target.settled()["busy"] else "open"


def wrong_tokens(target: Target) -> str:
    with HttpClient(target.https) as client:
        wrong = request(auth=b"Authorization: Bearer " + b"x" * 500 + b"\r\n")
        statuses = set()
        for _ in range(300):
            client.send(wrong)
            answer = client.answer()
            statuses.add(answer.status if answer else 0)
        return ",".join(map(str, sorted(statuses)))


FLOODS: Final[list[tuple[str, Act, str]]] = [
    ("a head by drops", slow_head, "closed"),
    ("a second head by drops", slow_second_head, "closed"),
    ("a body by drops", slow_body, "closed"),
    ("chunks by drops", slow_chunks, "closed"),
    ("an extension without end", endless_extension, "closed"),
    ("trailers without end, by drops", endless_trailers, "closed"),
    ("downloads that nobody reads", unread_download, "closed"),
    ("requests without end that nobody reads", pipelines, "held back"),
    ("heads that don't end", heads, "held"),
    ("more connections than places", crowd, "20 turned away"),
    ("uploads left behind", uploads_left, "discarded"),
    ("wrong tokens", wrong_tokens, "401"),
]
