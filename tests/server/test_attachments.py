"""Attachments over HTTP: multipart/mixed in and out, on a real server."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import uuid
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import httpx
import pytest

from lrs.xapi.attachments import SIGNATURE
from tests.server.conftest import LIMIT
from tests.server.process import COUNTER, READER, WRITER, Server
from tests.server.test_statements import STATEMENTS
from tests.signing import certificate, signed

BOUNDARY = "abcABC0123'()+_,-./:=?"
MIXED = {"Content-Type": f'multipart/mixed; boundary="{BOUNDARY}"'}
TEXT = b"here is a simple attachment"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def with_files(statement: dict[str, Any], *files: bytes, **more: Any) -> dict[str, Any]:
    """The statement with an attachment for each file."""
    attachments = [
        {"usageType": "http://example.com/u", "display": {"en": "x"}, "contentType": "text/plain", "length": len(data), "sha2": sha(data)}
        | more
        for data in files
    ]
    return statement | {"attachments": attachments}


def mixed(statements: Any, *files: bytes, encoding: str = "Content-Transfer-Encoding: binary") -> bytes:
    """A body as a client would build it."""
    line = f"\r\n--{BOUNDARY}\r\n".encode()
    body = line + b"Content-Type: application/json\r\n\r\n" + json.dumps(statements).encode()
    for data in files:
        body += line + f"Content-Type: text/plain\r\n{encoding}\r\nX-Experience-API-Hash: {sha(data)}\r\n\r\n".encode() + data
    return body + f"\r\n--{BOUNDARY}--\r\n".encode()


def read(reply: httpx.Response) -> tuple[Any, dict[str, bytes]]:
    """Take a reply apart with another parser than ours: the standard library's."""
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    whole = message_from_bytes(b"Content-Type: " + reply.headers["Content-Type"].encode() + b"\r\n\r\n" + reply.content, policy=HTTP)
    first, *parts = whole.iter_parts()
    assert (whole.get_content_type(), first.get_content_type()) == ("multipart/mixed", "application/json")
    found = {}
    for part in parts:
        assert part["Content-Transfer-Encoding"] == "binary"
        data = part.get_payload(decode=True)
        assert sha(data) == part["X-Experience-API-Hash"]
        assert part["X-Experience-API-Hash"] not in found
        found[part["X-Experience-API-Hash"]] = data
    return json.loads(first.get_payload(decode=True)), found


