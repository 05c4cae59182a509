"""When two statements are the same (xAPI 1.0.3 Data 2.3.1; IEEE 9274.1.1 4.2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.compare import same
from tests.xapi.strategies import VERSIONS, Number, read, statements, write
from tests.xapi.test_rules import ANONYMOUS, ATTACHMENT, IDENTIFIED, REFERENCE, SUB, V1, V2, put

WHOLE: dict[str, Any] = {
    "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df1",
    "actor": {"objectType": "Group", "mbox": "mailto:Team@example.org", "member": [{"mbox": "mailto:a@b.fr"}, {"openid": "http://o/1"}]},
    "verb": {"id": "http://example.org/did", "display": {"en": "did"}},
    "object": {"id": "http://example.org/a", "definition": {"name": {"en": "A"}}},
    "result": {
        "score": {"raw": Number("85"), "scaled": Number("0.1")},
        "success": True,
        "response": "Yes",
        "duration": "PT1.234S",
        "extensions": {"http://example.org/e": [Number("1"), {"A": "b", "c": None}]},
    },
    "context": {
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "instructor": {"mbox_sha1sum": "ab" * 20},
        "team": ANONYMOUS,
        "contextActivities": {"parent": [{"id": "http://example.org/p"}]},
        "language": "fr-FR",
        "statement": REFERENCE,
    },
    "timestamp": "2021-11-29T23:09:00.5Z",
    "stored": "2021-11-29T23:09:01Z",
    "authority": IDENTIFIED,
    "version": "1.0.0",
    "attachments": [ATTACHMENT],
}
TURNED = [*reversed(WHOLE["actor"]["member"])]
THE_SAME = {
    "a stored time of another store": put("stored", "2022-01-01T00:00:00Z", WHOLE),
    "another authority": put("authority", {"mbox": "mailto:x@y.z"}, WHOLE),
    "another version": put("version", "1.0.3", WHOLE),
    "an id in upper case": put("id", WHOLE["id"].upper(), WHOLE),
    "a registration in upper case": put("context/registration", WHOLE["context"]["registration"].upper(), WHOLE),
    "a reference in upper case": put("context/statement/id", REFERENCE["id"].upper(), WHOLE),
    "members in another order": put("actor/member", TURNED, WHOLE),
    "the domain of a mailbox in lower case": put("actor/mbox", "mailto:Team@EXAMPLE.org", WHOLE),
    "a hash in upper case": put("context/instructor/mbox_sha1sum", "AB" * 20, WHOLE),
    "another display of the verb": put("verb/display", {"fr": "fait"}, WHOLE),
    "another definition": put("object/definition", {"type": "http://example.org/t"}, WHOLE),
    "another definition in the context": put("context/contextActivities/parent/0/definition", {}, WHOLE),
    "one activity instead of a list of one": put("context/contextActivities/parent", {"id": "http://example.org/p"}, WHOLE),
    "the same time elsewhere": put("timestamp", "2021-11-30T00:09:00.500+01:00", WHOLE),
    "the same time in finer digits than are kept": put("timestamp", "2021-11-29T23:09:00.5000001Z", WHOLE),
    "a number with a fraction": put("result/score/raw", Number("85.0"), WHOLE),
    "a number with an exponent": put("result/score/raw", Number("8.5E1"), WHOLE),
    "a number in an extension": put("result/extensions", {"http://example.org/e": [Number("1.0"), {"c": None, "A": "b"}]}, WHOLE),
    "a duration that differs beyond 0.01 s": put("result/duration", "PT1.2399S", WHOLE),
    "a language tag in another case": put("context/language", "fr-fr", WHOLE),
    "a language map with a tag in another case": put("attachments/0/display", {"EN": ATTACHMENT["display"]["en"]}, WHOLE),
    "a sum in upper case": put("attachments/0/sha2", ATTACHMENT["sha2"].upper(), WHOLE),
}
NOT_THE_SAME = {
    "another id": put("id", REFERENCE["id"], WHOLE),
    "another actor": put("actor/mbox", "mailto:x@example.org", WHOLE),
    "the name of a mailbox in lower case": put("actor/mbox", "mailto:team@example.org", WHOLE),
    "a member more": put("actor/member", [*TURNED, {"mbox": "mailto:c@d.fr"}], WHOLE),
    "another verb": put("verb/id", "http://example.org/Did", WHOLE),
    "another activity": put("object/id", "http://example.org/a/../a", WHOLE),
    "another score": put("result/score/raw", Number("85.000000001"), WHOLE),
    "a score that floats can't tell from it": put("result/score/scaled", Number("0.1000000000000000001"), WHOLE),
    "a response in lower case": put("result/response", "yes", WHOLE),
    "true is not 1": put("result/extensions", {"http://example.org/e": [True, {"A": "b", "c": None}]}, WHOLE),
    "a string is no number": put("result/extensions", {"http://example.org/e": ["1", {"A": "b", "c": None}]}, WHOLE),
    "an extension in another order": put("result/extensions", {"http://example.org/e": [{"A": "b", "c": None}, Number("1")]}, WHOLE),
    "a duration that differs by 0.01 s": put("result/duration", "PT1.24S", WHOLE),
    "a duration in other units": put("result/duration", "PT0M1.234S", WHOLE),
    "a context activity more": put("context/contextActivities/other", [], WHOLE),
    "no context": {key: value for key, value in WHOLE.items() if key != "context"},
    "a platform": put("context/platform", "x", WHOLE),
}
ONLY_BEFORE_2 = {
    "another time": put("timestamp", "2021-11-29T23:09:00.500001Z", WHOLE),
    "an attachment of another kind": put("attachments/0/usageType", "http://example.org/u", WHOLE),
}


@pytest.mark.parametrize(("one", "other"), [("PT1S", "PT1.009S"), ("PT1.5S", "PT1.50S"), ("PT1.5S", "PT1,504S"), ("PT1.1M", "PT1.1M")])
def test_hundredths_of_a_second_are_compared(one, other):
    """Zeros at the end of a fraction, how it is written and what is beyond 0.01 s make no difference."""
    assert not differs(put("result/duration", one, WHOLE), put("result/duration", other, WHOLE), V1)


def differs(one: dict[str, Any], other: dict[str, Any], version: str) -> bool:
    """Tell whether two values are told apart, which is the same from both sides."""
    there, back = (same(write(first), write(second), version=version) for first, second in ((one, other), (other, one)))
    assert there == back
    return not there


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("other", THE_SAME.values(), ids=THE_SAME)
def test_what_makes_no_difference(other, version):
    """What a store may set or write in its own way, and letter case where it has no meaning, makes no other statement."""
    assert not differs(WHOLE, other, version)
    assert not differs(inside(WHOLE), inside(other), version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("other", NOT_THE_SAME.values(), ids=NOT_THE_SAME)
def test_what_makes_a_difference(other, version):
    """Everything else does."""
    assert differs(WHOLE, other, version)


def inside(statement: dict[str, Any]) -> dict[str, Any]:
    """Give a statement about this one as a SubStatement."""
    own = {key: value for key, value in statement.items() if key in ("actor", "verb", "object", "result", "context")}
    return put("object", {"objectType": "SubStatement", **own}, put("object", SUB))


@pytest.mark.parametrize("other", ONLY_BEFORE_2.values(), ids=ONLY_BEFORE_2)
def test_2_0_leaves_times_and_attachments_out(other):
    """IEEE 9274.1.1 lists timestamps and attachments among what is not compared; 1.0.3 counts them."""
    assert differs(WHOLE, other, V1)
    assert not differs(WHOLE, other, V2)


@pytest.mark.parametrize("missing", ["id", "timestamp", "stored", "authority", "version"])
def test_what_a_store_fills_in_may_be_missing(missing):
    """A statement before the store completed it is the same as after."""
    assert not differs(WHOLE, {key: value for key, value in WHOLE.items() if key != missing}, V1)


@given(st.sampled_from(VERSIONS), st.data())
def test_every_statement_is_itself_in_another_order(version, data):
    """A statement is the same as itself with its properties in another order, written with other white space and escapes."""
    raw = data.draw(statements(version))
    value = read(raw)
    turned = {key: value[key] for key in data.draw(st.permutations(list(value)))}
    assert same(raw, write(turned, space=" ", ascii_only=True), version=version)


@pytest.mark.parametrize("number", ["1e999999999", "-1e-999999999", "1" * 5000, "0." + "0" * 5000 + "1"])
def test_hostile_numbers_are_compared_at_once(number):
    """A number beyond what can be computed with is equal to itself and to no other, without taking long."""
    one = put("result/extensions", {"http://example.org/e": Number(number)}, WHOLE)
    assert not differs(one, one, V1)
    assert differs(one, WHOLE, V1)
