"""Platforms that speak xAPI: what of theirs is taken as it comes, and what is refused, with the place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.errors import InvalidStatement
from lrs.xapi.rules import Checker
from tests.sources.spoken.platforms import BIGBLUEBUTTON, MARSHA, MOODLE, POD

VERSIONS = ["1.0.3", "2.0.0"]
TAKEN = {
    **{f"moodle {name}": one for name, one in MOODLE.items()},
    **{f"marsha {name}": MARSHA[name] for name in ("lti", "live")},
    **{f"bigbluebutton {name}": one for name, one in BIGBLUEBUTTON.items()},
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TAKEN)
def test_it_is_taken_as_it_comes(name: str, version: str) -> None:
    """Moodle's logstore_xapi, Marsha for learners who came by LTI, and BigBlueButton say valid xAPI."""
    checked = Checker(version).check(json.dumps(TAKEN[name]).encode())
    assert checked.verb == TAKEN[name]["verb"]["id"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("statement", "place"),
    [
        (MARSHA["site"], "$.actor.account"),
        (MARSHA["parent"], "$.context.contextActivities.parent[0].id"),
        (POD, "$.actor.account.homePage"),
    ],
    ids=["mbox in account", "parent that is no IRI", "host for an address"],
)
def test_it_is_refused_with_the_place(statement: dict[str, Any], place: str, version: str) -> None:
    """Without a rule that repairs it: an address inside an account, a parent that is no IRI, a host where an address should be."""
    with pytest.raises(InvalidStatement) as refused:
        Checker(version).check(json.dumps(statement).encode())
    assert refused.value.path == place
    assert "zoe@" not in str(refused.value)


def test_the_rest_of_what_is_refused_is_right() -> None:
    """Each has one fault: with that place mended it is taken."""
    site = json.loads(json.dumps(MARSHA["site"]))
    del site["actor"]["account"]["mbox"]
    site["actor"]["account"]["homePage"] = "https://marsha.example.fr"
    parent = json.loads(json.dumps(MARSHA["parent"]))
    parent["context"]["contextActivities"]["parent"][0]["id"] = "https://lms.example.fr/course/2026"
    pod = json.loads(json.dumps(POD))
    pod["actor"]["account"]["homePage"] = "https://pod.example.fr"
    for mended in (site, parent, pod):
        Checker("1.0.3").check(json.dumps(mended).encode())
