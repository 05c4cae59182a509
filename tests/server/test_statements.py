"""The statements resource over HTTP, on a real server."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.server.conftest import LIMIT
from tests.server.process import READER, Server

STATEMENTS = "/xapi/statements"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/xAPI/statements", "/xapi/statements/", "/XAPI/statements/", "/xapi//statements"])
def test_the_spellings_of_other_record_stores_are_known(path: str, client: httpx.Client) -> None:
    """BigBlueButton joins xAPI/statements onto the origin; some clients end with a slash."""
    assert client.get(path, params={"limit": 1}).status_code == 200
    assert client.get("/xAPI/about").status_code == 200


def test_one_statement_is_stored_and_read_back(client: httpx.Client, statement: dict[str, Any]) -> None:
    """POST answers with an array of one id, under which the statement is found."""
    reply = client.post(STATEMENTS, json=statement)
    assert reply.status_code == 200
    (stored_id,) = reply.json()
    back = client.get(STATEMENTS, params={"statementId": stored_id})
    assert back.status_code == 200
    found = back.json()
    assert found["id"] == stored_id
    assert {key: found[key] for key in statement} == statement
    stored = datetime.fromisoformat(found["stored"])
    assert parsedate_to_datetime(back.headers["Last-Modified"]) == stored.astimezone(UTC).replace(microsecond=0)


def test_a_batch_gives_its_ids_in_order(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Given ids and assigned ones."""
    ids = [str(uuid.uuid4()) for _ in range(3)]
    batch = [statement | {"id": ids[0]}, statement, statement | {"id": ids[2]}]
    given = client.post(STATEMENTS, json=batch).json()
    assert [given[0], given[2]] == [ids[0], ids[2]]
    assert len(set(given)) == 3


def test_an_empty_batch_is_no_error(client: httpx.Client) -> None:
    """No statements, no ids."""
    reply = client.post(STATEMENTS, json=[])
    assert (reply.status_code, reply.json()) == (200, [])


def test_put_stores_under_the_given_id(client: httpx.Client, statement: dict[str, Any]) -> None:
    """204 and no body; again: 204; other content: 409."""
    wanted = str(uuid.uuid4())
    for _ in range(2):
        reply = client.put(STATEMENTS, params={"statementId": wanted}, json=statement)
        assert (reply.status_code, reply.content) == (204, b"")
        assert "Content-Length" not in reply.headers
    other = statement | {"verb": {"id": "http://adlnet.gov/expapi/verbs/failed"}}
    conflict = client.put(STATEMENTS, params={"statementId": wanted}, json=other)
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "conflict")
    assert client.get(STATEMENTS, params={"statementId": wanted}).json()["verb"] == statement["verb"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?statementID={id}",
        "?statementId=",
        "?statementId=7",
        "?statementId={id}&x=1",
        "?statementId={id}&statementId={id}",
        "?statementId={{{id}}}",
    ],
)
def test_put_needs_its_one_parameter(query: str, client: httpx.Client, statement: dict[str, Any]) -> None:
    """Missing, misspelt, malformed, doubled or in company: 400."""
    assert client.put(STATEMENTS + query.format(id=uuid.uuid4()), json=statement).status_code == 400


