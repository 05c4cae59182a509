"""The rules of the statement data model, one by one: what each lets pass and what it refuses, where."""

from __future__ import annotations

import copy
import threading
from typing import Any
from uuid import UUID

import pytest

from lrs.errors import InvalidStatement
from lrs.xapi import memory
from lrs.xapi.memory import Memory
from lrs.xapi.model import Text, text_of
from lrs.xapi.rules import Checker, check_agent, check_authority, check_identified
from tests.xapi.strategies import Number, read, write

AGENT = {"objectType": "Agent", "name": "Canary Zéphyrine", "mbox": "mailto:canary@example.org"}
MEMBER = {"account": {"homePage": "https://lms.example.org", "name": "canary-account"}}
ANONYMOUS = {"objectType": "Group", "name": "canary group", "member": [AGENT, MEMBER]}
IDENTIFIED = {"objectType": "Group", "openid": "https://canary.example.org/group", "member": [MEMBER]}
ACTIVITY = {"objectType": "Activity", "id": "http://example.org/canary-activity"}
VERB = {"id": "http://example.org/canary-verb", "display": {"en-US": "canary did"}}
BASE = {"actor": AGENT, "verb": VERB, "object": ACTIVITY}
REFERENCE = {"objectType": "StatementRef", "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df0"}
ATTACHMENT = {
    "usageType": "http://example.org/canary-usage",
    "display": {"en": "canary file"},
    "contentType": "text/plain; charset=utf-8",
    "length": Number("27"),
    "sha2": "ab" * 32,
}
SUB = {"objectType": "SubStatement", "actor": AGENT, "verb": VERB, "object": ACTIVITY}
CHOICE = {"interactionType": "choice", "choices": [{"id": "canary-a"}, {"id": "b", "description": {"fr": "canary b"}}]}
EXTENSION = "http://example.org/canary-extension"
V1, V2 = "1.0.3", "2.0.0"
GONE = object()


def put(path: str, value: Any, base: dict[str, Any] = BASE) -> dict[str, Any]:
    """Give the base statement with one place changed; ``GONE`` removes it."""
    changed = copy.deepcopy(base)
    *steps, last = path.split("/")
    holder: Any = changed
    for step in steps:
        holder = holder[int(step)] if isinstance(holder, list) else holder.setdefault(step, {})
    if value is GONE:
        del holder[last]
    else:
        holder[int(last) if isinstance(holder, list) else last] = value
    return changed


def context(**members: Any) -> dict[str, Any]:
    """Give the base statement with a context."""
    return put("context", members)


def result(**members: Any) -> dict[str, Any]:
    """Give the base statement with a result."""
    return put("result", members)


def definition(**members: Any) -> dict[str, Any]:
    """Give the base statement with a definition of its activity."""
    return put("object/definition", members)


def score(**members: str) -> dict[str, Any]:
    """Give the base statement with a score."""
    return result(score={key: Number(value) for key, value in members.items()})


def attachment(key: str, value: Any) -> dict[str, Any]:
    """Give the base statement with an attachment of which one property is changed."""
    return put(f"attachments/0/{key}", value, put("attachments", [ATTACHMENT]))


def inside(statement: dict[str, Any]) -> dict[str, Any]:
    """Give the statement with all of this in a SubStatement."""
    return put("object", {"objectType": "SubStatement", **statement})


def related(kind: str, **members: Any) -> dict[str, Any]:
    """Give the base statement with a context agent or group, changed."""
    name, key, who = ("agent", "contextAgents", AGENT) if kind == "contextAgent" else ("group", "contextGroups", IDENTIFIED)
    item = {"objectType": kind, name: who, "relevantTypes": ["http://example.org/canary-type"]} | members
    return context(**{key: [{name: value for name, value in item.items() if value is not GONE}]})


