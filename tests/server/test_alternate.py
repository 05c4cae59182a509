"""The alternate request syntax of xAPI 1.0.3 (Communication 1.3): forms that stand for requests."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx
import pytest

from lrs.errors import LimitExceeded
from lrs.server.alternate import meant
from lrs.server.request import Request
from lrs.server.room import Room
from tests.server.process import PATIENT, Server

STATEMENTS = "/xapi/statements"
FORM = "application/x-www-form-urlencoded"
WHO = "Basic " + base64.b64encode(b"both:b").decode()
IN_THE_FORM = {"Authorization": WHO, "X-Experience-API-Version": "1.0.3"}


@pytest.fixture
def page(server: Server) -> Any:
    """Somebody who can set no headers, as old browsers' cross-domain requests."""
    with httpx.Client(base_url=server.address, **PATIENT) as made:
        yield made


def send(page: httpx.Client, method: str, fields: dict[str, str], path: str = STATEMENTS) -> httpx.Response:
    """Ask in a form."""
    return page.post(f"{path}?method={method}", data=IN_THE_FORM | fields)


def test_a_form_stores_and_reads(page: httpx.Client, statement: dict[str, Any]) -> None:
    """PUT, GET, HEAD and POST, with credential, version and content type as fields."""
    wanted = str(uuid.uuid4())
    statement["object"]["definition"] = {"name": {"fr": "Été + 100 % & = ?"}}
    content = {"Content-Type": "application/json", "Content-Length": "7", "content": json.dumps(statement)}
    assert send(page, "PUT", content | {"statementId": wanted}).status_code == 204
    found = send(page, "GET", {"statementId": wanted})
    assert (found.status_code, found.json()["object"]) == (200, statement["object"])
    head = send(page, "HEAD", {"statementId": wanted})
    assert (head.status_code, head.content, head.headers["Last-Modified"]) == (200, b"", found.headers["Last-Modified"])
    parts = send(page, "HEAD", {"statementId": wanted, "attachments": "true"})
    assert (parts.status_code, parts.content) == (200, b"")
    posted = send(page, "POST", {"content": json.dumps([statement])})
    assert (posted.status_code, len(posted.json())) == (200, 1)


def test_a_filter_may_be_longer_than_an_address(page: httpx.Client, client: httpx.Client, statement: dict[str, Any]) -> None:
    """The reason why servers use it: fields are parameters."""
    client.post(STATEMENTS, json=statement)
    agent = json.dumps(statement["actor"]) + " " * 100_000
    assert len(send(page, "GET", {"agent": agent}).json()["statements"]) == 1
    assert send(page, "GET", {"Agent": agent}).status_code == 400


@pytest.mark.parametrize(("field", "status"), [({"X-Experience-API-Version": "0.8"}, 400), ({"Authorization": "Basic x"}, 401)])
def test_a_field_counts_before_its_header(field: dict[str, str], status: int, client: httpx.Client) -> None:
    """The form is the request, whatever a client adds to all that it sends."""
    assert client.post(f"{STATEMENTS}?method=GET", data={"limit": "1"}).status_code == 200
    assert client.post(f"{STATEMENTS}?method=GET", data={"limit": "1"} | field).status_code == status


def test_it_works_on_every_resource(page: httpx.Client) -> None:
    """About is read like that too, and what a resource can't do is 405 as ever."""
    assert send(page, "GET", {}, "/xapi/about").json() == {"version": ["1.0.3"]}
    assert send(page, "PUT", {"content": ""}, "/xapi/about").status_code == 405
    assert send(page, "DELETE", {}).status_code == 405
    assert send(page, "GET", {}, "/xapi/nothing").status_code == 404


