"""Who may do what: the one table, for every command, HTTPS endpoint and SFTP operation. Pure.

What isn't in it nobody may do. A test walks every command, route of the router and SFTP operation
against every role, so that none can be added without a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What an account is for."""

    SENDER = "sender"
    RECEIVER = "receiver"
    ANALYST = "analyst"
    APPROVER = "approver"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    ADMIN = "admin"


PARTNER_ROLES: Final = frozenset({Role.SENDER, Role.RECEIVER})
"""Of machines and people of a partner."""

SITE_ROLES: Final = frozenset(Role) - PARTNER_ROLES
"""Of people of the site. No account has roles of both kinds: who decides on files sends none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do one operation.

    Attributes:
        roles: Any one of them is enough.
        factor: Only with a second factor proven: it releases or administers.
        local: It needs no site, so no account either: whoever has a shell may.
    """

    roles: frozenset[Role]
    factor: bool = False
    local: bool = False


_NOBODY: Final = Rule(frozenset())


class Deed(StrEnum):
    """What the gateway's core checks again, behind every protocol, with whose a transfer is."""

    SEND = "exchange send"
    LIST_OWN = "exchange list-own"
    SEE = "exchange see"
    LIST_MAILBOX = "exchange list-mailbox"
    COLLECT = "exchange collect"


class Area(StrEnum):
    """The parts of the virtual tree that SFTP shows."""

    TOP = "/"
    OUTBOX = "/outbox"
    INBOX = "/inbox"
    RECEIPTS = "/receipts"
    RETURNED = "/returned"


SFTP_SESSION: Final = "sftp session"
"""To log in over SSH at all."""

SFTP_VERBS: Final = (*("open", "stat", "scandir", "setstat", "remove", "rename", "mkdir", "rmdir"),)
"""SFTP operations on a path; ``lstat``, ``lsetstat`` and ``posix_rename`` are the same ones."""


def sftp(verb: str, area: Area) -> str:
    """The operation's name in the table."""
    return f"sftp {verb} {area}"


def https(method: str, path: str) -> str:
    """The operation's name in the table; ``path`` as the router has it."""
    return f"https {method} {path}"


def console(method: str, path: str) -> str:
    """The operation's name in the table; ``path`` as the router has it."""
    return f"console {method} {path}"


def permits(roles: Collection[Role], operation: str, *, factor: bool = False) -> bool:
    """Whether somebody with these roles may; ``factor``: they have proven a second factor.

    Every listener, every command and the core ask this one function.
    """
    rule = OPERATIONS.get(operation, _NOBODY)
    return not rule.roles.isdisjoint(roles) and (factor or not rule.factor)


def _rules() -> Iterator[tuple[str, Rule]]:
    for table in (_EXCHANGE, _HTTPS, _CLI, _CONSOLE):
        yield from table.items()
    for verb, area in product(SFTP_VERBS, Area):
        visible = _SFTP_AREAS[area]
        may = verb in _SFTP_EVERYWHERE or (verb, area) in _SFTP_FILES
        yield sftp(verb, area), Rule(visible) if may else _NOBODY
    for name in (SFTP_SESSION, "sftp realpath"):
        yield name, _either


_sender: Final = Rule(frozenset({Role.SENDER}))
_receiver: Final = Rule(frozenset({Role.RECEIVER}))
_either: Final = Rule(PARTNER_ROLES)
_admin: Final = Rule(frozenset({Role.ADMIN}), factor=True)
_runs: Final = Rule(frozenset({Role.OPERATOR, Role.ADMIN}))
_oversees: Final = Rule(frozenset({Role.AUDITOR, Role.OPERATOR, Role.ADMIN}))
_site: Final = Rule(SITE_ROLES)
_sees_findings: Final = Rule(SITE_ROLES - {Role.OPERATOR})
_decides: Final = Rule(frozenset({Role.APPROVER, Role.ADMIN}), factor=True)
_refuses: Final = Rule(frozenset({Role.ANALYST, Role.APPROVER, Role.ADMIN}))
_shell: Final = Rule(frozenset(), local=True)