GOOD = {
    "2.2 the least": BASE,
    "2.2 empty objects": put("result", {}, put("context", {}, put("object/definition", {}))),
    "2.4.1 id of any variant": put("id", "12345678-1234-5678-1234-567812345678"),
    "2.4.1 id in upper case": put("id", "AA97B177-9383-4934-8543-0F91A7A02836"),
    "2.4.2.1 mbox_sha1sum": put("actor", {"mbox_sha1sum": "AB" * 20}),
    "2.4.2.1 openid": put("actor", {"openid": "https://canary.example.org/"}),
    "2.4.2.1 account": put("actor", MEMBER),
    "2.4.2.1 name is empty": put("actor/name", ""),
    "2.4.2.2 anonymous group": put("actor", ANONYMOUS),
    "2.4.2.2 identified group": put("actor", IDENTIFIED),
    "2.4.2.2 identified group without members": put("actor", {"objectType": "Group", "mbox": "mailto:canary@example.org"}),
    "2.4.2.2 identified group with an empty list": put("actor", {"objectType": "Group", "mbox": "mailto:canary@example.org", "member": []}),
    "2.4.3 no display": put("verb", {"id": "http://example.org/v"}),
    "2.4.4 no objectType": put("object", {"id": "http://example.org/a"}),
    "2.4.4.1 scheme of one's own": put("object/id", "course-v1:FUN-MOOC+00002+session01"),
    "2.4.4.1 definition": definition(
        name={"zh-Hans-CN": "x", "sr-Cyrl": "y", "ase": "z", "fr-CA": "w"}, description={}, type="http://a/b", moreInfo="http://a/c"
    ),
    "2.4.4.1 choice": definition(**CHOICE, correctResponsesPattern=["a[,]b"]),
    "2.4.4.1 likert": definition(interactionType="likert", scale=[{"id": "1"}]),
    "2.4.4.1 matching": definition(interactionType="matching", source=[{"id": "1"}], target=[{"id": "1"}]),
    "2.4.4.1 performance": definition(interactionType="performance", steps=[]),
    "2.4.4.1 many long answers": definition(interactionType="long-fill-in", correctResponsesPattern=["canary" * 200] * 1000),
    "2.4.4.1 other": definition(interactionType="other", correctResponsesPattern=[]),
    "2.4.4.2 agent as object": put("object", AGENT),
    "2.4.4.2 group as object": put("object", ANONYMOUS),
    "2.4.4.3 reference": put("object", REFERENCE),
    "2.4.4.3 substatement": put(
        "object", {**SUB, "timestamp": "2031-11-29T23:09:00Z", "attachments": [ATTACHMENT], "context": {"team": ANONYMOUS}}
    ),
    "2.4.4.3 reference in a substatement": put("object", {**SUB, "object": REFERENCE}),
    "2.3.2 voiding": put("verb/id", "http://adlnet.gov/expapi/verbs/voided", put("object", REFERENCE)),
    "2.4.5 result": result(success=True, completion=False, response="canary", duration="PT4H35M59.14S", extensions={EXTENSION: None}),
    "2.4.5.1 score": score(scaled="-1", raw="1e2", min="85", max="100"),
    "2.4.5.1 raw on its bounds": score(raw="1", min="1.0", max="2"),
    "2.4.5.1 raw without bounds": score(raw="-12345.678e5"),
    "2.4.6 context": context(
        registration="EC531277-B57B-4C15-8D91-D292C5B2B8F7",
        instructor=IDENTIFIED,
        team=ANONYMOUS,
        revision="1",
        platform="canary",
        language="fr",
        statement=REFERENCE,
        extensions={},
    ),
    "2.4.6.2 single activities": context(
        contextActivities={"parent": ACTIVITY, "grouping": [ACTIVITY, ACTIVITY], "category": [], "other": ACTIVITY}
    ),
    "2.4.7 a space for the T": put("timestamp", "2008-09-15 15:53:00.601+00:00"),
    "2.4.7 in the future": put("timestamp", "2931-11-29T23:09:00Z"),
    "2.4.7 leap second": put("timestamp", "2016-12-31T23:59:60Z"),
    "2.4.8 stored": put("stored", "2008-09-15T15:53:00Z"),
    "2.4.9 agent": put("authority", AGENT),
    "2.4.9 application and user": put("authority", {"objectType": "Group", "member": [AGENT, MEMBER]}),
    "2.4.10 version": put("version", "1.0.9"),
    "2.4.10 version without patch": put("version", "1.0"),
    "2.4.11 attachment": put("attachments", [{**ATTACHMENT, "description": {"en": "x"}, "fileUrl": "https://a/b", "sha2": "AB" * 64}]),
    "2.6 signature": put(
        "attachments/0/contentType", "application/octet-stream", attachment("usageType", "http://adlnet.gov/expapi/attachments/signature")
    ),
    "4.1 any value": result(extensions={EXTENSION: {"a": [None, Number("1e2"), True, {"b": {}}]}, "urn:x:y": Number("1.10")}),
    "4.1 a string that looks like a key": result(extensions={EXTENSION: '\\":', "urn:x:y": ":x"}),
    "4.6 weeks": result(duration="P4W"),
    "4.6 finer than 0.01 s": result(duration="PT1.23456S"),
}
GOOD_UNDER_2 = {
    "4.2.2.5 agents": related("contextAgent"),
    "4.2.2.5 agents without types": related("contextAgent", relevantTypes=GONE),
    "4.2.2.5 groups": related("contextGroup"),
    "4.2.2.5 anonymous groups": related("contextGroup", group=ANONYMOUS),
    "4.2.2.5 no agents": context(contextAgents=[]),
    "4.2.4.3 2.0": put("version", "2.0.0"),
    "4.2.4.3 1.0": put("version", "1.0.3"),
}


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD)
def test_valid_statements_are_accepted(statement, version):
    """What the specification allows is accepted under both versions."""
    assert Checker(version).check(write(statement)).parts


@pytest.mark.parametrize(
    "statement", [value for key, value in GOOD.items() if set(value) <= {"actor", "verb", "object", "result", "context"}]
)
def test_valid_statements_are_accepted_as_substatements(statement):
    """What may stand in a statement may stand in a SubStatement, unless it has a SubStatement itself."""
    nested = statement["object"].get("objectType") == "SubStatement"
    if nested:
        with pytest.raises(InvalidStatement):
            Checker().check(write(inside(statement)))
    else:
        assert Checker().check(write(inside(statement))).parts


@pytest.mark.parametrize("statement", GOOD_UNDER_2.values(), ids=GOOD_UNDER_2)
def test_what_2_0_adds_is_refused_before(statement):
    """What IEEE 9274.1.1 adds is accepted under 2.0 only."""
    assert Checker(V2).check(write(statement)).parts
    if statement.get("version") != "1.0.3":
        with pytest.raises(InvalidStatement):
            Checker(V1).check(write(statement))


