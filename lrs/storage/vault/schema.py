"""The vault's tables, version 2. Portable SQL: SQLite, PostgreSQL; nothing here that MySQL lacks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

VERSION = 2
_SIGN = 1 << 63
_RANGE = 1 << 64
_LARGEST = 1 << 30


class Sid(TypeDecorator[int]):
    """An unsigned 64-bit subject number in a signed column."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 -- the interface
        """Write the number that has the same bits."""
        return value - _RANGE if value is not None and value >= _SIGN else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ARG002 -- the interface
        """Read it back."""
        return value + _RANGE if value is not None and value < 0 else value


metadata = MetaData()

vault = Table("vault", metadata, Column("version", Integer, primary_key=True))

tenant = Table(
    "tenant",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("keyring_check", LargeBinary(16), nullable=False),
    # Keys that an older epoch wraps are not taken in any more.
    Column("least_epoch", Integer, nullable=False),
    # The digest of the policy under which the store was last opened, so that another one is noticed.
    Column("policy", String(64), nullable=False, server_default=""),
    # When its contract ended: its keys are destroyed, and its name is not given again.
    Column("ended", BigInteger),
)

# The last time of storing that was given out; one row.
clock = Table("clock", metadata, Column("last", BigInteger, primary_key=True, autoincrement=False))

# What processes that share a warehouse are storing just now: the first of the times of a group, and hashes of the ids in it. The beat shows that the
# process is alive.
claim = Table(
    "claim",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("process", String(32), nullable=False),
    Column("beat", Integer, nullable=False),
    Column("ids", LargeBinary(_LARGEST), nullable=False),
)

