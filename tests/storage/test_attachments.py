"""What a store of attachments guarantees, on each engine."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from lrs.storage.contract import SealedPiece
from lrs.storage.warehouse import Warehouse
from lrs.storage.warehouse.client import Session
from tests.storage.engines import Engine
from tests.storage.rows import DAY, NOW, SECOND, START, noise

MIB = 1024 * 1024


def piece(statement: UUID, number: int = 0, nth: int = 0, **more: Any) -> SealedPiece:
    """A piece of a content of a statement that was stored at the start."""
    values: dict[str, Any] = {"tenant": "t", "stored": START, "head": b"" if nth else noise(20), "sealed": noise(30)}
    return SealedPiece(**values | {"statement": statement, "number": number, "piece": nth} | more)


def test_contents_come_back_as_they_were_stored(engine: Engine) -> None:
    """Any bytes, empty ones too, in their order, also after reopening; a statement has what is its own."""
    one, other = uuid4(), uuid4()
    sent = [piece(one, n, nth, sealed=noise(nth * 7)) for n in range(2) for nth in range(5)]
    with engine.open() as warehouse:
        warehouse.add_attachments(sent[::-1])
        warehouse.add_attachments([piece(other)])
        warehouse.add_attachments([])
    with engine.open() as warehouse:
        heads = warehouse.heads("t", [(START, one)], now=NOW)
        assert [(head.stored, head.statement, head.number, head.head) for head in heads] == [
            (START, one, n, sent[5 * n].head) for n in range(2)
        ]
        for head in heads:
            own = [each.sealed for each in sent if each.number == head.number]
            assert warehouse.pieces("t", head, range(5), now=NOW) == own
            assert warehouse.pieces("t", head, range(1, 3), now=NOW) == own[1:3]
            assert warehouse.pieces("t", head, range(4, 9), now=NOW) == own[4:]
        assert len(warehouse.heads("t", [(START, one), (START, other)], now=NOW)) == 3


def test_what_belongs_to_nobody_shows_nowhere(warehouse: Warehouse) -> None:
    """A content whose statement was stored at another time, another tenant's, one past its limit: none of them is there."""
    one, other = uuid4(), uuid4()
    warehouse.add_attachments(
        [
            piece(one),
            piece(other, stored=START + SECOND),
            piece(one, 1, until=(NOW - DAY) // SECOND),
            piece(one, 2, tenant="u"),
        ]
    )
    places = [(START, one), (START, other), (START + SECOND, one)]
    assert [head.number for head in warehouse.heads("t", places, now=NOW)] == [0]
    assert [head.number for head in warehouse.heads("u", places, now=NOW)] == [2]
    (head,) = warehouse.heads("t", [(START, one)], now=NOW)
    assert warehouse.pieces("u", head, range(9), now=NOW) == []
    assert warehouse.heads("t", [], now=NOW) == []


def test_large_contents_are_stored_in_several_inserts(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty pieces of a MiB: few are asked for before the first are stored, and each comes back alone."""
    one = uuid4()
    sent = [piece(one, 0, nth, sealed=noise(MIB)) for nth in range(40)]
    asked = iter(sent)
    left: list[int] = []
    insert = Session.insert

    def noting(session: Session, *arguments: Any) -> None:
        left.append(asked.__length_hint__())
        insert(session, *arguments)

    monkeypatch.setattr(Session, "insert", noting)
    warehouse.add_attachments(asked)
    assert [40 - each for each in left] == [17, 33, 40]
    (head,) = warehouse.heads("t", [(START, one)], now=NOW)
    for nth in (0, 17, 39):
        assert warehouse.pieces("t", head, range(nth, nth + 1), now=NOW) == [sent[nth].sealed]


def test_many_places_are_asked_for_at_once(warehouse: Warehouse) -> None:
    """More statements than fit in one parameter."""
    ids = [uuid4() for _ in range(2500)]
    warehouse.add_attachments([piece(each, stored=START + n) for n, each in enumerate(ids)])
    heads = warehouse.heads("t", [(START + n, each) for n, each in enumerate(ids)], now=NOW)
    assert [head.statement for head in heads] == ids
