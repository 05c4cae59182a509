"""Who is in which class, between the events of an endpoint: through restarts and several processes, for as long as it is of use, and nobody who is erased."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest

import lrs
from lrs.exchange.reception import Received
from tests.policy.stores import POLICY
from tests.sources.bigbluebutton import hook as bbb
from tests.sources.livekit import hook as livekit
from tests.storage.engines import settings_for
from tests.vault.databases import DATABASES, empty_vault

DAY = 86_400_000_000
LEFT = "http://activitystrea.ms/leave"
_sittings = count(1)


class Clock:
    now = 1_800_000_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture(scope="module", params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.Settings]:
    """Settings of a store that several can open at once, and that takes the events of two sources."""
    folder = tmp_path_factory.mktemp("attendance")
    vault = empty_vault(request.param, folder).vault
    with settings_for("server", folder, vault=vault) as made:
        made.data.mkdir(mode=0o700, exist_ok=True)
        tables = [f'[sources.{name}]\nhome = "https://visio.example.fr"\ncredential = "visio"' for name in ("livekit", "bigbluebutton")]
        (made.data / "sources.toml").write_text("\n".join(tables))
        yield made


@pytest.fixture
def opened(settings: lrs.Settings) -> Iterator[Callable[[], lrs.LRS]]:
    """Open the store as a new process would; what was opened before stays open."""
    stores, clock = [], Clock()

    def another() -> lrs.LRS:
        stores.append(lrs.LRS(settings, clock=clock))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def room() -> str:
    """Name a sitting of LiveKit's of the test's own."""
    return f"RM_{next(_sittings)}"


def send(store: lrs.LRS, *events: dict[str, Any], source: str = "livekit") -> Received:
    """Send events as the endpoint gets them."""
    received = store.reception.receive(source, json.dumps(events).encode(), store._owner)
    assert received.refused == 0, received
    return received


def within(room: str, event: dict[str, Any]) -> dict[str, Any]:
    """Let an event of LiveKit's be of a sitting."""
    return event | {"room": event["room"] | {"sid": room}}


def left(store: lrs.LRS, room: str) -> set[str]:
    """Say who left a sitting."""
    begun = store.reception.emitter("livekit").convert([json.dumps(within(room, livekit.event("room_started"))).encode()], None)
    registration = next(iter(begun)).statements[0]["context"]["registration"]
    return {each["actor"]["account"]["name"] for each in store.query(verb=LEFT, registration=registration).statements}


def test_the_end_closes_who_came_before_a_restart(opened: Callable[[], lrs.LRS], room: str) -> None:
    """Whoever is told of the end closes all who came, whoever was told of that; told again, nothing is said twice."""
    joined = [within(room, livekit.participant("joined", number)) for number in (1, 2, 3)]
    first, second = opened(), opened()
    send(first, joined[0], joined[1])
    send(second, joined[2], within(room, livekit.participant("left", 2, at=600)))
    end = within(room, livekit.event("room_finished", at=3600))
    assert send(opened(), end).stored == 3
    assert left(first, room) == {"u1", "u2", "u3"}
    for store in (first, second):
        again = send(store, end, *joined)
        assert (again.stored, again.replayed) == (0, 6)


def test_who_came_after_the_end_was_told_is_not_closed_by_it(opened: Callable[[], lrs.LRS], room: str) -> None:
    """Times count, not the order in which they are heard."""
    store = opened()
    send(store, within(room, livekit.participant("joined", 1, at=4000)), within(room, livekit.event("room_finished", at=3600)))
    assert left(store, room) == set()


def test_a_message_has_its_sender_after_a_restart(opened: Callable[[], lrs.LRS]) -> None:
    """BigBlueButton names the sender by the internal id alone, which an earlier event said whose it is."""
    send(opened(), bbb.event("user-joined", user=bbb.user(1)), source="bigbluebutton")
    store = opened()
    send(store, bbb.message(1), source="bigbluebutton")
    (posted,) = store.query(verb="https://w3id.org/xapi/acrossx/verbs/posted").statements
    assert posted["actor"]["account"]["name"] == "u1"


def test_nothing_is_kept_for_longer_than_a_class(opened: Callable[[], lrs.LRS], room: str) -> None:
    """Two days after the last event about somebody they are known no more, and retention takes them off the disk."""
    store = opened()
    before = held(store)
    send(store, within(room, livekit.participant("joined", 1)))
    (mine,) = set(held(store)) - set(before)
    store._clock.now += 2 * DAY
    send(store, within(room, livekit.event("room_finished", at=3600)))
    assert left(store, room) == set()
    assert store.retention.apply().counts["presence"] >= 1
    assert mine not in held(store)


def test_who_is_erased_is_forgotten_here_too(opened: Callable[[], lrs.LRS], room: str) -> None:
    """At once, in each process; the others are closed as ever. What is in the vault names nobody."""
    store, other = opened(), opened()
    send(store, *(within(room, livekit.participant("joined", number)) for number in (81, 82)))
    assert not any(b"u81" in bytes(row.sealed) for row in held(store))
    store.erase({"account": {"homePage": "https://visio.example.fr", "name": "u81"}})
    assert send(other, within(room, livekit.event("room_finished", at=3600))).stored == 2
    assert left(other, room) == {"u82"}


def test_nobody_is_kept_whom_the_policy_keeps_nowhere(settings: lrs.Settings, tmp_path: Path) -> None:
    """Where statements are stored without identity, nobody is remembered from one event to the next either."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY.replace("UNASSIGNED", "without-identity"))
    with lrs.open(attrs.evolve(settings, policy=policy)) as store:
        before = len(held(store))
        send(store, within("RM_x", livekit.participant("joined", 91)))
        assert len(held(store)) == before


def held(store: lrs.LRS) -> list[Any]:
    """Give all rows of attendances."""
    from sqlalchemy import select

    from lrs.storage.vault import schema

    with store._vault._read() as connection:
        return list(connection.execute(select(schema.presence)))
