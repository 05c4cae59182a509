"""A canary in every text of every event of every source: none is seen in a statement but where it is said that it may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lrs.sources import Outcome, Platform, converter
from tests.sources.samples import SAMPLES

PLATFORM = Platform("https://platform.example.fr", bytes(range(32)), notice="ab" * 32)
CANARY = "Zq9Canari"
WRITTEN: list[Callable[[str], str]] = [lambda _text: CANARY, lambda text: text + CANARY, lambda text: CANARY + text]

PASSES: dict[str, set[str]] = {
    # The platform's own number or id of a person, as the account name.
    "bigbluebutton": {"data.attributes.user.external-user-id"},
    "jitsi": {"occupant.id", "all_occupants.*.id"},
    "livekit": {"participant.identity"},
    "peertube": set(),
    # And which video it is.
    "player": {"user", "video"},
    # Courses, blocks and their titles; addresses of pages; a problem and its answer (docs/how-to/sources/edx.md: what passes and what doesn't).
    "edx": {
        "context.course_id",
        "context.module.display_name",
        "context.module.usage_key",
        "context.path",
        "event.block_id",
        "event.chapter",
        "event.child_id",
        "event.component_usage_id",
        "event.discussion.id",
        "event.exam_content_id",
        "event.exam_name",
        "event.id",
        "event.new_speed",
        "event.old_speed",
        "event.problem_id",
        "event.submission.acides_2_1.answer.*",
        "event.submission.acides_2_1.question",
        "event.submission.acides_3_1.answer",
        "event.submission.acides_3_1.question",
        "event.target_name",
        "event.target_url",
        "event.team_id",
        "event.url",
    },
}
"""What of an event may be read in a statement, by source."""

PERSONAL: dict[str, set[str]] = {
    "bigbluebutton": {
        "data.attributes.user.name",
        "data.attributes.user.internal-user-id",
        "data.attributes.user.userdata.email",
        "data.attributes.user.stream",
        "data.attributes.meeting.name",
        "data.attributes.meeting.metadata.owner",
        "data.attributes.chat-message.message",
        "data.attributes.chat-message.sender.name",
        "data.attributes.poll.question",
        "data.attributes.poll.answers.*.key",
        "actor.account.name",
        "object.definition.name.en",
        "object.definition.description.en",
        "object.definition.choices.*.description.en",
    },
    "jitsi": {f"{who}.{what}" for who in ("occupant", "all_occupants.*") for what in ("name", "email", "avatar", "occupant_jid")}
    | {"room_name", "room_jid"},
    "livekit": {f"participant.{what}" for what in ("name", "metadata", "attributes.email", "region", "sid")}
    | {
        "room.name",
        "room.metadata",
        "track.name",
        "egressInfo.fileResults.*.location",
        "egressInfo.streamResults.*.url",
        "egressInfo.file.filename",
    },
    "peertube": {"remote_addr", "remote_user", "http_user_agent", "http_referer", "http_x_forwarded_for"}
    | {f"body.{what}" for what in ("sessionId", "client", "operatingSystem", "userAgent.browser")},
    "player": {"session", "name", "userAgent", "page", "ip"},
    "edx": {
        "username",
        "ip",
        "agent",
        "host",
        "referer",
        "accept_language",
        "page",
        "session",
        "context.enterprise_uuid",
        "context.course_user_tags.tag",
    }
    | {
        f"event.{what}"
        for what in ("body", "title", "note_text", "highlighted_content", "query", "search_string", "target_username", "certificate_id")
    }
    | {
        f"event.{what}" for what in ("answer.text", "answer.file_names.*", "feedback", "feedback_text", "fileName", "requesting_student_id")
    },
}
"""What emitters are known to send that names a person, shows where they are or is what they wrote: a sample has each of it."""


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each text in an event."""
    if isinstance(value, str):
        yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*path, key))


def named(path: tuple[Any, ...]) -> str:
    """Name a place, whichever item of a list it is in."""
    return ".".join("*" if isinstance(step, int) else step for step in path)


def changed(value: Any, path: tuple[Any, ...], write: Callable[[str], str]) -> Any:
    """Give an event with another text at a place."""
    if not path:
        return write(value)
    made = value.copy()
    made[path[0]] = changed(value[path[0]], path[1:], write)
    return made


def outcomes(source: str, events: list[dict[str, Any]]) -> list[Outcome]:
    """Convert events."""
    return list(converter(source)([json.dumps(event).encode() for event in events], PLATFORM))


def each(source: str, events: list[dict[str, Any]]) -> list[Outcome]:
    """Convert events each for itself; BigBlueButton's after somebody came, since the event of a message knows its sender from before."""
    if source != "bigbluebutton":
        return outcomes(source, events)
    before = [] if "user" in events[0].get("data", {}).get("attributes", {}) else SAMPLES[source][1:2]
    return [outcomes(source, [*before, event])[-1] for event in events]


@pytest.mark.parametrize("source", SAMPLES)
def test_no_canary_is_seen_but_where_it_may_be(source: str) -> None:
    """Each text of each sample in turn, whole, before and after what stood there: in the statements, in whatever spelling, and in no error."""
    seen: set[str] = set()
    for event in SAMPLES[source]:
        tried = [(path, changed(event, path, write)) for path in places(event) for write in WRITTEN]
        for (path, _), outcome in zip(tried, each(source, [made for _, made in tried]), strict=True):
            if CANARY.lower() in json.dumps(outcome.statements).lower():
                seen.add(named(path))
            assert CANARY not in f"{outcome.error!r}{outcome.error}"
    assert seen == PASSES[source]


@pytest.mark.parametrize("source", SAMPLES)
def test_a_sample_has_each_of_what_is_personal(source: str) -> None:
    """So that the canary stands there; what may pass and what is personal have nothing in common."""
    assert PERSONAL[source] <= {named(path) for event in SAMPLES[source] for path in places(event)}
    assert not PERSONAL[source] & PASSES[source]


@pytest.mark.parametrize("source", SAMPLES)
def test_the_key_of_an_extension_of_the_future_is_not_seen(source: str) -> None:
    """Nor is a canary that is the name of a property rather than its value."""
    for event in SAMPLES[source]:
        with_keys = {**event, CANARY: CANARY} | {key: {**value, CANARY: 1} for key, value in event.items() if isinstance(value, dict)}
        (outcome,) = outcomes(source, [with_keys])
        assert CANARY not in f"{json.dumps(outcome.statements)}{outcome.unmapped}{outcome.error!r}"
