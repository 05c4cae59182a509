"""What presets leave out of statements (VIS-1, MIN-1, EPR-1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import lrs
from lrs.privacy.policy import reader
from lrs.privacy.policy.devices import ADDRESSES, NAMES, is_named, looks_like
from lrs.privacy.policy.minimise import without_extensions
from tests.store.conftest import World

CLASS = "https://w3id.org/xapi/virtual-classroom"
NOTICE = "urn:x-lrs:extension:notice-digest"


@pytest.fixture(scope="module", params=["campus", "on-premise"])
def preset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store with a preset."""
    data = tmp_path_factory.mktemp(request.param)
    (data / "policy.toml").write_text(reader.preset(request.param), "utf-8")
    with lrs.open(data) as store:
        yield store


def classroom(**more: Any) -> dict[str, Any]:
    """A statement of the virtual classroom profile."""
    thing = {"id": "https://bbb.example.fr/r", "definition": {"type": f"{CLASS}/activity-types/virtual-classroom"}}
    context = {"contextActivities": {"category": [{"id": CLASS}]}}
    return World().statement(**{"object": thing, "context": context, "timestamp": "2026-11-20T10:11:12.345Z"} | more)


@pytest.mark.parametrize(
    "key", ["https://x.example/ip-address", "https://x.example/userAgent", "https://x.example/#DEVICE_ID", "https://x.example/other"]
)
def test_devices_are_left_out_wherever_extensions_stand(preset: lrs.LRS, key: str) -> None:
    """Under a preset an address, a browser or a device id is stored nowhere, not even sealed; what stands beside it is (MIN-1, EPR-1)."""
    values: list[Any] = [
        "192.0.2.77",
        "2001:db8::77",
        "Mozilla/5.0 (X11; canary77)",
        {"ip": "canary77", "deeper": [{"deviceId": "canary77"}, "198.51.100.7"]},
    ]
    if not key.endswith("other"):
        values.append("canary77")
    for value in values:
        extensions = {key: value, "https://x.example/kept": "kept"}
        thing = {"id": "https://lms.example.fr/a", "definition": {"extensions": extensions}}
        context = {"extensions": extensions, "contextActivities": {"parent": thing, "other": [thing]}}
        inner = World().statement(object=thing, context=context, result={"extensions": extensions}) | {"objectType": "SubStatement"}
        for statement in (
            World().statement(object=thing, context=context, result={"extensions": extensions}),
            World().statement(object=inner),
        ):
            (identifier,) = preset.ingest(statement)
            shown = json.dumps(preset.query(statement_id=identifier).statements)
            assert not [mark for mark in ("canary77", "192.0.2.77", "db8::77", "198.51.100.7") if mark in shown]
            assert shown.count('"kept"') == 5


@pytest.mark.parametrize("sub", [False, True])
@pytest.mark.parametrize("kind", ["result", "context", "object", "parent", "grouping", "category", "other"])
@pytest.mark.parametrize("devices", [False, True])
def test_each_place_of_extensions_is_looked_at(kind: str, *, sub: bool, devices: bool) -> None:
    """One that stands there alone is found, in a SubStatement too; a statement without any stays byte for byte as it came."""

    def made(extensions: dict[str, str]) -> bytes:
        thing, holder = {"id": "https://lms.example.fr/a", "definition": {"extensions": extensions}}, {"extensions": extensions}
        more: dict[str, Any] = {kind: holder if kind in ("result", "context") else thing}
        if kind in ("parent", "grouping", "category", "other"):
            more = {"context": {"contextActivities": {kind: [thing]}}}
        statement = World().statement(**more)
        return json.dumps(World().statement(object=statement | {"objectType": "SubStatement"}) if sub else statement).encode()

    mark, drops = "https://x.example/ip" if devices else "https://x.example/colour", frozenset({"https://x.example/colour"}).__contains__
    kept = made({"https://x.example/kept": "kept"})
    assert without_extensions(kept, drops, devices=devices) == kept
    left = without_extensions(made({mark: "canary", "https://x.example/kept": "kept"}), drops, devices=devices)
    assert (b"canary" in left, left.count(b'"kept"')) == (False, 1)


def test_an_escaped_name_is_seen_through(preset: lrs.LRS) -> None:
    """A key that is written with escapes of JSON is the same key."""
    text = json.dumps(World().statement(context={"extensions": {"https://x.example/ip": "canary78"}}))
    (identifier,) = preset.ingest(text.replace("extensions", "e\\u0078tensions").replace("/ip", "/\\u0069p").encode())
    assert "canary78" not in json.dumps(preset.query(statement_id=identifier).statements)


