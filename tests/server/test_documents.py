"""The three document resources over HTTP (xAPI 1.0.3 Communication 2.2, 2.3, 2.6, 2.7, 3.1)."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.server.process import COUNTER, PATIENT, READER, VERSION, WRITER, Server

STATE, ACTIVITY, AGENT = "/xapi/activities/state", "/xapi/activities/profile", "/xapi/agents/profile"
V1, V2 = {"X-Experience-API-Version": "1.0.3"}, {"X-Experience-API-Version": "2.0.0"}
VERSIONS = [V1, V2]
NEW = {"If-None-Match": "*"}
_numbers = itertools.count(1)

Json = dict[str, Any]


@pytest.fixture(params=[STATE, ACTIVITY, AGENT])
def path(request: pytest.FixtureRequest) -> str:
    """Name each resource."""
    return request.param


@pytest.fixture
def params(path: str, person: Json) -> Json:
    """Give the parameters of a document that is not there."""
    return parameters_of(path, person)


def parameters_of(path: str, person: Json) -> Json:
    found = {"stateId" if path == STATE else "profileId": f"doc-{next(_numbers)}"}
    if path != AGENT:
        found["activityId"] = f"https://lms.example.fr/activity/{next(_numbers)}"
    if path != ACTIVITY:
        found["agent"] = json.dumps(person)
    return found


@pytest.fixture(params=VERSIONS, ids=["1.0.3", "2.0.0"])
def either(request: pytest.FixtureRequest, server: Server) -> Iterator[httpx.Client]:
    """Somebody who may do everything, in each version."""
    with server.client(**request.param) as made:
        yield made


def id_of(params: Json) -> str:
    return params.get("stateId") or params["profileId"]


def without_id(params: Json) -> Json:
    return {name: value for name, value in params.items() if name not in {"stateId", "profileId"}}


# The life of a document


def test_a_document_is_stored_read_merged_listed_and_deleted(path: str, params: Json, either: httpx.Client) -> None:
    """204 for what changes it, 200 for what reads it, 404 once it is gone."""
    assert either.get(path, params=params).status_code == 404
    assert either.put(path, params=params, json={"a": 1}, headers=NEW).status_code == 204
    assert either.post(path, params=params, json={"b": 2}).status_code == 204
    assert either.get(path, params=params).json() == {"a": 1, "b": 2}
    assert either.get(path, params=without_id(params)).json() == [id_of(params)]
    deleted = either.delete(path, params=params)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert either.get(path, params=params).status_code == 404
    assert either.get(path, params=without_id(params)).json() == []
    assert either.delete(path, params=params).status_code == 204


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/html; charset=UTF-8", 'Image/PNG;  q="a, b"', "x-a/b+c", None])
def test_any_content_comes_back_with_its_type(content_type: str | None, path: str, params: Json, client: httpx.Client) -> None:
    """Every byte, and the header to the letter; without one the content is bytes."""
    content = bytes(range(256)) * 5
    headers = {**NEW, "Content-Type": content_type} if content_type else NEW
    assert client.put(path, params=params, content=content, headers=headers).status_code == 204
    reply = client.get(path, params=params)
    assert (reply.content, reply.headers["Content-Type"]) == (content, content_type or "application/octet-stream")


def test_a_document_that_a_browser_opens_runs_nothing(client: httpx.Client, person: Json) -> None:
    """It may be anybody's HTML, on this server's origin."""
    params = parameters_of(STATE, person)
    client.put(STATE, params=params, content=b"<script>alert(1)</script>", headers={"Content-Type": "text/html"})
    reply = client.get(STATE, params=params)
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply.headers["Content-Security-Policy"]


def test_every_reply_tells_tag_and_time(path: str, params: Json, either: httpx.Client) -> None:
    """The tag is the SHA-1 of the content, in quotes and lower case; PUT and POST tell the new one."""
    put = either.put(path, params=params, json={"a": 1}, headers=NEW)
    read = either.get(path, params=params)
    assert read.headers["ETag"] == f'"{hashlib.sha1(read.content, usedforsecurity=False).hexdigest()}"'
    assert read.headers["ETag"] == put.headers["ETag"]
    assert read.headers["Last-Modified"] == put.headers["Last-Modified"]
    assert parsedate_to_datetime(read.headers["Last-Modified"]).tzinfo is not None
    posted = either.post(path, params=params, json={"b": 1})
    assert posted.headers["ETag"] == either.get(path, params=params).headers["ETag"] != read.headers["ETag"]
    listed = either.get(path, params=without_id(params))
    assert listed.headers["Last-Modified"] == posted.headers["Last-Modified"]
    assert listed.headers["ETag"] == f'"{hashlib.sha1(listed.content, usedforsecurity=False).hexdigest()}"'


def test_head_is_get_without_the_content(path: str, params: Json, either: httpx.Client) -> None:
    """The same headers, of one document and of a list; 404 alike."""
    assert either.head(path, params=params).status_code == 404
    either.post(path, params=params, content=b"abc", headers={"Content-Type": "text/plain"})
    for asked in (params, without_id(params)):
        get, head = either.get(path, params=asked), either.head(path, params=asked)
        assert (head.status_code, head.content) == (200, b"")
        volatile = {"date"}
        assert {k: v for k, v in head.headers.items() if k not in volatile} == {k: v for k, v in get.headers.items() if k not in volatile}


def test_a_compressed_body_is_stored_as_it_was(path: str, params: Json, client: httpx.Client) -> None:
    """gzip is how it travelled, not what it is."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    client.post(path, params=params, content=gzip.compress(b'{"a":1}'), headers=headers)
    assert client.get(path, params=params).content == b'{"a":1}'