def test_put_takes_one_statement_with_the_same_id(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Not an array, not another id; the spelling of an id has no case."""
    wanted = str(uuid.uuid4())
    params = {"statementId": wanted}
    assert client.put(STATEMENTS, params=params, json=[statement]).status_code == 400
    assert client.put(STATEMENTS, params=params, json=statement | {"id": str(uuid.uuid4())}).status_code == 400
    assert client.put(STATEMENTS, params=params, json=statement | {"id": wanted.upper()}).status_code == 204


@pytest.mark.parametrize("query", ["statementId=00000000-0000-4000-8000-000000000001", "method=PUT", "x", "limit=1"])
def test_post_takes_no_parameters(query: str, client: httpx.Client, statement: dict[str, Any]) -> None:
    """Whatever they are."""
    assert client.post(f"{STATEMENTS}?{query}", json=statement).status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/mixed; boundary=x",
        "application/jsonx",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_content_type_is_json(method: str, content_type: str | None, client: httpx.Client, statement: dict[str, Any]) -> None:
    """Anything else is 400 with a word on it, never 500."""
    path = STATEMENTS if method == "POST" else f"{STATEMENTS}?statementId={uuid.uuid4()}"
    headers = {} if content_type is None else {"Content-Type": content_type}
    reply = client.request(method, path, content=json.dumps(statement), headers=headers)
    assert (reply.status_code, reply.json()["error"]["parameter"]) == (400, "Content-Type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"])
def test_the_content_type_may_have_parameters(content_type: str, client: httpx.Client, statement: dict[str, Any]) -> None:
    """And has no case."""
    assert client.post(STATEMENTS, content=json.dumps(statement), headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"[{]", b"null", b"7", b'"x"', b"{}{}", b"\xff\xfe{}", b"[null]", b"[[]]", b"[" * 100_000]
)
def test_what_is_no_statement_is_400(body: bytes, client: httpx.Client) -> None:
    """Broken JSON, other JSON, other encodings, absurd nesting."""
    assert client.post(STATEMENTS, content=body, headers=JSON).status_code == 400


def test_a_body_without_length_is_taken(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Chunked, in pieces that cut characters apart."""
    body = json.dumps(statement | {"verb": {"id": "http://x.example/é", "display": {"fr": "a été vu"}}}, ensure_ascii=False).encode()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    reply = client.post(STATEMENTS, content=pieces(), headers=JSON)
    assert reply.status_code == 200
    assert client.get(STATEMENTS, params={"statementId": reply.json()[0]}).json()["verb"]["display"] == {"fr": "a été vu"}


def test_a_gzip_body_is_taken(client: httpx.Client, statement: dict[str, Any]) -> None:
    """In one member or two."""
    body = json.dumps(statement).encode()
    for sent in (gzip.compress(body), gzip.compress(body[:30]) + gzip.compress(body[30:])):
        assert client.post(STATEMENTS, content=sent, headers=JSON | {"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"{}", 400),
        ("gzip", gzip.compress(b"{}")[:-4], 400),
        ("gzip", gzip.compress(b"{}") + b"rest", 400),
        ("gzip", gzip.compress(b" " * 50_000_000), 413),
        ("gzip", gzip.compress(b" " * (LIMIT - 10)) + gzip.compress(b" " * 11), 413),
        ("br", b"{}", 400),
        ("gzip, gzip", b"{}", 400),
    ],
    ids=["no gzip", "cut short", "followed by rubbish", "a bomb", "a bomb of two members", "unknown", "twice"],
)
def test_a_bad_encoding_is_refused(encoding: str, body: bytes, status: int, client: httpx.Client) -> None:
    """No gzip, cut short, followed by rubbish, a bomb, something else."""
    assert client.post(STATEMENTS, content=body, headers=JSON | {"Content-Encoding": encoding}).status_code == status


def test_a_large_body_is_checked_all_the_same(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Above the size up to which bodies are checked on the event loop; and above what is allowed, announced or not."""
    padded = statement | {"object": {"id": "https://lms.example.fr/long", "definition": {"description": {"fr": "x" * 265_000}}}}
    assert client.post(STATEMENTS, json=padded).status_code == 200
    assert client.post(STATEMENTS, json=padded | {"extra": 1}).status_code == 400
    too_large = b" " * (LIMIT + 1)
    assert client.post(STATEMENTS, content=too_large, headers=JSON).status_code == 413
    assert client.post(STATEMENTS, content=iter([too_large[:1000], too_large[1000:]]), headers=JSON).status_code == 413


def test_a_batch_is_all_or_nothing(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """Too many, one invalid, one twice, one in conflict: nothing of it is stored, and the index says which."""
    mine = {"agent": json.dumps(person)}
    assert client.post(STATEMENTS, json=[statement] * 51).status_code == 413
    invalid = client.post(STATEMENTS, json=[statement, statement, statement | {"verb": {}}])
    assert (invalid.status_code, invalid.json()["error"]["index"]) == (400, 2)
    same = statement | {"id": str(uuid.uuid4())}
    assert client.post(STATEMENTS, json=[same, same]).status_code == 400
    assert client.get(STATEMENTS, params=mine).json() == {"statements": [], "more": ""}
    assert client.post(STATEMENTS, json=same).status_code == 200
    changed = same | {"object": {"id": "https://lms.example.fr/other"}}
    conflict = client.post(STATEMENTS, json=[statement, changed])
    assert (conflict.status_code, conflict.json()["error"]["index"]) == (409, 1)
    assert len(client.get(STATEMENTS, params=mine).json()["statements"]) == 1
    assert client.post(STATEMENTS, json=same).json() == [same["id"]]


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_more_leads_to_the_end(ascending: str, client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """Every statement once, in order, over links that work as they are given; the last one is empty."""
    ids = [client.post(STATEMENTS, json=statement).json()[0] for _ in range(7)]
    reply = client.get(STATEMENTS, params={"agent": json.dumps(person), "limit": 3, "ascending": ascending}).json()
    seen = [found["id"] for found in reply["statements"]]
    while reply["more"]:
        assert reply["more"].startswith("/xapi/statements?more=")
        reply = client.get(reply["more"]).json()
        seen += [found["id"] for found in reply["statements"]]
    assert seen == (ids if ascending == "true" else ids[::-1])


def test_more_is_for_who_got_it(client: httpx.Client, server: Server, statement: dict[str, Any]) -> None:
    """Another credential, a changed token, company: refused, with 400 at most."""
    client.post(STATEMENTS, json=[statement, statement])
    more = client.get(STATEMENTS, params={"limit": 1}).json()["more"]
    with server.client(READER) as other:
        assert other.get(more).status_code in (400, 403)
    for wrong in (
        more[:-2] + ("AA" if more[-2:] != "AA" else "BB"),
        more + "&limit=1",
        f"{STATEMENTS}?more=",
        f"{STATEMENTS}?more=x",
        f"{more}&{more.partition('?')[2]}",
    ):
        assert client.get(wrong).status_code == 400, wrong[-20:]


def test_head_is_get_without_the_body(client: httpx.Client, statement: dict[str, Any]) -> None:
    """The same headers, Content-Length and Last-Modified included."""
    stored_id = client.post(STATEMENTS, json=statement).json()[0]
    params = {"statementId": stored_id}
    read, head = client.get(STATEMENTS, params=params), client.head(STATEMENTS, params=params)
    assert (head.status_code, head.content) == (200, b"")
    changing = {"date", "x-experience-api-consistent-through"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {k: v for k, v in read.headers.items() if k not in changing}
    assert client.head(STATEMENTS, params={"statementId": str(uuid.uuid4())}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "Verb=http://x/y",
        "related_Agents=true",
        "unknown=1",
        "limit=-1",
        "limit=x",
        "ascending=yes",
        "format=full",
        "since=yesterday",
        "registration=7",
        "verb=noscheme",
        "agent={}",
        "agent=%7B",
        "agent=%FF",
        "verb=http://a/b&verb=http://a/b",
        "statementId=7",
        "statementId=00000000-0000-4000-8000-000000000001&limit=1",
        "statementId=00000000-0000-4000-8000-000000000001&voidedStatementId=00000000-0000-4000-8000-000000000001",
        "&".join(f"x{n}=1" for n in range(100)),
    ],
)
def test_a_wrong_parameter_is_400(query: str, client: httpx.Client) -> None:
    """Unknown, wrongly cased, malformed, doubled, contradictory."""
    assert client.get(f"{STATEMENTS}?{query}").status_code == 400


def test_parameters_are_taken_as_clients_spell_them(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """Colons and slashes unescaped, spaces as plus, booleans of Python."""
    client.post(STATEMENTS, json=statement)
    agent = json.dumps(person).replace(" ", "+").replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
    for query in (f"verb=http://adlnet.gov/expapi/verbs/experienced&agent={agent}", f"agent={agent}&related_agents=True&format=ids"):
        reply = client.get(f"{STATEMENTS}?{query}")
        assert len(reply.json()["statements"]) == 1, query


def test_canonical_follows_accept_language(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """One language a map, the one that the header prefers."""
    statement["verb"]["display"] = {"en": "experienced", "fr": "a vécu"}
    client.post(STATEMENTS, json=statement)
    params = {"agent": json.dumps(person), "format": "canonical"}
    reply = client.get(STATEMENTS, params=params, headers={"Accept-Language": "fr;q=0.9, en;q=0.1"})
    assert reply.json()["statements"][0]["verb"]["display"] == {"fr": "a vécu"}


def test_who_asks_for_attachments_gets_multipart(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """The first part is the JSON (xAPI 1.0.3 Communication 1.5.2), on the pages that follow too."""
    client.post(STATEMENTS, json=[statement, statement])
    reply = client.get(STATEMENTS, params={"agent": json.dumps(person), "attachments": "true", "limit": 1})
    for _ in range(2):
        kind, _, boundary = reply.headers["Content-Type"].partition("; boundary=")
        assert kind == "multipart/mixed"
        head, _, rest = reply.content.partition(b"\r\n\r\n")
        assert head.lower() == b"--" + boundary.encode() + b"\r\ncontent-type: application/json"
        result = json.loads(rest.removesuffix(b"\r\n--" + boundary.encode() + b"--\r\n"))
        assert len(result["statements"]) == 1
        if result["more"]:
            reply = client.get(result["more"])
