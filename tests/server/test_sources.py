"""``/sources/NAME``: events of other systems, who may send them, and what is answered."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from lrs.access import Handling
from lrs.credentials import open_credentials
from lrs.crypto import passwords
from lrs.settings import load
from tests.crypto.test_webhook import token
from tests.server.process import NO_TLS, PATIENT, READER, Server, add_credentials
from tests.sources.hostile import STRANGE, UNREADABLE, mutations
from tests.sources.samples import MARK, SAMPLES

SENDER = ("sender", "s")
SECRET = "a-secret-of-thirty-two-characters" * 2
ADDRESS = "https://lrs.example.fr/sources/bigbluebutton"
PLAIN = [name for name in SAMPLES if name not in {"bigbluebutton", "livekit"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes events of every source; the two that sign do."""
    folder = tmp_path_factory.mktemp("sources")
    data = folder / "data"
    data.mkdir(mode=0o700)
    add_credentials(data)
    with open_credentials(load(data, environ={}), clock=lambda: time.time_ns() // 1000) as room:
        room._profile = passwords.CHEAPEST
        handling = Handling(quarantine_days=30)
        room.add("sender", username=SENDER[0], password=SENDER[1], scopes=("statements/write",), handling=handling)
    (folder / "livekit").write_text(f"APIkey {SECRET}\n")
    (folder / "bbb").write_text(f"{SECRET}\n")
    signed = {"livekit": folder / "livekit", "bigbluebutton": folder / "bbb"}
    (folder / "people.json").write_text('{"only-a-login": "1042"}')
    named = (
        f'\n[sources.named]\nsource = "edx"\nhome = "https://platform.example.fr"\ncredential = "sender"\npeople = "{folder}/people.json"\n'
    )
    (data / "sources.toml").write_text("\n".join(_table(name, signed.get(name)) for name in SAMPLES) + named)
    running = Server(folder)
    yield running
    assert running.stop() == 0


def _table(name: str, secret: Path | None) -> str:
    lines = [f"[sources.{name}]", 'home = "https://platform.example.fr"', 'credential = "sender"']
    if secret is not None:
        lines += [f'secret_file = "{secret}"', f'address = "{ADDRESS}"']
    return "\n".join(lines)


def post(server: Server, name: str, body: bytes, **how: Any) -> httpx.Response:
    return httpx.post(f"{server.address}/sources/{name}", content=body, timeout=300, verify=NO_TLS, **({"auth": SENDER} | how))


def lines(name: str) -> bytes:
    return b"\n".join(json.dumps(event).encode() for event in SAMPLES[name])


@pytest.mark.parametrize("name", PLAIN)
def test_events_are_stored_once(server: Server, name: str) -> None:
    """As lines and as an array; sent again everything is recognised, and what has no mapping is named each time."""
    first = post(server, name, lines(name))
    assert first.status_code == 200, first.text
    told = first.json()
    assert told["events"] == len(SAMPLES[name])
    assert told["stored"] > 0
    assert (told["refused"], told["faults"]) == (0, [])
    again = post(server, name, json.dumps(SAMPLES[name]).encode()).json()
    assert (again["stored"], again["replayed"]) == (0, told["stored"] + told["replayed"])
    assert again["unmapped"] == told["unmapped"]


@pytest.mark.parametrize("who", [None, READER, ("both", "b"), ("sender", "wrong")])
def test_the_credential_of_the_source_alone_may_send(server: Server, who: tuple[str, str] | None) -> None:
    """Not somebody unknown, and not another credential, though it may write."""
    answer = post(server, "jitsi", lines("jitsi"), auth=who)
    assert answer.status_code == (403 if who in {READER, ("both", "b")} else 401)


def test_livekit_signs(server: Server) -> None:
    """Its token lets it in, and says nothing of another body; a password does not."""
    for event in SAMPLES["livekit"]:
        body = json.dumps(event).encode()
        answer = post(server, "livekit", body, auth=None, headers={"Authorization": token(secret=SECRET, body=body)})
        assert (answer.status_code, answer.json()["refused"]) == (200, 0)
    assert post(server, "livekit", body).status_code == 401
    assert post(server, "livekit", body + b" ", auth=None, headers={"Authorization": token(secret=SECRET, body=body)}).status_code == 401
    assert post(server, "livekit", body, auth=None, headers={"Authorization": token(secret=SECRET + "x", body=body)}).status_code == 401


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_bigbluebutton_signs(server: Server, algorithm: str) -> None:
    """By a checksum of address, body and secret, or with the secret as a bearer token; nothing else lets it in."""
    body = urlencode({"domain": "visio.example.fr", "event": json.dumps([SAMPLES["bigbluebutton"][0]]), "timestamp": 1}).encode()
    checksum = hashlib.new(algorithm, ADDRESS.encode() + body + SECRET.encode()).hexdigest()
    assert post(server, f"bigbluebutton?checksum={checksum}", body, auth=None).json()["refused"] == 0
    assert post(server, "bigbluebutton", body, auth=None, headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200
    wrong = [
        f"?checksum={checksum[:-1]}{'1' if checksum.endswith('0') else '0'}",
        f"?checksum={checksum}&checksum={checksum}",
        "",
        "?checksum=",
        "?checksum=é",
    ]
    assert {post(server, f"bigbluebutton{query}", body, auth=None).status_code for query in wrong} <= {400, 401}
    assert post(server, f"bigbluebutton?checksum={checksum}", body + b"&x=1", auth=None).status_code == 401
    assert post(server, "bigbluebutton", body, auth=None, headers={"Authorization": f"Bearer {SECRET}x"}).status_code == 401


def send(server: Server, name: str, body: bytes) -> httpx.Response:
    """Post events as the platform does that sends them: LiveKit and BigBlueButton sign."""
    if name == "livekit":
        return post(server, name, body, auth=None, headers={"Authorization": token(secret=SECRET, body=body)})
    if name == "bigbluebutton":
        return post(server, name, body, auth=None, headers={"Authorization": f"Bearer {SECRET}"})
    return post(server, name, body)


@pytest.mark.parametrize("form", ["lines", "array"])
@pytest.mark.parametrize("name", SAMPLES)
def test_bad_input_loses_no_neighbour(server: Server, name: str, form: str) -> None:
    """What can't be read is named by its number and kept in quarantine unless it is very large, and what stands beside it is taken."""
    sample = SAMPLES[name][0]
    good, bad = json.dumps(sample).encode(), [make(sample) for make in UNREADABLE.values()]
    if form == "array":  # in which a value that is not closed ends nowhere
        bad = [each for kind, each in zip(UNREADABLE, bad, strict=True) if kind not in {"cut short", "never closed"}]
    events = [good, *(event for each in bad for event in (each, good))]
    answer = send(server, name, b"\n".join(events) if form == "lines" else b"[" + b", ".join(events) + b"]")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["events"], told["refused"]) == (len(events), len(bad))
    assert told["stored"] + told["replayed"] >= len(bad) + 1
    expected = [(2 * n, "invalid-event", len(each) <= 1 << 20) for n, each in enumerate(bad, 1)]
    assert [(each["event"], each["code"], each.get("held", False)) for each in told["faults"]] == expected
    assert MARK not in answer.text


@pytest.mark.parametrize("name", SAMPLES)
def test_no_event_makes_the_server_fail(server: Server, name: str) -> None:
    """Whatever stands in any place of an event: it is taken, or named, or of a kind that has no mapping."""
    bodies = [make(event) for event in SAMPLES[name][:3] for make in STRANGE.values()]
    bodies += islice(mutations(SAMPLES[name][0]), 0, None, 7)
    answer = send(server, name, b"\n".join(bodies))
    assert (answer.status_code, answer.json()["events"]) == (200, len(bodies))
    assert MARK not in answer.text
    assert {each["code"] for each in answer.json()["faults"]} <= {"invalid-event", "conflict"}


def test_an_array_that_is_cut_short(server: Server) -> None:
    """Gives what it holds; the rest is named."""
    first, second = (json.dumps(event).encode() for event in SAMPLES["jitsi"][:2])
    told = post(server, "jitsi", b"[" + first + b"," + second[:-40]).json()
    assert (told["events"], told["refused"], told["stored"] + told["replayed"]) == (2, 1, 1)
    assert told["faults"][0]["event"] == 2


def test_people_are_found_by_login_where_a_file_names_them(server: Server) -> None:
    """An event that knows a login name alone is stored where the source has their numbers, and refused where it has not."""
    event = {"name": "page_close", "event_source": "browser", "time": "2026-03-02T09:30:15Z", "page": "https://platform.example.fr/x"}
    body = json.dumps(event | {"username": "only-a-login", "event": "{}"}).encode()
    assert post(server, "named", body).json()["stored"] == 1
    assert post(server, "edx", body).json()["refused"] == 1


@pytest.mark.parametrize("kind", ["room/created", "room/destroyed", "occupant/joined", "occupant/left"])
def test_jitsi_puts_each_kind_at_an_address_of_its_own(server: Server, kind: str) -> None:
    """event_sync adds it to the address that it is given; who may send there is the same."""
    name = f"jitsi/events/{kind}"
    event = next(event for event in SAMPLES["jitsi"] if event["event_name"] == f"muc-{kind.replace('/', '-')}")
    told = post(server, name, json.dumps(event).encode()).json()
    assert (told["events"], told["refused"], told["unmapped"]) == (1, 0, {})
    assert post(server, name, b"{}", auth=None).status_code == 401
    assert post(server, name, b"{}", auth=READER).status_code == 403
    assert post(server, f"player/events/{kind}", b"{}").status_code == 404


def test_a_future_kind_is_named(server: Server) -> None:
    """Without a value of it."""
    told = post(server, "jitsi", b'{"event_name":"muc-canary","room_jid":"x"}\n{"event_name":"it was <me>"}').json()
    assert told["unmapped"] == {"muc-canary": 1, "(an event without a name)": 1}


def test_a_huge_body_is_refused_at_once(server: Server) -> None:
    """50 MB is more than a body may have; the next one is taken."""
    assert post(server, "jitsi", b"x" * 50_000_000).status_code == 413
    assert post(server, "jitsi", gzip.compress(b"x" * 50_000_000), headers={"Content-Encoding": "gzip"}).status_code == 413
    assert post(server, "jitsi", b"0\n" * 100_001).status_code == 413
    assert post(server, "jitsi", lines("jitsi")).status_code == 200


def test_what_no_file_names_is_not_there(server: Server) -> None:
    """Nor by another method."""
    assert post(server, "none", b"{}").status_code == 404
    assert httpx.get(f"{server.address}/sources/jitsi", auth=SENDER, **PATIENT).status_code == 405


def test_a_pass_of_the_credential_sends_no_events(server: Server) -> None:
    """It is for statements of one agent about one activity."""
    said = {"agent": {"mbox": "mailto:a@example.fr"}, "activity": "https://mooc.example.fr/1"}
    token = httpx.post(f"{server.address}/credentials/browser", json=said, auth=SENDER, **PATIENT).json()["token"]
    answer = post(server, "jitsi", lines("jitsi"), auth=None, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
