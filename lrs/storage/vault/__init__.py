"""The vault: who. Subjects, identifiers and spellings, all blind or sealed; credentials; which keyring belongs to it."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from lrs.errors import ConfigurationError, KeyUnavailable
from lrs.storage.contract import CredentialRow, IndexTaken, NewSubject, NewVariant, WrappedKey
from lrs.storage.vault import schema
from lrs.storage.vault.connection import answering, connect

if TYPE_CHECKING:
    from lrs.settings import Settings

T = TypeVar("T")
_CHUNK = 500
"""Values in one IN list: below every engine's limit on parameters."""


class Vault:
    """One open vault. Implements ``SubjectStore`` and ``CredentialStore`` of :mod:`lrs.storage.contract`. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Vault:
        """Open the vault of these settings, and make its tables where there are none."""
        vault = cls(connect(settings))
        try:
            vault._prepare()
        except BaseException:
            vault.close()
            raise
        return vault

    def close(self) -> None:
        """Release all connections."""
        self._engine.dispose()

    def ping(self) -> None:
        """Raise :class:`lrs.errors.StoreUnavailable` unless the database answers."""
        with self._read() as connection:
            connection.execute(select(schema.vault.c.version)).all()

    def checkpoint(self) -> None:
        """Take what was deleted out of SQLite's log file too, so that no copy of it is left on the disk."""
        if self._engine.dialect.name == "sqlite":
            with self._writing, answering(), self._engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()

    # Tenants

    def tenants(self) -> list[str]:
        """Name the tenants that this vault holds data of."""
        with self._read() as connection:
            return list(connection.scalars(select(schema.tenant.c.name).order_by(schema.tenant.c.name)))

    def check_keyring(self, name: str, check: bytes) -> None:
        """Note which keyring belongs to a tenant the first time; from then on raise :class:`lrs.errors.KeyUnavailable` for any other."""
        with self._read() as connection:
            known = connection.scalar(select(schema.tenant.c.keyring_check).where(schema.tenant.c.name == name))
        if known is None:
            with self._write() as connection:
                connection.execute(insert(schema.tenant), {"name": name, "keyring_check": check})
        elif not hmac.compare_digest(known, check):
            raise KeyUnavailable("the keyring is not the one that this vault was written with")

    # Subjects

    def subjects(self, tenant: str, indexes: Sequence[bytes]) -> Mapping[bytes, tuple[int, WrappedKey]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        table, keys = schema.identifier, schema.subject
        query = select(table.c.blind_index, keys.c.sid, keys.c.epoch, keys.c.wrapped, keys.c.key_check).join_from(table, keys)
        with self._read() as connection:
            return {
                index: (sid, WrappedKey(epoch, wrapped, check))
                for chunk in _chunks(indexes)
                for index, sid, epoch, wrapped, check in connection.execute(
                    query.where(table.c.tenant == tenant, table.c.blind_index.in_(chunk))
                )
            }

    def variant_ids(self, tenant: str, fingerprints: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        with self._read() as connection:
            return _variant_ids(connection, tenant, fingerprints)

    def add(
        self, tenant: str, subjects: Sequence[NewSubject], variants: Sequence[NewVariant], *, month: int
    ) -> Mapping[bytes, tuple[int, int]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        try:
            with self._write() as connection:
                if subjects:
                    connection.execute(insert(schema.subject), [_subject_row(tenant, new, month) for new in subjects])
                    connection.execute(
                        insert(schema.identifier), [{"tenant": tenant, "blind_index": new.index, "sid": new.sid} for new in subjects]
                    )
                found = dict(_variant_ids(connection, tenant, [new.fingerprint for new in variants]))
                rows = _numbered(connection, tenant, [new for new in variants if new.fingerprint not in found])
                if rows:
                    connection.execute(insert(schema.variant), rows)
        except IntegrityError:
            raise IndexTaken from None
        return found | {row["fingerprint"]: (row["sid"], row["vid"]) for row in rows}

    def keys(self, tenant: str, sids: Sequence[int]) -> Mapping[int, WrappedKey]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        table = schema.subject
        query = select(table.c.sid, table.c.epoch, table.c.wrapped, table.c.key_check).where(table.c.tenant == tenant)
        with self._read() as connection:
            return {
                sid: WrappedKey(epoch, wrapped, check)
                for chunk in _chunks(sids)
                for sid, epoch, wrapped, check in connection.execute(query.where(table.c.sid.in_(chunk)))
            }

    def variants(self, tenant: str, pairs: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], tuple[bytes, bytes]]:
        """See :class:`lrs.storage.contract.SubjectStore`."""
        table = schema.variant
        query = select(table.c.sid, table.c.vid, table.c.fingerprint, table.c.sealed).where(table.c.tenant == tenant)
        wanted = set(pairs)
        # By subject alone: a person has few spellings, and a list of pairs is slow in SQLite.
        with self._read() as connection:
            return {
                (sid, vid): (fingerprint, sealed)
                for chunk in _chunks(list({sid for sid, _ in wanted}))
                for sid, vid, fingerprint, sealed in connection.execute(query.where(table.c.sid.in_(chunk)))
                if (sid, vid) in wanted
            }

    # Credentials

    def add_credential(self, row: CredentialRow) -> None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        values = {name: getattr(row, name) for name in row.__struct_fields__} | {"scopes": " ".join(row.scopes)}
        try:
            with self._write() as connection:
                connection.execute(insert(schema.credential), values)
        except IntegrityError:
            raise ConfigurationError("this username is in use", hint="Choose another one, or revoke the credential that has it.") from None

    def credential(self, username: str) -> CredentialRow | None:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        with self._read() as connection:
            found = connection.execute(select(table).where(table.c.username == username, table.c.revoked.is_(None))).one_or_none()
        return None if found is None else _credential(dict(found._mapping))  # noqa: SLF001 -- SQLAlchemy's public name for it

    def credentials(self, tenant: str | None = None) -> list[CredentialRow]:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        query = select(table).order_by(table.c.created)
        with self._read() as connection:
            rows = connection.execute(query if tenant is None else query.where(table.c.tenant == tenant)).all()
        return [_credential(dict(row._mapping)) for row in rows]  # noqa: SLF001 -- as above

    def revoke_credential(self, credential_id: str, *, at: int) -> bool:
        """See :class:`lrs.storage.contract.CredentialStore`."""
        table = schema.credential
        with self._write() as connection:
            change = update(table).where(table.c.id == credential_id, table.c.revoked.is_(None)).values(revoked=at)
            return connection.execute(change).rowcount == 1

    def _prepare(self) -> None:
        with answering(), self._engine.connect() as connection:
            there = self._engine.dialect.has_table(connection, schema.vault.name)
        if not there:
            with self._write() as connection:
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.vault), {"version": schema.VERSION})
        with self._read() as connection:
            version = connection.scalar(select(func.max(schema.vault.c.version)))
        if version != schema.VERSION:
            raise ConfigurationError(
                f"the vault has version {version}, this program knows {schema.VERSION}",
                hint="Run the version that wrote it, or a newer one.",
            )

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with answering(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with self._writing, self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except BaseException as error:
            with answering():
                raise error from None


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _subject_row(tenant: str, new: NewSubject, month: int) -> dict[str, Any]:
    key = new.key
    return {"sid": new.sid, "tenant": tenant, "epoch": key.epoch, "wrapped": key.wrapped, "key_check": key.check, "created_month": month}


def _variant_ids(connection: Connection, tenant: str, fingerprints: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    table = schema.variant
    query = select(table.c.fingerprint, table.c.sid, table.c.vid).where(table.c.tenant == tenant)
    return {
        fingerprint: (sid, vid)
        for chunk in _chunks(fingerprints)
        for fingerprint, sid, vid in connection.execute(query.where(table.c.fingerprint.in_(chunk)))
    }


def _numbered(connection: Connection, tenant: str, variants: Sequence[NewVariant]) -> list[dict[str, Any]]:
    """Give each new spelling the next number of its subject."""
    table = schema.variant
    last: dict[int, int] = {}
    for chunk in _chunks(list({new.sid for new in variants})):
        query = select(table.c.sid, func.max(table.c.vid)).where(table.c.sid.in_(chunk)).group_by(table.c.sid)
        last.update((sid, vid) for sid, vid in connection.execute(query))
    rows = []
    for new in variants:
        last[new.sid] = last.get(new.sid, 0) + 1
        rows.append({"sid": new.sid, "vid": last[new.sid], "tenant": tenant, "fingerprint": new.fingerprint, "sealed": new.sealed})
    return rows


def _credential(row: Mapping[str, Any]) -> CredentialRow:
    return CredentialRow(**{**row, "scopes": tuple(row["scopes"].split())})
