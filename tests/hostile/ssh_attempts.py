"""What a stranger and a partner try below SFTP: one line each, with what must come of it.

``closed``: the server ended the connection. ``refused``: it said no and goes on. ``silence``: it
said nothing, granted nothing, and goes on. Whoever hasn't logged in gets one of these three.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from tests.hostile.ssh_client import (
    AUTH_FAILURE,
    AUTH_PK_OK,
    AUTH_REQUEST,
    AUTH_SUCCESS,
    CHANNEL_CLOSE,
    CHANNEL_DATA,
    CHANNEL_EOF,
    CHANNEL_EXTENDED,
    CHANNEL_FAILURE,
    CHANNEL_NOT_OPENED,
    CHANNEL_OPENED,
    CHANNEL_SUCCESS,
    DEBUG,
    DISCONNECT,
    ECDH_INIT,
    EXT_INFO,
    GLOBAL_REQUEST,
    IGNORE,
    KEXINIT,
    NEWKEYS,
    REQUEST_FAILURE,
    REQUEST_SUCCESS,
    SERVICE_ACCEPT,
    SERVICE_REQUEST,
    UNIMPLEMENTED,
    WINDOW_ADJUST,
    Algorithms,
    ClosedError,
    SshClient,
    text,
    u32,
)

Act = Callable[[SshClient], str]
NO: Final = {
    AUTH_FAILURE: "refused", CHANNEL_NOT_OPENED: "refused", CHANNEL_FAILURE: "refused",
    REQUEST_FAILURE: "refused", UNIMPLEMENTED: "refused",
    AUTH_SUCCESS: "GRANTED", CHANNEL_OPENED: "GRANTED", CHANNEL_SUCCESS: "GRANTED",
    REQUEST_SUCCESS: "GRANTED", AUTH_PK_OK: "GRANTED", SERVICE_ACCEPT: "GRANTED",
}  # fmt: skip


def outcome(client: SshClient, act: Act) -> str:
    """What came of it, in a word."""
    try:
        return act(client)
    except ClosedError:
        return "closed"


def after(client: SshClient, *messages: bytes) -> str:
    """What the server says to the last of ``messages``."""
    client.send(*messages)
    return NO.get((answer := client.receive())[0], f"message {answer[0]}")


# -- before there are keys


def greeted(*messages: bytes) -> Act:
    def act(client: SshClient) -> str:
        client.greet()
        client.receive()
        return after(client, *messages)

    return act


def greeted_twice(client: SshClient) -> str:
    client.greet()
    client.send(client.kexinit(), client.kexinit())
    return client.says()


def bytes_instead(data: bytes) -> Act:
    def act(client: SshClient) -> str:
        client.raw(data)
        return client.says()

    return act


def in_the_exchange(*messages: bytes) -> Act:
    """Messages between KEXINIT and NEWKEYS: what Terrapin (CVE-2023-48795) puts there."""

    def act(client: SshClient) -> str:
        client.greet()
        client.exchange(before=messages)
        return client.says()

    return act


def offering(**lists: tuple[bytes, ...]) -> Act:
    def act(client: SshClient) -> str:
        client.greet()
        client.exchange(Algorithms(**lists))
        return "GRANTED"

    return act


def before_the_exchange(client: SshClient) -> str:
    client.greet()
    client.send(bytes([IGNORE]) + text(b"moves the sequence by one"))
    client.exchange()
    return client.says()


def wrong_point(size: int) -> Act:
    def act(client: SshClient) -> str:
        client.greet()
        client.send(client.kexinit())
        client.receive()
        return after(client, bytes([ECDH_INIT]) + text(bytes(size)))

    return act


def huge_packet(size: int) -> Act:
    def act(client: SshClient) -> str:
        client.greet()
        client.receive()
        client.raw(u32(size) + os.urandom(4096))
        return client.says()

    return act


def huge_encrypted_packet(client: SshClient) -> str:
    client.connected()
    client.raw(u32(0x7FFFFFF0) + os.urandom(4096))
    return client.says()


def tampered(client: SshClient) -> str:
    client.connected()
    sealed = bytearray(client.framed(bytes([SERVICE_REQUEST]) + text(b"ssh-userauth")))
    sealed[-1] ^= 1
    client.raw(bytes(sealed))
    return client.says()


def replayed(client: SshClient) -> str:
    client.connected()
    sealed = client.framed(bytes([IGNORE]) + text(b""))
    client.raw(sealed + sealed)
    return client.says()


def all_padding(client: SshClient) -> str:
    client.connected()
    client.raw(client.framed(b"", padding=31))
    return client.says()


# -- with keys, before logging in


def stranger(*messages: bytes, service: bool = True) -> Act:
    def act(client: SshClient) -> str:
        client.connected()
        if service:
            client.service()
        return after(client, *messages)

    return act


def as_user(user: bytes, password: bytes = b"clinic-pw") -> Act:
    def act(client: SshClient) -> str:
        client.connected().service()
        return after(client, client.password(user, password))

    return act


def tries(method: bytes, rest: bytes = b"", user: bytes = b"clinic-bot") -> Act:
    def act(client: SshClient) -> str:
        client.connected().service()
        return after(client, client.auth(user, method, rest))

    return act


def changes_user(client: SshClient) -> str:
    """The right password of one account, then another account's name, in one breath."""
    client.connected().service()
    first = client.password(b"clinic-bot", b"clinic-pw")
    second = client.password(b"payer-bot", b"clinic-pw")
    client.send(first, second)
    answers = {client.until(AUTH_SUCCESS, AUTH_FAILURE)[0]}
    client.send(bytes([IGNORE]) + text(b""))
    channel = client.open() if AUTH_SUCCESS in answers else -1
    return "refused" if channel < 0 else "clinic-bot"