def test_attendance_is_kept_to_the_minute(preset: lrs.LRS) -> None:
    """VIS-1: the time of a class is cut to its minute, in a SubStatement too; that of another statement is kept as it came."""
    (identifier,) = preset.ingest(classroom())
    assert preset.query(statement_id=identifier).statements[0]["timestamp"] == "2026-11-20T10:11:00.000000Z"
    other = World().statement(timestamp="2026-11-20T10:11:12.345Z")
    (identifier,) = preset.ingest(other)
    assert preset.query(statement_id=identifier).statements[0]["timestamp"] == "2026-11-20T10:11:12.345Z"


@pytest.mark.parametrize("kind", ["https://w3id.org/xapi/acrossx/activities/message", f"{CLASS}/activity-types/virtual-classroom"])
def test_what_a_message_says_is_not_kept(preset: lrs.LRS, kind: str) -> None:
    """VIS-1: that somebody wrote is stored, not what."""
    thing = {
        "id": "https://bbb.example.fr/m",
        "definition": {
            "type": kind,
            "name": {"fr": "canary79"},
            "description": {"fr": "canary79"},
            "moreInfo": "https://cdn.example/canary79",
        },
    }
    message = classroom(
        verb={"id": "https://w3id.org/xapi/acrossx/verbs/posted"},
        object=thing,
        result={"response": "canary79", "extensions": {"https://x.example/t": "canary79"}},
    )
    (identifier,) = preset.ingest(message)
    (shown,) = preset.query(statement_id=identifier).statements
    assert "canary79" not in json.dumps(shown)
    assert "result" not in shown
    assert shown["object"]["definition"]["type"] == kind


def test_cameras_are_not_kept(preset: lrs.LRS) -> None:
    """VIS-1: whether a camera is on is refused; where sound and pictures can be had is left out."""
    camera = {"id": "https://bbb.example.fr/c", "definition": {"type": f"{CLASS}/activity-types/camera"}}
    for told in (
        {"verb": {"id": f"{CLASS}/verbs/started-camera"}},
        {"verb": {"id": "http://activitystrea.ms/start"}, "object": camera},
        {"verb": {"id": f"{CLASS}/verbs/stopped"}, "object": camera},
    ):
        with pytest.raises(lrs.NotPermitted, match="kind"):
            preset.ingest(classroom(**told))
    context = classroom()["context"] | {"extensions": {"https://x.example/stream-url": "rtmp://canary80/x"}}
    (identifier,) = preset.ingest(classroom(context=context))
    assert "canary80" not in json.dumps(preset.query(statement_id=identifier).statements)


@pytest.mark.parametrize("digest", [None, "", "0" * 64])
def test_a_recording_comes_with_the_digest_of_its_notice(preset: lrs.LRS, digest: str | None) -> None:
    """VIS-1: without it the statement is refused."""
    context = classroom()["context"] | {"extensions": {NOTICE: digest}}
    statement = classroom(
        object={"id": "https://bbb.example.fr/v", "definition": {"type": "http://activitystrea.ms/video"}}, context=context
    )
    if digest:
        (identifier,) = preset.ingest(statement)
        assert preset.query(statement_id=identifier).statements[0]["context"]["extensions"][NOTICE] == digest
    else:
        with pytest.raises(lrs.NotPermitted, match="extension"):
            preset.ingest(statement)


def test_names_and_looks_of_devices() -> None:
    """Every listed name is found however it is spelled; numbers, versions and times are not taken for addresses."""
    for name in (*NAMES, *ADDRESSES):
        assert is_named(f"https://x.example/ext/{name}")
        assert is_named(name.replace("-", "_").upper())
        assert is_named(f"urn:x:{name.replace('-', '')}/")
    assert not any(
        map(is_named, ["https://x.example/description", "https://ip.example/score", "trip", "https://w3id.org/xapi/video/extensions/time"])
    )
    assert all(
        map(looks_like, ["10.0.0.1", "10.0.0.1:8080", "::1", "fe80::1%eth0", "[2001:db8::1]:443", "00:1a:2b:3c:4d:5e", "Mozilla/5.0 (x)"])
    )
    assert not any(map(looks_like, ["1.2.3", "10:30", "10:30:15", "12.5", "3", "10.0.0.1 is down", "PT1H", "", "1.2.3.4.5", "3.11.0rc1"]))