subject = Table(
    "subject",
    metadata,
    Column("sid", Sid, primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("wrapped", LargeBinary(128), nullable=False),
    Column("key_check", LargeBinary(16), nullable=False),
    Column("created_month", Integer, nullable=False),
    # How often spellings were corrected: who remembers them reads them anew.
    Column("revision", Integer, nullable=False, server_default="0"),
    # The month in which a writer met them last: who was met lately may be on their way into a statement.
    Column("met_month", Integer, nullable=False, default=0),
    # The month of their newest statement or document, 0 before there is any; and since when they are warned that they will be forgotten.
    Column("last_seen", Integer, nullable=False, default=0),
    Column("warned", BigInteger),
    Index("subject_seen", "tenant", "last_seen"),
)

identifier = Table(
    "identifier",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("blind_index", LargeBinary(16), primary_key=True),
    Column("sid", Sid, ForeignKey("subject.sid"), nullable=False, index=True),
    # Of a mailbox: the blind indexes of its SHA-1, which is another identifier of the same person, and of its spelling without case.
    Column("sha1", LargeBinary(16), index=True),
    Column("folded", LargeBinary(16), index=True),
    sqlite_with_rowid=False,
)

# Subjects that are one person: those with the same number, which is random.
joined = Table(
    "joined",
    metadata,
    Column("sid", Sid, ForeignKey("subject.sid"), primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
    Column("person", Sid, nullable=False, index=True),
)

# What stands in place of a name or identifier that was wrong, sealed; the wrong one is known by a keyed fingerprint alone.
correction = Table(
    "correction",
    metadata,
    Column("sid", Sid, ForeignKey("subject.sid"), primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary(16), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

variant = Table(
    "variant",
    metadata,
    Column("sid", Sid, ForeignKey("subject.sid"), primary_key=True, autoincrement=False),
    Column("vid", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
    Column("fingerprint", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # The tenant comes second, or SQLite would take this index for every query that names one.
    UniqueConstraint("fingerprint", "tenant"),
)

document = Table(
    "document",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("context", LargeBinary(16), nullable=False),
    Column("registered", LargeBinary(16), nullable=False),
    Column("sid", Sid, ForeignKey("subject.sid"), nullable=False, index=True),
    Column("name", LargeBinary, nullable=False),
    # With a length, because MySQL's binary objects are small without one.
    Column("content", LargeBinary(_LARGEST), nullable=False),
    Column("updated", BigInteger, nullable=False),
    Index("document_context", "tenant", "context", "registered"),
)

credential = Table(
    "credential",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("username", String(200), nullable=False, unique=True),
    Column("secret", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("view", String(20), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("repairs", Text, nullable=False),
    Column("profiles", Text, nullable=False),
    Column("quarantine_days", Integer, nullable=False),
    Column("authority", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)

# What could not be taken, sealed; no sid, since who is in it is not known.
quarantined = Table(
    "quarantined",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("credential", String(36), nullable=False),
    Column("source", String(64), nullable=False),
    Column("code", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    # Who asked that it be tried once more by whoever holds the store: a credential's id, or nothing for the one that sent it; a star while it is tried.
    Column("asked", String(36)),
    Column("size", Integer, nullable=False),
    # With a length, because MySQL's binary objects are small without one.
    Column("sealed", LargeBinary(_LARGEST), nullable=False),
)

# Who is in which sitting of a virtual class, as long as a sitting may go on: who, sealed, and when they came and left.
presence = Table(
    "presence",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("sitting", LargeBinary(16), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("sid", Sid, ForeignKey("subject.sid"), nullable=False, index=True),
    Column("came", BigInteger, nullable=False),
    Column("left", BigInteger, nullable=False),
    Column("closed", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    # With a length, because MySQL's binary objects are small without one.
    Column("sealed", LargeBinary(_LARGEST), nullable=False),
)

# Launches of cmi5 that were used, by random numbers, until they end: each gives its token once.
spent = Table(
    "spent",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("number", LargeBinary(16), primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# The keys of pseudonyms, one a purpose: kept as a subject's key is, wrapped again when keys are rotated. A row without one is of a project that has ended.
project = Table(
    "project",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("purpose", String(64), primary_key=True),
    Column("sid", Sid, ForeignKey("subject.sid"), nullable=True),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
)

# What the archives allow to be eliminated: everything that had ended through this time. The visa is the reference of their letter.
elimination_approval = Table(
    "elimination_approval",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("visa", String(100), primary_key=True),
    Column("through", BigInteger, nullable=False),
    Column("granted", BigInteger, nullable=False),
)

# Through which entry of the ledger of consents withdrawals were noted, to be told to a target.
heard = Table(
    "heard",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("target", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# What other record stores have been given: per target the time through which it has everything.
forwarded = Table(
    "forwarded",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("target", String(64), primary_key=True),
    Column("through", BigInteger, nullable=False),
)

# No content: a letter names the statement by when it was stored, so that who is erased is not kept here.
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("target", String(64), primary_key=True),
    Column("stored", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(40), nullable=False),
    Column("tried", BigInteger, nullable=False),
)

# Ids of erased statements that a target has still to be told, as it knows them, sealed.
erasure_notice = Table(
    "erasure_notice",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("target", String(64), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("sealed", LargeBinary(128), nullable=False),
)

# What persons asked for. No foreign key: an erasure takes the person out, and the entry stays.
request = Table(
    "request",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("sid", Sid, index=True),
    Column("received", String(10), nullable=False),
    Column("closed", String(10), nullable=False),
    Column("delay", String(20), nullable=False),
    Column("refusal", String(20), nullable=False),
    Column("reference", String(40), nullable=False),
)

# Breaches that were noticed: when, what was found out, who was told when. They name nobody.
breach = Table(
    "breach",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("aware", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Column("reference", String(40), nullable=False),
    Column("authority", BigInteger),
    Column("controller", BigInteger),
    Column("persons", BigInteger),
    Column("closed", BigInteger),
    Column("outcome", String(20), nullable=False),
)

# Erasures, from the first to the last: what a restore of an older backup has to do again. It says nothing of a person but numbers that stand for nobody now.
erasure = Table(
    "erasure",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("tenant", String(64), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    # Until when what was erased is not taken in again.
    Column("until", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("counts", Text, nullable=False),
    Column("receipt", Text, nullable=False),
)

# Numbers that stood for somebody, and are never given to anybody else.
erased = Table(
    "erased",
    metadata,
    Column("seq", Integer, ForeignKey("erasure.seq"), primary_key=True, autoincrement=False),
    Column("sid", Sid, primary_key=True, autoincrement=False, index=True),
)

# Keyed hashes of identifiers and statement ids that are not taken in again for a while: the one trace that an erasure leaves.
suppressed = Table(
    "suppressed",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# The number of the newest entry in the ledger of consents, which stays when entries are erased; to count on, a writer locks it.
consent_count = Table(
    "consent_count",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

# What people said about purposes. Append-only, until a person is erased.
consent = Table(
    "consent",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("sid", Sid, ForeignKey("subject.sid"), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("notice", String(64), nullable=False),
    Column("method", String(20), nullable=False),
    Column("recorder", String(64), nullable=False),
)

# The texts that people are shown, as they were: a consent names one by its digest. They are kept as long as anything may have to be proved by them.
notice = Table(
    "notice",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("purpose", String(64), primary_key=True),
    Column("audience", String(20), primary_key=True),
    Column("language", String(20), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("added", BigInteger, nullable=False),
)