def many_passwords(client: SshClient) -> str:
    client.connected().service()
    client.send(*[client.password(b"clinic-bot", b"guess %d" % n) for n in range(2000)])
    client.send(client.password(b"clinic-bot", b"clinic-pw"))
    while client.receive()[0] == AUTH_FAILURE:
        pass
    return "GRANTED"


def many_users(client: SshClient) -> str:
    client.connected().service()
    client.send(*[client.password(b"user-%d" % n, b"clinic-pw") for n in range(2000)])
    while client.receive()[0] == AUTH_FAILURE:
        pass
    return "GRANTED"


def many_questions(client: SshClient) -> str:
    """Public keys asked about and never proven."""
    client.connected().service()
    for n in range(200):
        blob = text(b"ssh-ed25519") + text(n.to_bytes(32, "big"))
        client.send(
            client.auth(b"clinic-bot", b"publickey", b"\0" + text(b"ssh-ed25519") + text(blob))
        )
        client.until(AUTH_FAILURE, AUTH_PK_OK)
    return "open"


def unsigned_key(client: SshClient) -> str:
    blob = text(b"ssh-ed25519") + text(bytes(32))
    signature = text(text(b"ssh-ed25519") + text(bytes(64)))
    client.connected().service()
    rest = b"\1" + text(b"ssh-ed25519") + text(blob) + signature
    return after(client, client.auth(b"clinic-bot", b"publickey", rest))


# -- logged in


def partner(*messages: bytes) -> Act:
    def act(client: SshClient) -> str:
        return after(client.log_in(), *messages)

    return act


def on_a_channel(kind: bytes, rest: bytes = b"") -> Act:
    def act(client: SshClient) -> str:
        channel = client.log_in().open()
        return after(client, client.request(channel, kind, rest))

    return act


def messages_on_a_channel(*messages: Callable[[int], bytes]) -> Act:
    def act(client: SshClient) -> str:
        channel = client.log_in().open()
        client.send(*[message(channel) for message in messages])
        return client.says()

    return act


def second_login(client: SshClient) -> str:
    client.log_in().open()
    client.send(client.password(b"payer-bot", b"payer-pw"))
    return client.says()


