"""What every converter makes, held to the strict profiles: it is asked of others, so it is kept here."""

from __future__ import annotations

import json

import pytest

from lrs.sources import Platform, converter
from lrs.sources.profiles import PROFILES, profile
from tests.sources.samples import SAMPLES

PLATFORM = Platform("https://platform.example.fr", bytes(range(32)), notice="ab" * 32)
BROKEN = {
    # PeerTube tells where somebody jumped to and not from where.
    "peertube": {("video", "seeked", "time-from")},
    # Open edX's own mapping, which dashboards are made for, goes before the profile: its logs know no played segments, its settings no position.
    "edx": {
        ("video", verb, what)
        for verb, lacks in {
            "completed": ["progress", "played-segments"],
            "terminated": ["progress", "played-segments"],
            "paused": ["progress", "played-segments"],
            "interacted": ["volume", "time"],
            "skipped": ["verb"],
        }.items()
        for what in lacks
    },
}
"""What is known not to keep to its profile: profile, verb, what is lacking."""


@pytest.mark.parametrize("source", SAMPLES)
def test_what_is_converted_keeps_to_its_profile(source: str) -> None:
    """Each sample of each source breaks no rule of any profile but those that are known and said in its documentation."""
    outcomes = converter(source)([json.dumps(event).encode() for event in SAMPLES[source]], PLATFORM)
    statements = [statement for outcome in outcomes for statement in outcome.statements]
    found = {
        (name, statement["verb"]["id"].rpartition("/")[2], breach.rule.removeprefix("must have ").removeprefix("must be a ").split()[0])
        for statement in statements
        for name in PROFILES
        for breach in profile(name)(statement)
    }
    assert found == BROKEN.get(source, set())


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("bigbluebutton", "virtual-classroom"),
        ("jitsi", "virtual-classroom"),
        ("livekit", "virtual-classroom"),
        ("peertube", "video"),
        ("player", "video"),
        ("player", "virtual-classroom"),
    ],
)
def test_it_names_the_profile(source: str, name: str) -> None:
    """So that it is held to it at all."""
    outcomes = converter(source)([json.dumps(event).encode() for event in SAMPLES[source]], PLATFORM)
    categories = {
        activity["id"]
        for outcome in outcomes
        for statement in outcome.statements
        for activity in statement["context"].get("contextActivities", {}).get("category", [])
    }
    assert PROFILES[name] in categories