BAD = {
    "2.2 no actor": (put("actor", GONE), "$"),
    "2.2 no verb": (put("verb", GONE), "$"),
    "2.2 no object": (put("object", GONE), "$"),
    "2.2 unknown property": (put("canary", "x"), "$"),
    "2.2 case of a property": (put("Timestamp", "2008-09-15T15:53:00Z"), "$"),
    "2.2 null": (put("result", None), "$.result"),
    "2.2 actor is a string": (put("actor", "mailto:canary@example.org"), "$.actor"),
    "2.2 object is a list": (put("object", [ACTIVITY]), "$.object"),
    "2.2 success is a string": (result(success="true"), "$.result.success"),
    "2.2 success is a number": (result(success=Number("1")), "$.result.success"),
    "2.2 scaled is a string": (result(score={"scaled": "0.5"}), "$.result.score.scaled"),
    "2.2 scaled is a boolean": (result(score={"scaled": True}), "$.result.score.scaled"),
    "2.2 raw is beyond measure": (score(raw="1e999"), "$.result.score.raw"),
    "2.2 a number of 400 digits": (score(raw="9" * 400), "$.result.score.raw"),
    "2.4.1 id is a number": (put("id", Number("12345")), "$.id"),
    "2.4.1 id is too long": (put("id", "AA97B177-9383-4934-8543-0F91A7A028368"), "$.id"),
    "2.4.1 id has other letters": (put("id", "MA97B177-9383-4934-8543-0F91A7A02836"), "$.id"),
    "2.4.1 id without hyphens": (put("id", "aa97b1779383493485430f91a7a02836"), "$.id"),
    "2.4.1 id in braces": (put("id", "{aa97b177-9383-4934-8543-0f91a7a02836}"), "$.id"),
    "2.4.1 id is empty": (put("id", ""), "$.id"),
    "2.4.2 another objectType": (put("actor/objectType", "Person"), "$.actor.objectType"),
    "2.4.2 case of objectType": (put("actor/objectType", "agent"), "$.actor.objectType"),
    "2.4.2 objectType is a number": (put("actor/objectType", Number("1")), "$.actor.objectType"),
    "2.4.2.1 unknown property": (put("actor/email", "canary@example.org"), "$.actor"),
    "2.4.2.1 member": (put("actor/member", [MEMBER]), "$.actor.member"),
    "2.4.2.1 name is a number": (put("actor/name", Number("1")), "$.actor.name"),
    "2.4.2.1 no identifier": (put("actor", {"name": "canary"}), "$.actor"),
    "2.4.2.1 two identifiers": (put("actor/openid", "https://canary.example.org/"), "$.actor"),
    "2.4.2.2 neither identifier nor members": (put("actor", {"objectType": "Group", "name": "canary"}), "$.actor"),
    "2.4.2.2 anonymous and empty": (put("actor", {"objectType": "Group", "member": []}), "$.actor"),
    "2.4.2.2 member is an object": (put("actor", {**ANONYMOUS, "member": AGENT}), "$.actor.member"),
    "2.4.2.2 a group in a group": (put("actor", {**ANONYMOUS, "member": [AGENT, IDENTIFIED]}), "$.actor.member[1]"),
    "2.4.2.2 a group in an identified group": (put("actor", {**IDENTIFIED, "member": [ANONYMOUS]}), "$.actor.member[0]"),
    "2.4.2.2 a member without identifier": (put("actor", {**ANONYMOUS, "member": [{"name": "canary"}]}), "$.actor.member[0]"),
    "2.4.2.2 two identifiers": (put("actor", {**IDENTIFIED, **MEMBER}), "$.actor"),
    "2.4.2.3 mbox without mailto": (put("actor/mbox", "canary@example.org"), "$.actor.mbox"),
    "2.4.2.3 mbox without address": (put("actor/mbox", "mailto:canary"), "$.actor.mbox"),
    "2.4.2.3 mbox is an object": (put("actor/mbox", {"canary": 1}), "$.actor.mbox"),
    "2.4.2.3 sha1 is too short": (put("actor", {"mbox_sha1sum": "ab" * 19}), "$.actor.mbox_sha1sum"),
    "2.4.2.3 sha1 has other letters": (put("actor", {"mbox_sha1sum": "zz" * 20}), "$.actor.mbox_sha1sum"),
    "2.4.2.3 openid without scheme": (put("actor", {"openid": "canary.example.org"}), "$.actor.openid"),
    "2.4.2.4 account is a string": (put("actor", {"account": "canary"}), "$.actor.account"),
    "2.4.2.4 no homePage": (put("actor", {"account": {"name": "canary"}}), "$.actor.account"),
    "2.4.2.4 no name": (put("actor", {"account": {"homePage": "https://canary.example.org"}}), "$.actor.account"),
    "2.4.2.4 homePage without scheme": (put("actor", {"account": {"homePage": "canary.org", "name": "x"}}), "$.actor.account.homePage"),
    "2.4.2.4 name is a number": (put("actor", {"account": {"homePage": "https://a.b", "name": Number("1")}}), "$.actor.account.name"),
    "2.4.2.4 mbox in account": (put("actor", {"account": {**MEMBER["account"], "mbox": "mailto:canary@example.org"}}), "$.actor.account"),
    "2.4.3 no id": (put("verb/id", GONE), "$.verb"),
    "2.4.3 id without scheme": (put("verb/id", "canary"), "$.verb.id"),
    "2.4.3 id is empty": (put("verb/id", ""), "$.verb.id"),
    "2.4.3 display is a string": (put("verb/display", "canary"), "$.verb.display"),
    "2.4.3 unknown property": (put("verb/name", {"en": "canary"}), "$.verb"),
    "2.4.4 another objectType": (put("object/objectType", "activity"), "$.object.objectType"),
    "2.4.4 objectType is null": (put("object/objectType", None), "$.object.objectType"),
    "2.4.4.1 no id": (put("object/id", GONE), "$.object"),
    "2.4.4.1 id is relative": (put("object/id", "/canary/activity"), "$.object.id"),
    "2.4.4.1 id has a space": (put("object/id", "http://example.org/canary x"), "$.object.id"),
    "2.4.4.1 type without scheme": (definition(type="canary"), "$.object.definition.type"),
    "2.4.4.1 moreInfo is a number": (definition(moreInfo=Number("1")), "$.object.definition.moreInfo"),
    "2.4.4.1 unknown property": (definition(canary="x"), "$.object.definition"),
    "2.4.4.1 name is a string": (definition(name="canary"), "$.object.definition.name"),
    "2.4.4.1 another interactionType": (definition(interactionType="Choice"), "$.object.definition.interactionType"),
    "2.4.4.1 pattern without interactionType": (definition(correctResponsesPattern=[]), "$.object.definition"),
    "2.4.4.1 choices without interactionType": (definition(choices=[]), "$.object.definition"),
    "2.4.4.1 pattern is a string": (
        definition(interactionType="other", correctResponsesPattern="canary"),
        "$.object.definition.correctResponsesPattern",
    ),
    "2.4.4.1 pattern has a number": (
        definition(interactionType="other", correctResponsesPattern=["a", Number("1")]),
        "$.object.definition.correctResponsesPattern",
    ),
    "2.4.4.1 choices of a likert": (definition(interactionType="likert", choices=[]), "$.object.definition.choices"),
    "2.4.4.1 scale of a choice": (definition(interactionType="choice", scale=[]), "$.object.definition.scale"),
    "2.4.4.1 target of a sequencing": (definition(interactionType="sequencing", target=[]), "$.object.definition.target"),
    "2.4.4.1 steps of a fill-in": (definition(interactionType="fill-in", steps=[]), "$.object.definition.steps"),
    "2.4.4.1 component without id": (definition(interactionType="choice", choices=[{}]), "$.object.definition.choices[0]"),
    "2.4.4.1 component id is a number": (
        definition(interactionType="choice", choices=[{"id": Number("1")}]),
        "$.object.definition.choices[0].id",
    ),
    "2.4.4.1 component ids are equal": (
        definition(interactionType="choice", choices=[{"id": "canary"}, {"id": "canary"}]),
        "$.object.definition.choices[1].id",
    ),
    "2.4.4.1 component description": (
        definition(interactionType="choice", choices=[{"id": "x", "description": {"a12345678": "canary"}}]),
        "$.object.definition.choices[0].description.*",
    ),
    "2.4.4.1 component with more": (
        definition(interactionType="choice", choices=[{"id": "x", "canary": 1}]),
        "$.object.definition.choices[0]",
    ),
    "2.4.4.2 agent without objectType": (put("object", {"mbox": "mailto:canary@example.org"}), "$.object"),
    "2.4.4.3 reference without id": (put("object", {"objectType": "StatementRef"}), "$.object"),
    "2.4.4.3 reference to no UUID": (put("object", {**REFERENCE, "id": "canary"}), "$.object.id"),
    "2.4.4.3 reference with more": (put("object", {**REFERENCE, "definition": {}}), "$.object"),
    "2.4.4.3 substatement with id": (put("object", {**SUB, "id": REFERENCE["id"]}), "$.object"),
    "2.4.4.3 substatement with stored": (put("object", {**SUB, "stored": "2008-09-15T15:53:00Z"}), "$.object"),
    "2.4.4.3 substatement with authority": (put("object", {**SUB, "authority": AGENT}), "$.object"),
    "2.4.4.3 substatement with version": (put("object", {**SUB, "version": "1.0.0"}), "$.object"),
    "2.4.4.3 substatement in a substatement": (put("object", {**SUB, "object": SUB}), "$.object.object.objectType"),
    "2.4.4.3 substatement without actor": (put("object", {key: SUB[key] for key in SUB if key != "actor"}), "$.object"),
    "2.4.4.3 actor of a substatement": (put("object", {**SUB, "actor": {"name": "canary"}}), "$.object.actor"),
    "2.4.4.3 result of a substatement": (put("object", {**SUB, "result": {"duration": "canary"}}), "$.object.result.duration"),
    "2.4.4.3 timestamp of a substatement": (put("object", {**SUB, "timestamp": "canary"}), "$.object.timestamp"),
    "2.4.4.3 attachment of a substatement": (put("object", {**SUB, "attachments": [{}]}), "$.object.attachments[0]"),
    "2.3.2 voiding an activity": (put("verb/id", "http://adlnet.gov/expapi/verbs/voided"), "$.object"),
    "2.3.2 voiding in a substatement": (
        put("object", {**SUB, "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}),
        "$.object.object",
    ),
    "2.4.5 unknown property": (result(canary=1), "$.result"),
    "2.4.5 response is a number": (result(response=Number("1")), "$.result.response"),
    "2.4.5.1 score is a number": (result(score=Number("1")), "$.result.score"),
    "2.4.5.1 unknown property": (score(canary="1"), "$.result.score"),
    "2.4.5.1 scaled above 1": (score(scaled="1.0001"), "$.result.score.scaled"),
    "2.4.5.1 scaled below -1": (score(scaled="-1.1"), "$.result.score.scaled"),
    "2.4.5.1 raw below min": (score(raw="0.9", min="1"), "$.result.score.raw"),
    "2.4.5.1 raw above max": (score(raw="1e2", max="85"), "$.result.score.raw"),
    "2.4.5.1 min is max": (score(min="1", max="1.0"), "$.result.score.max"),
    "2.4.6 unknown property": (context(canary=1), "$.context"),
    "2.4.6 registration": (context(registration="canary"), "$.context.registration"),
    "2.4.6 instructor": (context(instructor={"name": "canary"}), "$.context.instructor"),
    "2.4.6 instructor is an activity": (context(instructor=ACTIVITY), "$.context.instructor"),
    "2.4.6 team is an agent": (context(team=AGENT), "$.context.team"),
    "2.4.6 team says nothing": (context(team={"mbox": "mailto:canary@example.org"}), "$.context.team"),
    "2.4.6 member of the team": (context(team={**ANONYMOUS, "member": [{"mbox": "canary"}]}), "$.context.team.member[0].mbox"),
    "2.4.6 language": (context(language="en_US"), "$.context.language"),
    "2.4.6 language is too long": (context(language="a12345678"), "$.context.language"),
    "2.4.6 revision is a number": (context(revision=Number("1")), "$.context.revision"),
    "2.4.6 revision of no activity": (put("context", {"revision": "canary"}, put("object", AGENT)), "$.context.revision"),
    "2.4.6 platform of no activity": (put("context", {"platform": "canary"}, put("object", REFERENCE)), "$.context.platform"),
    "2.4.6 platform of a substatement": (put("context", {"platform": "canary"}, put("object", SUB)), "$.context.platform"),
    "2.4.6 statement is a UUID": (context(statement=REFERENCE["id"]), "$.context.statement"),
    "2.4.6 statement is no reference": (context(statement={**REFERENCE, "objectType": "Activity"}), "$.context.statement.objectType"),
    "2.4.6.2 another key": (context(contextActivities={"parents": []}), "$.context.contextActivities"),
    "2.4.6.2 a string": (context(contextActivities={"parent": "http://canary.org"}), "$.context.contextActivities.parent"),
    "2.4.6.2 a single one": (context(contextActivities={"parent": {"id": "canary"}}), "$.context.contextActivities.parent.id"),
    "2.4.6.2 one of several": (context(contextActivities={"other": [ACTIVITY, {}]}), "$.context.contextActivities.other[1]"),
    "2.4.6.2 an agent": (context(contextActivities={"parent": [AGENT]}), "$.context.contextActivities.parent[0]"),
    "2.4.6.2 a reference": (context(contextActivities={"parent": REFERENCE}), "$.context.contextActivities.parent.objectType"),
    "2.4.7 a word": (put("timestamp", "canary"), "$.timestamp"),
    "2.4.7 a date": (put("timestamp", "01/011/2015"), "$.timestamp"),
    "2.4.7 -00": (put("timestamp", "2008-09-15T15:53:00.601-00"), "$.timestamp"),
    "2.4.7 -0000": (put("timestamp", "2008-09-15T15:53:00.601-0000"), "$.timestamp"),
    "2.4.7 -00:00": (put("timestamp", "2008-09-15T15:53:00.601-00:00"), "$.timestamp"),
    "2.4.7 no such day": (put("timestamp", "2021-02-29T00:00:00Z"), "$.timestamp"),
    "2.4.7 a number": (put("timestamp", Number("1221494000")), "$.timestamp"),
    "2.4.8 stored": (put("stored", "canary"), "$.stored"),
    "2.4.9 authority": (put("authority", {"name": "canary"}), "$.authority"),
    "2.4.9 group of three": (put("authority", {"objectType": "Group", "member": [AGENT, MEMBER, MEMBER]}), "$.authority"),
    "2.4.9 group of one": (put("authority", {"objectType": "Group", "member": [AGENT]}), "$.authority"),
    "2.4.9 group without an application": (put("authority", {"objectType": "Group", "member": [AGENT, AGENT]}), "$.authority"),
    "2.4.9 identified group": (put("authority", {**IDENTIFIED, "member": [AGENT, MEMBER]}), "$.authority"),
    "2.4.10 0.9.9": (put("version", "0.9.9"), "$.version"),
    "2.4.10 1.1.0": (put("version", "1.1.0"), "$.version"),
    "2.4.10 1.": (put("version", "1.0."), "$.version"),
    "2.4.10 no number": (put("version", "1.0.z"), "$.version"),
    "2.4.10 a number": (put("version", Number("1.0")), "$.version"),
    "2.4.11 an object": (put("attachments", ATTACHMENT), "$.attachments"),
    "2.4.11 usageType": (attachment("usageType", "canary"), "$.attachments[0].usageType"),
    "2.4.11 no usageType": (attachment("usageType", GONE), "$.attachments[0]"),
    "2.4.11 no display": (attachment("display", GONE), "$.attachments[0]"),
    "2.4.11 display": (attachment("display", {"x_y": "canary"}), "$.attachments[0].display.*"),
    "2.4.11 description": (attachment("description", "canary"), "$.attachments[0].description"),
    "2.4.11 contentType": (attachment("contentType", "canary"), "$.attachments[0].contentType"),
    "2.4.11 length is a string": (attachment("length", "5555"), "$.attachments[0].length"),
    "2.4.11 length is negative": (attachment("length", Number("-1")), "$.attachments[0].length"),
    "2.4.11 length is a fraction": (attachment("length", Number("27.5")), "$.attachments[0].length"),
    "2.4.11 sha2": (attachment("sha2", "ab" * 20), "$.attachments[0].sha2"),
    "2.4.11 fileUrl": (attachment("fileUrl", "canary/file"), "$.attachments[0].fileUrl"),
    "2.4.11 unknown property": (attachment("name", "canary"), "$.attachments[0]"),
    "2.6 signature as text": (attachment("usageType", "http://adlnet.gov/expapi/attachments/signature"), "$.attachments[0].contentType"),
    "4.1 a list": (result(extensions=["canary"]), "$.result.extensions"),
    "4.1 null": (context(extensions=None), "$.context.extensions"),
    "4.1 key without scheme": (context(extensions={"canary": 1}), "$.context.extensions.*"),
    "4.1 key is empty": (definition(extensions={"": "canary"}), "$.object.definition.extensions.*"),
    "4.1 number beyond measure": (result(extensions={EXTENSION: Number("1e999")}), "$.result.extensions.*"),
    "4.1 context activity": (
        context(contextActivities={"parent": {**ACTIVITY, "definition": {"extensions": {"canary": 1}}}}),
        "$.context.contextActivities.parent.definition.extensions.*",
    ),
    "4.2 tag": (put("verb/display", {"a12345678": "canary"}), "$.verb.display.*"),
    "4.2 a number": (put("verb/display", {"en": Number("1")}), "$.verb.display"),
    "4.2 null": (definition(description={"en": None}), "$.object.definition.description"),
    "4.6 weeks and days": (result(duration="P4W1D"), "$.result.duration"),
    "4.6 a number": (result(duration=Number("12")), "$.result.duration"),
    "4.6 the alternative form": (result(duration="P0003-01-29T04:35:59"), "$.result.duration"),
}
BAD_UNDER_2 = {
    "4.2.2.5 agents are an object": (context(contextAgents={"objectType": "contextAgent", "agent": AGENT}), "$.context.contextAgents"),
    "4.2.2.5 another objectType": (related("contextAgent", objectType="Agent"), "$.context.contextAgents[0].objectType"),
    "4.2.2.5 no objectType": (related("contextAgent", objectType=GONE), "$.context.contextAgents[0]"),
    "4.2.2.5 no agent": (related("contextAgent", agent=GONE), "$.context.contextAgents[0]"),
    "4.2.2.5 agent is a group": (related("contextAgent", agent=IDENTIFIED), "$.context.contextAgents[0].agent"),
    "4.2.2.5 agent is invalid": (related("contextAgent", agent={"key": "canary"}), "$.context.contextAgents[0].agent"),
    "4.2.2.5 no types": (related("contextAgent", relevantTypes=[]), "$.context.contextAgents[0].relevantTypes"),
    "4.2.2.5 type is no IRI": (related("contextAgent", relevantTypes=["canary"]), "$.context.contextAgents[0].relevantTypes[0]"),
    "4.2.2.5 more": (related("contextAgent", member=[]), "$.context.contextAgents[0]"),
    "4.2.2.5 group is an agent": (related("contextGroup", group=AGENT), "$.context.contextGroups[0].group"),
    "4.2.2.5 group is invalid": (related("contextGroup", group={"key": "canary"}), "$.context.contextGroups[0].group"),
    "4.2.2.5 contextGroup's objectType": (related("contextGroup", objectType="contextAgent"), "$.context.contextGroups[0].objectType"),
    "4.2.2.5 contextGroup's types": (related("contextGroup", relevantTypes=["abc"]), "$.context.contextGroups[0].relevantTypes[0]"),
    "4.2.4.3 3.0": (put("version", "3.0.0"), "$.version"),
    "4.2.7 no zone": (put("timestamp", "2008-09-15T15:53:00"), "$.timestamp"),
}


def leaves(value: Any) -> list[str]:
    """Give the strings of a statement that are the sender's own."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in leaves(item)]
    if isinstance(value, list):
        return [text for item in value for text in leaves(item)]
    return [value] if isinstance(value, str) and not isinstance(value, Number) else []


VOCABULARY = {
    "Agent",
    "Group",
    "Activity",
    "StatementRef",
    "SubStatement",
    "contextAgent",
    "contextGroup",
    "choice",
    "likert",
    "sequencing",
}
VOCABULARY |= {"fill-in", "other", "true", "1.0.", "", "a", "b", "x", "1", "http://adlnet.gov/expapi/attachments/signature"}


def refusal(raw: bytes, version: str) -> InvalidStatement:
    """Give the error that checking this raises."""
    with pytest.raises(InvalidStatement) as caught:
        Checker(version).check(raw, index=7)
    return caught.value


def says_nothing(error: InvalidStatement, statement: Any) -> None:
    """Assert that an error holds no value and no key of the sender's own."""
    shown = f"{error} {error.hint} {error!r} {error.path} {error.args}"
    assert not [text for text in leaves(statement) if text not in VOCABULARY and text in shown]
    assert "canary" not in shown


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize(("statement", "path"), BAD.values(), ids=BAD)
def test_invalid_statements_are_refused(statement, path, version):
    """What breaks a rule is refused at its place, naming the section, and without a word of the sender's."""
    error = refusal(write(statement), version)
    assert (error.path, error.index) == (path, 7)
    assert error.section.startswith("xAPI 1.0.3 Data " if version == V1 else "IEEE 9274.1.1 4.2.")
    says_nothing(error, statement)


@pytest.mark.parametrize(("statement", "path"), BAD_UNDER_2.values(), ids=BAD_UNDER_2)
def test_what_2_0_refuses(statement, path):
    """What breaks a rule of IEEE 9274.1.1 alone is refused at its place."""
    error = refusal(write(statement), V2)
    assert error.path == path
    says_nothing(error, statement)


@pytest.mark.parametrize(
    ("statement", "path"), [value for value in BAD.values() if set(value[0]) <= {"actor", "verb", "object", "result", "context"}]
)
def test_what_is_refused_in_a_statement_is_refused_in_a_substatement(statement, path):
    """The rules hold inside a SubStatement too, and the path tells so."""
    error = refusal(write(inside(statement)), V1)
    nested = isinstance(statement.get("object"), dict) and statement["object"].get("objectType") == "SubStatement"
    if not nested:
        assert error.path == f"$.object{path[1:]}"
    says_nothing(error, statement)


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize(("statement", "path"), list(BAD.values())[::5])
def test_a_refusal_is_not_remembered(statement, path, version):
    """A fragment that was refused is refused again by the same checker, and one that passed passes again."""
    checker = Checker(version)
    for _ in range(2):
        with pytest.raises(InvalidStatement) as caught:
            checker.check(write(statement))
        assert caught.value.path == path
        assert checker.check(write(BASE)).parts


TWICE = {
    "$": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"verb":%(verb)b}',
    "$ with white space": b'{"actor":%(agent)b,"verb" :%(verb)b,"object"\t:\n%(activity)b,"verb"\r\n:%(verb)b}',
    "$ in escapes": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"v\\u0065rb":%(verb)b}',
    "$.actor": b'{"actor":{"mbox":"mailto:a@b.fr","mbox" :"mailto:canary@b.fr"},"verb":%(verb)b,"object":%(activity)b}',
    "$.actor.account": (
        b'{"actor":{"account":{"homePage":"http://a.b","name":"x","name":"canary"}},"verb":%(verb)b,"object":%(activity)b}'
    ),
    "$.verb.display": b'{"actor":%(agent)b,"verb":{"id":"http://a/b","display":{"en":"x","en":"canary"}},"object":%(activity)b}',
    "$.object.definition.choices[1]": (
        b'{"actor":%(agent)b,"verb":%(verb)b,"object":{"id":"http://a/b","definition":{"interactionType":"choice","choices":'
        b'[{"id":"x"},{"id":"y","id":"canary"}]}}}'
    ),
    "$.result": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"result":{"success":true,"success":true}}',
    "$.result once of another type": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"result":{"success":"x","success":true}}',
    "$.result.score": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"result":{"score":{"raw":1,"raw":1}}}',
    "$.result.score once null": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"result":{"score":{"raw":null,"raw":1}}}',
    "$.result.extensions": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"result":{"extensions":{"a:b":1,"a:b" :2}}}',
    "$.result.extensions.*[0].*": (
        b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"result":{"extensions":{"a:b":[{"canary":{"x":1,"x" :2}}]}}}'
    ),
    "$.context": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"context":{"platform":"x","platform":"canary"}}',
    "$.context once of another type": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"context":{"platform":1,"platform":"canary"}}',
    "$.context.contextActivities": (
        b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"context":{"contextActivities":{"parent":[],"parent":[]}}}'
    ),
    "$.attachments[0].display": (
        b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"attachments":[{"usageType":"a:b","display":{"en":"x","en":"y"},'
        b'"contentType":"a/b","length":1,"sha2":"%(sha2)b"}]}'
    ),
    "$.authority": b'{"actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,"authority":{"mbox":"mailto:a@b.fr","mbox":"mailto:a@b.fr"}}',
    "$.object.result.extensions": (
        b'{"actor":%(agent)b,"verb":%(verb)b,"object":{"objectType":"SubStatement","actor":%(agent)b,"verb":%(verb)b,"object":%(activity)b,'
        b'"result":{"extensions":{"a:b":1,"a:b":1}}}}'
    ),
}


@pytest.mark.parametrize(("path", "text"), TWICE.items(), ids=TWICE)
def test_a_property_twice_is_refused_where_it_stands(path, text):
    """A property that stands twice is refused at its object, at any depth and however it is spaced; decoders keep the last one silently."""
    parts = {b"agent": AGENT, b"verb": VERB, b"activity": ACTIVITY}
    raw = text % ({key: write(value) for key, value in parts.items()} | {b"sha2": b"ab" * 32})
    error = refusal(raw, V1)
    assert error.path == path.partition(" ")[0]
    assert "twice" in error.rule
    says_nothing(error, {})


@pytest.mark.parametrize(
    "value",
    [rb'"\":"', rb'":"', rb'"\\"', rb'"\\\":"', rb'"a\\\\"', rb'["\"",":",{"x\":":1}]', rb'{"a" : {"b"	: ":" } }', rb'"\u0022\u003a"'],
)
def test_strings_that_look_like_keys_are_no_duplicates(value):
    """Quotes, backslashes and colons inside strings, and white space around colons, are not taken for a second key."""
    raw = write(BASE)[:-1] + b',"result":{"extensions":{"a:b":' + value + b"}}}"
    statement = Checker(V1, keeps=lambda _iri: True).check(raw)
    assert read(text_of(statement))["result"]["extensions"]["a:b"] == read(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"canary"',
        b"{",
        b'{"actor":',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"verb":' + b"[" * 100_000,
        b'{"a":"\xff"}',
    ],
)
def test_what_is_no_statement_is_refused(raw):
    """Something else than an object, or no JSON at all, is refused at the root."""
    assert refusal(raw, V1).path == "$"


