"""What a partner tries over SFTP: one line each, with the answer that it must get.

Each runs as a sender who may drop on ``claims`` and ``totals``; ``/inbox`` is empty for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.hostile import sftp_client as sftp
from tests.hostile.sftp_client import SftpClient, opening, packet, said, u64
from tests.hostile.ssh_client import ClosedError, take, text, u32

Act = Callable[[SftpClient], str]

NEW: Final = b"/outbox/claims/new.837"
_NOWHERE: Final = text(b"\xff\xff\xff\xff")
_HUGE: Final = 1_500_000_000


def outcome(client: SftpClient, act: Act) -> str:
    """What came of it, in a word."""
    try:
        return act(client)
    except ClosedError:
        return "closed"


def ask(kind: int, body: bytes = b"") -> Act:
    return lambda client: client.word(kind, body)


def raw(data: bytes) -> Act:
    """Bytes on the channel; the server must not go on from them."""

    def act(client: SftpClient) -> str:
        client.raw(data)
        return said(*client.answer())

    return act


def on_upload(*requests: tuple[int, bytes], flags: int = sftp.WRITING) -> Act:
    """Requests on the handle of an upload; what the last of them gets."""

    def act(client: SftpClient) -> str:
        handle = client.opened(NEW, flags)
        words = [client.word(kind, handle + rest) for kind, rest in requests]
        return words[-1]

    return act


def write(offset: int, data: bytes) -> tuple[int, bytes]:
    return sftp.WRITE, u64(offset) + text(data)


CLOSE: Final = (sftp.CLOSE, b"")


def after_close(kind: int, rest: bytes = b"") -> Act:
    def act(client: SftpClient) -> str:
        handle = client.opened(b"/outbox/claims/bystander-like.part")
        client.word(sftp.CLOSE, handle)
        return client.word(kind, handle + rest)

    return act


def others_handle(client: SftpClient) -> str:
    """Every handle another session may have."""
    words = {client.word(sftp.READ, text(u32(n)) + u64(0) + u32(10)) for n in range(200)}
    return ",".join(words)


def closed_twice(client: SftpClient) -> str:
    handle = client.opened(b"/outbox/claims/.twice")
    client.word(sftp.CLOSE, handle)
    return client.word(sftp.CLOSE, handle)


def directory_as_file(client: SftpClient) -> str:
    handle = text(take(client.ask(sftp.OPENDIR, text(b"/outbox"))[1])[0])
    return client.word(sftp.READ, handle + u64(0) + u32(10))


def file_as_directory(client: SftpClient) -> str:
    return client.word(sftp.READDIR, client.opened(b"/outbox/claims/.a"))


def renamed_while_open(client: SftpClient) -> str:
    client.opened(b"/outbox/claims/.race")
    return client.word(sftp.RENAME, text(b"/outbox/claims/.race") + text(NEW))


def removed_while_open(client: SftpClient) -> str:
    client.opened(b"/outbox/claims/.race")
    return client.word(sftp.REMOVE, text(b"/outbox/claims/.race"))


def opened_twice(client: SftpClient) -> str:
    client.opened(NEW)
    return client.word(sftp.OPEN, opening(NEW, sftp.CREATING))


def too_many_handles(client: SftpClient) -> str:
    words = [client.word(sftp.OPENDIR, text(b"/")) for _ in range(200)]
    return words[-1]


def path(name: bytes) -> bytes:
    return text(b"/outbox/claims/" + name)


def open_(name: bytes, flags: int = sftp.WRITING) -> Act:
    return ask(sftp.OPEN, opening(name, flags))


def _rename(old: bytes, new: bytes, kind: bytes = b"") -> Act:
    if kind:
        return ask(sftp.EXTENDED, text(kind) + text(old) + text(new))
    return ask(sftp.RENAME, text(old) + text(new))


ATTEMPTS: Final[list[tuple[str, Act, str]]] = [
    # Packets.
    ("a packet of 4 GiB", raw(u32(0xFFFFFFFF) + bytes(100)), "closed"),
    ("a packet of 2 GiB", raw(u32(0x7FFFFFFF) + bytes(100)), "closed"),
    ("a packet a byte too long", raw(u32(256 * 1024 + 1025)), "closed"),
    ("a packet of no bytes", raw(u32(0)), "closed"),
    ("a packet of a type alone", raw(u32(1) + bytes([sftp.STAT])), "closed"),
    ("a type nobody knows", ask(99), "unsupported"),
    ("an answer instead of a request", ask(sftp.STATUS, u32(0)), "unsupported"),
    ("a second INIT", raw(u32(5) + bytes([sftp.INIT]) + u32(3)), "unsupported"),
    ("an extension nobody knows", ask(sftp.EXTENDED, text(b"root@example.org")), "unsupported"),
    ("an extension of 2 GiB", ask(sftp.EXTENDED, u32(1 << 31)), "bad-message"),
    ("an extension that isn't ASCII", ask(sftp.EXTENDED, text(b"\xff\xfe")), "unsupported"),
    ("a string that goes beyond its packet", ask(sftp.STAT, u32(1000) + b"/"), "bad-message"),
    ("a string of negative length", ask(sftp.STAT, u32(-1) + b"/"), "bad-message"),
    ("a rest behind a request", ask(sftp.STAT, text(b"/") + b"rest"), "bad-message"),
    ("an open without flags", ask(sftp.OPEN, path(b"a")), "bad-message"),
    ("an open with attributes cut short", ask(sftp.OPEN, path(b"a") + u32(26) + u32(1)), "bad-message"),
    ("attributes of 4 billion", ask(sftp.SETSTAT, path(b"a") + u32(0x80000000) + u32(0xFFFFFFFF)), "bad-message"),
    ("flags nobody knows", open_(NEW, 0xFFFFFFC0), "no-such-file"),
    ("no flags", open_(NEW, 0), "no-such-file"),
    # Handles.
    ("a handle nobody gave", ask(sftp.READ, _NOWHERE + u64(0) + u32(10)), "failure"),
    ("a handle of no bytes", ask(sftp.READ, text(b"") + u64(0) + u32(10)), "failure"),
    ("a handle of 200 KB", ask(sftp.CLOSE, text(bytes(200_000))), "failure"),
    ("another session's handle", others_handle, "failure"),
    ("a read after the close", after_close(sftp.READ, u64(0) + u32(10)), "failure"),
    ("a write after the close", after_close(*write(0, b"more")), "failure"),
    ("attributes after the close", after_close(sftp.FSTAT), "failure"),
    ("a second close", closed_twice, "failure"),
    ("a directory read as a file", directory_as_file, "failure"),
    ("a file read as a directory", file_as_directory, "failure"),
    ("200 handles", too_many_handles, "failure"),
    # Reading and writing.
    ("reading an upload", on_upload(write(0, b"abc"), (sftp.READ, u64(0) + u32(_HUGE))), "permission-denied"),
    ("a write far beyond the end", on_upload(write(1 << 62, b"abc")), "failure"),
    ("a write at a negative place", on_upload(write(-1, b"abc")), "failure"),
    ("a write at the last byte there is", on_upload(write((1 << 64) - 3, b"abcdef")), "failure"),
    ("a gap at the close", on_upload(write(0, b"abc"), write(10, b"abc"), CLOSE), "failure"),
    ("a write over what was written", on_upload(write(0, b"abcdef"), write(2, b"x")), "failure"),
    ("the close after one", on_upload(write(0, b"abcdef"), write(2, b"x"), CLOSE), "failure"),
    ("overlapping writes", on_upload(write(0, b"abc"), write(10, b"abc"), write(9, b"ab"), write(3, b"x" * 8), CLOSE), "failure"),
    ("a write of no bytes, then a gap", on_upload(write(5, b""), write(0, b"ab"), write(9, b"c"), CLOSE), "failure"),
    ("a write of 2 GiB", on_upload((sftp.WRITE, u64(0) + u32(1 << 31))), "bad-message"),
    ("cutting an upload", on_upload(write(0, b"abc"), (sftp.FSETSTAT, u32(1) + u64(1))), "permission-denied"),
    ("stretching an upload", on_upload((sftp.FSETSTAT, u32(1) + u64(1 << 60))), "permission-denied"),
    ("an upload opened twice", opened_twice, "failure"),
    # Names and paths.
    ("a path with NUL", ask(sftp.STAT, path(b"a\0.txt")), "failure"),
    ("a name with NUL for an upload", open_(b"/outbox/claims/a\0b"), "failure"),
    ("a name that isn't UTF-8", open_(b"/outbox/claims/\xff\xfe"), "failure"),
    ("an overlong UTF-8 slash", open_(b"/outbox/claims/..\xc0\xaf..\xc0\xafetc"), "failure"),
    ("a lone surrogate", open_(b"/outbox/claims/\xed\xa0\x80"), "failure"),
    ("a backslash", open_(b"/outbox/claims/..\\..\\etc"), "failure"),
    ("a name with a line end", open_(b"/outbox/claims/a\nb"), "failure"),
    ("a name that reads from right to left", open_("/outbox/claims/a\u202e738.exe".encode()), "failure"),
    ("a name of 256 bytes", open_(b"/outbox/claims/" + b"a" * 256), "failure"),
    ("a path of 5,000 bytes", ask(sftp.STAT, text(b"/a" * 2500)), "failure"),
    ("a path of 200 KB", ask(sftp.REALPATH, text(b"/.." * 66_000)), "failure"),
    ("up from the root", ask(sftp.STAT, text(b"/../../../etc/passwd")), "no-such-file"),
    ("up from a route", ask(sftp.STAT, text(b"/outbox/claims/../../../etc/shadow")), "no-such-file"),
    ("a file of this machine", open_(b"/etc/passwd", sftp.READING), "no-such-file"),
    ("a file of this machine, in a process's eyes", open_(b"/proc/self/environ", sftp.READING), "no-such-file"),
    ("the home of a user", open_(b"~root/.ssh/authorized_keys"), "no-such-file"),
    ("an upload over the root", open_(b"/"), "permission-denied"),
    ("an upload into the outbox itself", open_(b"/outbox/a"), "permission-denied"),
    ("an upload into the inbox", open_(b"/inbox/a.pgp"), "permission-denied"),
    ("an upload into the receipts", open_(b"/receipts/t.json"), "permission-denied"),
    ("an upload on a route there isn't", open_(b"/outbox/no-such-route/a"), "no-such-file"),
    ("an upload on another's route", open_(b"/outbox/answers/a"), "no-such-file"),
    ("an upload below a file", open_(b"/outbox/claims/a/b"), "no-such-file"),
    ("another's mailbox", open_(b"/inbox/t_00000000000000000000000001.pgp", sftp.READING), "no-such-file"),
    ("another's report", open_(b"/returned/t_00000000000000000000000001.txt", sftp.READING), "no-such-file"),
    ("another's receipt", open_(b"/receipts/t_00000000000000000000000001.json", sftp.READING), "no-such-file"),
    # Everything else that a file server might do.
    ("a symbolic link", ask(sftp.SYMLINK, text(b"/etc/passwd") + path(b"link")), "unsupported"),
    ("a link's target", ask(sftp.READLINK, text(b"/outbox")), "unsupported"),
    ("a hard link", ask(sftp.EXTENDED, text(b"hardlink@openssh.com") + text(b"/inbox/a") + path(b"a")), "unsupported"),
    ("a link of SFTP 6", ask(sftp.LINK, path(b"a") + text(b"/etc") + b"\1"), "unsupported"),
    ("a lock of SFTP 6", ask(sftp.BLOCK, _NOWHERE + u64(0) + u64(0) + u32(0)), "unsupported"),
    ("a copy between handles", ask(sftp.EXTENDED, text(b"copy-data") + _NOWHERE + u64(0) * 2 + _NOWHERE + u64(0)), "unsupported"),
    ("another's home", ask(sftp.EXTENDED, text(b"home-directory") + text(b"root")), "unsupported"),
    ("users of this machine", ask(sftp.EXTENDED, text(b"users-groups-by-id@openssh.com") + text(u32(0)) * 2), "unsupported"),
    ("a path expanded", ask(sftp.EXTENDED, text(b"expand-path@openssh.com") + text(b"~root")), "unsupported"),
    ("how full the disk is", ask(sftp.EXTENDED, text(b"statvfs@openssh.com") + text(b"/")), "unsupported"),
    ("a sync", ask(sftp.EXTENDED, text(b"fsync@openssh.com") + _NOWHERE), "unsupported"),
    ("a directory made", ask(sftp.MKDIR, text(b"/outbox/mine") + u32(0)), "permission-denied"),
    ("a directory removed", ask(sftp.RMDIR, text(b"/outbox/claims")), "permission-denied"),
    ("the root removed", ask(sftp.REMOVE, text(b"/")), "permission-denied"),
    ("an owner changed", ask(sftp.SETSTAT, text(b"/outbox/claims") + u32(2) + u32(0) * 2), "permission-denied"),
    ("a mode of the root", ask(sftp.SETSTAT, text(b"/") + u32(4) + u32(0o4777)), "permission-denied"),
    ("a file's mode through a link", ask(sftp.EXTENDED, text(b"lsetstat@openssh.com") + text(b"/inbox") + u32(4) + u32(0o777)), "permission-denied"),
    # Renames.
    ("a rename of nothing", _rename(b"/outbox/claims/.none", NEW), "no-such-file"),
    ("a rename out of the tree", _rename(b"/outbox/claims/.a", b"/../../etc/cron.d/a"), "no-such-file"),
    ("a rename into the inbox", _rename(b"/outbox/claims/.a", b"/inbox/a"), "permission-denied"),
    ("a rename to another route", _rename(b"/outbox/claims/.a", b"/outbox/totals/a"), "permission-denied"),
    ("a rename to another's route", _rename(b"/outbox/claims/.a", b"/outbox/answers/a"), "permission-denied"),
    ("a rename of a route", _rename(b"/outbox/claims", b"/outbox/mine"), "permission-denied"),
    ("a rename of what was submitted", _rename(b"/outbox/claims/a", NEW), "permission-denied"),
    ("a rename that overwrites", _rename(b"/outbox/claims/a", NEW, b"posix-rename@openssh.com"), "permission-denied"),
    ("a rename while open", renamed_while_open, "failure"),
    ("a removal while open", removed_while_open, "failure"),
]  # fmt: skip


def never_finished(client: SftpClient) -> None:
    """A packet that says it is long and isn't, then silence."""
    client.raw(packet(sftp.WRITE, 1, bytes(1000))[:500])
