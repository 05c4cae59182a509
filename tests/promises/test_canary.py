"""No identity reaches the warehouse, a log, an error, a temp file or the disk in the clear, by whichever way it came in."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import lrs
from lrs.errors import LRSError
from lrs.xapi.attachments import SIGNATURE
from tests.promises.corpus import PLACES, Corpus, as_bytes, statements_2_0
from tests.signing import signed


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """Everything that anyone logs, from the lowest level on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def found_in(haystack: bytes, markers: Iterable[str]) -> set[str]:
    lowered = haystack.lower()
    return {marker for marker in markers if marker.lower().encode() in lowered}


def bytes_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def warehouse_text(data: Path) -> bytes:
    """Every value of every table of the closed store's engine, decompressed: what a search of files can't see."""
    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb", path=str(data / "warehouse"))
    try:
        tables = client.query(
            "SELECT database, name FROM system.tables WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')"
        ).result_rows
        text = b""
        for database, name in tables:
            text += client.raw_query(
                f"SELECT * FROM `{database}`.`{name}`", fmt="JSONEachRow", settings={"output_format_json_quote_64bit_integers": 0}
            )
        return text
    finally:
        client.close()


def assert_clean(data: Path, corpus: Corpus) -> None:
    for path, content in bytes_below(data):
        leaked = found_in(content, corpus.markers)
        assert not leaked, f"{path.name}: {sorted(corpus.markers[marker] for marker in leaked)}"
    leaked = found_in(warehouse_text(data), corpus.markers)
    assert not leaked, sorted(corpus.markers[marker] for marker in leaked)