@pytest.mark.parametrize("value", [rb'"\ud800"', b'"\xff"', b'"\xed\xa0\x80"', rb'{"a":"\udc00x"}'])
def test_text_that_can_not_be_read_back_is_refused(value):
    """A lone surrogate and bytes that are not UTF-8 are refused wherever they stand."""
    for place in (b'"result":{"response":%b}', b'"result":{"extensions":{"a:b":%b}}', b'"context":{"platform":%b}', b'"timestamp":%b'):
        error = refusal(write(BASE)[:-1] + b"," + place % value + b"}", V1)
        assert error.path.startswith("$")
    for key in (b"actor", b"verb", b"object"):
        refusal(
            write({name: item for name, item in BASE.items() if name != key.decode()})[:-1]
            + b',"%b":{"id":%b,"name":%b}}' % (key, value, value),
            V1,
        )


@pytest.mark.parametrize(("levels", "path"), [(99, None), (100, None), (101, "$.context.extensions.*"), (5000, "$")])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_has_a_limit(levels, path, start, end):
    """An extension's value may be nested 100 levels deep, in arrays or objects, whatever the interpreter could take."""
    raw = write(BASE)[:-1] + b',"context":{"extensions":{"a:b":' + start * levels + b"1" + end * levels + b"}}}"
    if path is None:
        assert Checker(V1, keeps=lambda _iri: True).check(raw).parts
    else:
        error = refusal(raw, V1)
        assert error.path == path
        assert "nested" in error.rule


