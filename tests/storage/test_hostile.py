"""Texts that would break out of a SQL statement, on each engine; each is a tenant of its own in one store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lrs.storage.contract import SeenDefinition, Selection, TokenisedStatements
from lrs.storage.warehouse import Warehouse
from tests.storage.engines import ENGINES, Engine, settings_for
from tests.storage.rows import NOW, START, row
from tests.storage.test_contract import ids_of

HOSTILE = [
    "'",
    '"',
    "\\",
    "\\'",
    "'); DROP TABLE statements; --",
    "{tenant:String}",
    "%s",
    "a\tb\nc\r\x00d",
    "é中😀",
    "\\N",
    "NULL",
    "`",
    "$$",
    "",
    "a b",
]


@pytest.fixture(scope="module", params=ENGINES)
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Give the one warehouse."""
    with (
        settings_for(request.param, tmp_path_factory.mktemp("hostile")) as settings,
        Engine(request.param, settings, None).open() as opened,
    ):
        yield opened


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_taken_for_sql(warehouse: Warehouse, text: str) -> None:
    """Quotes, backslashes, placeholders and control characters are values: stored, found and counted as they are."""
    one, other = row(1, tenant=text, verb=text, activity=text, related=(text,), body=text.encode()), row(2, tenant=text)
    warehouse.insert([one, other, row(3)])
    assert ids_of(warehouse, Selection(verbs=(text,)), tenant=text) == [one.id]
    assert ids_of(warehouse, Selection(activities=(text, "x")), tenant=text) == [one.id]
    assert ids_of(warehouse, Selection(activities=(text,), related_activities=True), tenant=text) == [one.id]
    assert ids_of(warehouse, tenant=text) == [other.id, one.id]
    assert dict(warehouse.count_by(text, Selection(), "verb", now=NOW)) == {text: 1, other.verb: 1}
    seen = SeenDefinition(text, text.encode(), 1, START)
    warehouse.put(warehouse.record(TokenisedStatements(), [(text, seen)]))
    assert warehouse.definitions(text, [text]) == {text: [seen]}