def test_a_form_can_be_a_document(path: str, params: Json, client: httpx.Client) -> None:
    """Whose media type is that of forms: only a parameter ``method`` makes it something else."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(path, params=params, content=b"1", headers=headers).status_code == 204
    assert client.get(path, params=params).content == b"1"


def test_a_form_can_stand_for_a_request(path: str, params: Json, server: Server) -> None:
    """The alternate request syntax of 1.0.3 reaches documents, their parameters and preconditions."""
    with server.client() as client:
        form = {**params, "content": '{"a":1}', "If-None-Match": "*", "Content-Type": "application/json"}
        assert client.post(f"{path}?method=PUT", data=form).status_code == 204
        assert client.post(f"{path}?method=PUT", data=form).status_code == 412
        assert client.post(f"{path}?method=GET", data=params).json() == {"a": 1}
        assert client.post(f"{path}?method=DELETE", data=params).status_code == 204
        assert client.get(path, params=params).status_code == 404


def test_a_large_document_is_kept_and_a_larger_one_refused(path: str, params: Json, client: httpx.Client) -> None:
    """413 beyond the limit."""
    content = b"x" * 299_000
    assert client.post(path, params=params, content=content, headers={"Content-Type": "text/plain"}).status_code == 204
    assert client.get(path, params=params).content == content
    assert client.post(path, params=params, content=content * 2, headers={"Content-Type": "text/plain"}).status_code == 413


# Merging


def test_only_json_objects_merge(path: str, params: Json, either: httpx.Client) -> None:
    """400 for anything else, of either document, which stays as it is."""
    text = {"Content-Type": "text/plain"}
    assert either.post(path, params=params, json={"a": 1}).status_code == 204
    for content, headers in (
        (b"abc", text),
        (b"[1]", {"Content-Type": "application/json"}),
        (b'{"a":', {"Content-Type": "application/json"}),
    ):
        assert either.post(path, params=params, content=content, headers=headers).status_code == 400
    assert either.get(path, params=params).json() == {"a": 1}
    tag = either.get(path, params=params).headers["ETag"]
    either.put(path, params=params, content=b"abc", headers={**text, "If-Match": tag})
    assert either.post(path, params=params, json={"a": 1}).status_code == 400
    assert either.get(path, params=params).content == b"abc"


def test_json_that_is_none_is_no_new_document(path: str, params: Json, either: httpx.Client) -> None:
    """POST says that it is an object, so it has to be one."""
    for content in (b"{", b'"x"', b""):
        assert either.post(path, params=params, content=content, headers={"Content-Type": "application/json"}).status_code == 400
    assert either.get(path, params=params).status_code == 404


# Concurrency


def test_preconditions_are_heeded(path: str, params: Json, either: httpx.Client) -> None:
    """412 and unmodified for the wrong tag, or for a document where none should be; tags with or without quotes."""
    wrong = {"If-Match": '"1111111111111111111111111111111111111111"'}
    assert either.put(path, params=params, json={}, headers=wrong).status_code == 412
    assert either.get(path, params=params).status_code == 404
    either.put(path, params=params, json={"a": 1}, headers=NEW)
    for reply in (
        either.put(path, params=params, json={"b": 1}, headers=wrong),
        either.post(path, params=params, json={"b": 1}, headers=wrong),
        either.delete(path, params=params, headers=wrong),
        either.put(path, params=params, json={"b": 1}, headers=NEW),
        either.post(path, params=params, json={"b": 1}, headers=NEW),
    ):
        assert (reply.status_code, reply.json()["error"]["code"]) == (412, "precondition-failed")
    assert either.get(path, params=params).json() == {"a": 1}
    tag = either.get(path, params=params).headers["ETag"]
    assert either.put(path, params=params, json={"b": 1}, headers={"If-Match": f'"x", {tag}'}).status_code == 204
    tag = either.get(path, params=params).headers["ETag"].strip('"')
    assert either.post(path, params=params, json={"c": 1}, headers={"If-Match": tag}).status_code == 204
    assert either.delete(path, params=params, headers={"If-Match": "*"}).status_code == 204


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize("text", ["", '"a', 'a"'])
def test_a_malformed_precondition_is_no_precondition(header: str, text: str, path: str, params: Json, client: httpx.Client) -> None:
    """400, not a request without one."""
    assert client.post(path, params=params, json={}, headers={header: text}).status_code == 400
    assert client.get(path, params=params).status_code == 404


def test_put_with_neither_header(server: Server, person: Json) -> None:
    """On what is there: 409 with a message, but for states under 1.0.3; on what isn't: 204, but for profiles under 1.0.3."""
    for path in (STATE, ACTIVITY, AGENT):
        for version in VERSIONS:
            free = path == STATE and version == V1
            with server.client(**version) as client:
                params = parameters_of(path, person)
                new = client.put(path, params=params, json={"a": 1})
                assert new.status_code == (204 if path == STATE or version == V2 else 400), (path, version)
                client.post(path, params=params, json={"a": 1})
                again = client.put(path, params=params, json={"b": 1})
                assert again.status_code == (204 if free else 409), (path, version)
                assert client.get(path, params=params).json() == ({"b": 1} if free else {"a": 1})
                if not free:
                    error = again.json()["error"]
                    assert "If-Match" in error["message"] + error["hint"]
                    assert "current state" in error["hint"]
                    assert "index" not in error


