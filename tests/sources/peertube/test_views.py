"""What becomes of PeerTube's views."""

from __future__ import annotations

import pytest

from tests.sources.peertube.log import HOME, MARK, SAMPLES, converted, request

_EXTENSIONS = "https://w3id.org/xapi/video/extensions"


def test_a_view_says_how_far_somebody_is() -> None:
    """Every few seconds: where in which video; a jump says where to."""
    (progressed,), (seeked,) = (outcome.statements for outcome in converted(*SAMPLES[:2]))
    assert progressed["verb"]["id"] == "http://adlnet.gov/expapi/verbs/progressed"
    assert progressed["object"]["id"] == f"{HOME}/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d"
    assert progressed["object"]["definition"]["name"] == {"und": "Acides et bases"}
    assert progressed["result"] == {"extensions": {f"{_EXTENSIONS}/time": 35}}
    assert progressed["timestamp"] == "2026-03-02T08:30:15.000Z"
    assert seeked["verb"]["id"] == "https://w3id.org/xapi/video/verbs/seeked"
    assert seeked["result"] == {"extensions": {f"{_EXTENSIONS}/time-to": 40}}


def test_a_body_may_be_a_string_or_an_object() -> None:
    """Both say the same."""
    assert converted(request(text=True)) == converted(request(text=False))


def test_views_of_one_session_are_one_guests() -> None:
    """PeerTube knows no viewer: a session is a guest, unless the proxy knows the user."""
    first, second, other, known = (
        outcome.statements[0]["actor"]["account"]["name"]
        for outcome in converted(request(), request(40), request(sessionId="s2"), request() | {"user": "42"})
    )
    assert first == second != other
    assert first.startswith("guest-")
    assert known == "42"


def test_other_requests_and_events_are_named() -> None:
    """A log holds more than views, and views may say more one day."""
    kinds = [outcome.unmapped for outcome in converted(request(uri=f"/api/v1/users/{MARK}"), request(viewEvent="pause"))]
    assert kinds == ["(another request)", "pause"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (request(at="02/Mar/2026:09:30:15 +0100"), "time"),
        (request(at="1970-01-01T00:00:00Z"), "time"),
        (request(sessionId=None), "body.sessionId"),
        (request(currentTime="35"), "$.currentTime"),
        (request() | {"body": "-"}, ""),
        ({"uri": SAMPLES[0]["uri"]}, "$"),
    ],
)
def test_what_can_t_be_read_is_named(given: dict, place: str) -> None:
    """The error says where, and never what was there."""
    (outcome,) = converted(given)
    assert outcome.error is not None
    assert outcome.error.parameter == place


def test_each_view_is_one_statement() -> None:
    """Sent again it has the same id; of somebody else, at the same place and time, another."""
    ids = [outcome.statements[0]["id"] for outcome in converted(*SAMPLES, *SAMPLES)]
    assert ids[: len(SAMPLES)] == ids[len(SAMPLES) :]
    assert len(set(ids)) == len(SAMPLES)
