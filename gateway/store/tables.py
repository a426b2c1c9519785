"""The schema, once, for every database. Alembic migrations build it; a test compares the two.

No column holds PHI or a secret in the clear: names are encrypted or keyed hashes, passwords are
Argon2id hashes, tokens SHA-256 digests of 256 random bits.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from gateway.store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, default=b"")


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


transfers = Table(
    "transfers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("route", String(64), nullable=False),
    Column("sender", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("recipient", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", Instant, nullable=False),
    Column("changed", Instant, nullable=False),
    _bytes("data_key"),
    _bytes("name"),
    _text("name_digest"),
    _text("blob"),
    _count("size"),
    _text("sha256"),
    _text("format"),
    _text("verdict"),
    Column("reasons", JSON(none_as_null=True)),
    Column("report", JSON(none_as_null=True)),
    _text("policy"),
    _text("opened_blob"),
    _count("opened_size"),
    _text("opened_sha256"),
    _text("sealed_blob"),
    _count("sealed_size"),
    _text("sealed_sha256"),
    _text("recipient_key"),
    _bytes("sealed_name"),
    _text("listed_name"),
    Column("delivered", Instant),
    Column("collected", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # The work queue (decision 0021). `due`: a worker may take it from then on; NULL: no work.
    Column("due", Instant),
    Column("lease_owner", String(128), nullable=False, server_default=""),
    Column("claims", Integer, nullable=False, server_default="0"),
    # Fingerprint of what the sender logged in with, when the upload was begun.
    _text("credential"),
    # Keyed hash of account and Idempotency-Key.
    _text("idempotency"),
    Column("legal_hold", Boolean, nullable=False, server_default=false()),
    Column("staged", Instant),
    # `ended`: terminal since then, which is what retention counts from.
    Column("ended", Instant),
    Column("purged", Instant),
    # Sealed length and metadata of a tus upload; NULL for any other.
    Column("declared", LargeBinary),
    Index("ix_transfers_state_created", "state", "created"),
    Index("ix_transfers_sender_created", "sender", "created"),
    Index("ix_transfers_recipient_delivered", "recipient", "delivered"),
    Index("ix_transfers_name_digest", "name_digest"),
    Index("ix_transfers_idempotency", "idempotency"),
)

Index(
    "ix_transfers_queue",
    transfers.c.created,
    transfers.c.id,
    sqlite_where=transfers.c.due.is_not(None),
    postgresql_where=transfers.c.due.is_not(None),
)

events = Table(
    "events",
    metadata,
    # Assigned by the writer under the head's lock, never by a sequence, which may leave gaps.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("transfer", String(32), index=True),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

# The Merkle tree over the log, 256 hashes a tile (C2SP tlog-tiles): `level` 0 holds leaf hashes,
# each further one the roots of full tiles below. The last tile of a level grows.
log_tiles = Table(
    "log_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("signed", Instant, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("transfer", String(32), primary_key=True),
    Column("body", Text, nullable=False),
    Column("issued", Instant, nullable=False),
)

# Who does what only one process at a time may do, over every node.
leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("until", Instant, nullable=False),
)

# Keyed hashes of what a sender has sent: bytes, and X12 interchanges.
seen = Table(
    "seen",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("transfer", String(32), primary_key=True),
    Column("created", Instant, nullable=False),
    Index("ix_seen_created", "created"),
)

partners = Table(
    "partners",
    metadata,
    Column("id", String(64), primary_key=True),
    _text("name"),
    Column("enabled", Boolean, nullable=False),
    Column("added", Instant, nullable=False),
    # CIDR, between blanks; none: from anywhere.
    _text("networks"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    # NULL: an account of the site.
    Column("partner", String(64), ForeignKey(partners.c.id), index=True),
    # Words of config.operations.Role, sorted, between blanks.
    Column("roles", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("added", Instant, nullable=False),
    _text("networks"),
    # NULL: never. Sessions that are older end (gateway/factor_sessions.py).
    Column("factors_changed", Instant),
)

_PINS = text("kind IN ('client-cert', 'client-key', 'oidc')")

credentials = Table(
    "credentials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String(64), ForeignKey(accounts.c.id), nullable=False),
    Column("kind", String(16), nullable=False),
    # SSH: the wire blob in base64. Password: Argon2id in PHC form. Token, TLS client certificate
    # and its key: SHA-256 in hex.
    Column("secret", Text, nullable=False),
    # What people and the log may see of it; it tells the kind as well.
    Column("fingerprint", String(128), nullable=False),
    _text("comment"),
    Column("added", Instant, nullable=False),
    Column("expires", Instant),
    # Of a token: which of the account's roles it has; "": all.
    _text("roles"),
    UniqueConstraint("account", "kind", "fingerprint", name="uq_credentials_account"),
    Index("ix_credentials_kind_secret", "kind", "secret"),
    Index("uq_credentials_fingerprint", "account", "fingerprint", unique=True),
    # No account is named beside a pin, so it must lead to one alone (gateway/directory_types.py).
    Index(
        "uq_credentials_pin",
        "kind",
        "secret",
        unique=True,
        sqlite_where=_PINS,
        postgresql_where=_PINS,
    ),
)

certificates = Table(
    "certificates",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("partner", String(64), ForeignKey(partners.c.id), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("added", Instant, nullable=False),
    Column("expires", Instant),
    Column("retired", Instant),
    # Compared with the partner by another way than the one it came by.
    Column("verified", Instant),
    Column("revoked", Instant),
    Index("ix_certificates_partner_added", "partner", "added"),
)

# Counts changes of the directory, so that one number tells a process to look again.
directory_state = Table(
    "directory_state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

# TOTP (RFC 6238): one secret an account, encrypted under the site's key-encryption key.
second_factors = Table(
    "second_factors",
    metadata,
    Column("account", String(64), ForeignKey(accounts.c.id), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("added", Instant, nullable=False),
    # NULL until a first code has shown that the person's device has it.
    Column("confirmed", Instant),
    # The newest time step that a code was taken of: no code counts twice.
    Column("last_step", BigInteger, nullable=False, server_default="0"),
)

# SHA-256 of 80 random bits; `used` once.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account", String(64), ForeignKey(accounts.c.id), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("used", Instant),
)

# Failures to log in, by whom or from where (gateway/throttle.py says how subjects are written).
attempts = Table(
    "attempts",
    metadata,
    Column("subject", String(128), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", Instant, nullable=False),
    # No further attempt is heard before.
    Column("until", Instant, nullable=False),
    # NULL unless locked out.
    Column("locked", Instant),
    Index("ix_attempts_last", "last"),
)

# What accounts take of each edge, as it told last (gateway/sharing.py).
edge_shares = Table(
    "edge_shares",
    metadata,
    Column("process", String(128), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("sessions", Integer, nullable=False),
    Column("per_minute", BigInteger, nullable=False),
    Column("told", Instant, nullable=False),
)

# Sessions of people in the console. `digest`: SHA-256 of the cookie's random value.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account", String(64), ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("created", Instant, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    # When a second factor was last proven in it.
    Column("factored", Instant),
    # Of this login, without what proves it; and what a flow under way must remember.
    Column("facts", JSON(none_as_null=True)),
)

# CAs whose OpenSSH user certificates let a partner's accounts in.
ssh_authorities = Table(
    "ssh_authorities",
    metadata,
    Column("partner", String(64), ForeignKey(partners.c.id), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    # In the form of an authorized_keys line.
    Column("key", Text, nullable=False),
    _text("comment"),
    Column("added", Instant, nullable=False),
)

# Certificates of these CAs that no longer let anybody in: "FINGERPRINT serial:N" or
# "FINGERPRINT id:TEXT".
ssh_revocations = Table(
    "ssh_revocations",
    metadata,
    Column("partner", String(64), ForeignKey(partners.c.id), primary_key=True),
    Column("word", String(320), primary_key=True),
    Column("added", Instant, nullable=False),
)

# WebAuthn credentials. `id`: the credential id in base64url.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(1400), primary_key=True),
    Column("account", String(64), ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    _text("comment"),
    Column("added", Instant, nullable=False),
    Column("used", Instant),
)
