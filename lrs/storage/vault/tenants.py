"""The tenants: which keyring belongs to each, and the end of one."""

from __future__ import annotations

import hmac

from sqlalchemy import delete, func, insert, select, update

from lrs.errors import KeyUnavailable
from lrs.storage.contract import TenantRow
from lrs.storage.vault import schema
from lrs.storage.vault.database import Database

_TENANT = schema.tenant


class Tenants(Database):
    """Implements ``TenantStore`` of :mod:`lrs.storage.contract`."""

    def tenants(self) -> list[str]:
        """See :class:`lrs.storage.contract.TenantStore`."""
        with self._read() as connection:
            return list(connection.scalars(select(_TENANT.c.name).where(_TENANT.c.ended.is_(None)).order_by(_TENANT.c.name)))

    def policies(self) -> dict[str, str]:
        """Tenant -> the digest of the policy that was noted last, empty if none was; those that ended apart."""
        with self._read() as connection:
            rows = connection.execute(select(_TENANT.c.name, _TENANT.c.policy).where(_TENANT.c.ended.is_(None)))
            return {row[0]: row[1] for row in rows}

    def note_policy(self, tenant: str, digest: str) -> None:
        """Note under which policy a tenant's data are from now on."""
        with self._write() as connection:
            connection.execute(update(_TENANT).where(_TENANT.c.name == tenant).values(policy=digest))

    def tenant_rows(self) -> list[TenantRow]:
        """See :class:`lrs.storage.contract.TenantStore`."""
        subject = schema.subject
        query = (
            select(_TENANT.c.name, func.coalesce(func.min(subject.c.created_month), 0), func.count(subject.c.sid), _TENANT.c.ended)
            .outerjoin_from(_TENANT, subject, subject.c.tenant == _TENANT.c.name)
            .group_by(_TENANT.c.name, _TENANT.c.ended)
            .order_by(_TENANT.c.name)
        )
        with self._read() as connection:
            return [TenantRow(*row) for row in connection.execute(query)]

    def has_ended(self, name: str) -> bool:
        """See :class:`lrs.storage.contract.TenantStore`."""
        with self._read() as connection:
            return connection.scalar(select(_TENANT.c.ended).where(_TENANT.c.name == name)) is not None

    def check_keyring(self, name: str, check: bytes) -> None:
        """See :class:`lrs.storage.contract.TenantStore`."""
        with self._read() as connection:
            known = connection.scalar(select(_TENANT.c.keyring_check).where(_TENANT.c.name == name))
        if known is None:
            with self._write() as connection:
                connection.execute(insert(_TENANT), {"name": name, "keyring_check": check, "least_epoch": 0})
        elif not hmac.compare_digest(known, check):
            raise KeyUnavailable("the keyring is not the one that this vault was written with")

    def end_tenant(self, name: str, *, at: int) -> None:
        """See :class:`lrs.storage.contract.TenantStore`."""
        with self._write() as connection:
            connection.execute(update(_TENANT).where(_TENANT.c.name == name, _TENANT.c.ended.is_(None)).values(ended=at))

    def drop_tenant(self, name: str) -> int:
        """See :class:`lrs.storage.contract.TenantStore`."""
        with self._write() as connection:
            theirs = select(schema.erasure.c.seq).where(schema.erasure.c.tenant == name)
            dropped = connection.execute(delete(schema.erased).where(schema.erased.c.seq.in_(theirs))).rowcount
            for table in reversed(schema.metadata.sorted_tables):
                if "tenant" in table.c:
                    dropped += connection.execute(delete(table).where(table.c.tenant == name)).rowcount
        return dropped