@pytest.mark.parametrize("field", [{"Authorization": "Basic x"}, {"X-Experience-API-Version": "0.9"}, {"statementId": "x"}])
def test_a_form_is_refused_as_the_request_would_be(field: dict[str, str], page: httpx.Client) -> None:
    """401 for wrong credentials, 400 for the rest, with the headers of all replies."""
    reply = send(page, "GET", field)
    assert reply.status_code == (401 if "Authorization" in field else 400)
    assert "X-Experience-API-Consistent-Through" in reply.headers
    assert "X-Experience-API-Version" in reply.headers


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("method=PUT&statementId={id}", "statementId={id}&content={content}"),
        ("method=PUT&method=PUT", "statementId={id}&content={content}"),
        ("method=put", "statementId={id}&content={content}"),
        ("method=PATCH", "statementId={id}&content={content}"),
        ("method=", "statementId={id}&content={content}"),
        ("Method=PUT", "statementId={id}&content={content}"),
        ("method=PUT", "statementId={id}"),
        ("method=PUT", ""),
        ("method=POST", "Content={content}"),
        ("method=PUT", "statementId={id}&content={content}&content={content}"),
        ("method=PUT", "statementId={id}&statementId={id}&content={content}"),
        ("method=PUT", "statementId={id}&happy=day&content={content}"),
        ("method=PUT", "statementId={id}&If-Match=a&If-Match=b&content={content}"),
        ("method=PUT", "statementId={id}&If-Match=a%0D%0Ab&content={content}"),
        ("method=PUT", "statementId={id}&Content-Type=text/plain&content={content}"),
        ("method=PUT", "statementId={id}&content={raw}"),
        ("method=PUT", "statementId={id}&content=%FF"),
        ("method=PUT", "statementId={id}&content=100%"),
        ("method=PUT", "&".join(f"x{n}=1" for n in range(100))),
    ],
)
def test_a_malformed_form_is_400(query: str, form: str, client: httpx.Client, statement: dict[str, Any]) -> None:
    """Anything beside the method in the query; content that is missing, doubled or not encoded; unknown fields."""
    raw = json.dumps(statement)
    parts = {"id": str(uuid.uuid4()), "raw": raw, "content": urlencode({"": raw})[1:]}
    reply = client.post(f"{STATEMENTS}?{query.format(**parts)}", content=form.format(**parts), headers={"Content-Type": FORM})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid-request")
    assert reply.headers["X-Experience-API-Version"] == "1.0.3"
    right = client.post(f"{STATEMENTS}?method=PUT", data={"statementId": parts["id"], "content": raw})
    assert right.status_code == 204


def test_what_is_no_form_is_400_before_credentials_are_looked_for(page: httpx.Client, statement: dict[str, Any]) -> None:
    """They may be in what can't be read."""
    form = IN_THE_FORM | {"statementId": str(uuid.uuid4()), "content": json.dumps(statement)}
    for kind in (FORM, "application/json", "text/plain"):
        reply = page.post(f"{STATEMENTS}?method=PUT", content=json.dumps(form), headers={"Content-Type": kind})
        assert reply.status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_post_has_an_alternate_syntax(method: str, client: httpx.Client) -> None:
    """In any other request, method is an unknown parameter."""
    reply = client.request(method, "/xapi/about?method=GET" if method == "GET" else f"{STATEMENTS}?method=POST", data={"limit": "1"})
    assert reply.status_code == (405 if method == "DELETE" else 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_it_does_not_exist_in_2(method: str, client: httpx.Client, page: httpx.Client, statement: dict[str, Any]) -> None:
    """Whether a header or a field says the version."""
    fields = {"content": json.dumps(statement)} | ({"statementId": str(uuid.uuid4())} if method == "PUT" else {})
    header = {"X-Experience-API-Version": "2.0.0"}
    assert client.post(f"{STATEMENTS}?method={method}", data=fields, headers=header).status_code == 400
    reply = send(page, method, fields | header)
    assert reply.status_code == 400


def test_a_form_is_bounded(page: httpx.Client) -> None:
    """As any body is."""
    assert send(page, "PUT", {"content": "x" * 300_001}).status_code == 413


def test_a_form_is_smaller_than_other_bodies_may_be() -> None:
    """Nobody knows who sends it before it is read."""
    headers = [(b"content-type", FORM.encode())]
    scope = {"type": "http", "method": "POST", "path": STATEMENTS, "query_string": b"method=PUT", "headers": headers}

    pieces = iter([True] * 4 + [False])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 1_048_576, "more_body": next(pieces)}

    with pytest.raises(LimitExceeded):
        anyio.run(meant, Request(scope, receive), 1 << 30, Room(1 << 30))