def test_what_a_statement_says_of_itself():
    """Ids, times, activities and attachments are read off the statement; UUIDs in lower case, times in UTC."""
    raw = write(
        {
            **context(
                registration="EC531277-B57B-4C15-8D91-D292C5B2B8F7",
                statement=REFERENCE,
                contextActivities={"parent": {"id": "http://a/parent", "definition": {"type": "http://a/t"}}, "other": [ACTIVITY]},
            ),
            "id": "AA97B177-9383-4934-8543-0F91A7A02836",
            "timestamp": "2021-11-29T23:09:00.1234567+01:00",
            "attachments": [{**ATTACHMENT, "sha2": "AB" * 32}],
        }
    )
    statement = Checker().check(raw)
    assert statement.id == UUID("aa97b177-9383-4934-8543-0f91a7a02836")
    assert statement.registration == UUID("ec531277-b57b-4c15-8d91-d292c5b2b8f7")
    assert statement.timestamp == 1_638_223_740_123_456
    assert (statement.verb, statement.activity) == (VERB["id"], ACTIVITY["id"])
    assert statement.related == ("http://a/parent",)
    assert statement.version == "1.0.0"
    assert (statement.reference, statement.voids, statement.authority) == (None, False, None)
    assert [(seen.activity, seen.json) for seen in statement.definitions] == [("http://a/parent", b'{"type":"http://a/t"}')]
    assert [(seen.sha2, seen.length, seen.sub) for seen in statement.attachments] == [("ab" * 32, 27, False)]