_EXCHANGE: Final = {
    Deed.SEND: _sender,
    Deed.LIST_OWN: _sender,
    Deed.SEE: _either,
    Deed.LIST_MAILBOX: _receiver,
    Deed.COLLECT: _receiver,
}

_HTTPS: Final = {
    "https GET /v1/openapi.json": Rule(frozenset(Role)),
    "https HEAD /v1/openapi.json": Rule(frozenset(Role)),
    "https PUT /v1/outbox/{route}/{name}": _sender,
    "https GET /v1/routes": _sender,
    "https HEAD /v1/routes": _sender,
    "https GET /v1/transfers": _sender,
    "https HEAD /v1/transfers": _sender,
    "https GET /v1/transfers/{id}": _sender,
    "https HEAD /v1/transfers/{id}": _sender,
    "https GET /v1/transfers/{id}/receipt": _sender,
    "https HEAD /v1/transfers/{id}/receipt": _sender,
    "https GET /v1/returned": _sender,
    "https HEAD /v1/returned": _sender,
    "https GET /v1/inbox": _receiver,
    "https HEAD /v1/inbox": _receiver,
    "https GET /v1/inbox/{id}/content": _receiver,
    "https HEAD /v1/inbox/{id}/content": _receiver,
    "https GET /v1/inbox/{id}/name": _receiver,
    "https HEAD /v1/inbox/{id}/name": _receiver,
    "https POST /v1/inbox/{id}/ack": _receiver,
    "https OPTIONS /v1/tus/{route}/": _sender,
    "https POST /v1/tus/{route}/": _sender,
    "https OPTIONS /v1/tus/{route}/{id}": _sender,
    "https HEAD /v1/tus/{route}/{id}": _sender,
    "https PATCH /v1/tus/{route}/{id}": _sender,
    "https DELETE /v1/tus/{route}/{id}": _sender,
    "https POST /v1/tus/{route}/{id}": _sender,
}

_SFTP_AREAS: Final = {
    Area.TOP: PARTNER_ROLES,
    Area.OUTBOX: frozenset({Role.SENDER}),
    Area.INBOX: frozenset({Role.RECEIVER}),
    Area.RECEIPTS: frozenset({Role.SENDER}),
    Area.RETURNED: frozenset({Role.SENDER}),
}
_SFTP_EVERYWHERE: Final = frozenset({"stat", "scandir"})
_SFTP_FILES: Final = frozenset(
    {
        *(("open", area) for area in Area if area is not Area.TOP),
        ("setstat", Area.OUTBOX),
        ("rename", Area.OUTBOX),
        ("remove", Area.OUTBOX),
        ("remove", Area.INBOX),
    }
)

_CLI: Final = {
    "cli init": _shell,
    "cli demo": _shell,
    "cli scan": _shell,
    "cli restore": _shell,
    "cli audit check-receipt": _shell,
    "cli serve": _runs,
    "cli doctor": _oversees,
    "cli backup": _runs,
    "cli policy check": _site,
    "cli policy show": _site,
    "cli policy reload": _admin,
    "cli rules check": _site,
    "cli partner add": _admin,
    "cli partner list": _oversees,
    "cli partner set": _admin,
    "cli partner disable": _admin,
    "cli partner enable": _admin,
    "cli partner ssh-ca add": _admin,
    "cli partner ssh-ca list": _oversees,
    "cli partner ssh-ca remove": _admin,
    "cli partner ssh-ca revoke": _admin,
    "cli account add": _admin,
    "cli account set": _admin,
    "cli account locks": _oversees,
    "cli account totp enrol": _admin,
    "cli account totp confirm": _admin,
    "cli account totp recovery": _admin,
    "cli account totp reset": _admin,
    "cli account unlock": _admin,
    "cli account credential": _admin,
    "cli account list": _oversees,
    "cli account disable": _admin,
    "cli account enable": _admin,
    "cli key import": _admin,
    "cli key list": _oversees,
    "cli key retire": _admin,
    "cli key verify": _admin,
    "cli key revoke": _admin,
    "cli key openpgp rotate": _admin,
    "cli key openpgp switch": _admin,
    "cli key openpgp retire": _admin,
    "cli key ssh rotate": _admin,
    "cli key ssh switch": _admin,
    "cli key ssh retire": _admin,
    "cli key log rotate": _admin,
    "cli key log switch": _admin,
    "cli key log retire": _admin,
    "cli key tls install": _admin,
    "cli key tls renew": _admin,
    "cli key kek list": _oversees,
    "cli key kek rotate": _admin,
    "cli key kek rewrap": _admin,
    "cli key kek retire": _admin,
    "cli key kek reseal": _admin,
    "cli transfer list": _site,
    "cli transfer show": _site,
    "cli transfer legal-hold": _decides,
    "cli transfer legal-release": _decides,
    "cli hold list": _site,
    "cli hold show": _sees_findings,
    "cli hold release": _decides,
    "cli hold refuse": _refuses,
    "cli audit verify": _site,
    "cli audit show": _site,
    "cli audit export": Rule(frozenset({Role.AUDITOR, Role.ADMIN})),
    "cli audit key": _site,
    "cli audit checkpoint": _site,
}