@pytest.mark.parametrize("way", ["bytes", "escaped bytes", "dicts", "stream", "lines"])
def test_no_marker_is_on_the_disk_or_in_the_warehouse(way: str, tmp_path: Path, logs: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every identifier type in every place, every text and every self-mention comes back to its owner and is nowhere in the clear."""
    data, temporary = tmp_path / "data", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    corpus = Corpus(way)
    first, second = list(corpus.statements()), list(statements_2_0(corpus))
    with lrs.open(data) as store:
        for version, statements in (("1.0.3", first), ("2.0.0", second)):
            if way == "dicts":
                store.ingest(statements, version=version)
            elif way == "stream":
                store.ingest((as_bytes(statement, ascii_only=False) for statement in statements), version=version)
            elif way == "lines":
                outcomes = list(store.ingest_lines((as_bytes(statement, ascii_only=True) for statement in statements), version=version))
                assert [outcome.error for outcome in outcomes] == [None] * len(statements)
            else:
                store.ingest(json.dumps(statements, ensure_ascii=way == "escaped bytes").encode(), version=version)
        texts = [json.dumps(statement, ensure_ascii=False) for statement in store.query(limit=1000).statements]
        shown = f"{store!r} {store.settings!r} {store.query(limit=1)!r}"
    assert len(texts) == len(first) + len(second)
    sent = found_in(json.dumps([*first, *second], ensure_ascii=False).encode(), corpus.markers)
    back = found_in("\n".join(texts).encode(), corpus.markers)
    # The authority that a sender states is replaced by the credential's.
    assert {corpus.markers[marker] for marker in sent - back if not corpus.markers[marker].startswith("authority")} == set()
    assert len(sent) > 700
    assert_clean(data, corpus)
    assert not found_in(logs.getvalue().encode(), corpus.markers)
    assert not found_in(shown.encode(), corpus.markers)
    assert not [path for path, content in bytes_below(temporary) if found_in(content, corpus.markers)]


def test_no_marker_of_a_document_is_on_the_disk(tmp_path: Path, logs: io.StringIO) -> None:
    """Agents, activities, registrations, ids, media types, contents and entity tags of documents are sealed or blind, whatever became of them."""
    corpus = Corpus("documents")
    made = list(corpus.documents())
    with lrs.open(tmp_path) as store:
        for n, document in enumerate(made):
            shelf = document.shelf(store)
            shelf.put(document.id, document.content, content_type=document.content_type, if_none_match="*")
            found = shelf.get(document.id)
            assert (found.content, found.content_type) == (document.content, document.content_type)
            assert shelf.listing().ids == [document.id]
            for refused in (lambda: shelf.put(document.id, b"x", if_none_match="*"), lambda: shelf.post(document.id, b"x")):  # noqa: B023 -- called at once
                with pytest.raises(LRSError) as error:
                    refused()
                assert not found_in(f"{error.value} {error.value!r} {error.value.hint}".encode(), corpus.markers)
            assert not found_in(f"{shelf!r} {found!r} {shelf.listing()!r}".encode(), corpus.markers)
            if n % 4 == 1:
                shelf.post(document.id, {"more": 1})
            elif n % 4 == 2:
                shelf.delete(document.id)
    assert_clean(tmp_path, corpus)
    binary = [
        bytes.fromhex(marker.replace("-", "")) for marker, place in corpus.markers.items() if place.endswith((" tag", " registration"))
    ]
    assert binary
    assert not [path for path, content in bytes_below(tmp_path) for each in binary if each in content]
    assert not found_in(logs.getvalue().encode(), corpus.markers)


def attachment(corpus: Corpus, algorithm: str, usage: str, content: bytes, contents: dict[str, bytes]) -> dict[str, object]:
    """Attach a content, which goes among the others, and mark its hash."""
    digest = hashlib.new(algorithm, content).hexdigest()
    corpus.markers[digest] = f"{algorithm} of {usage}"
    contents[digest] = content
    stated = {"usageType": usage, "contentType": "application/octet-stream", "length": len(content), "sha2": digest}
    return stated | {"display": {"en": "x"}}


def test_no_attachment_is_on_the_disk_in_the_clear(tmp_path: Path, logs: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents, signatures and their payloads, and the hashes of all of them, come back to who may read them and are nowhere in the clear."""
    data, temporary = tmp_path / "data", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    corpus = Corpus("attachments")
    contents: dict[str, bytes] = {}
    sent = []
    for algorithm in ("sha224", "sha256", "sha384", "sha512"):
        statement = corpus.base("account", f"attachment by {algorithm}")
        essay = f"I am {corpus.mark(f'essay by {algorithm}')}, ".encode() * 100_000
        attached = [attachment(corpus, algorithm, "https://lms.example.fr/essay", essay, contents)]
        jws = signed(json.dumps(statement | {"attachments": attached}).encode())
        corpus.markers[jws.split(b".")[1].decode()[100:200]] = f"payload of a signature by {algorithm}"
        sent.append(statement | {"attachments": [*attached, attachment(corpus, algorithm, SIGNATURE, jws, contents)]})
    with lrs.open(data) as store:
        store.ingest(sent, attachments=contents)
        page = store.query(attachments=True)
        assert dict(page.attachments) == contents
        assert {each["sha2"] for statement in page.statements for each in statement["attachments"]} == set(contents)
        shown = f"{page!r} {page.attachments!r}"
    assert_clean(data, corpus)
    assert not found_in((logs.getvalue() + shown).encode(), corpus.markers)
    assert not [path for path, content in bytes_below(temporary) if found_in(content, corpus.markers)]


def test_no_marker_is_in_an_error(tmp_path: Path, logs: io.StringIO) -> None:
    """A refusal names the place and the rule, whatever the identity that stands there."""
    corpus = Corpus("errors")
    messages = []
    with lrs.open(tmp_path) as store:
        for kind in ("mbox", "mbox_sha1sum", "openid", "account"):
            for place, put in PLACES.items():
                statement = put(corpus, kind, place)
                broken = json.loads(
                    json.dumps(statement).replace('"objectType": "Agent"', '"objectType": "Person"').replace("mailto:", "mail:")
                )
                broken.setdefault("context", {})["Registration"] = "x"
                with pytest.raises(LRSError) as refused:
                    store.ingest(broken)
                messages += [str(refused.value), refused.value.hint, repr(refused.value)]
        stored = store.ingest(corpus.base("mbox", "conflict"))[0]
        with pytest.raises(lrs.Conflict) as conflict:
            store.ingest(corpus.base("mbox", "conflicting") | {"id": str(stored)})
        messages += [str(conflict.value), repr(conflict.value)]
        with pytest.raises(lrs.InvalidRequest) as query:
            store.query(agent={"mbox": corpus.mark("query agent")})
        messages += [str(query.value), repr(query.value)]
    assert not found_in("\n".join(messages).encode(), corpus.markers)
    assert not found_in(logs.getvalue().encode(), corpus.markers)


def test_a_more_token_names_nobody(tmp_path: Path) -> None:
    """What a client keeps between pages says nothing about whom it asked for."""
    import base64

    corpus = Corpus("token")
    statement = corpus.base("mbox", "token")
    with lrs.open(tmp_path) as store:
        store.ingest([statement | {"object": {"id": f"https://lms.example.fr/{n}"}} for n in range(3)])
        token = store.query(agent=statement["actor"], limit=1).more
    assert token is not None
    padded = token + "=" * (-len(token) % 4)
    assert not found_in(token.encode() + base64.urlsafe_b64decode(padded), corpus.markers)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """The check can fail: a marker put into a kept field is found, in the tables as in the files."""
    corpus = Corpus("control")
    marker = corpus.mark("an activity that is nobody's")
    with lrs.open(tmp_path) as store:
        store.ingest(corpus.base("mbox", "control") | {"object": {"id": f"https://lms.example.fr/{marker}"}})
    assert found_in(warehouse_text(tmp_path), [marker]) == {marker}
    with pytest.raises(AssertionError):
        assert_clean(tmp_path, corpus)
