"""Statements as a platform sent them."""

from __future__ import annotations

import gzip
import json

from lrs.xapi.model import Person, text_of
from lrs.xapi.rules import Checker
from tests.xapi.strategies import read


def test_real_statements_pass_and_come_back(real_statements):
    """Every statement of the file is accepted; its parts join to it; its actor is one person and left out of the bytes."""
    checkers = {keeps: Checker(keeps=lambda _iri, keeps=keeps: keeps) for keeps in (False, True)}
    with gzip.open(real_statements) as lines:
        for n, line in enumerate(lines):
            statement = checkers[n % 2 == 0].check(line)
            sent = read(line)
            assert str(statement.id) == sent.pop("id")
            assert read(text_of(statement)) == {**sent, "version": "1.0.0"}
            name = json.dumps(sent["actor"]["account"]["name"]).encode()
            assert [read(part.json) for part in statement.parts if isinstance(part, Person)] == [sent["actor"]]
            assert not any(name in part for part in statement.parts if isinstance(part, bytes))