def test_who_has_it_already_need_not_get_it_again(path: str, params: Json, client: httpx.Client) -> None:
    """304 for the current tag, weak or strong, the whole document for another; 412 for who wants no other than another."""
    client.post(path, params=params, json={"a": 1})
    tag = client.get(path, params=params).headers["ETag"]
    for asked in (params, without_id(params)):
        tag = client.get(path, params=asked).headers["ETag"]
        for spelled in (tag, f"W/{tag}", "*"):
            reply = client.get(path, params=asked, headers={"If-None-Match": spelled})
            assert (reply.status_code, reply.content, reply.headers["ETag"]) == (304, b"", tag)
        assert client.get(path, params=asked, headers={"If-None-Match": '"x"'}).status_code == 200
        assert client.get(path, params=asked, headers={"If-Match": tag}).status_code == 200
        assert client.get(path, params=asked, headers={"If-Match": '"x"'}).status_code == 412


def test_of_twenty_clients_one_wins(path: str, params: Json, server: Server) -> None:
    """All write at once what they have read; one is told 204, the others 412."""
    with server.client() as client:
        client.post(path, params=params, json={"a": 1})
        tag = client.get(path, params=params).headers["ETag"]

        def write(number: int) -> int:
            return client.put(path, params=params, json={"by": number}, headers={"If-Match": tag}).status_code

        with ThreadPoolExecutor(20) as pool:
            assert sorted(pool.map(write, range(20))) == [204] + [412] * 19