@pytest.mark.parametrize("first", ["registration", "extensions"])
def test_what_stands_twice_is_put_apart_where_it_belongs(first):
    """A registration, or a response, that stands somewhere else as well is set apart in its own place alone."""
    same = "ec531277-b57b-4c15-8d91-d292c5b2b8f7"
    both = {"registration": same, "extensions": {"http://a/session": same}}
    sent = {
        **context(**{key: both[key] for key in sorted(both, key=lambda key: key != first)}),
        "result": {"response": "x", "extensions": {"a:b": "x"}},
    }
    statement = Checker(V1, keeps=lambda _iri: True).check(write(sent))
    assert statement.registration == UUID(same)
    assert read(text_of(statement)) == {**sent, "version": "1.0.0"}
    clear = b"".join(part for part in statement.parts if isinstance(part, bytes))
    assert clear.count(same.encode()) == 1
    assert b'"http://a/session":"%b"' % same.encode() in clear
    assert [(part.place, part.json) for part in statement.parts if isinstance(part, Text)] == [("response", b'"x"')]


@pytest.mark.parametrize(("version", "shown"), [(V1, "2021-11-29 00:09:00.10+01:00"), (V2, "2021-11-28T23:09:00.10Z")])
@pytest.mark.parametrize("where", ["timestamp", "object/timestamp"])
def test_2_0_brings_timestamps_to_utc(version, shown, where):
    """Under 2.0 a timestamp comes back in UTC with all of its digits, in a SubStatement too; under 1.0.3 it comes back as it was sent."""
    statement = put(where, "2021-11-29 00:09:00.10+01:00", put("object", SUB))
    back = read(text_of(Checker(version).check(write(statement))))
    assert back == put("version", back["version"], put(where, shown, statement))