def silent_second_login(client: SshClient) -> str:
    """Before any other message a further request is ignored (RFC 4252 section 5.1)."""
    client.log_in()
    client.send(client.password(b"payer-bot", b"payer-pw"))
    return "silence" if client.alive() else "closed"


def _request(kind: bytes, rest: bytes = b"") -> bytes:
    return bytes([GLOBAL_REQUEST]) + text(kind) + b"\1" + rest


_SESSION: Final = bytes([90]) + text(b"session") + u32(0) + u32(1 << 21) + u32(32768)


def _opening(kind: bytes, rest: bytes = b"", packet: int = 32768) -> bytes:
    return bytes([90]) + text(kind) + u32(0) + u32(1 << 21) + u32(packet) + rest


_AT: Final = text(b"127.0.0.1") + u32(22)

ATTEMPTS: Final[list[tuple[str, Act, str]]] = [
    # The greeting.
    ("no SSH at all", bytes_instead(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "closed"),
    ("SSH 1", bytes_instead(b"SSH-1.5-old\r\n"), "closed"),
    ("a greeting that never ends", bytes_instead(b"SSH-2.0-" + b"a" * 100_000), "closed"),
    ("a greeting that isn't ASCII", bytes_instead(b"SSH-2.0-\xff\xfe\r\n" + bytes(64)), "closed"),
    # The key exchange.
    ("a packet of 4 GiB", huge_packet(0xFFFFFFFF), "closed"),
    ("a packet of 1 GiB", huge_packet(1 << 30), "closed"),
    ("a packet of length 0", huge_packet(0), "closed"),
    ("a packet of length 1", huge_packet(1), "closed"),
    ("a KEXINIT cut short", greeted(bytes([KEXINIT]) + os.urandom(16)), "closed"),
    ("a KEXINIT with a list of 2 GiB", greeted(bytes([KEXINIT]) + bytes(16) + u32(1 << 31)), "closed"),
    ("two KEXINITs", greeted_twice, "closed"),
    ("NEWKEYS at once", greeted(bytes([NEWKEYS])), "closed"),
    ("a service before keys", greeted(bytes([SERVICE_REQUEST]) + text(b"ssh-userauth")), "closed"),
    ("the connection service before keys", greeted(bytes([SERVICE_REQUEST]) + text(b"ssh-connection")), "closed"),
    ("a login before keys", greeted(bytes([AUTH_REQUEST]) + text(b"clinic-bot")), "closed"),
    ("a channel before keys", greeted(_SESSION), "closed"),
    ("a global request before keys", greeted(_request(b"tcpip-forward", _AT)), "closed"),
    ("extensions before keys", greeted(bytes([EXT_INFO]) + u32(0)), "closed"),
    ("an IGNORE before KEXINIT under strict kex", before_the_exchange, "closed"),
    ("an IGNORE during a strict exchange", in_the_exchange(bytes([IGNORE]) + text(b"")), "closed"),
    ("a DEBUG during a strict exchange", in_the_exchange(bytes([DEBUG, 0]) + text(b"") + text(b"")), "closed"),
    ("an UNIMPLEMENTED during a strict exchange", in_the_exchange(bytes([UNIMPLEMENTED]) + u32(0)), "closed"),
    ("EXT_INFO during a strict exchange", in_the_exchange(bytes([EXT_INFO]) + u32(0)), "closed"),
    ("an unknown message during a strict exchange", in_the_exchange(bytes([9])), "closed"),
    ("a service during a strict exchange", in_the_exchange(bytes([SERVICE_REQUEST]) + text(b"ssh-userauth")), "closed"),
    ("a public value of no bytes", wrong_point(0), "closed"),
    ("a public value of zeros", wrong_point(32), "closed"),
    ("a public value of 30,000 bytes", wrong_point(30_000), "closed"),
    ("chacha20-poly1305", offering(cipher=(b"chacha20-poly1305@openssh.com",)), "closed"),
    ("a CBC cipher with an EtM MAC", offering(cipher=(b"aes128-cbc",)), "closed"),
    ("a CTR cipher", offering(cipher=(b"aes128-ctr",)), "closed"),
    ("3DES", offering(cipher=(b"3des-cbc",)), "closed"),
    ("no cipher", offering(cipher=(b"none",)), "closed"),
    ("compression", offering(compression=(b"zlib@openssh.com",)), "closed"),
    ("group 1 with SHA-1", offering(kex=(b"diffie-hellman-group1-sha1",)), "closed"),
    ("group 14 with SHA-1", offering(kex=(b"diffie-hellman-group14-sha1",)), "closed"),
    ("a group of the client's size", offering(kex=(b"diffie-hellman-group-exchange-sha256",)), "closed"),
    ("group 18, dear to compute", offering(kex=(b"diffie-hellman-group18-sha512",)), "closed"),
    ("a host key signed with SHA-1", offering(host_key=(b"ssh-rsa",)), "closed"),
    ("a DSA host key", offering(host_key=(b"ssh-dss",)), "closed"),
    ("an encrypted packet of 2 GiB", huge_encrypted_packet, "closed"),
    ("a packet tampered with", tampered, "closed"),
    ("a packet replayed", replayed, "closed"),
    ("a packet that is all padding", all_padding, "closed"),
    # Before logging in.
    ("a login without the service", stranger(bytes([AUTH_REQUEST]) + text(b"u") + text(b"ssh-connection") + text(b"none"), service=False), "closed"),
    ("the connection service", stranger(bytes([SERVICE_REQUEST]) + text(b"ssh-connection"), service=False), "closed"),
    ("a service nobody knows", stranger(bytes([SERVICE_REQUEST]) + text(b"root-shell"), service=False), "closed"),
    ("the service twice", stranger(bytes([SERVICE_REQUEST]) + text(b"ssh-userauth")), "closed"),
    ("SERVICE_ACCEPT from a client", stranger(bytes([SERVICE_ACCEPT]) + text(b"ssh-connection")), "closed"),
    ("USERAUTH_SUCCESS from a client", stranger(bytes([AUTH_SUCCESS])), "closed"),
    ("USERAUTH_FAILURE from a client", stranger(bytes([AUTH_FAILURE]) + text(b"") + b"\0"), "closed"),
    ("a banner from a client", stranger(bytes([53]) + text(b"hello") + text(b"")), "closed"),
    ("a channel before logging in", stranger(_SESSION), "closed"),
    ("a channel request before logging in", stranger(bytes([98]) + u32(0) + text(b"exec") + b"\1" + text(b"id")), "closed"),
    ("channel data before logging in", stranger(bytes([CHANNEL_DATA]) + u32(0) + text(b"x")), "closed"),
    ("a forwarding before logging in", stranger(_request(b"tcpip-forward", _AT)), "closed"),
    ("a global answer before logging in", stranger(bytes([REQUEST_SUCCESS])), "closed"),
    ("message 0", stranger(b"\0"), "refused"),
    ("a message from the range of kex", stranger(bytes([35])), "closed"),
    ("a message from the local range", stranger(bytes([200])), "closed"),
    ("message 255", stranger(b"\xff"), "closed"),
    ("EXT_INFO after the service", stranger(bytes([EXT_INFO]) + u32(1) + text(b"server-sig-algs") + text(b"ssh-rsa")), "closed"),
    ("EXT_INFO of 4 billion", stranger(bytes([EXT_INFO]) + u32(0xFFFFFFFF), service=False), "closed"),
    ("no method", tries(b"none"), "refused"),
    ("a method nobody knows", tries(b"open-sesame"), "refused"),
    ("host-based authentication", tries(b"hostbased", text(b"ssh-rsa") + text(b"") + text(b"h") + text(b"u") + text(b"")), "refused"),
    ("GSSAPI", tries(b"gssapi-with-mic", u32(1) + text(b"\x06\x01\x01")), "refused"),
    ("a key without its signature's truth", unsigned_key, "refused"),
    ("a key blob of 2 GiB", tries(b"publickey", b"\0" + text(b"ssh-ed25519") + u32(1 << 31)), "closed"),
    ("a key blob of nonsense", tries(b"publickey", b"\0" + text(b"ssh-ed25519") + text(b"\xff" * 50)), "refused"),
    ("an SSH certificate nobody trusts", tries(b"publickey", b"\0" + text(b"ssh-ed25519-cert-v01@openssh.com") + text(b"x")), "refused"),
    ("an RSA key by SHA-1", tries(b"publickey", b"\0" + text(b"ssh-rsa") + text(text(b"ssh-rsa") + text(b"\1\0\1") + text(b"\0" + b"\xaa" * 256))), "refused"),
    ("a password request cut short", tries(b"password"), "closed"),
    ("a password change", tries(b"password", b"\1" + text(b"clinic-pw") + text(b"new-pw")), "refused"),
    ("a password that isn't UTF-8", tries(b"password", b"\0" + text(b"\xff\xfe")), "closed"),
    ("a password of 30,000 bytes", tries(b"password", b"\0" + text(b"a" * 30_000)), "refused"),
    ("an answer to no question", stranger(bytes([61]) + u32(1) + text(b"clinic-pw")), "closed"),
    ("a user name of no characters", as_user(b""), "refused"),
    ("a user name of 900 characters", as_user(b"a" * 900), "refused"),
    ("a user name of 5,000 characters", as_user(b"a" * 5000), "closed"),
    ("a user name that isn't UTF-8", as_user(b"clinic-bot\xff"), "closed"),
    ("a user name with NUL behind it", as_user(b"clinic-bot\0"), "closed"),
    ("a user name with a line end behind it", as_user(b"clinic-bot\n"), "closed"),
    ("a user name as a placeholder", as_user(b"%u/../clinic-bot"), "refused"),
    ("a user name as a path", as_user(b"../clinic-bot"), "refused"),
    ("a user name in another case", as_user(b"CLINIC-BOT"), "refused"),
    ("a user name as an SQL condition", as_user(b"clinic-bot' or '1'='1"), "refused"),
    ("another account's password", as_user(b"payer-bot"), "refused"),
    ("two accounts in one breath", changes_user, "closed"),
    ("2,000 passwords in one connection", many_passwords, "closed"),
    ("2,000 user names in one connection", many_users, "closed"),
    ("200 keys asked about", many_questions, "closed"),
    # Logged in.
    ("a second login", second_login, "closed"),
    ("a second login at once", silent_second_login, "silence"),
    ("forwarding from here", partner(_request(b"tcpip-forward", _AT)), "refused"),
    ("forwarding of a Unix socket", partner(_request(b"streamlocal-forward@openssh.com", text(b"/tmp/x"))), "refused"),
    ("no more of a forwarding there isn't", partner(_request(b"cancel-tcpip-forward", _AT)), "refused"),
    ("a global request nobody knows", partner(_request(b"give-me-root@example.org")), "refused"),
    ("a global request that isn't ASCII", partner(_request(b"\xff\xff")), "closed"),
    ("a global request cut short", partner(bytes([GLOBAL_REQUEST]) + u32(1 << 31)), "closed"),
    ("a proof of host keys for a session of another", partner(_request(b"hostkeys-prove-00@openssh.com", text(b"x"))), "refused"),
    ("an answer to no global request", partner(bytes([REQUEST_SUCCESS])), "closed"),
    ("a connection to inside", partner(_opening(b"direct-tcpip", text(b"127.0.0.1") + u32(22) + _AT)), "refused"),
    ("a connection to a cloud's metadata", partner(_opening(b"direct-tcpip", text(b"169.254.169.254") + u32(80) + _AT)), "refused"),
    ("a Unix socket", partner(_opening(b"direct-streamlocal@openssh.com", text(b"/run/x") + text(b"") + u32(0))), "refused"),
    ("a forwarded connection", partner(_opening(b"forwarded-tcpip", _AT + _AT)), "refused"),
    ("an X11 channel", partner(_opening(b"x11", _AT)), "refused"),
    ("an agent channel", partner(_opening(b"auth-agent@openssh.com")), "refused"),
    ("a tunnel device", partner(_opening(b"tun@openssh.com", u32(1) + u32(0x7FFFFFFF))), "refused"),
    ("a channel nobody knows", partner(_opening(b"root@example.org")), "refused"),
    ("a session with a rest", partner(_opening(b"session", b"more")), "closed"),
    ("a session with packets of no bytes", partner(_opening(b"session", packet=0)), "closed"),
    ("a channel request without a channel", partner(bytes([98])), "closed"),
    ("a request on a channel there isn't", partner(bytes([98]) + u32(7) + text(b"exec") + b"\1" + text(b"id")), "closed"),
    ("data on a channel there isn't", partner(bytes([CHANNEL_DATA]) + u32(7) + text(b"x")), "closed"),
    ("the end of a channel there isn't", partner(bytes([CHANNEL_CLOSE]) + u32(0xFFFFFFFF)), "closed"),
    ("a terminal", on_a_channel(b"pty-req", text(b"xterm") + u32(80) + u32(24) + u32(0) + u32(0) + text(b"")), "refused"),
    ("a terminal cut short", on_a_channel(b"pty-req", text(b"xterm")), "refused"),
    ("an environment", on_a_channel(b"env", text(b"LD_PRELOAD") + text(b"/tmp/x.so")), "refused"),
    ("X11 forwarding", on_a_channel(b"x11-req", b"\0" + text(b"MIT-MAGIC-COOKIE-1") + text(b"00") + u32(0)), "refused"),
    ("agent forwarding", on_a_channel(b"auth-agent-req@openssh.com"), "refused"),
    ("a signal", on_a_channel(b"signal", text(b"KILL")), "refused"),
    ("a window's size", on_a_channel(b"window-change", u32(1) * 4), "refused"),
    ("a break", on_a_channel(b"break", u32(1)), "refused"),
    ("another subsystem", on_a_channel(b"subsystem", text(b"netconf")), "refused"),
    ("a subsystem that isn't ASCII", on_a_channel(b"subsystem", text(b"sftp\xff")), "refused"),
    ("a subsystem with NUL behind it", on_a_channel(b"subsystem", text(b"sftp\0")), "refused"),
    ("a command that isn't UTF-8", on_a_channel(b"exec", text(b"\xff")), "refused"),
    ("a request cut short", on_a_channel(b"subsystem"), "closed"),
    ("a request of 2 GiB", on_a_channel(b"subsystem", u32(1 << 31)), "closed"),
    ("a request that isn't ASCII", on_a_channel(b"\xff\xff"), "closed"),
    ("a request nobody knows", on_a_channel(b"root@example.org"), "refused"),
    ("an exit status from a client", on_a_channel(b"exit-status", u32(0)), "refused"),
    ("more than the window", messages_on_a_channel(*[lambda n: bytes([CHANNEL_DATA]) + u32(n) + text(bytes(32_000))] * 70), "closed"),
    ("data of 2 GiB", messages_on_a_channel(lambda n: bytes([CHANNEL_DATA]) + u32(n) + u32(1 << 31)), "closed"),
    ("data after the end", messages_on_a_channel(lambda n: bytes([CHANNEL_EOF]) + u32(n), lambda n: bytes([CHANNEL_DATA]) + u32(n) + text(b"x")), "closed"),
    ("errors of a client", messages_on_a_channel(lambda n: bytes([CHANNEL_EXTENDED]) + u32(n) + u32(1) + text(b"x")), "closed"),
    ("a window beyond 4 GiB", messages_on_a_channel(*[lambda n: bytes([WINDOW_ADJUST]) + u32(n) + u32(0xFFFFFFFF)] * 3, lambda n: bytes([CHANNEL_DATA]) + u32(n + 99) + text(b"")), "closed"),
    ("an answer to no channel request", messages_on_a_channel(lambda n: bytes([CHANNEL_SUCCESS]) + u32(n)), "closed"),
    ("a farewell that isn't UTF-8", partner(bytes([DISCONNECT]) + u32(2) + text(b"\xff") + text(b"")), "closed"),
]  # fmt: skip
