"""The named repairs: what each mends, and that it mends nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lrs.errors import ConfigurationError, InvalidStatement
from lrs.sources.repair import RULES, check_names, repaired
from lrs.xapi.rules import Checker
from tests.sources.bigbluebutton.spoken import MARK
from tests.sources.bigbluebutton.spoken import SAMPLES as SPOKEN
from tests.sources.spoken.bigbluebutton import ALPHA, BIGBLUEBUTTON
from tests.sources.spoken.marsha import MARSHA
from tests.sources.spoken.moodle import MOODLE
from tests.sources.spoken.pod import POD

SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
VIDEO = "https://w3id.org/xapi/video/extensions"


def opaque(*parts: bytes) -> str:
    """Stand in for the tenant's keys."""
    return f"00000000-0000-8000-8000-{abs(hash(parts)) % 10**12:012d}"


def apply(statement: Any, *rules: str) -> tuple[Any, tuple[str, ...]]:
    """Repair a statement -> (what it is then, the rules that changed it)."""
    found = repaired(json.dumps(statement).encode(), rules, opaque)
    return json.loads(found.statement), found.rules


def changed(statement: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """Copy a statement with another value at a place; None takes it out."""
    made = copy.deepcopy(statement)
    place = made
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    if to is None:
        del place[path[-1]]  # type: ignore[arg-type]
    else:
        place[path[-1]] = to  # type: ignore[index]
    return made


@pytest.mark.parametrize("name", RULES)
def test_each_rule_shows_before_and_after(name: str) -> None:
    """Its docstring has both, for the page of the reference."""
    text = RULES[name].__doc__ or ""
    assert "Before: " in text
    assert "After: " in text


def test_an_address_leaves_the_account() -> None:
    """Of whoever has one, wherever they stand; name and home page stay, and no other mailbox goes."""
    assert apply(MARSHA["site"], "marsha-mbox-in-account") == (
        changed(MARSHA["site"], "actor", "account", "mbox", to=None),
        ("marsha-mbox-in-account",),
    )
    account = {"homePage": "https://m.example.fr", "name": "7", "mbox": "mailto:zoe@example.fr"}
    team = {"objectType": "Group", "member": [{"account": account}, {"mbox": "mailto:ana@example.fr"}]}
    statement = {**MOODLE["viewed"], "context": {"instructor": {"account": account}, "team": team}}
    mended, _ = apply(statement, "marsha-mbox-in-account")
    assert "zoe@" not in json.dumps(mended)
    assert mended["context"]["team"]["member"][1] == {"mbox": "mailto:ana@example.fr"}
    Checker("1.0.3").check(json.dumps(mended).encode())


@pytest.mark.parametrize(
    ("identifier", "made"),
    [
        ("chimie 2026", "http://lms.example.fr/chimie%202026"),
        ("a/b?c", "http://lms.example.fr/a%2Fb%3Fc"),
        ("4E9A3F6E-7E0F-4A43-A4D7-9F1B8E5F3A21", "urn:uuid:4e9a3f6e-7e0f-4a43-a4d7-9f1b8e5f3a21"),
    ],
)
@pytest.mark.parametrize("as_array", [True, False])
def test_a_parent_gets_an_iri(identifier: str, made: str, *, as_array: bool) -> None:
    """Under the home page of the actor, or as a URN; in an array or alone. Then the statement is taken."""
    statement = copy.deepcopy(MARSHA["parent"])
    activities = statement["context"]["contextActivities"]
    activities["parent"][0]["id"] = identifier
    expected = {**activities["parent"][0], "id": made}
    if not as_array:
        activities["parent"] = activities["parent"][0]
    mended, rules = apply(statement, "non-iri-parent")
    assert rules == ("non-iri-parent",)
    assert mended["context"]["contextActivities"]["parent"] == ([expected] if as_array else expected)
    Checker("1.0.3").check(json.dumps(mended).encode())


def test_a_parent_that_can_not_be_named_is_left_out() -> None:
    """Where the actor has no account; the parents beside it stay."""
    statement = changed(MARSHA["parent"], "actor", to={"mbox": "mailto:a@example.fr"})
    statement["context"]["contextActivities"]["parent"].append({"id": "https://lms.example.fr/course"})
    mended, _ = apply(statement, "non-iri-parent")
    assert mended["context"]["contextActivities"]["parent"] == [{"id": "https://lms.example.fr/course"}]


def test_pod_is_taken_with_its_repairs() -> None:
    """A host becomes an address, and numbers are numbers again, with all their digits."""
    mended, rules = apply(POD, "host-as-home-page", "pod-numbers-as-text")
    assert rules == ("host-as-home-page", "pod-numbers-as-text")
    assert mended["actor"]["account"]["homePage"] == "https://pod.example.fr"
    assert mended["result"]["extensions"] == {
        f"{VIDEO}/time": 12.3,
        f"{VIDEO}/played-segments": "0.000[.]12.300",
        f"{VIDEO}/progress": 0.203,
    }
    assert mended["context"]["extensions"] == POD["context"]["extensions"] | {f"{VIDEO}/length": 60.5}
    raw = repaired(json.dumps(POD).encode(), ["pod-numbers-as-text"], opaque).statement
    assert b'time":12.300' in raw
    Checker("1.0.3").check(json.dumps(mended).encode())


@pytest.mark.parametrize("text", ["", "1e9", "NaN", "0x10", "01", "1,5", "12.3.4", " 1", "\u0661"])
def test_text_that_is_no_number_stays(text: str) -> None:
    """What JSON would not read as a number is none."""
    statement = changed(POD, "result", "extensions", f"{VIDEO}/time", to=text)
    assert apply(statement, "pod-numbers-as-text")[0]["result"]["extensions"][f"{VIDEO}/time"] == text


@pytest.mark.parametrize("home", ["https://pod.example.fr", "not a host", "", "-a.fr", "a..b"])
def test_only_a_host_becomes_an_address(home: str) -> None:
    """Addresses stay as they are, and nonsense is left for the rules to refuse."""
    statement = changed(POD, "actor", "account", "homePage", to=home)
    assert apply(statement, "host-as-home-page") == (statement, ())


def test_a_display_name_becomes_a_guest_of_the_sitting() -> None:
    """The same within one sitting, another in the next; nobody's name is left in the statement."""
    rules = ("bbb-display-name", "bbb-named-activity")
    join = SPOKEN[1]
    guest = apply(join, *rules)[0]["actor"]["account"]
    assert guest["homePage"] == "https://visio.example.fr"
    assert guest["name"].startswith("guest-")
    assert apply({**join, "timestamp": "2026-03-02T10:00:00Z"}, *rules)[0]["actor"]["account"] == guest
    other = changed(join, "context", "extensions", SESSION, to="another")
    assert apply(other, *rules)[0]["actor"]["account"] != guest
    for statement in SPOKEN:
        mended, _ = apply(changed(statement, "result", to=None) if "result" in statement else statement, *rules)
        assert MARK not in json.dumps({**mended, "object": {**mended["object"], "definition": {}}})
        assert "name" not in mended["object"]["definition"]


def test_nobody_is_the_platform() -> None:
    """``<unknown>`` is who creates and ends a meeting."""
    mended, _ = apply(BIGBLUEBUTTON["meeting-ended"], "bbb-display-name")
    assert mended["actor"]["account"] == {"homePage": "https://visio.example.fr", "name": "platform-itself"}


def test_a_verb_is_made_of_its_id() -> None:
    """As bbb-webhooks writes it where a hand is raised."""
    statement = SPOKEN[7]
    assert isinstance(statement["verb"], str)
    mended, rules = apply(statement, "bbb-verb-as-text")
    assert (mended["verb"], rules) == ({"id": statement["verb"]}, ("bbb-verb-as-text",))
    Checker("1.0.3").check(json.dumps(mended).encode())


def test_a_number_becomes_a_time() -> None:
    """Of a message, as the first versions write it; a text and a number that is no such time stay."""
    mended, rules = apply(ALPHA["message"], "bbb-number-as-time")
    assert (mended["timestamp"], rules) == ("2026-03-02T09:30:15.250Z", ("bbb-number-as-time",))
    for timestamp in ("1772443815250", 12, -1772443815250, 1772443815250.5, 10**14):
        assert apply({"timestamp": timestamp}, "bbb-number-as-time") == ({"timestamp": timestamp}, ())


def test_the_kind_of_somebody_leaves_its_list() -> None:
    """Wherever they stand; a list of anything else stays, for the rules to refuse."""
    listed = {"objectType": ["Agent"], "mbox": "mailto:zoe@example.fr"}
    statement = {"actor": listed, "object": {"objectType": ["Activity"], "id": "a:b"}, "context": {"instructor": listed}}
    right = listed | {"objectType": "Agent"}
    assert apply(statement, "moodle-kind-in-list")[0] == statement | {"actor": right, "context": {"instructor": right}}


def test_codes_of_languages_become_tags() -> None:
    """Wherever Moodle writes one; a tag, a code that makes none and one whose tag stands there already stay."""
    definition = {"type": "https://m.example.fr/t", "name": {"pt_br": "Química"}, "description": {"en_us": "Acids"}}
    statement = {
        **MOODLE["choices"],
        "verb": {"id": "https://m.example.fr/v", "display": {"pt_br": "respondeu"}},
        "object": {"id": "https://m.example.fr/o", "definition": definition},
        "context": {"language": "pt_br", "contextActivities": {"grouping": [{"id": "https://m.example.fr/g", "definition": definition}]}},
    }
    choices = [{"id": "1", "description": {"pt_br": "um"}}]
    statement["object"]["definition"] = {**definition, "interactionType": "choice", "choices": choices}
    with pytest.raises(InvalidStatement):
        Checker("1.0.3").check(json.dumps(statement).encode())
    mended, rules = apply(statement, "moodle-language-code")
    assert rules == ("moodle-language-code",)
    assert json.loads(json.dumps(statement).replace("_br", "-br").replace("_us", "-us")) == mended
    Checker("1.0.3").check(json.dumps(mended).encode())
    for name in ({"fr": "Chimie"}, {"fr_": "x"}, {"fr_ca": "a", "fr-ca": "b"}):
        kept = {"object": {"id": "a:b", "definition": {"name": name}}}
        assert apply(kept, "moodle-language-code") == (kept, ())


def test_a_statement_without_an_id_gets_one_that_stays() -> None:
    """The same for the same content, another for another; one that has an id keeps it, and one without a time gets none."""
    join = BIGBLUEBUTTON["user-joined"]
    first, rules = apply(join, "bbb-no-id")
    assert rules == ("bbb-no-id",)
    assert apply(dict(reversed(join.items())), "bbb-no-id")[0]["id"] == first["id"]
    assert apply({**join, "timestamp": "2026-03-02T09:31:00Z"}, "bbb-no-id")[0]["id"] != first["id"]
    assert apply(first, "bbb-no-id") == (first, ())
    assert apply(changed(join, "timestamp", to=None), "bbb-no-id")[1] == ()


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    "statement",
    [
        *MOODLE.values(),
        MARSHA["lti"],
        {"id": "1", **SPOKEN[1], "actor": {"mbox": "mailto:a@b.fr"}, "object": {"id": "a:b"}},
        [],
        7,
        "x",
        {},
    ],
    ids=[*MOODLE, "marsha", "class", "array", "number", "text", "empty"],
)
def test_what_is_right_or_unknown_stays_byte_for_byte(name: str, statement: Any) -> None:
    """A rule that finds nothing to mend gives back what came."""
    if name == "bbb-no-id" and isinstance(statement, dict) and statement:
        statement = {"id": "4e9a3f6e-7e0f-4a43-a4d7-9f1b8e5f3a21", **statement}
    for raw in (json.dumps(statement).encode(), json.dumps(statement, indent=1).encode()):
        assert repaired(raw, [name], opaque).statement == raw


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"actor":{"account":{"homePage":"\xff"}}}', b'{"verb":"a', b"[" * 5000, b'{"context":' * 3000]
)
def test_what_can_not_be_read_is_left_for_the_rules(raw: bytes) -> None:
    """No repair raises, whatever comes."""
    assert repaired(raw, RULES, opaque).statement == raw


def test_a_property_that_stands_twice_is_not_mended_away() -> None:
    """The repaired statement would have it once; so it is not repaired, and refused for what it is."""
    raw = json.dumps(POD).encode().replace(b'"verb"', b'"timestamp": "2026-03-02T09:30:15.250Z", "verb"', 1)
    found = repaired(raw, RULES, opaque)
    assert (found.statement, found.rules) == (raw, ())
    with pytest.raises(InvalidStatement):
        Checker("1.0.3").check(found.statement)


def test_an_unknown_rule_is_named_at_once() -> None:
    """When it is switched on, with the names that there are."""
    with pytest.raises(ConfigurationError) as refused:
        check_names(["marsha"])
    assert "marsha-mbox-in-account" in refused.value.hint
    assert check_names(["non-iri-parent", "bbb-no-id", "non-iri-parent"]) == ("bbb-no-id", "non-iri-parent")
