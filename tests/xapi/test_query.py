"""The parameters of a query: checked like the same values in statements (xAPI 1.0.3 Data 2.2 and Communication 2.1.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidRequest
from lrs.xapi.query import StatementQuery, from_arguments, parse
from tests.xapi.strategies import texts, write
from tests.xapi.test_mutations import LONG, TEXTS
from tests.xapi.test_rules import AGENT, ANONYMOUS, IDENTIFIED

ID = "8f87ccde-bb56-4c2e-ab83-44982ef22df0"
GOOD: list[tuple[str, str, str, Any]] = [
    ("verb", "http://example.org/é", "verb", "http://example.org/é"),
    ("activity", "course-v1:FUN+1+s", "activity", "course-v1:FUN+1+s"),
    ("registration", ID.upper(), "registration", UUID(ID)),
    ("statementId", ID, "statement_id", UUID(ID)),
    ("voidedStatementId", ID, "voided_statement_id", UUID(ID)),
    ("since", "2021-11-29 23:09:00.5+01:00", "since", 1_638_223_740_500_000),
    ("until", "2021-11-29T23:09:00Z", "until", 1_638_227_340_000_000),
    ("limit", "0", "limit", 0),
    ("limit", "007", "limit", 7),
    ("limit", "9" * 5000, "limit", 999_999_999),
    ("ascending", "true", "ascending", True),
    ("related_agents", "True", "related_agents", True),
    ("related_activities", "false", "related_activities", False),
    ("attachments", "true", "attachments", True),
    ("format", "canonical", "format", "canonical"),
]
NAMES = sorted({name for name, *_ in GOOD} | {"agent"})
BAD = [
    ("verb", "canary"),
    ("verb", ""),
    ("activity", "/canary"),
    ("registration", "{canary}"),
    ("statementId", ID[:-1]),
    ("since", "2021-11-29T23:09:00-00:00"),
    ("until", "canary"),
    ("limit", "-1"),
    ("limit", "1.0"),
    ("limit", "٣"),
    ("ascending", "1"),
    ("ascending", "TRUE"),
    ("format", "Exact"),
    ("agent", "canary"),
    ("agent", '{"name":"canary"}'),
    ("agent", '{"mbox":"mailto:canary@example.org","mbox":"mailto:canary@example.org"}'),
    ("agent", '{"mbox":"mailto:canary@example.org","openid":"http://canary.org"}'),
    ("agent", write(ANONYMOUS).decode()),
    ("agent", "[" * 100_000),
    ("canary", "x"),
    ("Verb", "http://example.org/canary"),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), GOOD)
def test_a_parameter_is_read(name, text, field, value):
    """Each parameter has the type of its value."""
    assert getattr(parse([(name, text)]), field) == value


@pytest.mark.parametrize("who", [AGENT, IDENTIFIED])
def test_an_agent_is_read_by_its_identifier(who):
    """An Agent or an identified Group, whatever else it says of itself."""
    found = parse([("agent", f" {write(who, space=' ').decode()}\n")]).agent
    assert found.ifi == from_arguments(agent={**who, "name": "other"}).agent.ifi


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_wrong_parameter_is_refused_without_its_value(name, text):
    """The refusal names the parameter, the rule and the section, and never what was sent."""
    with pytest.raises(InvalidRequest) as caught:
        parse([(name, text)])
    assert caught.value.section
    assert "canary" not in f"{caught.value}{caught.value.hint}".replace("parameter canary", "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [*TEXTS, LONG, "[" * 1000, "{" * 1000])
def test_whatever_stands_in_a_parameter(name, text):
    """Any text is read or refused with InvalidRequest, however long or deep."""
    try:
        found = parse([(name, text)])
    except InvalidRequest as error:
        found = error
    assert isinstance(found, StatementQuery | InvalidRequest)


@given(
    st.lists(st.tuples(st.sampled_from([*NAMES, "more", "Agent", ""]) | texts, st.sampled_from([ID, "true", "1", "http://a/b"]) | texts))
)
def test_any_parameters_are_read_or_refused(parameters):
    """Whatever combination of names and values comes: read, or refused with InvalidRequest."""
    try:
        found: Any = parse(parameters)
    except InvalidRequest as error:
        found = error
    assert isinstance(found, StatementQuery | InvalidRequest)
    assert "Query(...)" in repr(found) or isinstance(found, InvalidRequest)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("statementId", "voidedStatementId", "format", "attachments")])
@pytest.mark.parametrize("key", ["statementId", "voidedStatementId"])
def test_nothing_stands_beside_an_id(key, name):
    """With the id of a statement only format and attachments may be given; never the other id."""
    text = write(AGENT).decode() if name == "agent" else next(text for each, text, *_ in GOOD if each == name)
    assert parse([(key, ID), ("format", "ids"), ("attachments", "true")])
    with pytest.raises(InvalidRequest):
        parse([(key, ID), (name, text)])
    with pytest.raises(InvalidRequest):
        parse([("statementId", ID), ("voidedStatementId", ID)])


def test_a_parameter_stands_once():
    """A parameter that stands twice is refused, even with one value."""
    with pytest.raises(InvalidRequest):
        parse([("limit", "1"), ("limit", "1")])


def test_python_spells_the_same():
    """Dicts, datetimes, UUIDs, numbers and booleans are read as their texts are; None is left out."""
    moment = datetime(2021, 11, 29, 23, 9, tzinfo=timezone(timedelta(hours=1)))
    found = from_arguments(
        agent=AGENT, since=moment, until=moment.astimezone(UTC), registration=UUID(ID), limit=3, ascending=True, verb=None
    )
    assert (found.since, found.until) == (1_638_223_740_000_000, 1_638_223_740_000_000)
    assert (found.registration, found.limit, found.ascending, found.verb) == (UUID(ID), 3, True, None)
    beyond = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=1)))
    for wrong in (
        {"canary": 1},
        {"since": moment.replace(tzinfo=None)},
        {"agent": {"x": object()}},
        {"limit": 1.5},
        {"until": beyond},
    ):
        with pytest.raises(InvalidRequest):
            from_arguments(**wrong)
