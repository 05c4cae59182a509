"""Platforms that speak xAPI: what of theirs is taken as it comes, what is refused, with the place, and which repairs it then needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.errors import InvalidStatement
from lrs.sources.profiles import profile
from lrs.sources.repair import repaired
from lrs.xapi.rules import Checker
from tests.sources.spoken import bigbluebutton, marsha, moodle, pod

VERSIONS = ["1.0.3", "2.0.0"]
OPAQUE = "00000000-0000-8000-8000-000000000000"
TAKEN = {
    **{f"moodle {name}": one for name, one in moodle.MOODLE.items()},
    **{f"marsha {name}": one for name, one in marsha.MARSHA.items() if name not in marsha.FAULTY},
    **{f"bigbluebutton {name}": one for name, one in bigbluebutton.BIGBLUEBUTTON.items()},
}
MARSHA_REPAIRS = ("host-as-home-page", "marsha-mbox-in-account", "non-iri-parent")
REFUSED = {
    "moodle's kind in a list": (moodle.KIND_IN_LIST, "$.actor.objectType", ("moodle-kind-in-list",)),
    "marsha's mbox in an account": (marsha.MARSHA["site"], "$.actor.account", MARSHA_REPAIRS),
    "marsha's parent that is no IRI": (marsha.MARSHA["parent"], "$.context.contextActivities.parent[0].id", MARSHA_REPAIRS),
    "bigbluebutton's verb as text": (bigbluebutton.ALPHA["hand"], "$.verb", bigbluebutton.REPAIRS),
    "bigbluebutton's time as a number": (bigbluebutton.ALPHA["message"], "$.timestamp", bigbluebutton.REPAIRS),
    **{f"pod's host, {name}": (one, "$.actor.account.homePage", pod.REPAIRS) for name, one in pod.POD_SAYS.items()},
}


def mended(statement: dict[str, Any], rules: tuple[str, ...]) -> bytes:
    """Repair a statement."""
    return repaired(json.dumps(statement).encode(), rules, lambda *_: OPAQUE).statement


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TAKEN)
def test_it_is_taken_as_it_comes(name: str, version: str) -> None:
    """Moodle's logstore_xapi, Marsha for learners who came by LTI, and BigBlueButton say valid xAPI."""
    checked = Checker(version).check(json.dumps(TAKEN[name]).encode())
    assert checked.verb == TAKEN[name]["verb"]["id"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("statement", "place", "_rules"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_the_place(statement: dict[str, Any], place: str, _rules: tuple[str, ...], version: str) -> None:
    """Without a rule that repairs it; the answer names the place and nobody."""
    with pytest.raises(InvalidStatement) as refused:
        Checker(version).check(json.dumps(statement).encode())
    assert refused.value.path == place
    assert "zoe@" not in str(refused.value)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("statement", "_place", "rules"), REFUSED.values(), ids=REFUSED)
def test_it_is_taken_with_its_repairs(statement: dict[str, Any], _place: str, rules: tuple[str, ...], version: str) -> None:
    """Those that the documentation gives for the emitter."""
    Checker(version).check(mended(statement, rules))


@pytest.mark.parametrize("name", bigbluebutton.BIGBLUEBUTTON)
def test_what_a_class_says_is_its_profiles(name: str) -> None:
    """BigBlueButton follows the published profile, before its repairs and after."""
    statement = bigbluebutton.BIGBLUEBUTTON[name]
    for one in (statement, json.loads(mended(statement, bigbluebutton.REPAIRS))):
        assert list(profile("virtual-classroom")(one)) == []


@pytest.mark.parametrize("name", bigbluebutton.BIGBLUEBUTTON)
def test_the_repairs_of_a_class_leave_no_name(name: str) -> None:
    """Neither of who did it nor of whose room, microphone or screen it is."""
    assert "Zo" not in mended(bigbluebutton.BIGBLUEBUTTON[name], bigbluebutton.REPAIRS).decode()


@pytest.mark.parametrize("name", marsha.VIDEOS)
def test_what_marsha_says_of_a_video_is_the_profiles(name: str) -> None:
    """Each verb of its player, downloads and live sessions included, keeps to the video profile."""
    assert list(profile("video")(marsha.VIDEOS[name])) == []


def test_a_quality_that_is_text_is_the_profiles_with_its_repair() -> None:
    """Marsha writes it so where the player offers a choice."""
    statement = marsha.MARSHA["quality as text"]
    assert [breach.rule for breach in profile("video")(statement)] == ["must have quality as a number"]
    assert list(profile("video")(json.loads(mended(statement, ("pod-numbers-as-text",))))) == []


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("played", []),
        ("paused", []),
        ("seeked", []),
        ("terminated", []),
        ("completed", ["must have duration (template completed)"]),
        *((name, ["quality", "frame-rate", "speed"]) for name in ("initialized", "interacted")),
    ],
)
def test_what_pod_says_of_a_video_with_its_repairs(name: str, rules: list[str]) -> None:
    """Positions are the profile's; a completion has no duration, and some settings are told in other types than the profile's: report, don't be strict."""
    found = [breach.rule for breach in profile("video")(json.loads(mended(pod.POD_SAYS[name], pod.REPAIRS)))]
    assert len(found) == len(rules)
    assert all(any(rule in each for each in found) for rule in rules)