_open: Final = Rule(frozenset(Role))
_CONSOLE: Final = {
    # Before anybody is known: the page, which is the same for all, and how they become so.
    "console GET /": _open,
    "console GET /console.js": _open,
    "console GET /console.css": _open,
    "console GET /console.svg": _open,
    "console POST /v1/session/password": _open,
    "console GET /v1/session/oidc": _open,
    "console GET /v1/session/oidc/callback": _open,
    "console POST /v1/session/passkey/options": _open,
    "console POST /v1/session/passkey": _open,
    # One's own.
    "console GET /v1/session": _site,
    "console DELETE /v1/session": _site,
    "console POST /v1/session/factor/passkey/options": _site,
    "console POST /v1/session/factor/passkey": _site,
    "console POST /v1/session/factor/code": _site,
    "console GET /v1/totp": _site,
    "console POST /v1/totp": _site,
    "console POST /v1/totp/confirm": _site,
    "console POST /v1/totp/recovery": _site,
    "console DELETE /v1/totp": _site,
    "console GET /v1/sessions": _site,
    "console DELETE /v1/sessions/{id}": _site,
    "console GET /v1/passkeys": _site,
    "console POST /v1/passkeys/options": _site,
    "console POST /v1/passkeys": _site,
    "console DELETE /v1/passkeys/{fingerprint}": _site,
    # The same as the commands.
    "console GET /v1/holds": _CLI["cli hold list"],
    "console GET /v1/holds/{id}": _CLI["cli hold show"],
    "console POST /v1/holds/{id}/release": _CLI["cli hold release"],
    "console POST /v1/holds/{id}/refuse": _CLI["cli hold refuse"],
    "console GET /v1/transfers": _CLI["cli transfer list"],
    "console GET /v1/transfers/{id}": _CLI["cli transfer show"],
    "console POST /v1/transfers/{id}/legal-hold": _CLI["cli transfer legal-hold"],
    "console POST /v1/transfers/{id}/legal-release": _CLI["cli transfer legal-release"],
    "console GET /v1/transfers/{id}/events": _CLI["cli audit show"],
    "console GET /v1/audit/head": _CLI["cli audit checkpoint"],
}

OPERATIONS: Final[Mapping[str, Rule]] = MappingProxyType(dict(_rules()))
"""Operation to rule."""


def matrix() -> str:
    """The table as text: ``x`` may, ``F`` may with a second factor, ``.`` may not, ``L`` local."""
    width = max(map(len, OPERATIONS))
    lines = [f"{'operation':<{width}}  " + " ".join(Role)]
    for operation, rule in OPERATIONS.items():
        cells = [_cell(rule, role).ljust(len(role)) for role in Role]
        lines.append(f"{operation:<{width}}  {' '.join(cells)}".rstrip())
    return "\n".join(lines) + "\n"


def _cell(rule: Rule, role: Role) -> str:
    if rule.local:
        return "L"
    if role not in rule.roles:
        return "."
    return "F" if rule.factor else "x"
