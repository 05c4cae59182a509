"""What is stored where and in which form: every column of every table (ACC-2). A test fails on a column without an entry, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple


class Place(StrEnum):
    """Where it is stored."""

    VAULT = "vault"
    WAREHOUSE = "warehouse"
    TRAIL = "trail"


class Form(StrEnum):
    """How it is stored, which says what somebody can read who has it."""

    PLAIN = "plain"
    """As it is."""
    PSEUDONYM = "pseudonym"
    """As it is, without a person: it leads to one through the vault and the keyring."""
    BLIND = "blind"
    """A keyed hash: whoever has the keyring too can try guesses."""
    SEALED = "sealed"
    """Encrypted under the person's key, which is in the vault, wrapped by a key of the keyring or KMS."""
    BOXED = "boxed"
    """Encrypted under a key of the keyring."""
    WRAPPED = "wrapped"
    """A person's key, encrypted under a key of the keyring or KMS."""
    HASHED = "hashed"
    """A slow hash of a password."""


class Category(StrEnum):
    """What it is about."""

    NOTHING = "nothing"
    """Nobody."""
    IDENTITY = "identity"
    """Names, mailboxes, accounts."""
    ACTIVITY = "activity"
    """What somebody did, when, with which result."""
    CONTENT = "content"
    """Texts, documents and files of persons."""
    RIGHTS = "rights"
    """What somebody asked for, agreed to or objected to."""
    STAFF = "staff"
    """Who operates the store: names of credentials."""
    KEYS = "keys"
    """Keys of persons, wrapped."""


class Stored(NamedTuple):
    """A column: where it is, how it is stored and what it is about."""

    place: Place
    table: str
    column: str
    form: Form
    category: Category


_P, _S, _B, _SEALED, _BOXED = Form.PLAIN, Form.PSEUDONYM, Form.BLIND, Form.SEALED, Form.BOXED
_NOTHING = (_P, Category.NOTHING)
_ACTIVITY = (_S, Category.ACTIVITY)
_RIGHTS = (_S, Category.RIGHTS)
_KEY = (Form.WRAPPED, Category.KEYS)
_Columns = dict[str, tuple[Form, Category]]


def _plain(*names: str) -> _Columns:
    return dict.fromkeys(names, _NOTHING)


