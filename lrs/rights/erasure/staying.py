"""What stays of other people's: their texts and contents that the person's key has sealed, and that a statement is voided."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

import msgspec

from lrs.privacy.attachments import generation, resealed
from lrs.privacy.identity import owner_of, text_record
from lrs.storage.contract import ERASED, Content, StatementStore, SubjectStore, TokenisedStatement
from lrs.xapi.model import VOIDED, Role

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek

_STUB = b'{"actor":{"$p":0},"verb":{"id":"%b"},"object":{"objectType":"StatementRef","id":{"$s":0}},"authority":{"$p":1}}' % VOIDED.encode()


class Move(NamedTuple):
    """Whatever is needed to seal anew what a person's key has sealed."""

    tenant: str
    sids: tuple[int, ...]
    keys: TenantKeys
    vault: SubjectStore
    warehouse: StatementStore

    def __repr__(self) -> str:
        return "Move(...)"


def move(its: Move) -> None:
    """Seal other people's texts and contents under the key of the next of them, while the person's key is still there; doing it again changes nothing."""
    for rows in its.warehouse.owned(its.tenant, its.sids):
        moved = []
        for row in rows:
            fresh = _without(row, its.sids)
            keys = _keys(its, owner_of(row.sids), owner_of(fresh.sids))
            if keys is not None:
                fresh.sealed = _texts(row, keys)
                _move_contents(its, row, keys)
            moved.append(fresh)
        its.warehouse.insert(moved)


def outdated(contents: Iterable[Content]) -> list[Content]:
    """Of the contents of statements that were moved, give those that are there anew."""
    found = list(contents)
    last: dict[UUID, int] = {}
    for each in found:
        last[each.statement] = max(last.get(each.statement, 0), generation(each.number))
    return [each for each in found if generation(each.number) < last[each.statement]]


def voiding(tenant: str, target: UUID, stored: int, keep_until: int) -> TokenisedStatement:
    """Make what keeps a statement voided whose voiding statement goes: it says nothing else, and is nobody's."""
    return TokenisedStatement(
        tenant=tenant,
        id=uuid4(),
        stored=stored,
        timestamp=stored,
        verb=VOIDED,
        activity="",
        related=(),
        registration=UUID(int=0),
        reference=target,
        references=(target,),
        voids=True,
        sids=(ERASED, ERASED),
        vids=(0, 0),
        roles=(Role.ACTOR, Role.AUTHORITY),
        sealed=(),
        fingerprint=0,
        body=_STUB,
        keep_until=keep_until,
        held=True,
    )


def _without(row: TokenisedStatement, sids: Collection[int]) -> TokenisedStatement:
    places = list(zip(row.sids, row.vids, strict=True))
    return msgspec.structs.replace(
        row,
        sids=[ERASED if sid in sids else sid for sid, _ in places],
        vids=[0 if sid in sids else vid for sid, vid in places],
        sealed=[],
    )


def _keys(its: Move, old: int | None, new: int | None) -> tuple[Dek, Dek] | None:
    """Give both keys; None when nobody is left to whom it could be moved."""
    deks = its.keys.deks(its.vault.keys(its.tenant, [sid for sid in (old, new) if sid is not None]))
    return (deks[old], deks[new]) if old in deks and new in deks else None


def _texts(row: TokenisedStatement, keys: tuple[Dek, Dek]) -> list[bytes]:
    old, new = keys
    places = [(text_record(row.id, n), sealed) for n, sealed in enumerate(row.sealed)]
    return [new.seal("text", record, old.open("text", record, sealed)) for record, sealed in places]


def _move_contents(its: Move, row: TokenisedStatement, keys: tuple[Dek, Dek]) -> None:
    # Not those that an insert which failed has left of the same statement at another time.
    contents = [each for each in its.warehouse.contents(its.tenant, [row.id]) if each.stored == row.stored]
    if not contents:
        return
    generations = [generation(each.number) for each in contents]
    pieces = {each.number: each.pieces for each in contents}
    for head in its.warehouse.heads(its.tenant, [(row.stored, row.id)], now=row.stored):
        # A later generation is what a move that was interrupted has left.
        if generation(head.number) == min(generations):
            sealed = its.warehouse.pieces(its.tenant, head, range(pieces[head.number]), now=row.stored)
            its.warehouse.add_attachments(resealed(row, head, sealed, keys, to=max(generations) + 1))