# Parameters

BAD = {
    "activityId": ["", "not an iri", "1", "true", '{"key":"value"}', "//example.org"],
    "agent": [
        "",
        "1",
        "true",
        "[]",
        "{",
        "{}",
        '{"mbox":"mailto:a@example.fr","openid":"https://a.example"}',
        '{"mbox":"mailto:a@example.fr","mbox":"mailto:a@example.fr"}',
        '{"objectType":"Group","mbox":"mailto:a@example.fr"}',
        '{"mbox":"mailto:a@example.fr","Name":"x"}',
    ],
    "registration": ["", "1", "true", "not a UUID", "{5d1a7c1e-3b1c-4a3e-9a55-0d0d3d8b3c5a}"],
    "since": ["", "1", "true", "not a timestamp", "2026-13-01T00:00:00Z"],
    "stateId": [""],
    "profileId": [""],
}
TAKEN = {
    STATE: {"activityId", "agent", "registration", "stateId", "since"},
    ACTIVITY: {"activityId", "profileId", "since"},
    AGENT: {"agent", "profileId", "since"},
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_parameters_are_checked(method: str, path: str, params: Json, either: httpx.Client) -> None:
    """400 for a bad, unknown, wrongly-cased, repeated or missing one; its name is told, its value is not."""
    content = {"json": {"a": 1}} if method in ("PUT", "POST") else {}
    registration = {"registration": str(uuid4())} if path == STATE else {}

    def status(asked: Any) -> int:
        reply = either.request(method, path, params=asked, headers=NEW if method == "PUT" else {}, **content)
        if reply.status_code == 400 and method != "HEAD":
            assert reply.json()["error"]["code"] == "invalid-request"
            assert "lms.example.fr" not in reply.text
        return reply.status_code

    for name in TAKEN[path] - ({"since"} if method in ("PUT", "POST", "DELETE") else set()):
        assert [status({**params, name: text}) for text in BAD[name]] == [400] * len(BAD[name]), name
    for unknown in ("x", "statementId", *(set(BAD) - TAKEN[path]), *(name.upper() for name in TAKEN[path])):
        assert status({**params, unknown: "https://lms.example.fr/x"}) == 400, unknown
    for name, text in (params | registration).items():
        assert status([*(params | registration).items(), (name, text)]) == 400, name
    for name in params.keys() - {"stateId", "profileId"}:
        assert status({other: text for other, text in params.items() if other != name}) == 400, name
    if method in ("PUT", "POST") or (method == "DELETE" and path != STATE):
        assert status(without_id(params)) == 400
    if method in ("PUT", "POST", "DELETE"):
        assert status({**params, "since": "2026-11-25T10:00:00Z"}) == 400


def test_since_beside_an_id_has_no_effect(path: str, params: Json, either: httpx.Client) -> None:
    """The specification asks for none."""
    either.post(path, params=params, json={"a": 1})
    assert either.get(path, params={**params, "since": "2100-01-01T00:00:00Z"}).json() == {"a": 1}


def test_a_list_is_of_what_was_written_since(path: str, params: Json, either: httpx.Client) -> None:
    """Exclusive, so that nothing has been written since a moment ahead."""
    either.post(path, params=params, json={"a": 1})
    asked = without_id(params)
    assert either.get(path, params={**asked, "since": "2020-01-01T00:00:00Z"}).json() == [id_of(params)]
    assert either.get(path, params={**asked, "since": "2100-01-01T00:00:00+01:00"}).json() == []


def test_states_go_by_registration(either: httpx.Client, person: Json) -> None:
    """A registration has states of its own; without one, lists and deletions are of all of them."""
    params = parameters_of(STATE, person)
    registered = {**params, "registration": str(uuid4())}
    either.post(STATE, params=registered, json={"a": 1})
    assert either.get(STATE, params=params).status_code == 404
    assert either.get(STATE, params=registered).json() == {"a": 1}
    either.post(STATE, params={**params, "stateId": "other"}, json={"a": 1})
    assert set(either.get(STATE, params=without_id(params)).json()) == {id_of(params), "other"}
    assert either.get(STATE, params=without_id(registered)).json() == [id_of(params)]
    assert either.delete(STATE, params=without_id(registered)).status_code == 204
    assert either.get(STATE, params=without_id(params)).json() == ["other"]
    assert either.delete(STATE, params=without_id(params)).status_code == 204
    assert either.get(STATE, params=without_id(params)).json() == []


def test_a_precondition_is_of_one_document(either: httpx.Client, person: Json) -> None:
    """Deleting many with one is refused, and nothing is deleted."""
    params = parameters_of(STATE, person)
    either.post(STATE, params=params, json={"a": 1})
    assert either.delete(STATE, params=without_id(params), headers={"If-Match": '"x"'}).status_code == 400
    assert either.get(STATE, params=params).status_code == 200


# Who may


@pytest.mark.parametrize("who", [READER, WRITER, COUNTER])
def test_other_credentials_reach_no_documents(who: tuple[str, str], path: str, params: Json, server: Server) -> None:
    """403 for those of statements, and of counts; 401 comes first."""
    with server.client(who) as client:
        assert client.get(path, params=params).status_code == 403
        assert client.put(path, params=params, json={}, headers=NEW).status_code == 403
        assert client.delete(path, params=params).status_code == 403
    with server.client(("both", "wrong")) as client:
        assert client.get(path, params={"nonsense": 1}).status_code == 401


def test_a_version_is_needed_here_too(path: str, params: Json, server: Server) -> None:
    """And every reply, of success or not, tells the one that is spoken."""
    with httpx.Client(base_url=server.address, auth=("both", "b"), **PATIENT) as client:
        assert client.get(path, params=params).status_code == 400
        for version in VERSIONS:
            reply = client.get(path, params=params, headers=version)
            assert (reply.status_code, reply.headers["X-Experience-API-Version"]) == (404, version["X-Experience-API-Version"])


def test_pages_of_other_origins_may_use_documents(path: str, server: Server) -> None:
    """DELETE included; tags and times are theirs to read."""
    with httpx.Client(base_url=server.address, **PATIENT) as nobody:
        reply = nobody.options(path, headers={"Origin": "https://lms.example.fr", "Access-Control-Request-Method": "DELETE"})
    assert "DELETE" in reply.headers["Access-Control-Allow-Methods"].split(", ")
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"}
    with server.client(**VERSION, Origin="https://lms.example.fr") as page:
        exposed = page.get(path).headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Last-Modified"} <= set(exposed)


def test_another_method_is_refused(path: str, client: httpx.Client) -> None:
    """405, with those that there are."""
    reply = client.patch(path)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET, HEAD, PUT, POST, DELETE, OPTIONS")


def test_nothing_of_a_document_is_logged(server: Server, client: httpx.Client) -> None:
    """Neither its id nor its agent nor its content."""
    params = parameters_of(STATE, {"mbox": "mailto:canary-of-logs@example.fr"}) | {"stateId": "canary-of-logs"}
    client.put(STATE, params=params, json={"canary-of-logs": 1})
    client.put(STATE, params=params, content=b"canary-of-logs", headers={"If-Match": "canary-of-logs"})
    client.get(STATE, params=params | {"registration": "canary-of-logs"})
    assert "canary-of-logs" not in server.printed()
