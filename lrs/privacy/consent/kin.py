"""One person under several identifiers: what was said under one counts under all, those too that are found out later."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from lrs.access import LOCAL
from lrs.privacy.consent.entry import Kind
from lrs.storage.contract import ConsentRow, ConsentStore, PersonStore


class Vault(ConsentStore, PersonStore, Protocol):
    """What is needed of the vault: the ledger, and who is one person."""


def met(vault: Vault, tenant: str, sids: Collection[int]) -> None:
    """Let what a person said before count for subjects who are about to be written of: a mailbox and its SHA-1 are one person."""
    if vault.last_consent(tenant):
        persons = {person for person in vault.persons(tenant, sids).values() if len(person) > 1}
        said = vault.consents(tenant, frozenset().union(*persons))
        known = {(row.sid, row.purpose) for row in said}
        _note(vault, tenant, _each(persons, said) - known)


def changed(vault: Vault, tenant: str, sids: Collection[int]) -> None:
    """Work out anew what counts for subjects who have just become one person, or several: all that are or were this person."""
    everybody = vault.same_person(tenant, sids)
    said = vault.consents(tenant, everybody)
    _note(vault, tenant, {(sid, row.purpose) for sid in everybody for row in said})


def _each(persons: Iterable[Collection[int]], said: Iterable[ConsentRow]) -> set[tuple[int, str]]:
    purposes: dict[int, set[str]] = {}
    for row in said:
        purposes.setdefault(row.sid, set()).add(row.purpose)
    return {(sid, purpose) for person in persons for sid in person for other in person for purpose in purposes.get(other, ())}


def _note(vault: Vault, tenant: str, pairs: Collection[tuple[int, str]]) -> None:
    """Add entries that say nothing, and so have no time; whatever was said before is worked out anew for these subjects."""
    rows = [
        ConsentRow(number=0, sid=sid, kind=Kind.JOIN, purpose=purpose, at=0, recorded=0, notice="", method="", recorder=LOCAL)
        for sid, purpose in sorted(pairs)
    ]
    if rows:
        vault.add_consents(tenant, rows)
