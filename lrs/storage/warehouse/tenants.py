"""The end of a tenant: its rows leave every table, and the disk."""

from __future__ import annotations

from lrs.storage.warehouse.client import Sessions
from lrs.storage.warehouse.deleting import keeps_coming_back, until_deleted, until_off_disk

_DELETE = (
    "ALTER TABLE statements DELETE WHERE tenant = {tenant:String}",
    "ALTER TABLE attachments DELETE WHERE tenant = {tenant:String}",
    "ALTER TABLE definitions DELETE WHERE tenant = {tenant:String}",
    "ALTER TABLE places DELETE WHERE tenant = {tenant:String}",
    "ALTER TABLE standings DELETE WHERE tenant = {tenant:String} SETTINGS mutations_sync = 2",
)
_LEFT = """SELECT (SELECT count() FROM statements WHERE tenant = {tenant:String}), (SELECT count() FROM attachments WHERE tenant = {tenant:String}),
    (SELECT count() FROM definitions WHERE tenant = {tenant:String}), (SELECT count() FROM standings WHERE tenant = {tenant:String}),
    (SELECT count() FROM places WHERE tenant = {tenant:String})"""
_ATTEMPTS = 3


def drop(sessions: Sessions, tenant: str) -> None:
    """See ``drop_tenant`` of :class:`lrs.storage.contract.StatementStore`."""
    with sessions.writer() as session:
        for _ in range(_ATTEMPTS):
            for text in _DELETE:
                session.query(text, {"tenant": tenant})
            until_deleted(session)
            if not any(session.query(_LEFT, {"tenant": tenant})[0]):
                break
        else:
            raise keeps_coming_back()
        until_off_disk(session)