_VAULT: Mapping[str, _Columns] = {
    "vault": _plain("version"),
    "tenant": _plain("name", "keyring_check", "least_epoch", "policy", "ended"),
    "subject": _plain("tenant", "epoch", "key_check", "revision")
    | dict.fromkeys(("created_month", "last_seen", "met_month", "warned"), _ACTIVITY)
    | {"sid": (_S, Category.IDENTITY), "wrapped": _KEY},
    "identifier": _plain("tenant")
    | {"sid": (_S, Category.IDENTITY)}
    | dict.fromkeys(("blind_index", "sha1", "folded"), (_B, Category.IDENTITY)),
    "variant": _plain("tenant", "vid")
    | {"sid": (_S, Category.IDENTITY), "fingerprint": (_B, Category.IDENTITY), "sealed": (_SEALED, Category.IDENTITY)},
    "joined": _plain("tenant") | dict.fromkeys(("sid", "person"), (_S, Category.IDENTITY)),
    "correction": _plain("tenant")
    | {"sid": (_S, Category.IDENTITY), "fingerprint": (_B, Category.IDENTITY), "sealed": (_SEALED, Category.IDENTITY)},
    "document": _plain("tenant")
    | dict.fromkeys(("key", "context", "registered"), (_B, Category.CONTENT))
    | {"sid": (_S, Category.CONTENT), "name": (_SEALED, Category.CONTENT), "content": (_SEALED, Category.CONTENT), "updated": _ACTIVITY},
    "credential": _plain("id", "tenant", "scopes", "view", "purpose", "repairs", "profiles", "quarantine_days", "created", "revoked")
    | dict.fromkeys(("name", "username"), (_P, Category.STAFF))
    | {"secret": (Form.HASHED, Category.STAFF), "authority": (_BOXED, Category.STAFF)},
    "project": _plain("tenant", "purpose", "sid", "started", "ended"),
    "clock": _plain("last"),
    "claim": _plain("process", "beat", "first") | {"ids": _ACTIVITY},
    "quarantined": _plain("tenant", "credential", "source", "code", "reason", "size", "since", "until", "asked")
    | {"key": (_B, Category.ACTIVITY), "sealed": (_BOXED, Category.CONTENT)},
    "spent": _plain("tenant", "number", "until"),
    "presence": _plain("tenant", "until")
    | {"sitting": (_B, Category.ACTIVITY), "key": (_B, Category.ACTIVITY), "sid": _ACTIVITY, "sealed": (_SEALED, Category.IDENTITY)}
    | dict.fromkeys(("came", "left", "closed"), _ACTIVITY),
    "consent_count": _plain("tenant", "last"),
    "consent": _plain("tenant", "number", "notice", "recorder")
    | dict.fromkeys(("sid", "kind", "purpose", "at", "recorded", "method"), _RIGHTS),
    "notice": _plain("tenant", "purpose", "audience", "language", "version", "digest", "text", "added"),
    "elimination_approval": _plain("tenant", "through", "granted", "visa"),
    "forwarded": _plain("tenant", "target", "through"),
    "heard": _plain("tenant", "target", "number"),
    "dead_letter": _plain("tenant", "target", "code", "tried") | {"stored": _ACTIVITY},
    "erasure_notice": _plain("tenant", "target") | {"key": (_B, Category.ACTIVITY), "sealed": (_BOXED, Category.ACTIVITY)},
    "erasure": _plain("seq", "tenant", "at", "until", "state", "counts", "receipt"),
    "erased": _plain("seq") | {"sid": _RIGHTS},
    "suppressed": _plain("tenant", "until") | {"key": (_B, Category.IDENTITY)},
    "request": _plain("tenant", "number", "reference")
    | dict.fromkeys(("sid", "kind", "state", "received", "closed", "delay", "refusal"), _RIGHTS),
    "breach": _plain("tenant", "number", "aware", "reference", "facts", "authority", "controller", "persons", "closed", "outcome"),
}
_WAREHOUSE: Mapping[str, _Columns] = {
    "migrations": _plain("number", "name", "checksum", "applied"),
    "going": _plain("run", "since", "tenant", "number", "kind") | {"id": _ACTIVITY, "text": _ACTIVITY},
    "statements": _plain("tenant", "held", "purposes", "identity_until", "keep_until")
    | dict.fromkeys(
        (
            "stored", "id", "timestamp", "verb", "activity", "related", "registration", "reference", "references", "voids", "people", "sids",
            "vids", "roles", "content",
        ),
        _ACTIVITY,
    )
    | {"fingerprint": (_B, Category.ACTIVITY), "sealed": (_SEALED, Category.CONTENT)},
    "attachments": _plain("tenant", "number", "piece", "until")
    | {"stored": _ACTIVITY, "statement": _ACTIVITY, "head": (_SEALED, Category.CONTENT), "sealed": (_SEALED, Category.CONTENT)},
    "places": _plain("tenant", "direct", "personal", "until", "turn")
    | dict.fromkeys(("key", "stored", "verb", "activity", "related"), _ACTIVITY),
    "standings": _plain("tenant", "number") | dict.fromkeys(("purpose", "sid", "hidden", "covered"), _RIGHTS),
    "definitions": _plain("tenant", "activity", "fingerprint", "definition", "first", "source"),
}  # fmt: skip
_TRAIL: Mapping[str, _Columns] = {
    "entries": _plain("action", "chain", "counts", "object", "outcome", "policy", "purpose", "request", "seq", "tenant", "time")
    | {"credential": (_BOXED, Category.STAFF), "subjects": (_BOXED, Category.ACTIVITY)},
}
CATALOGUE: Mapping[Place, Mapping[str, _Columns]] = {Place.VAULT: _VAULT, Place.WAREHOUSE: _WAREHOUSE, Place.TRAIL: _TRAIL}


def stored() -> Iterator[Stored]:
    """Give every column."""
    for place, tables in CATALOGUE.items():
        for table, columns in tables.items():
            for column, (form, category) in columns.items():
                yield Stored(place, table, column, form, category)