def test_what_a_substatement_adds():
    """The activities, definitions and attachments of a SubStatement count among the statement's; its reference and registration don't."""
    sub = {
        **SUB,
        "object": {**ACTIVITY, "definition": {}},
        "attachments": [ATTACHMENT],
        "context": {"registration": REFERENCE["id"], "contextActivities": {"grouping": {"id": "http://a/g"}}},
    }
    statement = Checker().check(write(put("object", sub)))
    assert statement.activity == ""
    assert statement.related == (ACTIVITY["id"], "http://a/g")
    assert [seen.activity for seen in statement.definitions] == [ACTIVITY["id"]]
    assert [seen.sub for seen in statement.attachments] == [True]
    assert statement.registration is None
    assert [part.detail for part in statement.parts if isinstance(part, Text)] == ["registration", "sha2"]
    assert Checker().check(write(put("object", {**SUB, "object": REFERENCE}))).reference is None


def test_a_voiding_statement():
    """A voiding statement says so, and whom it voids."""
    statement = Checker().check(write(GOOD["2.3.2 voiding"]))
    assert statement.voids
    assert statement.reference == UUID(REFERENCE["id"])


@pytest.mark.parametrize(
    "value",
    [b'{"$p":0}', b'{"$b":0}', b'{ "$o" : 0 }', b'{"\\u0024r":0}', b'[1,{"a":{"$s":0}}]', b'{"a":1,"$p":2}', b'{"$":[]}'],
)
@pytest.mark.parametrize(
    "path",
    [
        b'"result":{"extensions":{"a:b":%b}}',
        b'"context":{"contextActivities":{"parent":{"id":"a:b","definition":{"extensions":{"a:b":%b}}}}}',
    ],
)
def test_a_placeholder_can_not_be_forged(value, path):
    """An extension value that could pass for a placeholder never stays in the bytes, whatever the caller keeps."""
    statement = Checker(V1, keeps=lambda _iri: True).check(write(BASE)[:-1] + b"," + path % value + b"}")
    assert [(part.json, part.place, part.detail) for part in statement.parts if isinstance(part, Text)] == [(value, "reserved", "a:b")]
    assert not any(b"$" in part for part in statement.parts if isinstance(part, bytes))
    assert not any(b"$" in seen.json for seen in statement.definitions)


