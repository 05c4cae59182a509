"""What documents do, by the specification's rules (xAPI 1.0.3 Communication 2.2, 2.3, 2.6, 2.7)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

import lrs
from lrs.access import Scope, View
from lrs.documents import Documents, Shelf
from lrs.errors import LRSError
from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.documents.conftest import LARGEST, shelf_of
from tests.documents.room import documents as documents_of
from tests.documents.room import principal

JSON = "application/json"


def test_a_document_comes_back_as_it_was_stored(shelf: Shelf) -> None:
    """Every byte of it, its media type to the letter, its time and the SHA-1 of its content."""
    content = bytes(range(256)) * 3
    put = shelf.put("any", content, content_type='Image/PNG; name="é"'.encode().decode("ascii", "ignore"), if_none_match="*")
    found = shelf.get("any")
    assert (found.content, found.content_type) == (content, 'Image/PNG; name=""')
    assert found.etag == hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert found == put


def test_what_is_not_there_is_not_found(shelf: Shelf) -> None:
    """Nor is anything listed; deleting it is no error."""
    with pytest.raises(lrs.NotFound):
        shelf.get("nothing")
    assert shelf.listing().ids == []
    assert shelf.listing().updated is None
    shelf.delete("nothing")


def test_a_document_of_an_unknown_agent_makes_it_a_person(documents: Documents, vault: Vault, activity: str, agent: dict[str, Any]) -> None:
    """Like the actor of a statement; asking, deleting and refused writes make nobody."""
    from lrs.xapi.walk import ifi_of

    index = documents._keys("default").blind_index(ifi_of(agent))
    shelf = documents.agent_profile(agent)
    with pytest.raises(lrs.NotFound):
        shelf.get("x")
    shelf.delete("x")
    with pytest.raises(lrs.InvalidRequest):
        shelf.put("x", b"1")
    assert vault.subjects("default", [index]) == {}
    shelf.put("x", b"1", if_none_match="*")
    assert set(vault.subjects("default", [index])) == {index}


def test_an_empty_document_is_one(shelf: Shelf) -> None:
    """It can be stored, read and listed; without a media type it is bytes."""
    shelf.put("empty", b"", if_none_match="*")
    assert (shelf.get("empty").content, shelf.get("empty").content_type) == (b"", "application/octet-stream")
    assert shelf.listing().ids == ["empty"]


@pytest.mark.parametrize(
    "document_id", ["a b", "é中😀", "https://x.example/é?a=b&c", "'; DROP TABLE document; --", "x" * 5000, " ", "\x00"]
)
def test_any_text_is_an_id(document_id: str, shelf: Shelf) -> None:
    """Whatever stands in it, it comes back in the list."""
    shelf.put(document_id, b"1", if_none_match="*")
    assert shelf.get(document_id).content == b"1"
    assert shelf.listing().ids == [document_id]
    shelf.delete(document_id)
    assert shelf.listing().ids == []


@pytest.mark.parametrize("document_id", ["", "\ud800"])
def test_an_id_is_text(document_id: str, shelf: Shelf) -> None:
    """Nothing, and half a character, are none."""
    with pytest.raises(lrs.InvalidRequest):
        shelf.put(document_id, b"1", if_none_match="*")


@pytest.mark.parametrize("content_type", ["text", "a/b\r\nSet-Cookie: x", 'a/b; c="\\\r"', "é/x", "a/b;c=é", " "])
def test_a_media_type_is_one(content_type: str, shelf: Shelf) -> None:
    """What could break a header is refused."""
    with pytest.raises(lrs.InvalidRequest):
        shelf.put("x", b"1", content_type=content_type, if_none_match="*")


def test_documents_lie_apart(documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """By kind, activity, agent, registration, id and tenant; one in each place, and none is another's."""
    registration = uuid4()
    other = agent | {"mbox": "mailto:other-than-that@example.fr"}
    shelves = [
        documents.state(activity, agent),
        documents.state(activity, agent, registration=registration),
        documents.state(activity, agent, registration=uuid4()),
        documents.state(activity, other),
        documents.state(activity + "/", agent),
        documents.activity_profile(activity),
        documents.activity_profile(activity + "/"),
        documents.agent_profile(agent),
        documents.agent_profile(other),
    ]
    for number, shelf in enumerate(shelves):
        shelf.put("same", b"%d" % number, if_none_match="*")
    assert [shelf.get("same").content for shelf in shelves] == [b"%d" % number for number in range(len(shelves))]