def test_an_attachment_goes_in_and_comes_out(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """By POST; alone and in lists; as JSON for who does not ask for contents; the same headers by HEAD."""
    sent = with_files(statement, TEXT, b"\r\n--" + BOUNDARY.encode() + b"x\r\n\x00\xff")
    files = [TEXT, b"\r\n--" + BOUNDARY.encode() + b"x\r\n\x00\xff"]
    reply = client.post(STATEMENTS, content=mixed(sent, *files), headers=MIXED)
    assert reply.status_code == 200, reply.text
    single = {"statementId": reply.json()[0], "attachments": "true"}
    got = client.get(STATEMENTS, params=single)
    found, contents = read(got)
    assert (found["attachments"], contents) == (sent["attachments"], {sha(data): data for data in files})
    assert "Last-Modified" in got.headers
    # Clients look for these to the letter.
    for header in (b"\r\nContent-Type: text/plain\r\n", b"\r\nContent-Transfer-Encoding: binary\r\n", b"\r\nX-Experience-API-Hash: "):
        assert got.content.count(header) == 2
    head = client.head(STATEMENTS, params=single)
    assert (head.content, head.headers["Content-Length"]) == (b"", got.headers["Content-Length"])
    assert head.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    for parameter in ({}, {"attachments": "false"}):
        plain = client.get(STATEMENTS, params={"agent": json.dumps(person)} | parameter)
        assert plain.headers["Content-Type"] == "application/json"
        assert plain.json()["statements"][0]["attachments"] == sent["attachments"]


def test_more_pages_have_their_contents(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """A content that several statements have is sent once for all of them, and once a page."""
    texts = [f"essay {n}".encode() for n in range(3)]
    batch = [with_files(statement, text, TEXT) for text in texts]
    assert client.post(STATEMENTS, content=mixed(batch, TEXT, *texts), headers=MIXED).status_code == 200
    params = {"agent": json.dumps(person), "attachments": "true", "limit": 2, "ascending": "true"}
    page, contents = read(client.get(STATEMENTS, params=params))
    assert set(contents.values()) == {TEXT, *texts[:2]}
    page, contents = read(client.get(page["more"]))
    assert (set(contents.values()), page["more"]) == ({TEXT, texts[2]}, "")


def test_put_takes_attachments_too(client: httpx.Client, statement: dict[str, Any]) -> None:
    """204, and again; compressed or not."""
    wanted = str(uuid.uuid4())
    body = mixed(with_files(statement, TEXT), TEXT)
    for sent, headers in ((body, MIXED), (gzip.compress(body), MIXED | {"Content-Encoding": "gzip"})):
        assert client.put(STATEMENTS, params={"statementId": wanted}, content=sent, headers=headers).status_code == 204
    _, contents = read(client.get(STATEMENTS, params={"statementId": wanted, "attachments": "true"}))
    assert contents == {sha(TEXT): TEXT}


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_multipart_without_attachments(version: str, server: Server, statement: dict[str, Any]) -> None:
    """Statements without any, and with links only, may come as multipart; and contents in any version."""
    linked = with_files(statement, TEXT, fileUrl="https://files.example.fr/1")
    with server.client(**{"X-Experience-API-Version": version}) as client:
        for body in (
            mixed(statement),
            mixed([]),
            mixed([statement, linked]),
            mixed([linked], TEXT),
            mixed(with_files(statement, TEXT), TEXT),
        ):
            assert client.post(STATEMENTS, content=body, headers=MIXED).status_code == 200
        assert client.post(STATEMENTS, json=linked).status_code == 200


def test_what_does_not_fit_is_400(client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """Missing and excess contents, wrong hashes, wrong encodings, boundaries that are not where they should be: nothing is stored."""
    sent = with_files(statement, TEXT)
    good = mixed(sent, TEXT)
    bad = [
        mixed(sent),
        mixed(statement, TEXT),
        mixed(sent, TEXT, b"excess"),
        mixed(sent, TEXT, encoding="X-Encoding: binary"),
        mixed(sent, TEXT, encoding="Content-Transfer-Encoding: base64"),
        mixed(with_files(statement, TEXT, length=5), TEXT).replace(b"Content-Type: text/plain", b"Content-Length: 27"),
        mixed(with_files(statement, TEXT, contentType="text/html"), TEXT),
        good.replace(TEXT, TEXT + b"!"),
        good.replace(b"application/json", b"text/plain"),
        good.replace(b"--\r\n", b"\r\n"),
        good.replace(f"\r\n--{BOUNDARY}\r\nContent-Type: text".encode(), b"\r\n\r\nContent-Type: text"),
        good.replace(f"\r\n--{BOUNDARY}\r\nContent-Type: text".encode(), f"--{BOUNDARY}\r\nContent-Type: text".encode()),
        good.replace(BOUNDARY.encode(), b"other"),
        mixed([statement, {"id": "x"}]),
        b"",
    ]
    for body in bad:
        reply = client.post(STATEMENTS, content=body, headers=MIXED)
        assert (reply.status_code, "simple attachment" in reply.text) == (400, False), body
    assert client.post(STATEMENTS, json=sent).status_code == 400
    for header in ("multipart/form-data; boundary=x", "multipart/mixed", f"multipart/form-data; boundary={BOUNDARY}", "multipart/related"):
        assert client.post(STATEMENTS, content=good, headers={"Content-Type": header}).status_code == 400
    assert client.get(STATEMENTS, params={"agent": json.dumps(person)}).json()["statements"] == []


def test_a_large_attachment(client: httpx.Client, statement: dict[str, Any]) -> None:
    """More than is checked on the event loop; and more than the server takes is 413."""
    data = os.urandom(LIMIT - 5000)
    (stored,) = client.post(STATEMENTS, content=mixed(with_files(statement, data), data), headers=MIXED).json()
    _, contents = read(client.get(STATEMENTS, params={"statementId": stored, "attachments": "true"}))
    assert contents == {sha(data): data}
    data = os.urandom(LIMIT)
    assert client.post(STATEMENTS, content=mixed(with_files(statement, data), data), headers=MIXED).status_code == 413


def test_a_signed_statement(client: httpx.Client, statement: dict[str, Any]) -> None:
    """Taken when the signature is one and about it, refused with 400 and a word on it when not."""
    plain = statement | {"id": str(uuid.uuid4())}
    good = signed(json.dumps(plain).encode(), x5c=[certificate("leaf", "root"), certificate("root", "root")])
    wrong = signed(json.dumps(statement | {"id": str(uuid.uuid4())}).encode())
    signature = {"usageType": SIGNATURE, "contentType": "application/octet-stream"}
    for jws, status in ((wrong, 400), (good[:-8] + b"AAAAAAAA", 400), (b"no signature", 400), (good, 200)):
        body = mixed(with_files(plain, jws, **signature), jws).replace(b"text/plain", b"application/octet-stream")
        reply = client.post(STATEMENTS, content=body, headers=MIXED)
        assert reply.status_code == status, reply.text
        if status == 400:
            assert reply.json()["error"]["section"] == "xAPI 1.0.3 Data 2.6"
    text = mixed(with_files(plain | {"id": str(uuid.uuid4())}, good, usageType=SIGNATURE), good)
    assert client.post(STATEMENTS, content=text, headers=MIXED).status_code == 400


def test_contents_need_the_right_to_read(server: Server, client: httpx.Client, statement: dict[str, Any], person: dict[str, Any]) -> None:
    """A writer gets none, a reader those of the statements that it sees, who sees counts only nothing."""
    client.post(STATEMENTS, content=mixed(with_files(statement, TEXT), TEXT), headers=MIXED)
    params = {"agent": json.dumps(person), "attachments": "true"}
    for who, status in ((READER, 200), (WRITER, 403), (COUNTER, 403)):
        with server.client(who) as other:
            assert other.get(STATEMENTS, params=params).status_code == status
            assert other.post(STATEMENTS, content=mixed(statement), headers=MIXED).status_code == (200 if who is WRITER else 403)