def test_definitions_hold_no_text_that_the_statement_has_apart():
    """An extension of an activity that is cut out of the statement is left out of the activity's definition too."""
    extensions = {"http://a/kept": Number("1.10"), "http://a/free": "canary"}
    statement = Checker(V1, keeps=lambda iri: iri.endswith("kept")).check(write(definition(name={"en": "x"}, extensions=extensions)))
    assert [read(seen.json) for seen in statement.definitions] == [{"name": {"en": "x"}, "extensions": {"http://a/kept": Number("1.10")}}]
    assert read(text_of(statement))["object"]["definition"]["extensions"] == extensions


def test_threads_share_a_checker():
    """Threads that use one checker, whose memory overflows all the time, get what each would get alone."""
    checker = Checker(V2, capacity=200)
    raws = [write(put("actor", {"mbox": f"mailto:p{n}@example.org"}, statement)) for n, statement in enumerate(GOOD.values())]
    alone = [text_of(Checker(V2).check(raw)) for raw in raws]
    failures: list[Any] = []

    def work() -> None:
        for _ in range(20):
            failures.extend(raw for raw, text in zip(raws, alone, strict=True) if text_of(checker.check(raw)) != text)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert 0 < len(checker._actors) < len(raws) / 2


@pytest.mark.parametrize("capacity", [memory.CAPACITY, 100_000])
def test_memory_is_bounded(capacity):
    """A memory holds no more than its capacity, nothing that is long, and nothing once it was told to forget."""
    kept: Memory[str] = Memory(capacity)
    for n in range(2 * capacity // 4000):
        kept.keep(b'{"a":"%b","n":%d}' % (b"x" * 3980, n), "$", "checked")
    assert capacity / 2 < sum(map(len, kept)) <= capacity + memory.LONGEST
    long = b'"%b"' % (b"x" * memory.LONGEST)
    assert kept.keep(long, "$", "checked") == ("checked", 1)
    assert long not in kept
    kept.clear()
    assert not kept


def test_forgetting_drops_whatever_was_remembered():
    """After forget() no byte of a statement is left in the checker, nor in what it refers to."""
    checker = Checker(V2)
    statement = {
        **context(instructor=AGENT, team=ANONYMOUS, extensions={EXTENSION: 1}, contextActivities={"parent": ACTIVITY}),
        "object": SUB,
    }
    checker.check(write(statement))
    assert "canary" in everything(checker)
    checker.forget()
    assert "canary" not in everything(checker)


def everything(thing: Any) -> str:
    """Give a text of all that an object holds, all the way down through its attributes."""
    if isinstance(thing, dict):
        return " ".join(everything(item) for pair in thing.items() for item in pair)
    if isinstance(thing, (list, tuple)):
        return " ".join(map(everything, thing))
    if isinstance(thing, bytes):
        return thing.decode("utf-8", "replace")
    return everything(vars(thing)) if type(thing).__module__.startswith("lrs.") and hasattr(thing, "__dict__") else str(thing)


def test_people_are_checked_on_their_own():
    """An agent parameter and an authority are checked like those in statements; a group that nobody identifies is no agent parameter."""
    person = check_identified(b" " + write(AGENT) + b"\n")
    assert read(person.json) == AGENT
    assert "Canary" not in repr(person)
    assert check_identified(write(IDENTIFIED)).is_group
    parts, persons = check_agent(write(ANONYMOUS))
    assert [read(found.json) for found in persons] == [AGENT, MEMBER]
    assert parts[0].startswith(b'{"objectType":"Group","name":')
    assert check_authority(write({"objectType": "Group", "member": [AGENT, MEMBER]})).roles == (13, 13)
    for check, value in ((check_identified, ANONYMOUS), (check_identified, {"name": "canary"}), (check_authority, IDENTIFIED)):
        with pytest.raises(InvalidStatement) as caught:
            check(write(value))
        says_nothing(caught.value, value)


def test_long_extension_keys_are_not_remembered():
    """Sets of keys that are long are checked anew each time, so that no sender can fill the memory with them."""
    checker = Checker(keeps=lambda _iri: True)
    for n in range(3):
        checker.check(write(result(extensions={f"http://example.org/{n}/{'x' * memory.LONGEST}": 1, EXTENSION: 2})))
    assert "xxx" not in everything(checker)
    assert checker.check(write(result(extensions={EXTENSION: 2}))).parts
    assert "canary-extension" in everything(checker)