def test_spellings_of_an_agent_are_one_agent(documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """The identifier alone tells who it is, never the name; a registration has no case."""
    registration = uuid4()
    documents.state(activity, agent, registration=registration).put("x", b"1")
    domain = agent["mbox"].replace("example", "EXAMPLE")
    for spelled in ({"mbox": domain}, agent | {"name": "Somebody Else"}, f'{{"mbox":"{domain}"}}'):
        assert documents.state(activity, spelled, registration=str(registration).upper()).get("x").content == b"1"


def test_states_are_listed_by_registration(documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """Without one: those of all registrations and of none, each id once; with one: its own."""
    one, two = uuid4(), uuid4()
    for registration, name in ((None, "a"), (one, "b"), (two, "b"), (two, "c")):
        documents.state(activity, agent, registration=registration).put(name, b"1")
    assert sorted(documents.state(activity, agent).listing().ids) == ["a", "b", "c"]
    assert documents.state(activity, agent, registration=one).listing().ids == ["b"]
    assert documents.state(activity, agent, registration=two).listing().ids == ["b", "c"]
    assert documents.state(activity, agent, registration=uuid4()).listing().ids == []


def test_states_are_deleted_by_registration(documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """With one: its own alone; without one: all of the activity and agent, and of nobody else."""
    registration = uuid4()
    inside, outside = documents.state(activity, agent, registration=registration), documents.state(activity, agent)
    stranger = documents.state(activity, {"mbox": "mailto:stranger@example.fr"})
    for shelf in (inside, outside, stranger):
        shelf.put("x", b"1")
    inside.clear()
    assert (inside.listing().ids, outside.listing().ids) == ([], ["x"])
    inside.put("x", b"1")
    outside.clear()
    assert (inside.listing().ids, outside.listing().ids, stranger.listing().ids) == ([], [], ["x"])


def test_since_is_exclusive(shelf: Shelf) -> None:
    """Documents written after that moment are listed, those written at it are not; a change counts as writing."""
    first = shelf.post("first", {"a": 1})
    second = shelf.post("second", {"a": 1})
    assert shelf.listing(since=first.updated - 1).ids == ["first", "second"]
    assert shelf.listing(since=first.updated).ids == ["second"]
    assert shelf.listing(since=second.updated).ids == []
    assert shelf.listing(since=datetime.fromtimestamp(first.updated / 1e6, UTC)).ids == ["second"]
    changed = shelf.post("first", {"b": 1})
    assert shelf.listing(since=second.updated).ids == ["first"]
    assert shelf.listing().updated == changed.updated


@pytest.mark.parametrize("since", ["yesterday", "2026-11-25T10:00:00-00:00", datetime(2026, 11, 25), [1]])  # noqa: DTZ001 -- that is what is refused
def test_since_is_a_timestamp(since: Any, shelf: Shelf) -> None:
    """Anything else is refused."""
    with pytest.raises(lrs.InvalidRequest) as refused:
        shelf.listing(since=since)
    assert refused.value.parameter == "since"


def test_a_document_is_written_later_each_time(vault: Vault, settings: Settings, activity: str, agent: dict[str, Any]) -> None:
    """Even when the clock goes backwards."""
    first = documents_of(vault, settings).state(activity, agent).put("x", b"1")
    back = documents_of(vault, settings, clock=lambda: first.updated - 10_000_000).state(activity, agent)
    assert [back.put("x", b"%d" % n).updated for n in range(3)] == [first.updated + 1, first.updated + 2, first.updated + 3]


# Merging


def test_post_merges_the_top_level_alone(shelf: Shelf) -> None:
    """Properties are replaced wholly, the others stay; numbers, order and spelling of what is kept are those that came."""
    shelf.post("x", b'{"keep": 1.10, "car": {"make": "Ford", "model": "Escape"}, "n": null}', content_type=JSON)
    shelf.post("x", b' {"car": {"make": "Dodge"}, "new": [1e2], "n": "\\u00e9"} ', content_type="Application/JSON; charset=utf-8")
    found = shelf.get("x")
    assert found.content == b'{"keep":1.10,"car":{"make": "Dodge"},"n":"\\u00e9","new":[1e2]}'
    assert found.content_type == "Application/JSON; charset=utf-8"


def test_post_of_a_new_document_stores_it(shelf: Shelf) -> None:
    """As it is, of whatever media type."""
    shelf.post("text", b"abc", content_type="text/plain")
    shelf.post("json", b'{ "a":1 }', content_type=JSON)
    assert (shelf.get("text").content, shelf.get("json").content) == (b"abc", b'{ "a":1 }')


@pytest.mark.parametrize("content", [b"[1]", b'"x"', b"1", b"", b'{"a":', b'{"a":1}x', b'{"a":"\xff"}', b"null", b"{" * 5000])
def test_post_wants_objects(content: bytes, shelf: Shelf) -> None:
    """What says that it is JSON and is no object is refused, for a new document and for one that is there, which stays as it is."""
    with pytest.raises(lrs.InvalidRequest):
        shelf.post("new", content, content_type=JSON)
    shelf.post("there", {"a": 1})
    with pytest.raises(lrs.InvalidRequest):
        shelf.post("there", content, content_type=JSON)
    assert shelf.listing().ids == ["there"]
    assert shelf.get("there").content == b'{"a":1}'


@pytest.mark.parametrize(
    ("existing", "posted"),
    [
        ((b'{"a":1}', "text/plain"), (b'{"b":1}', JSON)),
        ((b'{"a":1}', JSON), (b'{"b":1}', "text/plain")),
        ((b'{"a":1}', JSON), (b'{"b":1}', "application/jsonx")),
        ((b"[1]", JSON), (b'{"b":1}', JSON)),
        ((b"not json", JSON), (b'{"b":1}', JSON)),
    ],
)
def test_only_json_merges(existing: tuple[bytes, str], posted: tuple[bytes, str], shelf: Shelf) -> None:
    """When either is something else the request is refused and the document untouched."""
    before = shelf.put("x", existing[0], content_type=existing[1], if_none_match="*")
    with pytest.raises(lrs.InvalidRequest):
        shelf.post("x", posted[0], content_type=posted[1])
    assert shelf.get("x") == before


def test_put_replaces_whatever_is_there(shelf: Shelf) -> None:
    """Content and media type, with no merging."""
    first = shelf.post("x", {"a": 1})
    shelf.put("x", b"not json", content_type=JSON, if_match=first.etag)
    assert shelf.get("x").content == b"not json"
    shelf.put("x", b"text", content_type="text/plain", if_match=shelf.get("x").etag)
    assert shelf.get("x").content_type == "text/plain"


def test_a_document_has_a_largest_size(shelf: Shelf) -> None:
    """What is merged counts together."""
    with pytest.raises(lrs.LimitExceeded, match="max_document_bytes"):
        shelf.put("x", b"x" * (LARGEST + 1), if_none_match="*")
    first = shelf.post("x", {"a": "x" * 6000})
    with pytest.raises(lrs.LimitExceeded):
        shelf.post("x", {"b": "x" * 6000})
    assert shelf.get("x") == first


# Who may


@pytest.mark.parametrize("view", [View.PSEUDONYMOUS, View.AGGREGATE])
def test_only_who_sees_people_sees_documents(
    view: View, kind: str, documents: Documents, activity: str, agent: dict[str, Any], shelf: Shelf
) -> None:
    """Neither to read nor to write, since both would confirm a guess."""
    shelf.put("x", b"1", if_none_match="*")
    blind = shelf_of(documents, kind, activity, agent, principal=principal(Scope.ALL, view=view))
    for attempt in (lambda: blind.get("x"), blind.listing, lambda: blind.put("x", b"2"), lambda: blind.delete("x"), blind.clear):
        with pytest.raises(lrs.NotPermitted):
            attempt()
    assert shelf.get("x").content == b"1"


SCOPES = {
    Scope.STATE: {"state": "rw"},
    Scope.PROFILE: {"activity profile": "rw", "agent profile": "rw"},
    Scope.ALL_READ: {"state": "r", "activity profile": "r", "agent profile": "r"},
    Scope.ALL: {"state": "rw", "activity profile": "rw", "agent profile": "rw"},
}


@pytest.mark.parametrize("scope", list(Scope))
def test_scopes_say_who_may_do_what(
    scope: Scope, kind: str, documents: Documents, activity: str, agent: dict[str, Any], shelf: Shelf
) -> None:
    """What no scope grants is refused, whatever else the credential may do."""
    first = shelf.put("x", b"1", if_none_match="*")
    caller = shelf_of(documents, kind, activity, agent, principal=principal(scope))
    attempts = {
        "r": [lambda: caller.get("x"), caller.listing],
        "w": [lambda: caller.post("y", {}), lambda: caller.put("x", b"1", if_match=first.etag), lambda: caller.delete("y"), caller.clear],
    }
    for right, calls in attempts.items():
        for call in calls:
            if right in SCOPES.get(scope, {}).get(kind, ""):
                call()
            else:
                with pytest.raises(lrs.NotPermitted):
                    call()


def test_errors_and_reprs_say_nothing(documents: Documents) -> None:
    """Neither the id nor the agent nor the content."""
    agent = {"mbox": "mailto:canary-agent@example.fr"}
    shelf = documents.agent_profile(agent)
    document = shelf.post("canary-id", {"canary": "canary-content"})
    told = [repr(shelf), repr(document), repr(shelf.listing())]
    attempts = (
        lambda: shelf.get("canary-other"),
        lambda: shelf.put("canary-id", b"canary"),
        lambda: shelf.put("canary-id", b"canary", if_match="canary"),
        lambda: shelf.put("canary-id", b"canary", if_match='"canary'),
        lambda: shelf.post("canary-id", b"canary", content_type=JSON),
        lambda: shelf.put("canary-id", b"canary", content_type="canary"),
        lambda: shelf.put("canary-id", {"canary": float("nan")}),
        lambda: documents.agent_profile({"mbox": "canary"}),
        lambda: documents.state("canary", agent),
        lambda: documents.state("https://x.example", agent, registration="canary"),
    )
    for attempt in attempts:
        with pytest.raises(LRSError) as refused:
            attempt()
        told += [str(refused.value), refused.value.hint, repr(refused.value)]
    assert "canary" not in "".join(told)
